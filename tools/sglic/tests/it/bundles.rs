//! A machine without a network: it asks by a file, and goes by the file that comes back.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::program::{Machine, Outcome, Vendor, read, run_with_bytes, run_with_input, text};

/// A machine whose vendor has no server for it.
pub(crate) fn machine(vendor: &Vendor) -> Machine {
    Machine { server: String::new(), ..vendor.machine() }
}

/// Asks for the license of this key.
pub(crate) fn request(machine: &Machine, license: &Value, words: &str) -> Value {
    let mut command =
        machine.command(&format!("request --key - {words} -o {}", shown(machine, "machine.sgreq")));
    run_with_input(&mut command, &text(&license["license_key"])).json()
}

/// Asks, and has the vendor answer. The answer lies there under this name.
pub(crate) fn answered(vendor: &Vendor, machine: &Machine, license: &Value, name: &str) -> PathBuf {
    request(machine, license, "");
    let bundle = vendor.respond(&read(&machine.path("machine.sgreq")));
    put(machine, name, &vendor.bundle_file(&bundle))
}

pub(crate) fn put(machine: &Machine, name: &str, bytes: &[u8]) -> PathBuf {
    let path = machine.path(name);
    std::fs::write(&path, bytes).expect("written");
    path
}

pub(crate) fn shown(machine: &Machine, name: &str) -> String {
    machine.path(name).display().to_string()
}

pub(crate) fn activate(machine: &Machine, file: &Path) -> Outcome {
    machine.run(&format!("activate {} --yes", file.display()))
}

/// One check of `doctor`.
pub(crate) fn check(machine: &Machine, name: &str, words: &str) -> Value {
    let told = machine.run(&format!("doctor {words}"));
    let told: Value = serde_json::from_str(&told.stdout).unwrap_or_else(|why| panic!("{why}: {told:?}"));
    let checks = told["checks"].as_array().expect("a list");
    checks.iter().find(|check| check["name"] == name).expect("this check").clone()
}

#[test]
fn a_machine_asks_by_a_file_and_goes_by_the_one_that_comes_back() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = machine(&vendor);
    let asked = request(&machine, &license, "");
    assert_eq!(asked["again"], false);
    let file = read(&machine.path("machine.sgreq"));
    assert_eq!(asked["bytes"], file.len());
    // No key crosses the hands of those who carry it.
    let key = text(&license["license_key"]);
    for secret in [key.clone(), key.replace('-', "")] {
        assert!(!file.windows(secret.len()).any(|part| part == secret.as_bytes()));
    }

    let bundle = vendor.respond(&file);
    let answer = put(&machine, "license.sglic", &vendor.bundle_file(&bundle));
    let activate_it = format!("activate {}", answer.display());
    // Nobody activates it unasked.
    machine.run(&activate_it).refused(78, "config_invalid");
    assert_eq!(machine.run("status").json()["activated"], false);
    let told = machine.tell(&activate_it);
    for word in [text(&license["license_id"]).as_str(), "1 machine, which the file names", "licensed"] {
        assert!(told.stderr.contains(word), "{word}: {told:?}");
    }

    let activated = activate(&machine, &answer).json();
    assert_eq!((&activated["already"], &activated["bundle_id"]), (&json!(false), &bundle["bundle_id"]));
    std::fs::remove_file(&answer).expect("it was there");
    let status = machine.run("status").json();
    assert_eq!((&status["activated"], &status["state"]), (&json!(true), &json!("active")));
    let kept = &status["bundle"];
    assert_eq!((&kept["license_id"], &kept["in_use"]), (&license["license_id"], &json!(true)));
    assert_eq!((&kept["serial"], &kept["mode"]), (&bundle["serial"], &json!("bound")));
    assert_eq!(machine.run("verify").json()["state"], "active");
    assert!(machine.tell_text("status").contains("active, by a license file"));
    for (name, says) in [
        ("server", "needs none"),
        ("license", "the license file counts until"),
        ("bundle", "one is in use"),
        ("heartbeat", "asks for none"),
        ("proof", "activation"),
        ("key", "none is needed"),
    ] {
        let check = check(&machine, name, "");
        assert_eq!(check["ok"], true, "{check}");
        assert!(text(&check["message"]).contains(says), "{check}");
    }
    assert_eq!(machine.run("doctor").exit, Some(0));

    // Again is harmless, also as an import.
    let answer = put(&machine, "again.sglic", &vendor.bundle_file(&bundle));
    assert_eq!(machine.run(&format!("import {}", answer.display())).json()["already"], true);
    assert_eq!(run_with_bytes(&mut machine.command("import -"), &read(&answer)).json()["already"], true);
}

