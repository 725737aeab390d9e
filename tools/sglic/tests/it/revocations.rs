//! Revocation data that is lost or old takes rights, and every command says so; what lies beside and does not read ends none.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::program::{Machine, Outcome, Vendor, read, text};

fn put(machine: &Machine, name: &str, bytes: &[u8]) -> PathBuf {
    let path = machine.path(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(&path, bytes).expect("written");
    path
}

fn import(machine: &Machine, vendor: &Vendor) -> Outcome {
    let path = put(machine, "vendor.sgsnap", &vendor.snapshot());
    machine.run(&format!("import {}", path.display()))
}

/// What one check of `doctor` says: severity, code and all its words.
fn check(machine: &Machine, time: &str, name: &str) -> (String, Option<String>, String) {
    let outcome = machine.run_at(time, "doctor");
    let told: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{e}: {outcome:?}"));
    let found = told["checks"].as_array().expect("a list").iter().find(|check| check["name"] == name);
    let check = found.unwrap_or_else(|| panic!("{name}: {told}"));
    (text(&check["severity"]), check["code"].as_str().map(str::to_owned), check.to_string())
}

fn is(severity: &str, code: Option<&str>) -> (String, Option<String>) {
    (severity.to_owned(), code.map(str::to_owned))
}

fn license_of(vendor: &Vendor, order: &Value) -> Vec<u8> {
    let machine = vendor.machine();
    machine.activate(&vendor.issue(order)).json();
    read(&machine.state().join("licenses/license.json"))
}

/// A license lies beside a program, and was not looked up before the data was lost: it gives no right.
#[test]
fn lost_data_that_takes_rights_is_a_failure() {
    let vendor = Vendor::new();
    let license = license_of(&vendor, &json!({}));
    let machine = vendor.machine();
    import(&machine, &vendor).json();
    std::fs::remove_file(machine.state().join("revocations.sgsnap")).expect("it was there");
    let (severity, code, _) = check(&machine, "+0d", "revocations");
    assert_eq!(
        (severity, code),
        is("warning", Some("revocations_stale")),
        "nothing is here that it concerns"
    );
    put(&machine, "state/licenses/license.json", &license);
    let (severity, code, words) = check(&machine, "+0d", "revocations");
    assert_eq!((severity, code), is("error", Some("revocations_stale")));
    assert!(words.contains("sglic import"), "{words}");
    assert_eq!(machine.run("status").json()["revocations"]["takes_rights"], true);
    assert!(machine.tell_text("status").contains("no right"), "{}", machine.tell_text("status"));
    import(&machine, &vendor).json();
    assert_eq!(machine.run("status").json()["revocations"]["takes_rights"], false);
    let (severity, code, _) = check(&machine, "+0d", "revocations");
    assert_eq!((severity, code), is("ok", None));
}

/// The license says how old the newest word may be.
#[test]
fn stale_data_that_takes_rights_is_a_failure() {
    let vendor = Vendor::new();
    let policy = json!({
        "heartbeat": { "interval": 3600, "grace": 864_000 },
        "freshness": { "warn": 1, "restrict": 3 },
    });
    let license = vendor.issue(&json!({ "policy": policy }));
    let machine = vendor.machine();
    machine.activate(&license).json();
    import(&machine, &vendor).json();
    assert_eq!(machine.run_at("+2d", "status").json()["state"], "active");
    assert_eq!(check(&machine, "+2d", "revocations").0, "warning");
    machine.run_at("+2d", "verify").json();
    let status = machine.run_at("+4d", "status").json();
    assert_eq!((&status["state"], &status["revocations"]["takes_rights"]), (&json!("stale"), &json!(true)));
    for name in ["license", "revocations"] {
        let (severity, code, words) = check(&machine, "+4d", name);
        assert_eq!((severity, code), is("error", Some("revocations_stale")), "{name}");
        assert!(words.contains("sglic import"), "{words}");
    }
    let refused = machine.run_at("+4d", "verify").refused(1, "revocations_stale");
    assert!(text(&refused["fix"]).contains("sglic import"), "{refused}");
}

/// A no has a fix of its own: activating again does not bring a license back.
#[test]
fn a_license_that_was_taken_back_is_not_to_be_activated_again() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    machine.activate(&license).json();
    vendor.change(&license, "revoke");
    import(&machine, &vendor).json();
    let refused = machine.run("verify").refused(1, "revoked");
    assert!(text(&refused["fix"]).contains("vendor"), "{refused}");
}

/// Nobody named these files, and nothing needs them.
#[test]
fn a_file_beside_that_cannot_be_read_ends_nothing() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    let folder = machine.state().join("licenses/license.json");
    std::fs::create_dir_all(&folder).expect("made");
    let imported = import(&machine, &vendor).json();
    assert!(text(&imported["not_looked_up"][0]).contains("license.json"), "{imported}");
    let status = machine.run("status").json();
    assert!(status["revocations"]["version"].is_u64(), "{status}");
    assert!(text(&status["revocations"]["not_looked_up"][0]).contains("license.json"), "{status}");
    assert!(machine.tell_text("status").contains("not looked up"), "for people");
    // One that is named must read.
    let line = |name: &str| {
        format!("import {} {name} {}", machine.path("vendor.sgsnap").display(), folder.display())
    };
    for name in ["--license", "--proof"] {
        machine.run(&line(name)).refused(65, "file_unreadable");
    }
    // What is held is held, whatever lies beside it.
    std::fs::remove_dir(&folder).expect("it is ours");
    machine.activate(&license).json();
    std::fs::remove_file(&folder).expect("it was written");
    std::fs::create_dir_all(&folder).expect("made");
    assert_eq!(machine.run("status").json()["state"], "active");
}

