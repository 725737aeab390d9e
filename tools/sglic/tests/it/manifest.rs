//! Lists of files: sent for approval, and compared with the proof.

use serde_json::{Value, json};

use crate::program::{Machine, Vendor, run, text};
use crate::shop::names;

/// An installed program, in files that no compiler made.
fn install(machine: &Machine, files: &[(&str, &str)]) {
    std::fs::create_dir_all(machine.path("app/lib")).expect("made");
    for (name, says) in files {
        std::fs::write(machine.path("app").join(name), format!("MZ {says}")).expect("written");
    }
}

/// Approves all that waits for a license.
fn approve_all(vendor: &Vendor, license: &Value) {
    let id = text(&license["license_id"]);
    let waiting = format!("/api/v1/approvals?license_id={id}&status=pending");
    let waiting = vendor.server.api("GET", &waiting, &Value::Null).expect(200);
    let ids: Vec<&Value> =
        waiting["items"].as_array().expect("a list").iter().map(|row| &row["approval_id"]).collect();
    let approve = format!("/api/v1/licenses/{id}/approvals/approve");
    vendor.server.api("POST", &approve, &json!({ "approval_ids": ids })).expect(200);
}

#[test]
fn a_list_is_sent_and_activates_nothing_that_was_not_approved() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({ "max_devices": 1 }));
    let machine = vendor.machine();
    install(&machine, &[("editor.exe", "1"), ("lib/draw.dll", "1")]);
    let submitted = machine.with_list("manifest submit", &license).json();
    assert_eq!((&submitted["submitted"], &submitted["activated"]), (&json!(2), &json!(false)));
    assert_eq!(names(&submitted["modules"]), ["draw.dll", "editor.exe"]);
    assert_eq!((vendor.devices(&license), &machine.run("status").json()["activated"]), (0, &json!(false)));
    let waiting = vendor.server.api("GET", "/api/v1/approvals?status=pending", &Value::Null).expect(200);
    assert_eq!(waiting["items"].as_array().map(Vec::len), Some(2));
    // For people: which files, and what comes next.
    let manifest = machine.path("manifest.json").display().to_string();
    let mut plain = std::process::Command::new(crate::program::SGLIC);
    plain.env_clear().args(["manifest", "submit", "--quiet", "--key", &text(&license["license_key"])]);
    plain.args(["--server", &vendor.server.url, "--manifest", &manifest, "--state"]).arg(machine.state());
    plain.arg("--trust").arg(machine.path("trust.json"));
    assert_eq!(run(&mut plain).ok(), "", "--quiet prints errors only");

    // The same again adds nothing.
    machine.with_list("manifest submit", &license).json();
    let waiting = vendor.server.api("GET", "/api/v1/approvals?status=pending", &Value::Null).expect(200);
    assert_eq!(waiting["items"].as_array().map(Vec::len), Some(2));
    approve_all(&vendor, &license);
    let submitted = machine.with_list("manifest submit", &license).json();
    assert_eq!((&submitted["submitted"], &submitted["activated"]), (&json!(0), &json!(true)));
    assert_eq!(machine.run("status").json()["modules"], 2);
    // Then nobody is asked.
    let again = machine.with_list("manifest submit --server http://127.0.0.1:9", &license).json();
    assert_eq!(again["activated"], true);
}

#[test]
fn a_list_costs_a_machine_nothing_that_it_holds() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({ "max_devices": 1 }));
    let machine = vendor.machine();
    machine.activate(&license).json();
    install(&machine, &[("editor.exe", "2")]);
    let asked = machine.with_list("manifest submit", &license).refused(78, "config_invalid");
    assert!(text(&asked["message"]).contains("its earlier proof ends"), "{asked}");
    assert_eq!(machine.with_list("manifest submit --yes", &license).json()["submitted"], 1);
    let words = format!("--output {}", machine.path("elsewhere/proof.json").display());
    machine.with_list(&format!("activate {words}"), &license).refused(4, "unapproved_module");
    let status = machine.run("status").json();
    assert_eq!((&status["state"], &status["generation"]), (&json!("active"), &json!(1)));
    assert_eq!(
        text(&status["proof"]),
        machine.state().join("licenses/activation_proof.json").display().to_string()
    );
    machine.run("heartbeat").json();
    assert!(!machine.path("elsewhere").exists(), "a refusal moves no file");
    // It is activated for its key still, and is not activated again.
    let again = machine.activate(&license).json();
    assert_eq!((&again["generation"], &again["already"]), (&json!(1), &json!(true)));
    approve_all(&vendor, &license);
    assert_eq!(machine.with_list("manifest submit --yes", &license).json()["activated"], true);
    assert_eq!(machine.run("status").json()["generation"], 2);
}

#[test]
fn what_cannot_be_sent_says_why() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    let key = text(&license["license_key"]);
    let words = format!("manifest submit --key {key} --manifest {}", machine.path("manifest.json").display());
    machine.run(&words).refused(65, "file_unreadable");
    std::fs::write(machine.path("manifest.json"), "[]").expect("written");
    machine.run(&words).refused(65, "field_invalid");
    install(&machine, &[("editor.exe", "1")]);
    let nobodys = json!({ "license_key": "000G-40R4-0M30-E209-185G-R38E-1YRB" });
    machine.with_list("manifest submit", &nobodys).refused(1, "invalid_key");
    machine
        .with_list("manifest submit --server http://127.0.0.1:9", &license)
        .refused(69, "server_unreachable");
    machine.run("manifest submit --key -").refused(65, "file_unreadable");
    vendor.change(&license, "revoke");
    machine.with_list("manifest submit", &license).refused(1, "revoked");
    let waiting = vendor.server.api("GET", "/api/v1/approvals", &Value::Null).expect(200);
    assert_eq!(
        waiting["items"].as_array().map(Vec::len),
        Some(0),
        "nobody without a license leaves anything"
    );
}

