//! Seed 002, "License not being picked up".

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde_json::json;

use super::{found, is, said, words};
use crate::program::{Machine, Outcome, Vendor, run, text};

const CONFIG: &str = r#"{"LicenseConfigs": {"Mode": "Online", "LicenseFilePath": "licenses/license.key"}}"#;

/// The program's folder with this configuration, and perhaps a key's file.
fn installed(machine: &Machine, config: &str, key: Option<&[u8]>) {
    std::fs::create_dir_all(machine.path("licenses")).expect("made");
    std::fs::write(machine.path("appsettings.json"), config).expect("written");
    let file = machine.path("licenses/license.key");
    let _ = std::fs::remove_file(&file);
    if let Some(key) = key {
        std::fs::write(file, key).expect("written");
    }
}

/// What is found in the program's folder, with this value of the variable.
fn looks(machine: &Machine, config: &str, variable: Option<&OsStr>) -> Outcome {
    let mut command = machine.command(&format!("doctor --config {config}"));
    command.current_dir(machine.folder.path());
    if let Some(variable) = variable {
        command.env("SEALGATE_LICENSE_KEY", variable);
    }
    run(&mut command)
}

fn here(machine: &Machine, variable: Option<&str>) -> Outcome {
    looks(machine, "appsettings.json", variable.map(OsStr::new))
}

/// "Verify path: licenses/license.key exists".
#[test]
fn a_key_file_that_is_not_there_is_named_with_its_place() {
    let vendor = Vendor::new();
    let (machine, key) = (vendor.machine(), text(&vendor.issue(&json!({}))["license_key"]));
    installed(&machine, CONFIG, None);
    let outcome = here(&machine, None);
    assert_eq!(found(&outcome, "key"), is("error", "license_missing"));
    let place = machine.folder.path().canonicalize().expect("there").join("licenses/license.key");
    assert!(words(&said(&outcome, "key")).contains(&place.display().to_string()), "{outcome:?}");
    installed(&machine, CONFIG, Some(key.as_bytes()));
    let outcome = here(&machine, None);
    assert_eq!(found(&outcome, "key"), is("ok", ""));
    assert!(!outcome.stdout.contains(&key) && !outcome.stderr.contains(&key), "the key is a secret");
    // A machine that is activated needs none.
    machine.activate(&vendor.issue(&json!({}))).json();
    installed(&machine, CONFIG, None);
    assert_eq!(found(&here(&machine, None), "key"), is("ok", ""));
}

