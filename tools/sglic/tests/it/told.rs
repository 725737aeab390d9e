//! What people are told where revocation data took something back, or is refused: the reason, and a way out that works.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::program::{Machine, Outcome, Vendor, text};

fn put(machine: &Machine, name: &str, bytes: &[u8]) -> PathBuf {
    let path = machine.path(name);
    std::fs::write(&path, bytes).expect("written");
    path
}

fn import(machine: &Machine, bytes: &[u8]) -> Outcome {
    machine.run(&format!("import {}", put(machine, "vendor.sgsnap", bytes).display()))
}

/// What `doctor` says now of one thing.
fn check(machine: &Machine, name: &str) -> Value {
    let told = machine.run("doctor");
    let told: Value = serde_json::from_str(&told.stdout).unwrap_or_else(|e| panic!("{e}: {told:?}"));
    let checks = told["checks"].as_array().expect("a list");
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{told}")).clone()
}

fn activated(vendor: &Vendor, order: &Value) -> (Machine, Value) {
    let (machine, license) = (vendor.machine(), vendor.issue(order));
    machine.activate(&license).json();
    (machine, license)
}

/// The vendor revokes the key that signs for this use now.
fn revoke_key(vendor: &Vendor, key_use: &str) {
    let keys = vendor.server.api("GET", "/api/v1/keys", &Value::Null).expect(200);
    let is_it = |key: &&Value| key["use"] == key_use && key["state"] == "active";
    let key = keys["items"].as_array().expect("keys").iter().find(is_it).expect("one signs");
    let path = format!("/api/v1/keys/{}/revoke", text(&key["keyid"]));
    vendor.server.api("POST", &path, &json!({ "reason": "leaked" })).expect(200);
}

/// The license's version is listed, and the license is sold as before.
#[test]
fn a_license_that_was_lessened_is_told_from_one_that_was_revoked() {
    let vendor = Vendor::new();
    let (machine, license) = activated(&vendor, &json!({ "max_devices": 3 }));
    let path = format!("/api/v1/licenses/{}", text(&license["license_id"]));
    vendor.server.api("PATCH", &path, &json!({ "max_devices": 2 })).expect(200);
    import(&machine, &vendor.snapshot()).json();
    let refused = machine.run("verify").refused(1, "revoked");
    let (message, fix) = (text(&refused["message"]), text(&refused["fix"]));
    assert!(message.contains("or its terms changed") && !message.contains("kept here"), "{message}");
    assert!(message.contains("the newest snapshot here is "), "{message}");
    assert!(fix.contains("`sglic heartbeat`") && fix.contains("vendor"), "{fix}");
    for name in ["license", "revocations"] {
        let check = check(&machine, name);
        assert_eq!((&check["code"], &check["fix"]), (&json!("revoked"), &json!(fix)), "{check}");
    }
    let state = machine.tell_text("status");
    assert!(state.contains("or its terms changed"), "{state}");
    machine.run("heartbeat").json();
    machine.run("verify").json();
    assert_eq!(machine.run("status").json()["state"], "active");
}

/// There are none, so no script reads them.
#[test]
fn what_was_taken_back_has_rights_until_no_time() {
    let vendor = Vendor::new();
    let (machine, license) =
        activated(&vendor, &json!({ "policy": { "heartbeat": { "interval": 3600, "grace": 86_400 } } }));
    let before = machine.run("status").json();
    assert!(before["rights_until"].is_string() && before["next_heartbeat"].is_string(), "{before}");
    vendor.change(&license, "reset-devices");
    import(&machine, &vendor.snapshot()).json();
    let status = machine.run("status").json();
    assert_eq!(
        (&status["rights_until"], &status["next_heartbeat"]),
        (&Value::Null, &Value::Null),
        "{status}"
    );
    let told = machine.tell_text("status");
    assert!(!told.contains("until ") && !told.contains("next heartbeat"), "{told}");
    assert!(told.contains("this activation, and not the license"), "{told}");
}

/// The license is none any more, by the keys that came with the snapshot.
#[test]
fn a_license_whose_key_was_revoked_counts_no_more_and_is_told() {
    let vendor = Vendor::new();
    let (machine, _) = activated(&vendor, &json!({}));
    revoke_key(&vendor, "issuer");
    let imported = import(&machine, &vendor.snapshot()).json();
    assert_eq!(imported["counts_no_more"]["code"], "signature_invalid", "{imported}");
    let status = machine.run("status").json();
    assert_eq!((&status["activated"], &status["state"]), (&json!(true), &json!("key_revoked")), "{status}");
    assert!(status["revocations"]["version"].is_u64(), "{status}");
    let told = machine.tell_text("status");
    assert!(told.contains("state") && told.contains("the key that signed the license was revoked"), "{told}");
    let fix = text(&machine.run("verify").refused(1, "signature_invalid")["fix"]);
    assert!(fix.contains("`sglic heartbeat`") && fix.contains("vendor"), "{fix}");
    assert_eq!(check(&machine, "license")["fix"], json!(fix));
    // A server may answer by the keys of before for a second (`docs/design.md`): the machine knows newer ones, and refuses it.
    let answered = (0..200).map(|_| machine.run("heartbeat")).find(|beat| {
        assert!(beat.exit == Some(0) || beat.stderr.contains("version_rollback"), "{beat:?}");
        beat.exit == Some(0)
    });
    answered.expect("the server shows the newest keys").json();
    assert_eq!(machine.run("status").json()["state"], "active");
    machine.run("verify").json();
}