#[test]
fn an_activation_follows_the_files_that_are_named() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    install(&machine, &[("editor.exe", "1")]);
    machine.with_list("activate", &license).refused(4, "unapproved_module");
    approve_all(&vendor, &license);
    assert_eq!(machine.with_list("activate", &license).json()["already"], false);
    assert_eq!(machine.with_list("activate", &license).json()["already"], true);
    // Without a list it is this key's.
    assert_eq!(machine.activate(&license).json()["already"], true);
    install(&machine, &[("editor.exe", "2")]);
    machine.with_list("activate", &license).refused(4, "unapproved_module");
    approve_all(&vendor, &license);
    let again = machine.with_list("activate", &license).json();
    assert_eq!((&again["already"], &again["generation"]), (&json!(false), &json!(2)));
}

/// How the check of the program's files ended, and what each file is.
fn files(machine: &Machine) -> (Value, Vec<(String, String)>) {
    let outcome = machine.run(&format!("doctor --root {}", machine.path("app").display()));
    let told: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{e}: {outcome:?}"));
    let check = told["checks"].as_array().expect("a list").iter().find(|check| check["name"] == "modules");
    let check = check.expect("files are looked at").clone();
    let are = check["modules"].as_array().into_iter().flatten();
    let are = are.map(|module| (text(&module["name"]), text(&module["is"]))).collect();
    (check, are)
}

#[test]
fn a_doctor_looks_at_the_files() {
    let pairs = |wanted: &[(&str, &str)]| -> Vec<(String, String)> {
        wanted.iter().map(|(name, is)| ((*name).to_owned(), (*is).to_owned())).collect()
    };
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    let (check, _) = files(&machine);
    assert_eq!((&check["ok"], &check["code"]), (&json!(false), &json!("file_unreadable")));
    install(&machine, &[("editor.exe", "1"), ("lib/draw.dll", "1")]);
    assert_eq!(files(&machine).0["ok"], true, "nothing is activated: another check says so");
    machine.activate(&license).json();
    let (check, _) = files(&machine);
    assert_eq!(
        (&check["ok"], &check["code"]),
        (&json!(false), &json!("check_failed")),
        "a proof without a list"
    );
    machine.with_list("activate", &license).refused(4, "unapproved_module");
    approve_all(&vendor, &license);
    machine.with_list("activate", &license).json();
    let (check, are) = files(&machine);
    assert_eq!(
        (&check["ok"], are),
        (&json!(true), pairs(&[("draw.dll", "listed"), ("editor.exe", "listed")]))
    );
    machine.verify_at_start().json();

    install(&machine, &[("editor.exe", "2"), ("new.dll", "1")]);
    std::fs::remove_file(machine.path("app/lib/draw.dll")).expect("removed");
    let (check, are) = files(&machine);
    assert_eq!((&check["ok"], &check["code"]), (&json!(false), &json!("unapproved_module")));
    assert!(text(&check["fix"]).contains("sglic manifest collect"), "{check}");
    assert_eq!(are, pairs(&[("editor.exe", "changed"), ("new.dll", "unlisted"), ("draw.dll", "missing")]));
    let refused = machine.verify_at_start().refused(4, "unapproved_module");
    assert_eq!(names(&refused["modules"]), ["editor.exe", "new.dll"]);
    // A part that is not installed is no fault.
    install(&machine, &[("editor.exe", "1")]);
    std::fs::remove_file(machine.path("app/new.dll")).expect("removed");
    machine.verify_at_start().json();
}

/// An update needs no new activation: what the vendor signed of the release lies beside the license.
#[test]
fn the_statement_of_a_release_approves_an_update() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    install(&machine, &[("editor.exe", "1"), ("lib/draw.dll", "1")]);
    machine.with_list("activate", &license).refused(4, "unapproved_module");
    approve_all(&vendor, &license);
    machine.with_list("activate", &license).json();
    install(&machine, &[("editor.exe", "2")]);
    machine.verify_at_start().refused(4, "unapproved_module");

    let list = machine.path("update.json");
    machine
        .run(&format!("manifest collect --root {} -o {}", machine.path("app").display(), list.display()))
        .json();
    let list: Value = serde_json::from_slice(&std::fs::read(list).expect("there")).expect("JSON");
    let modules: Vec<Value> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|module| json!({ "name": module[0], "sha256": module[1], "version": module[2], "signer": module[3] }))
        .collect();
    let published = json!({
        "version": "2.0", "target": "windows/x86_64", "length": 1, "sha256": "5f".repeat(32), "modules": modules,
    });
    let app = text(&vendor.app["app_id"]);
    let published =
        vendor.server.api("POST", &format!("/api/v1/apps/{app}/releases"), &published).expect(201);
    let statement = format!("/api/v1/releases/{}/statement", text(&published["release_id"]));
    let statement = vendor.server.api("GET", &statement, &Value::Null).bytes;

    let beside = machine.state().join("licenses/release.json");
    std::fs::write(&beside, &statement).expect("written");
    machine.verify_at_start().json();
    let (check, are) = files(&machine);
    assert_eq!(check["ok"], true, "{check}");
    assert!(are.iter().all(|(_, is)| is == "listed"), "{are:?}");
    let unlooked = machine.run("doctor");
    assert!(unlooked.stdout.contains("the proof lists 2, the release 2"), "{unlooked:?}");

    // Another vendor's says nothing here.
    std::fs::write(&beside, b"{}").expect("written");
    assert_eq!(files(&machine).0["ok"], false);
    assert!(machine.verify_at_start().exit != Some(0));
}
