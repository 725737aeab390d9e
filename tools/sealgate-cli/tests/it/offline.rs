//! `sealgate offline` and `sealgate job`.

use serde_json::json;

use crate::vendor::{Vendor, text};

#[test]
fn revocation_data_is_written_to_a_file() {
    let vendor = Vendor::new();
    vendor.run(&["offline", "snapshot", "-o", "-", "--json"]).refused(3, "not_found");
    let app = vendor.app("Editor");
    let file = vendor.path("all.sgsnap");
    let read = || std::fs::read(&file).expect("written");
    let empty = vendor.json(&["offline", "snapshot", "--sign", "-o", &file]);
    assert_eq!((&empty["file"], &empty["revoked"]), (&json!(file), &json!(0)));
    let license = vendor.license(&app, &[]);
    vendor.json(&["license", "revoke", text(&license["license_id"])]);
    let signed = vendor.json(&["offline", "snapshot", "--sign", "-o", &file]);
    assert_eq!((&signed["revoked"], &signed["bytes"]), (&json!(1), &json!(read().len())));
    assert!(signed["version"].as_u64() > empty["version"].as_u64());
    assert!(read().starts_with(b"\x93SGC\r\n\x1a\n"));
    let told = vendor.run(&["offline", "snapshot", "-o", &file]).ok();
    assert!(told.contains(&format!("version {}, signed ", signed["version"])), "{told}");
    assert!(told.contains(" shards list 1 that were taken back"), "{told}");
}

#[test]
fn jobs_are_a_table() {
    let vendor = Vendor::new();
    let listed = vendor.run(&["job", "list"]).ok();
    let head = listed.lines().next().expect("a head").split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(head, "JOB EVERY LAST RUN RESULT NEXT DUE HOLDER");
    for job in ["certify_servers", "forget", "renew_ahead", "sign_snapshots"] {
        assert!(listed.lines().any(|line| line.trim_start().starts_with(job)), "{listed}");
    }
    let jobs = vendor.json(&["job", "list"]);
    assert!(jobs.as_array().expect("a list").iter().all(|job| job["late"] == false), "{jobs}");
}