#[test]
fn people_read_what_an_import_ended() {
    let vendor = Vendor::new();
    let (machine, _) = activated(&vendor, &json!({}));
    revoke_key(&vendor, "issuer");
    let file = put(&machine, "vendor.sgsnap", &vendor.snapshot());
    let told = machine.tell_text(&format!("import {}", file.display()));
    assert!(told.contains("counts no more") && !told.contains("nothing that this machine holds"), "{told}");
}

/// `spec/guard.md` §3.3: it has no deadline, so a machine without a network keeps its rights.
#[test]
fn a_license_without_heartbeats_is_overdue_at_no_time() {
    let vendor = Vendor::new();
    let (machine, _) = activated(&vendor, &json!({}));
    let status = machine.run_at("+10d", "status").json();
    assert_eq!((&status["state"], &status["rights_until"]), (&json!("active"), &Value::Null), "{status}");
    machine.run_at("+10d", "verify").json();
    let doctor = machine.run_at("+10d", "doctor");
    let told: Value = serde_json::from_str(&doctor.stdout).expect("JSON");
    let failed: Vec<&Value> =
        told["checks"].as_array().expect("a list").iter().filter(|check| check["ok"] == false).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn an_older_snapshot_is_refused_with_both_versions() {
    let vendor = Vendor::new();
    let (machine, license) = activated(&vendor, &json!({}));
    let older = vendor.snapshot();
    vendor.change(&license, "revoke");
    let newer = import(&machine, &vendor.snapshot()).json();
    let refused = import(&machine, &older).refused(1, "version_rollback");
    let message = text(&refused["message"]);
    assert!(message.contains(&format!("knows {} of ", newer["version"])), "{message}");
    assert!(message.contains("the file is ") && message.contains(&text(&newer["issued_at"])), "{message}");
}

#[test]
fn a_file_by_a_revoked_snapshot_key_is_this_vendors() {
    let vendor = Vendor::new();
    let (machine, _) = activated(&vendor, &json!({}));
    let stolen = vendor.snapshot();
    revoke_key(&vendor, "snapshot");
    import(&machine, &vendor.snapshot()).json();
    let fresh = vendor.machine();
    for machine in [&machine, &fresh] {
        import(machine, &vendor.snapshot()).json();
        let refused = import(machine, &stolen);
        assert!(!refused.stderr.contains("same vendor"), "{refused:?}");
        assert!(refused.stderr.contains("newer"), "{refused:?}");
    }
}

/// What is wrong stands in the message, and what to do in the fix, once.
#[test]
fn a_damaged_file_is_told_in_words_that_help() {
    let vendor = Vendor::new();
    let (machine, _) = activated(&vendor, &json!({}));
    let file = vendor.snapshot();
    for at in [4, 6] {
        let mut changed = file.clone();
        changed[at] ^= 0x20;
        let refused = import(&machine, &changed).refused(65, "container_damaged");
        assert!(text(&refused["message"]).contains("changed on the way"), "{refused}");
        assert!(text(&refused["fix"]).contains("opy"), "{refused}");
    }
    let refused = import(&machine, &file[..file.len() - 1]).refused(65, "container_truncated");
    assert!(!text(&refused["message"]).contains("copy it again"), "{refused}");
    let mut long = file.clone();
    long[15] = 1;
    let refused = import(&machine, &long).refused(65, "container_invalid");
    assert!(text(&refused["message"]).contains("1 to 5339"), "{refused}");
}

#[test]
fn a_path_that_is_wrong_is_called_a_wrong_path() {
    let vendor = Vendor::new();
    let (machine, _) = activated(&vendor, &json!({}));
    let folder = machine.path("folder");
    std::fs::create_dir_all(&folder).expect("made");
    for path in ["nowhere.sgsnap", &folder.display().to_string()] {
        let refused = machine.run(&format!("import {path}")).refused(65, "file_unreadable");
        let fix = text(&refused["fix"]);
        assert!(fix.contains("path") && !fix.contains("medium"), "{refused}");
    }
    let file = put(&machine, "vendor.sgsnap", &vendor.snapshot());
    let mut elsewhere = std::process::Command::new(crate::program::SGLIC);
    elsewhere.env_clear().args(["import", "--json", "--state", "/proc/nowhere", "--trust"]);
    elsewhere.arg(machine.path("trust.json")).arg(&file);
    let refused = crate::program::run(&mut elsewhere);
    assert!(refused.stderr.contains("/proc/nowhere"), "{refused:?}");
}

/// The license says how old the newest word may be, and so does the refusal.
#[test]
fn data_that_is_too_old_is_told_with_its_days() {
    let vendor = Vendor::new();
    let policy = json!({ "freshness": { "warn": 1, "restrict": 3 } });
    let (machine, _) = activated(&vendor, &json!({ "policy": policy }));
    import(&machine, &vendor.snapshot()).json();
    let refused = machine.run_at("+5d", "verify").refused(1, "revocations_stale");
    let message = text(&refused["message"]);
    assert!(message.contains("5 days") && message.contains("at most 3"), "{message}");
}
