//! A snapshot comes on a medium: what the vendor took back gives nothing from then on.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::program::{Machine, Vendor, read, run_with_bytes, text};

fn put(machine: &Machine, name: &str, bytes: &[u8]) -> PathBuf {
    let path = machine.path(name);
    std::fs::write(&path, bytes).expect("written");
    path
}

fn import(machine: &Machine, bytes: &[u8]) -> crate::program::Outcome {
    put(machine, "vendor.sgsnap", bytes);
    machine.run(&format!("import {}", machine.path("vendor.sgsnap").display()))
}

#[test]
fn what_was_taken_back_gives_nothing_once_it_was_imported() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    machine.activate(&license).json();
    let before = machine.run("status").json();
    assert_eq!(
        (&before["revocations"]["state"], &before["revocations"]["version"]),
        (&json!("unknown"), &Value::Null)
    );

    let first = vendor.snapshot();
    let imported = import(&machine, &first).json();
    assert_eq!((&imported["purpose"], &imported["revoked"]), (&json!("snapshot"), &json!([])));
    assert_eq!(imported["unchanged"], false);
    let status = machine.run("status").json();
    assert_eq!((&status["state"], &status["revocations"]["state"]), (&json!("active"), &json!("fresh")));
    assert_eq!(status["revocations"]["version"], imported["version"]);
    assert_eq!(status["revocations"]["age_days"], 0);
    assert!(status["revocations"]["next_update"].is_string());
    assert_eq!(import(&machine, &first).json()["unchanged"], true);
    machine.run("verify").json();

    vendor.change(&license, "revoke");
    machine.run("verify").json();
    let second = vendor.snapshot();
    let imported = import(&machine, &second).json();
    let what: Vec<&Value> =
        imported["revoked"].as_array().expect("a list").iter().map(|it| &it["what"]).collect();
    assert_eq!(what, ["license", "proof"]);
    let status = machine.run("status").json();
    assert_eq!((&status["state"], &status["revocations"]["revoked"]), (&json!("revoked"), &json!(true)));
    machine.run("verify").refused(1, "revoked");
    let doctor = machine.run("doctor");
    let told: Value = serde_json::from_str(&doctor.stdout).expect("JSON");
    let failed = told["checks"].as_array().expect("a list").iter().filter(|check| check["ok"] == false);
    let failed: Vec<(&Value, &Value)> = failed.map(|check| (&check["name"], &check["code"])).collect();
    assert_eq!(
        failed[..2],
        [(&json!("license"), &json!("revoked")), (&json!("revocations"), &json!("revoked"))]
    );

    let refused = import(&machine, &first).refused(1, "version_rollback");
    assert!(text(&refused["fix"]).contains("newest"), "{refused}");
    // What was found stays found.
    std::fs::remove_file(machine.state().join("revocations.sgsnap")).expect("it was there");
    machine.run("verify").refused(1, "revoked");
    let told = machine.tell_text("status");
    assert!(told.contains("revoked: imported revocation data") && told.contains("missing"), "{told}");
}

/// A new license lifts it, and is activated without a word more.
#[test]
fn a_machine_whose_license_was_taken_back_is_activated_for_another() {
    let vendor = Vendor::new();
    let (license, other) = (vendor.issue(&json!({})), vendor.issue(&json!({})));
    let machine = vendor.machine();
    machine.activate(&license).json();
    vendor.change(&license, "revoke");
    import(&machine, &vendor.snapshot()).json();
    machine.run("verify").refused(1, "revoked");
    machine.activate(&other).json();
    assert_eq!(machine.run("status").json()["state"], "active");
    machine.run("verify").json();
}

#[test]
fn a_machine_that_is_not_activated_imports_beforehand() {
    let vendor = Vendor::new();
    vendor.issue(&json!({}));
    let machine = vendor.machine();
    let file = vendor.snapshot();
    let imported = run_with_bytes(&mut machine.command("import -"), &file).json();
    let status = machine.run("status").json();
    assert_eq!(status["activated"], false);
    assert_eq!(status["revocations"]["version"], imported["version"]);
    assert!(machine.tell_text("status").contains("snapshot"));
}

