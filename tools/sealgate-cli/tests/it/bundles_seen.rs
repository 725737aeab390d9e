//! `verify` and `inspect` of a bundle's file and of a machine's request.

use sealgate_artifact::LicenseHint;
use sealgate_testkit::TestDevice;
use serde_json::{Value, json};

use crate::bundles::{Sold, read};
use crate::vendor::{Vendor, text};

#[test]
fn a_bundle_is_verified_by_what_the_reader_trusts() {
    let vendor = Vendor::new();
    let sold = Sold::new(&vendor, &["--max-devices", "3"]);
    let device = TestDevice::default();
    let asked = sold.request(&device, Some(sold.by_key()), 1);
    let file = vendor.path("a.sglic");
    let made = sold.export(&["--request", &asked, "-o", &file]).json();
    let report = vendor.json(&["verify", &file, "--trust", &sold.trust]);
    assert_eq!((&report["verdict"], &report["kind"]), (&json!("valid"), &json!("bundle")));
    for name in ["serial", "statement_id", "valid_until", "machines", "mode"] {
        assert_eq!(report[name], made[name], "{name}: {report}");
    }
    assert_eq!(report["bundle"], made["bundle_id"]);
    assert_eq!(report["license"]["license"], json!(sold.id()));
    assert_eq!(report["device_keys"], json!([device.key.to_string()]));
    assert_eq!(report["carries"], json!(["root", "keyset", "tenant-keyset"]));
    assert!(text(&report["enforced"]).contains("the one machine that asked for it"), "{report}");
    assert!(text(&report["not_enforced"]).contains("cannot be called back"), "{report}");
    assert_eq!(
        vendor.json(&["offline", "verify", &file, "--trust", &sold.trust]),
        report,
        "one verb, two names"
    );
    let told = vendor.run(&["verify", &file, "--trust", &sold.trust]).ok();
    for word in ["VALID", "what a program enforces:", "what nobody enforces:", "bundle signed by issuer key"]
    {
        assert!(told.contains(word), "{word}: {told}");
    }

    // Without keys of its own, it needs those of a trust.json.
    let kept: Value = serde_json::from_slice(&read(&sold.trust)).expect("JSON");
    let root = text(&kept["roots"][0]);
    assert_eq!(vendor.json(&["verify", &file, "--root", root])["statement_id"], report["statement_id"]);
    for (keys, carries) in [("tenant", json!(["tenant-keyset"])), ("none", json!([]))] {
        let short = vendor.path(keys);
        vendor.json(&["offline", "file", text(&made["bundle_id"]), "--keys", keys, "-o", &short]);
        let report = vendor.json(&["verify", &short, "--trust", &sold.trust]);
        assert_eq!(report["carries"], carries);
        vendor.run(&["--json", "verify", &short, "--root", root]).refused(78, "trust_missing");
    }
    vendor.run(&["--json", "verify", &file]).refused(78, "trust_missing");
    refused_where_it_is_not_genuine(&sold, &file);
}

fn refused_where_it_is_not_genuine(sold: &Sold, file: &str) {
    let (vendor, bytes) = (sold.vendor, read(file));
    let other = Vendor::new();
    let others = Sold::new(&other, &[]).trust;
    vendor.run(&["--json", "verify", file, "--trust", &others]).refused(1, "root_unknown");
    let viewer = text(&vendor.app("Viewer")["app_id"]).to_owned();
    let trust = vendor.path("viewer.json");
    vendor.json(&["keys", "export", "--app", &viewer, "-o", &trust]);
    vendor.run(&["--json", "verify", file, "--trust", &trust]).refused(1, "wrong_app");
    for (name, bytes, code) in [
        ("cut", bytes[..bytes.len() - 1].to_vec(), "container_truncated"),
        ("longer", [&bytes[..], b"x"].concat(), "container_invalid"),
        (
            "changed",
            bytes.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == 500)).collect(),
            "container_damaged",
        ),
    ] {
        let path = vendor.path(name);
        std::fs::write(&path, bytes).expect("written");
        vendor.run(&["--json", "verify", &path, "--trust", &sold.trust]).refused(65, code);
        vendor.run(&["--json", "inspect", &path]).refused(65, code);
    }
}

/// A file that travels with keys of before does not bring a revoked one back.
#[test]
fn newer_keys_of_the_reader_go_on_counting() {
    let vendor = Vendor::new();
    let sold = Sold::new(&vendor, &[]);
    let file = vendor.path("a.sglic");
    sold.export(&["--pool", "1", "-o", &file]).json();
    let keys = vendor.json(&["keys", "list"]);
    let mut keys = keys.as_array().expect("a list").iter();
    let issuer = keys.find(|key| key["use"] == "issuer" && key["state"] == "active").expect("one");
    vendor.json(&["keys", "revoke", text(&issuer["keyid"]), "--yes"]);
    // Whoever has heard nothing believes it still.
    vendor.json(&["verify", &file, "--trust", &sold.trust]);
    let newer = vendor.path("newer.json");
    vendor.json(&["keys", "export", "-o", &newer]);
    vendor.run(&["--json", "verify", &file, "--trust", &newer]).refused(1, "signature_invalid");
}

