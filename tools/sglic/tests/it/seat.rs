//! What becomes of an activation: the machine moves, the license is revoked, the seat is given back.

use serde_json::json;

use crate::program::Vendor;

/// A state that was copied to another machine: whoever beats second is refused.
#[test]
fn a_copied_state_is_refused() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    machine.activate(&license).json();
    machine.run("heartbeat").json();
    let copy = machine.copied();
    assert_eq!(machine.run("heartbeat").json()["said"], "admitted");
    // Elsewhere the clock shows another second.
    let refused = copy.run_at("+7s", "heartbeat").refused(1, "nonce_replayed");
    assert_eq!(refused["said"], "refused");
    assert_eq!(machine.run("heartbeat").json()["said"], "admitted");
    assert_eq!(vendor.devices(&license), 1);
}

/// The proof alone is of no use on another machine.
#[test]
fn a_copied_proof_is_no_activation() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({ "max_devices": 2 }));
    let (machine, other) = (vendor.machine(), vendor.machine());
    machine.activate(&license).json();
    other.activate(&license).json();
    let words = |name: &str, file: &str| {
        format!("--{name} {}", machine.state().join("licenses").join(file).display())
    };
    let words =
        format!("verify {} {}", words("proof", "activation_proof.json"), words("license", "license.json"));
    other.run(&words).refused(1, "proof_mismatch");
    vendor.machine().run(&words).refused(4, "not_activated");
}

/// Revoked: the heartbeat says until when, then the rights are over, and a valid license brings them back.
#[test]
fn a_revoked_license_has_a_grace_and_then_ends() {
    let vendor = Vendor::new();
    let (license, next) = (vendor.issue(&json!({})), vendor.issue(&json!({})));
    let machine = vendor.machine();
    machine.activate(&license).json();
    machine.run("heartbeat").json();
    vendor.change(&license, "revoke");
    let told = machine.run("heartbeat").refused(1, "revoked");
    assert_eq!((&told["said"], &told["grace_until"]), (&json!("ended"), &told["rights_until"]));
    let status = machine.run("status").json();
    assert_eq!((&status["state"], &status["ended_by"]), (&json!("grace"), &json!("revoked")));
    assert_eq!(status["rights_until"], told["grace_until"]);
    machine.run("verify").json();
    // No later answer moves it.
    assert_eq!(machine.run_at("+1h", "heartbeat").refused(1, "revoked")["grace_until"], told["grace_until"]);

    assert_eq!(machine.run_at("+25h", "status").json()["state"], "ended");
    let over = machine.run_at("+25h", "verify").refused(1, "revoked");
    assert!(over["fix"].as_str().is_some_and(|fix| fix.contains("activate again")), "{over}");

    assert_eq!(machine.activate(&next).json()["state"], "active");
    assert_eq!(machine.run("status").json()["ended_by"], json!(null));
    machine.run("verify").json();
}

/// The way out that is told works: else the machine is refused, and `activate` says that all is done.
#[test]
fn a_machine_that_the_vendor_released_is_activated_again() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({ "max_devices": 1 }));
    let machine = vendor.machine();
    machine.activate(&license).json();
    machine.run("heartbeat").json();
    vendor.change(&license, "reset-devices");
    let refused = machine.run("heartbeat").refused(4, "not_activated");
    assert!(refused["fix"].as_str().is_some_and(|fix| fix.contains("`sglic activate --key -`")), "{refused}");
    assert_eq!(machine.run("status").json()["refused_by"], "not_activated");
    let told: serde_json::Value = serde_json::from_str(&machine.run("doctor").stdout).expect("JSON");
    let checks = told["checks"].as_array().expect("a list");
    let heartbeat = checks.iter().find(|check| check["name"] == "heartbeat").expect("it is looked at");
    assert_eq!(heartbeat["code"], "not_activated", "{told}");
    let again = machine.activate(&license).json();
    assert_eq!(again["already"], false);
    assert_eq!(machine.run("heartbeat").json()["said"], "admitted");
    assert_eq!(machine.run("status").json()["refused_by"], json!(null));
    assert_eq!(machine.activate(&license).json()["already"], true);
}

#[test]
fn a_seat_is_given_back() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({ "max_devices": 1 }));
    let (machine, next) = (vendor.machine(), vendor.machine());
    machine.activate(&license).json();
    let asked = machine.run("deactivate").refused(78, "config_invalid");
    assert_eq!(asked["fix"], "add --yes");
    assert_eq!(vendor.devices(&license), 1);
    let given = machine.run("deactivate --yes").json();
    assert_eq!((&given["license_id"], &given["devices_used"]), (&license["license_id"], &json!(0)));
    assert_eq!(vendor.devices(&license), 0);
    assert_eq!(machine.run("status").json()["activated"], false);
    assert!(!machine.state().join("licenses/activation_proof.json").exists());
    machine.run("heartbeat").refused(4, "not_activated");
    assert_eq!(next.activate(&license).json()["state"], "active");
}

#[test]
fn without_heartbeats_the_grace_is_over() {
    let vendor = Vendor::new();
    let policy = json!({ "heartbeat": { "interval": 3600, "grace": 86_400 } });
    let license = vendor.issue(&json!({ "expires_at": "2d", "policy": policy }));
    let machine = vendor.machine();
    machine.activate(&license).json();
    assert_eq!(machine.run_at("+25h", "status").json()["state"], "overdue");
    machine.run_at("+25h", "verify").refused(1, "check_failed");
    assert_eq!(machine.run_at("+3d", "status").json()["state"], "expired");
}