#[test]
fn a_request_stays_the_same_until_it_is_answered() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = machine(&vendor);
    let first = request(&machine, &license, "");
    let file = read(&machine.path("machine.sgreq"));
    let again = request(&machine, &license, "");
    assert_eq!((&again["again"], &again["request"]), (&json!(true), &first["request"]));
    assert_eq!(read(&machine.path("machine.sgreq")), file);
    // Another file is not lost unasked.
    put(&machine, "machine.sgreq", b"somebody's");
    let mut command = machine.command(&format!("request --key - -o {}", shown(&machine, "machine.sgreq")));
    run_with_input(&mut command, &text(&license["license_key"])).refused(78, "config_invalid");
    assert_eq!(read(&machine.path("machine.sgreq")), b"somebody's");
    let new = request(&machine, &license, "--new --yes");
    assert_ne!(new["request"], first["request"]);

    // The answer to the first one is none any more.
    let late = put(&machine, "late.sglic", &vendor.bundle_file(&vendor.respond(&file)));
    let refused = activate(&machine, &late).refused(1, "nonce_mismatch");
    assert_eq!(refused["cause"], "other_machine");
    let answer = vendor.respond(&read(&machine.path("machine.sgreq")));
    let answer = put(&machine, "answer.sglic", &vendor.bundle_file(&answer));
    let activated = activate(&machine, &answer).json();
    // Now it is answered, and the next request says which bundle is in use.
    let next = request(&machine, &license, "--yes");
    assert_ne!(next["request"], new["request"]);
    let newer = vendor.respond(&read(&machine.path("machine.sgreq")));
    let newer = put(&machine, "newer.sglic", &vendor.bundle_file(&newer));
    assert_eq!(activate(&machine, &newer).json()["replaces"], activated["bundle_id"]);
    let refused = activate(&machine, &answer).refused(1, "version_rollback");
    assert_eq!(refused["cause"], "older");
    assert_eq!(refused["bundle"]["bundle_id"], activated["bundle_id"]);
    assert_eq!(machine.run("status").json()["state"], "active");
}

/// "No valid offline bundle": each of the four causes is told apart, by `activate` and by `doctor`.
#[test]
fn why_there_is_no_valid_license_file_is_told_apart() {
    let (vendor, other) = (Vendor::new(), Vendor::new());
    let license = vendor.issue(&json!({ "max_devices": 5 }));
    let machine = machine(&vendor);
    let file = read(&answered(&vendor, &machine, &license, "answer"));
    let stranger = {
        let license = other.issue(&json!({}));
        let machine = self::machine(&other);
        read(&answered(&other, &machine, &license, "answer"))
    };
    let elsewhere = read(&answered(&vendor, &self::machine(&vendor), &license, "answer"));
    let mut damaged = file.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::create_dir(machine.path("drive")).expect("made");
    let look = format!("activate --no-drives --folder {}", shown(&machine, "drive"));
    let search = |time: &str| {
        let mut command = machine.command(&look);
        crate::program::run(
            command
                .env_remove("SGLIC_SERVER")
                .env("FAKETIME", time)
                .env("LD_PRELOAD", sealgate_testkit::program::faketime()),
        )
    };
    let config = json!({ "LicenseConfigs": { "LicenseFilePath": machine.path("drive/license.key") } });
    put(&machine, "app.json", config.to_string().as_bytes());
    let doctor = format!("--config {}", shown(&machine, "app.json"));

    let refused = search("+0").refused(1, "license_missing");
    assert_eq!(refused["cause"], "missing");
    assert!(text(&refused["message"]).contains("drive"), "the places are named: {refused}");
    assert_eq!(check(&machine, "bundle", &doctor)["because"], "missing");
    for (bytes, exit, code, cause) in [
        (&damaged[..], 65, "container_damaged", "damaged"),
        (&file[..file.len() - 9], 65, "container_truncated", "damaged"),
        (&stranger[..], 1, "root_unknown", "not_the_vendors"),
        (&elsewhere[..], 1, "device_not_named", "other_machine"),
        (b"hello", 65, "container_unknown", "other_file"),
    ] {
        put(&machine, "drive/license.sglic", bytes);
        let refused = search("+0").refused(exit, code);
        assert_eq!(refused["cause"], cause, "{refused}");
        assert_eq!(refused["found"][0]["code"], code);
        let check = check(&machine, "bundle", &doctor);
        assert_eq!((&check["because"], &check["ok"]), (&json!(cause), &json!(false)), "{check}");
        assert!(text(&check["fix"]).len() > 10, "{check}");
    }
    put(&machine, "drive/license.sglic", &file);
    let refused = search("+400d").refused(1, "expired");
    assert_eq!(refused["cause"], "over");
    // Several are named each.
    put(&machine, "drive/other.sglic", &damaged);
    let refused = search("+400d").refused(1, "expired");
    assert_eq!(refused["found"].as_array().expect("a list").len(), 2);
    let told = check(&machine, "bundle", &doctor);
    assert!(text(&told["message"]).contains("found, and not activated"), "{told}");
    // And the one that counts is taken.
    let mut command = machine.command(&format!("{look} --yes"));
    let activated = crate::program::run(command.env_remove("SGLIC_SERVER")).json();
    assert_eq!(activated["license_id"], license["license_id"]);
    assert_eq!(check(&machine, "bundle", &doctor)["ok"], true);
}