#[test]
fn a_pool_says_that_nobody_counts() {
    let vendor = Vendor::new();
    let sold = Sold::new(&vendor, &["--max-devices", "4"]);
    let file = vendor.path("a.sglic");
    sold.export(&["--pool", "3", "-o", &file]).json();
    let report = vendor.json(&["verify", &file, "--trust", &sold.trust]);
    assert_eq!((&report["mode"], &report["machines"]), (&json!("pool"), &json!(3)));
    assert!(text(&report["not_enforced"]).starts_with("nobody counts the 3 machines"), "{report}");
}

#[test]
fn a_request_proves_only_whose_key_signed_it() {
    let vendor = Vendor::new();
    let sold = Sold::new(&vendor, &[]);
    let device = TestDevice::default();
    let file = sold.request(&device, Some(sold.by_key()), 1);
    // Nobody's word is needed for it.
    let report = vendor.json(&["verify", &file]);
    assert_eq!((&report["verdict"], &report["kind"]), (&json!("valid"), &json!("offline-request")));
    assert_eq!(report["device_key"], json!(device.key.to_string()));
    let LicenseHint::KeyDigest(digest) = sold.by_key() else { panic!("a digest") };
    assert_eq!(report["license_key_digest"], json!(sealgate_artifact::encode_hex(&digest)));
    assert!(text(&report["says"]).contains("anybody can make"), "{report}");
    assert_eq!(vendor.json(&["offline", "verify", &file, "--trust", &sold.trust]), report);
    let told = vendor.run(&["verify", &file]).ok();
    assert!(told.starts_with("VALID") && told.contains("anybody can make"), "{told}");

    let viewer = text(&vendor.app("Viewer")["app_id"]).to_owned();
    let trust = vendor.path("viewer.json");
    vendor.json(&["keys", "export", "--app", &viewer, "-o", &trust]);
    vendor.run(&["--json", "verify", &file, "--trust", &trust]).refused(1, "wrong_app");
    // Signed by another key than the one that it names.
    let mut request = device.offline_request(&sold.build, None, 2);
    request.device_key = TestDevice::default().key;
    let forged = vendor.path("forged.sgreq");
    std::fs::write(&forged, device.request_file(&request)).expect("written");
    vendor.run(&["--json", "verify", &forged]).refused(1, "signature_invalid");
}

#[test]
fn both_files_are_shown_and_not_believed() {
    let vendor = Vendor::new();
    let sold = Sold::new(&vendor, &["--max-devices", "12"]);
    let devices: Vec<TestDevice> = (0..9).map(|_| TestDevice::default()).collect();
    let asked: Vec<String> =
        (1..).zip(&devices).map(|(n, device)| sold.request(device, Some(sold.by_key()), n)).collect();
    let request = vendor.json(&["inspect", &asked[0]]);
    assert_eq!((&request["purpose"], &request["verified"]), (&json!("request"), &json!(false)));
    let own = devices[0].key.id(sealgate_artifact::KeyUse::Device).to_string();
    assert_eq!(request["statements"][0]["keyids"], json!([own]));
    let told = vendor.run(&["inspect", &asked[0]]).ok();
    assert!(told.starts_with("NOT VERIFIED") && told.contains(&devices[0].key.to_string()), "{told}");

    // Nine machines are attached.
    let mut export: Vec<&str> = asked.iter().flat_map(|path| ["--request", path]).collect();
    let file = vendor.path("a.sglic");
    export.extend(["-o", &file]);
    let made = sold.export(&export).json();
    let seen = vendor.json(&["inspect", &file]);
    assert_eq!(seen["purpose"], "license");
    let kinds: Vec<&str> =
        seen["statements"].as_array().expect("a list").iter().map(|seen| text(&seen["kind"])).collect();
    assert_eq!(kinds, ["bundle", "root", "keyset", "tenant-keyset"]);
    assert!(seen["statements"].as_array().expect("a list").iter().all(|seen| seen["well_formed"] == true));
    let listed = seen["statements"][0]["attached_lists"]["devices"].as_array().map(Vec::len);
    assert_eq!(listed, Some(9), "{seen}");
    let told = vendor.run(&["inspect", &file]).ok();
    assert!(told.contains(text(&made["bundle_id"])) && told.contains(sold.id()), "{told}");
    let lines = vendor.run(&["inspect", "--dsse", &file]).ok();
    let envelopes: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(envelopes.len(), 4);
    assert!(text(&envelopes[0]["payloadType"]).contains(".bundle."), "{lines}");
    let kept: Value = serde_json::from_slice(&read(&sold.trust)).expect("JSON");
    assert_eq!(envelopes[3], kept["tenant_keyset"]);
}