/// "Check file format: valid JSON with `LicenseKey` field", or the bare key.
#[test]
fn a_key_file_is_the_bare_key_or_json_with_license_key() {
    let vendor = Vendor::new();
    let (machine, key) = (vendor.machine(), text(&vendor.issue(&json!({}))["license_key"]));
    let mut mistyped = key.clone();
    let last = if mistyped.pop() == Some('0') { '1' } else { '0' };
    mistyped.push(last);
    let json = json!({ "LicenseKey": key }).to_string();
    for (file, severity, code) in [
        (key.as_bytes(), "ok", ""),
        (json.as_bytes(), "ok", ""),
        (br#"{"Key": "000G"}"#, "error", "file_unreadable"),
        (b"{", "error", "file_unreadable"),
        (b"", "error", "file_unreadable"),
        (&[0xff, 0xfe], "error", "file_unreadable"),
        (mistyped.as_bytes(), "error", "license_key_malformed"),
        // A vendor may have taken keys over from another system.
        (&key.as_bytes()[..20], "warning", "license_key_malformed"),
    ] {
        installed(&machine, CONFIG, Some(file));
        let outcome = here(&machine, None);
        assert_eq!(found(&outcome, "key"), is(severity, code), "{file:?} {outcome:?}");
        let file = String::from_utf8_lossy(file);
        assert!(file.len() < 8 || !outcome.stdout.contains(&*file), "{outcome:?}");
    }
}

/// "Verify env var", and which of both counts.
#[test]
fn the_variable_counts_where_there_is_no_file() {
    let vendor = Vendor::new();
    let (machine, key) = (vendor.machine(), text(&vendor.issue(&json!({}))["license_key"]));
    let other = text(&vendor.issue(&json!({}))["license_key"]);
    installed(&machine, CONFIG, None);
    let outcome = here(&machine, Some(&key));
    assert_eq!(found(&outcome, "key"), is("ok", ""));
    assert!(words(&said(&outcome, "key")).contains("so the variable counts"), "{outcome:?}");
    assert_eq!(found(&here(&machine, Some(" ")), "key"), is("error", "license_missing"), "as if unset");
    let unreadable = looks(&machine, "appsettings.json", Some(OsStr::from_bytes(&[b'k', 0xff])));
    assert_eq!(found(&unreadable, "key"), is("error", "config_invalid"));
    installed(&machine, CONFIG, Some(key.as_bytes()));
    let both = here(&machine, Some(&other));
    assert_eq!(found(&both, "key"), is("ok", ""));
    assert!(words(&said(&both, "key")).contains("names another key: the file's counts"), "{both:?}");
    assert!(!both.stdout.contains(&key) && !both.stdout.contains(&other), "{both:?}");
    let same = here(&machine, Some(&key));
    assert!(!words(&said(&same, "key")).contains("another key"), "{same:?}");
}

/// "Check config binding: the file has a `LicenseConfigs` section".
#[test]
fn a_configuration_without_its_section_is_told() {
    let vendor = Vendor::new();
    let machine = vendor.machine();
    for (config, severity, code, says) in [
        (CONFIG, "ok", "", "reads: Online"),
        (r#"{"Logging": {}}"#, "error", "config_invalid", "no section LicenseConfigs"),
        ("{", "error", "config_invalid", "EOF"),
        (r#"{"LicenseConfigs": {"Mode": "Cloud"}}"#, "error", "config_invalid", "Cloud"),
        (
            r#"{"LicenseConfigs": {"LicenceFilePath": "x", "Online": {"Timeout": 1}}}"#,
            "warning",
            "config_invalid",
            "no setting is called LicenceFilePath, Online.Timeout",
        ),
    ] {
        installed(&machine, config, None);
        let outcome = here(&machine, None);
        assert_eq!(found(&outcome, "config"), is(severity, code), "{config}");
        assert!(said(&outcome, "config")["message"].as_str().expect("text").contains(says), "{outcome:?}");
    }
    std::fs::write(machine.path("app.toml"), "[LicenseConfigs]\nMode = \"Offline\"\n").expect("written");
    let outcome = looks(&machine, "app.toml", None);
    assert!(words(&said(&outcome, "config")).contains("reads: Offline"), "{outcome:?}");
    assert_eq!(found(&looks(&machine, "none.json", None), "config"), is("error", "file_unreadable"));
}

/// The proof, where the configuration wants one on disk.
#[test]
fn a_proof_that_is_not_there_is_told_where_the_program_needs_it() {
    let vendor = Vendor::new();
    let machine = vendor.machine();
    installed(&machine, CONFIG, None);
    let outcome = here(&machine, None);
    assert_eq!(found(&outcome, "proof"), is("ok", ""));
    for name in ["license", "heartbeat"] {
        let told = said(&outcome, name);
        assert!(words(&told).contains("Start the program: it activates this machine"), "{told}");
    }
    let proofless = CONFIG.replace(r#""Mode""#, r#""FallbackToOnlineActivation": false, "Mode""#);
    installed(&machine, &proofless, None);
    assert_eq!(found(&here(&machine, None), "proof"), is("error", "not_activated"));
    installed(&machine, &CONFIG.replace("Online", "Offline"), None);
    assert_eq!(found(&here(&machine, None), "proof"), is("error", "license_missing"));
    machine.activate(&vendor.issue(&json!({}))).json();
    assert_eq!(found(&here(&machine, None), "proof"), is("ok", ""));
}

/// Without a configuration nobody knows what the program wants, and nothing fails for it.
#[test]
fn without_a_configuration_the_key_is_no_failure() {
    let vendor = Vendor::new();
    let machine = vendor.machine();
    let outcome = run(machine.command("doctor").current_dir(machine.folder.path()));
    assert_eq!((found(&outcome, "config"), found(&outcome, "proof")), (is("ok", ""), is("ok", "")));
    assert_eq!(found(&outcome, "key"), is("warning", "license_missing"));
    installed(&machine, CONFIG, Some(b"{"));
    let outcome = run(machine.command("doctor").current_dir(machine.folder.path()));
    assert_eq!(found(&outcome, "key"), is("warning", "file_unreadable"));
}