#[test]
fn other_files_are_called_what_they_are() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    machine.activate(&license).json();
    let file = vendor.snapshot();
    import(&machine, &file).json();
    let kept = |name: &str| read(&machine.state().join(name));
    let state = || ["state.0", "state.1", "revocations.sgsnap", "licenses/license.json"].map(kept);
    let before = state();
    let path = format!("import {}", machine.state().join("licenses/license.json").display());
    let refused = machine.run(&path).refused(65, "container_unknown");
    assert!(text(&refused["message"]).contains("`license`"), "{refused}");
    let refused = machine.run(&format!("import {}", machine.path("trust.json").display()));
    assert!(text(&refused.refused(65, "container_unknown")["message"]).contains("trust.json"));
    import(&machine, b"hello").refused(65, "container_unknown");
    import(&machine, &file[..file.len() - 1]).refused(65, "container_truncated");
    let mut damaged = file.clone();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    import(&machine, &damaged).refused(65, "container_damaged");
    // An update has purpose 2, and other entries.
    let refused = import(&machine, &update());
    assert!(text(&refused.refused(65, "kind_unexpected")["message"]).contains("update of a program"));
    machine.run("import nowhere.sgsnap").refused(65, "file_unreadable");
    // Another vendor's.
    let other = Vendor::new();
    other.issue(&json!({}));
    import(&machine, &other.snapshot()).refused(1, "root_unknown");
    assert!(state() == before, "a refusal changed something");
    assert_eq!(machine.run("import").exit, Some(2));
}

/// A file of another purpose, whole.
fn update() -> Vec<u8> {
    use sealgate::container::{EntryName, Purpose};
    let statement = [&[0, 2, 1][..], b"{}", &[0; 64]].concat();
    let names = [EntryName::Release, EntryName::Root, EntryName::Keyset, EntryName::TenantKeyset];
    let mut entries: Vec<(EntryName, &[u8])> = names.map(|name| (name, &statement[..])).to_vec();
    entries.push((EntryName::Package, b"the program"));
    sealgate_container::write(Purpose::Update, &entries).expect("a container")
}

/// What lies in the state folder is for its owner, and nothing of the medium stays.
#[test]
fn nothing_but_the_list_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let vendor = Vendor::new();
    vendor.issue(&json!({}));
    let machine = vendor.machine();
    let names = || {
        let list = std::fs::read_dir(machine.state()).expect("a folder");
        let mut names: Vec<String> =
            list.map(|it| it.expect("one").file_name().into_string().expect("text")).collect();
        names.sort();
        names
    };
    import(&machine, &vendor.snapshot()).json();
    let expected = ["lock", "revocations.lock", "revocations.sgsnap", "state.0", "state.1", "state.key"];
    assert_eq!(names(), expected);
    let kept = machine.state().join("revocations.sgsnap");
    assert_eq!(std::fs::metadata(&kept).expect("kept").permissions().mode() & 0o777, 0o600);
    assert!(sealgate_container::Container::read(&read(&kept)).is_ok());
}

/// A license lies beside a program, and the machine is not activated: whoever imports may name it.
#[test]
fn a_license_beside_a_program_is_looked_up_where_it_is_named() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let activated = vendor.machine();
    activated.activate(&license).json();
    let beside = activated.state().join("licenses/license.json");
    let machine = vendor.machine();
    let none = put(&machine, "first.sgsnap", &vendor.snapshot());
    let told = machine.tell_text(&format!("import {}", none.display()));
    assert!(told.contains("no license was looked up"), "{told}");
    vendor.change(&license, "revoke");
    let file = put(&machine, "vendor.sgsnap", &vendor.snapshot());
    let line = format!("import {} --license {}", file.display(), beside.display());
    let imported = machine.run(&line).json();
    assert_eq!(imported["revoked"][0]["what"], "license");
    machine.run(&format!("import {} --license nowhere.json", file.display())).refused(65, "file_unreadable");
    // What is lost is told on such a machine, too.
    std::fs::remove_file(machine.state().join("revocations.sgsnap")).expect("it was there");
    let status = machine.tell_text("status");
    assert!(status.contains("lost since") && status.contains("missing"), "{status}");
    let doctor = machine.tell("doctor");
    assert!(doctor.stdout.contains("is not there"), "{doctor:?}");
}

/// The seat was released, and the license is as good as before: activating again is all.
#[test]
fn an_activation_that_was_taken_back_is_told_apart_from_the_license() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    machine.activate(&license).json();
    vendor.change(&license, "reset-devices");
    let imported = import(&machine, &vendor.snapshot()).json();
    assert_eq!(imported["revoked"].as_array().map(Vec::len), Some(1), "{imported}");
    assert_eq!(imported["revoked"][0]["what"], "proof");
    let doctor = machine.tell("doctor");
    assert!(doctor.stdout.contains("this activation, and not the license"), "{doctor:?}");
    let activation = machine.run("verify").refused(1, "revoked");
    assert!(text(&activation["fix"]).contains("ctivate"), "{activation}");
    machine.activate(&license).json();
    machine.run("verify").json();
}
