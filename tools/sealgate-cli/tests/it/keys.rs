//! `sealgate keys`.

use serde_json::{Value, json};

use crate::vendor::{Vendor, text};

fn keyid(keys: &Value, key_use: &str, state: &str) -> String {
    let keys = keys.as_array().expect("a list");
    let key = keys.iter().find(|key| key["use"] == key_use && key["state"] == state).expect("such a key");
    text(&key["keyid"]).to_owned()
}

#[test]
fn a_leaked_issuer_is_revoked_and_new_files_are_handed_out() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let (old, _) = vendor.file(&license, "old.license");
    let leaked = keyid(&vendor.json(&["keys", "list"]), "issuer", "active");

    let told = vendor.run(&["keys", "revoke", &leaked, "--reason", "drill", "--yes"]).ok();
    assert!(told.contains(text(&license["license_id"])), "{told}");

    let trust = vendor.path("trust.json");
    let exported = vendor.json(&["keys", "export", "-o", &trust]);
    assert_eq!(exported["root_version"], 1);
    vendor.run(&["verify", &old, "--trust", &trust, "--json"]).refused(1, "signature_invalid");
    let (new, _) = vendor.file(&license, "new.license");
    vendor.run(&["verify", &new, "--trust", &trust]).ok();
    let again = vendor.json(&["keys", "revoke", &leaked, "--yes"]);
    assert_eq!((&again["complete"], &again["dark"]), (&json!(true), &json!([])));
}

#[test]
fn nobody_is_there_to_confirm_so_nothing_is_revoked() {
    let vendor = Vendor::new();
    let key = keyid(&vendor.json(&["keys", "list"]), "issuer", "active");
    let told = vendor.run(&["keys", "revoke", &key]);
    assert!(told.stderr.contains("--yes"), "{told:?}");
    assert_eq!(keyid(&vendor.json(&["keys", "list"]), "issuer", "active"), key);
    vendor.run(&["keys", "revoke", &"0".repeat(32), "--json"]).refused(3, "not_found");
}

#[test]
fn a_rotated_root_is_reached_from_the_old_one() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let (file, trust) = vendor.file(&license, "a.license");
    let pinned: Value = serde_json::from_slice(&std::fs::read(trust).expect("written")).expect("JSON");
    let root = text(&pinned["roots"][0]);

    let listed = vendor.json(&["keys", "rotate", "--use", "root"]);
    assert_ne!(keyid(&listed, "root", "active"), keyid(&listed, "root", "retired"));
    let (_, trust) = vendor.file(&license, "a.license");
    let report = vendor.json(&["verify", &file, "--root", root]);
    assert_eq!(report["root"]["version"], 2);
    let told = vendor.run(&["inspect", &trust]).ok();
    assert!(told.contains("trust.json") && told.matches("root  ").count() >= 3, "{told}");
}

#[test]
fn export_without_an_app_needs_exactly_one() {
    let vendor = Vendor::new();
    let path = vendor.path("trust.json");
    vendor.run(&["keys", "export", "-o", &path, "--json"]).refused(3, "not_found");
    let (a, _) = (vendor.app("A"), vendor.app("B"));
    let told = vendor.run(&["keys", "export", "-o", &path, "--json"]).refused(2, "malformed_request");
    assert!(text(&told["message"]).contains("name one: a, b"), "{told}");
    assert_eq!(
        vendor.json(&["keys", "export", "--app", text(&a["app_id"]), "-o", &path])["app_id"],
        a["app_id"]
    );
}