/// Another vendor's license lies beside: what is known of the snapshot is told all the same.
#[test]
fn a_file_beside_that_does_not_verify_hides_nothing() {
    let (vendor, other) = (Vendor::new(), Vendor::new());
    let foreign = license_of(&other, &json!({}));
    vendor.issue(&json!({}));
    let machine = vendor.machine();
    import(&machine, &vendor).json();
    put(&machine, "state/licenses/license.json", &foreign);
    let status = machine.run("status").json();
    assert_eq!(status["activated"], false);
    assert!(status["revocations"]["version"].is_u64(), "{status}");
    assert_eq!(status["revocations"]["not_looked_up"].as_array().map(Vec::len), Some(1), "{status}");
    std::fs::remove_file(machine.state().join("revocations.sgsnap")).expect("it was there");
    let (severity, code, words) = check(&machine, "+0d", "revocations");
    assert_eq!((severity, code), is("warning", Some("revocations_stale")));
    assert!(words.contains("is not there") && words.contains("not looked up"), "{words}");
}

/// Of a program that is configured, its own proof is looked up with its license.
#[test]
fn a_proof_beside_a_configured_program_is_looked_up() {
    let vendor = Vendor::new();
    let machine = vendor.machine();
    machine.activate(&vendor.issue(&json!({}))).json();
    let of = |name: &str| read(&machine.state().join("licenses").join(name));
    put(&machine, "program/license.json", &of("license.json"));
    put(&machine, "program/proof.json", &of("activation_proof.json"));
    let place = |name: &str| machine.path("program").join(name);
    let config = json!({ "LicenseConfigs": {
        "Mode": "Offline", "LicenseFilePath": place("license.key"), "ActivationProofPath": place("proof.json"),
    } });
    let config = put(&machine, "appsettings.json", config.to_string().as_bytes());
    machine.run("deactivate --yes").json();
    import(&machine, &vendor).json();
    let told = machine.run(&format!("doctor --config {}", config.display()));
    let told: Value = serde_json::from_str(&told.stdout).expect("JSON");
    let checks = told["checks"].as_array().expect("a list");
    let check = checks.iter().find(|check| check["name"] == "revocations").expect("there is one");
    assert_eq!(check["code"], "revoked", "{told}");
    assert!(text(&check["message"]).contains("this activation"), "{check}");
}

/// A file that may not be that long (`ulimit -f`) is a failure with words, as a full disk is.
#[test]
fn a_file_that_is_too_long_ends_no_import_without_a_word() {
    let vendor = Vendor::new();
    let machine = vendor.machine();
    let file = put(&machine, "vendor.sgsnap", &vendor.snapshot());
    let whole = machine.command(&format!("import {}", file.display()));
    let mut command = std::process::Command::new("sh");
    command
        .env_clear()
        .args(["-c", "ulimit -f 0 && exec \"$0\" \"$@\"", crate::program::SGLIC])
        .args(whole.get_args());
    let refused = crate::program::run(&mut command).refused(65, "file_unreadable");
    assert!(text(&refused["message"]).contains("too large"), "{refused}");
    import(&machine, &vendor).json();
}

/// Whoever names a license wants to know whether it was taken back: another file is no answer.
#[test]
fn a_named_file_that_is_no_license_is_refused() {
    let vendor = Vendor::new();
    let license = license_of(&vendor, &json!({}));
    let machine = vendor.machine();
    let file = put(&machine, "vendor.sgsnap", &vendor.snapshot());
    let trust = read(&machine.path("trust.json"));
    for (bytes, what) in [
        (&b""[..], "an empty file"),
        (&trust, "trust.json"),
        (&license[..300], "end is missing"),
        (&vendor.snapshot(), "a container"),
    ] {
        put(&machine, "named.json", bytes);
        for name in ["--license", "--proof"] {
            let named = machine.path("named.json");
            let refused = machine.run(&format!("import {} {name} {}", file.display(), named.display()));
            assert_eq!(refused.exit, Some(65), "{what} {name}: {refused:?}");
            let refused: Value = serde_json::from_str(&refused.stderr).expect("JSON");
            let message = text(&refused["message"]);
            assert!(message.contains("named.json") && message.contains(what), "{message}");
        }
    }
    // A license is no proof.
    put(&machine, "named.json", &license);
    let line =
        |name: &str| format!("import {} {name} {}", file.display(), machine.path("named.json").display());
    let refused = machine.run(&line("--proof")).refused(65, "kind_unexpected");
    assert!(text(&refused["message"]).contains("`license`"), "{refused}");
    assert!(!machine.state().join("revocations.sgsnap").exists(), "nothing was taken over");
    machine.run(&line("--license")).json();
}
