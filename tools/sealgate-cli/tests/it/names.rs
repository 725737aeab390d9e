//! Names in the place of ids, the only app, and lists that are cut or counted.

use serde_json::json;

use crate::program::{run, sealgate};
use crate::vendor::{Vendor, text};

#[test]
fn a_license_is_sold_by_names() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    let plan = ["plan", "create", "--name", "Pro", "--tier", "licensed", "--max-devices", "2"];
    assert_eq!(vendor.json(&plan)["slug"], "pro");
    assert_eq!(vendor.json(&["customer", "create", "Acme"])["slug"], "acme");
    let order = ["license", "issue", "--app", "editor", "--plan", "pro", "--customer", "acme"];
    assert_eq!(vendor.json(&order)["licenses"][0]["max_devices"], 2);
    vendor.json(&["app", "create", "Viewer", "--slug", "see"]);
    vendor.json(&["plan", "create", "--app", "see", "--name", "Pro", "--tier", "free"]);
    let license = vendor.json(&["license", "issue", "--plan", "editor/pro"]);
    let license = text(&license["licenses"][0]["license_id"]);
    let done = [
        &["app", "show", "see"][..],
        &["app", "vars", "set", "see", "a=1"],
        &["app", "update", "see", "--slug", "viewer"],
        &["app", "disable", "viewer"],
        &["plan", "show", "editor/pro"],
        &["plan", "update", "viewer/pro", "--slug", "free"],
        &["plan", "update", "free", "--name", "Free"],
        &["customer", "show", "acme"],
        &["customer", "update", "acme", "--slug", "acme-berlin"],
        &["credits", "grant", "--app", "viewer", "5"],
        &["access", "deny", "--app", "viewer", "--hwid", "stolen"],
        &["access", "remove", "--app", "viewer", "--hwid", "stolen"],
        &["license", "update", license, "--plan", "pro", "--customer", "acme-berlin"],
        &["license", "list", "--app", "editor", "--plan", "pro", "--customer", "acme-berlin"],
        &["plan", "list", "--app", "editor"],
        &["keys", "export", "--app", "editor", "-o", &vendor.path("trust.json")],
        &["customer", "forget", "acme-berlin", "--yes"],
    ];
    for verb in done {
        vendor.run(&[&["--json"], verb].concat()).ok();
    }
    let told = vendor.run(&["--json", "app", "show", "edtor"]).refused(3, "not_found");
    assert_eq!(told["message"], "There is no app \"edtor\" in this tenant.");
    let told = vendor.run(&["--json", "license", "issue", "--no-plan"]).refused(2, "malformed_request");
    assert_eq!(told["message"], "app_id: the tenant has several apps; name one: editor, viewer");
    assert_eq!(told["fix"], "say which one: --app APP");
}

#[test]
fn with_one_app_it_need_not_be_named() {
    let vendor = Vendor::new();
    vendor.run(&["--json", "license", "issue"]).refused(3, "not_found");
    vendor.app("Editor");
    for verb in [
        &["license", "issue"][..],
        &["plan", "create", "--name", "Pro", "--tier", "free"],
        &["credits", "grant", "5"],
        &["credits", "show"],
        &["access", "allow", "--hwid", "desk"],
        &["access", "remove", "--hwid", "desk"],
        &["keys", "export", "-o", &vendor.path("trust.json")],
    ] {
        vendor.run(&[&["--json"], verb].concat()).ok();
    }
}

#[test]
fn a_list_is_cut_or_counted() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    vendor.json(&["license", "issue", "--count", "3"]);
    let length = |verb: &[&str]| vendor.json(verb).as_array().map(Vec::len);
    assert_eq!(length(&["license", "list", "--limit", "2"]), Some(2));
    assert_eq!(length(&["license", "list", "--limit", "500"]), Some(3));
    assert_eq!(length(&["license", "list", "--all"]), Some(3));
    assert_eq!(vendor.json(&["license", "list", "--count"]), json!({ "count": 3 }));
    assert_eq!(
        vendor.json(&["license", "list", "--never-seen", "--status", "active", "--count"])["count"],
        3
    );
    assert_eq!(vendor.run(&["license", "list", "--status", "expired", "--count"]).ok().trim(), "0");
    for list in ["app", "plan", "customer", "device"] {
        assert_eq!(vendor.json(&[list, "list", "--count"])["count"], u64::from(list == "app"), "{list}");
    }
    vendor.run(&["--json", "license", "list", "--limit", "0"]).refused(2, "malformed_request");
}

/// What the environment says need not be given.
#[test]
fn a_usage_names_what_the_verb_takes_and_no_more() {
    let told = run(sealgate(&["app", "show"])
        .env("SEALGATE_URL", "http://127.0.0.1:1")
        .env("SEALGATE_TOKEN", "secret")
        .env("SEALGATE_DATA", "/nowhere"));
    assert_eq!(told.exit, Some(2));
    let usage = told.stderr.lines().find(|line| line.starts_with("Usage:"));
    assert_eq!(usage, Some("Usage: sealgate app show [OPTIONS] <APP>"), "{}", told.stderr);
}