#[test]
fn the_end_ends_it_and_is_announced() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = machine(&vendor);
    let answer = answered(&vendor, &machine, &license, "answer.sglic");
    let days = activate(&machine, &answer).json()["days_left"].as_u64().expect("days");
    let near = format!("+{}d", days - 3);
    let status = machine.run_at(&near, "status").json();
    assert!(status["bundle"]["days_left"].as_u64().expect("days") <= 3, "{status}");
    let doctor = machine.run_at(&near, "doctor");
    let told: Value = serde_json::from_str(&doctor.stdout).expect("JSON");
    let checks = told["checks"].as_array().expect("a list");
    let bundle = checks.iter().find(|check| check["name"] == "bundle").expect("this check");
    assert_eq!((&bundle["severity"], &bundle["code"]), (&json!("warning"), &json!("expired")));
    assert!(text(&bundle["fix"]).contains("sglic request"));

    let over = format!("+{}d", days + 2);
    assert_eq!(machine.run_at(&over, "status").json()["state"], "expired");
    let refused = machine.run_at(&over, "verify").refused(1, "expired");
    assert!(text(&refused["fix"]).contains("sglic request"), "{refused}");
}

#[test]
fn a_license_file_is_forgotten_and_the_seat_is_held() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = machine(&vendor);
    let answer = answered(&vendor, &machine, &license, "answer.sglic");
    let activated = activate(&machine, &answer).json();
    machine.run("deactivate").refused(78, "config_invalid");
    let forgotten = machine.run("deactivate --yes").json();
    assert_eq!(forgotten["seat_held_until"], activated["valid_until"]);
    assert_eq!(machine.run("status").json()["activated"], false);
    machine.run("verify").refused(4, "not_activated");
    machine.run("deactivate --yes").refused(4, "not_activated");
}

#[test]
fn other_files_and_other_flags_are_called_what_they_are() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = machine(&vendor);
    request(&machine, &license, "");
    let asked = shown(&machine, "machine.sgreq");
    let refused = machine.run(&format!("import {asked}")).refused(65, "kind_unexpected");
    assert!(text(&refused["message"]).contains("request"), "{refused}");
    let refused = activate(&machine, Path::new(&asked)).refused(65, "kind_unexpected");
    assert_eq!(refused["cause"], "other_file");
    let snapshot = put(&machine, "vendor.sgsnap", &vendor.snapshot());
    activate(&machine, &snapshot).refused(65, "kind_unexpected");
    let refused = activate(&machine, &machine.path("trust.json")).refused(65, "container_unknown");
    assert!(text(&refused["message"]).contains("trust.json"), "{refused}");
    activate(&machine, &machine.path("nowhere.sglic")).refused(65, "file_unreadable");
    for words in
        ["activate a.sglic --key -", "activate a.sglic --again", "activate --manifest m.json", "request"]
    {
        assert_eq!(machine.run(words).exit, Some(2), "{words}");
    }
    // A server that is named is asked for a key, and no file is looked for.
    let refused =
        machine.run("activate --server https://license.example.com").refused(2, "malformed_request");
    assert!(text(&refused["fix"]).contains("FILE.sglic"), "{refused}");
}

/// What a phone reads off the screen is the file.
#[test]
fn a_request_is_shown_as_a_picture_too() {
    let vendor = Vendor::new();
    let machine = machine(&vendor);
    let path = shown(&machine, "machine.sgreq");
    let asked = machine.run(&format!("request --qr -o {path}")).json();
    let mut decode = std::process::Command::new("base32");
    let decoded = crate::program::start_with_input(
        decode.arg("-d").stdin(std::process::Stdio::piped()),
        &text(&asked["base32"]),
    );
    assert_eq!(decoded.wait_with_output().expect("it ends").stdout, read(&machine.path("machine.sgreq")));
    let told = machine.tell_text(&format!("request --qr -o {path}"));
    let (said, picture) = told.split_once('\u{2588}').expect("a picture");
    assert!(said.contains("the same as before") && said.contains("columns"), "{said}");
    assert!(picture.lines().count() > 30);
}
