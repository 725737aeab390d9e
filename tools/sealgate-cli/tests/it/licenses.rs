//! `sealgate license`, but for its files.

use std::collections::HashSet;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::{SEALGATE, run};
use crate::vendor::{Vendor, cells, names, text};

#[test]
fn a_license_without_further_terms_is_for_one_device_and_for_ever() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let issued = vendor.json(&["license", "issue", "--app", text(&app["app_id"])]);

    assert_eq!(names(&issued), ["licenses"]);
    let license = &issued["licenses"][0];
    assert_eq!(names(license), ["expires_at", "license_id", "license_key", "max_devices"]);
    assert_eq!((&license["expires_at"], &license["max_devices"]), (&Value::Null, &json!(1)));
    let key = text(&license["license_key"]);
    assert_eq!((key.len(), key.matches('-').count()), (34, 6), "{key}");
}

#[test]
fn a_license_goes_by_the_name_that_the_vendor_gave_it() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let id = vendor.license(&app, &["--external-id", "order 1042"])["license_id"].clone();
    let named = "external:order 1042";
    assert_eq!(vendor.json(&["license", "show", named])["license_id"], id);
    assert_eq!(vendor.json(&["license", "suspend", named])["license_id"], id);
    assert_eq!(vendor.json(&["device", "list", "--license", named]), json!([]));
    vendor.run(&["--json", "license", "revoke", "external:order 1043"]).refused(3, "not_found");
}

#[test]
fn a_license_has_the_terms_it_was_issued_with() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let terms = ["--max-devices", "unlimited", "--expires", "2037-01-31", "--label", "Order 1042 – Müller"];
    let license = vendor.license(&app, &terms);
    assert_eq!(license["expires_at"], "2037-02-01T00:00:00Z", "to the end of that day");
    assert_eq!(license["max_devices"], "unlimited");

    let shown = vendor.json(&["license", "show", text(&license["license_id"])]);
    let fields = [
        "app",
        "app_id",
        "created_at",
        "customer_id",
        "devices_used",
        "expires_at",
        "features",
        "files",
        "label",
        "license_id",
        "limits",
        "max_devices",
        "status",
        "tier",
        "version",
    ];
    assert_eq!(names(&shown), fields);
    assert_eq!((&shown["label"], &shown["status"]), (&json!("Order 1042 – Müller"), &json!("active")));
    assert_eq!((&shown["tier"], &shown["app_id"]), (&json!("licensed"), &app["app_id"]));
    assert_eq!(vendor.license(&app, &["--max-devices", "7"])["max_devices"], 7);
}

#[test]
fn an_end_in_days_is_counted_from_now() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let now = sealgate_testkit::TestClock::running().seconds();
    let license = vendor.license(&app, &["--expires", "+90d"]);
    let (file, _) = vendor.file(&license, "a.license");
    let ends = vendor.json(&["inspect", &file])["payload"]["expires_at"].as_u64().expect("Unix seconds");
    let (ninety_days, a_minute) = (90 * 24 * 60 * 60, 60);
    assert!((now + ninety_days..=now + ninety_days + a_minute).contains(&ends), "{ends}");
}

#[test]
fn key_id_and_standard_input_name_the_same_license() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let (id, key) = (text(&license["license_id"]), text(&license["license_key"]));
    let as_typed = key.to_lowercase().replace('-', " ");

    let shown = vendor.json(&["license", "show", id]);
    assert_eq!(shown["license_id"], license["license_id"]);
    for named in [key, &as_typed] {
        assert_eq!(vendor.json(&["license", "show", named]), shown, "{named}");
    }
    for input in [key.to_owned(), format!("# Ada\n\n  {key}\n{key}\n"), format!("{id}\r\n")] {
        let read = vendor.run_with_input(&["license", "show", "-", "--json"], &input).json();
        assert_eq!(read, shown, "{input:?}");
    }
}

#[test]
fn licenses_are_listed_by_app_newest_first() {
    let vendor = Vendor::new();
    let (editor, viewer) = (vendor.app("Editor"), vendor.app("Viewer"));
    let licenses = [&editor, &viewer, &editor].map(|app| vendor.license(app, &[])["license_id"].clone());
    let ids = |arguments: &[&str]| -> Vec<Value> {
        let list = vendor.json(arguments);
        list.as_array().expect("a list").iter().map(|l| l["license_id"].clone()).collect()
    };
    let [first, second, third] = &licenses;
    assert_eq!(ids(&["license", "list"]), [third.clone(), second.clone(), first.clone()]);
    let of_editor = ["license", "list", "--app", text(&editor["app_id"])];
    assert_eq!(ids(&of_editor), [third.clone(), first.clone()]);
}

#[test]
fn a_large_order_is_issued_and_listed_whole() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let order = ["license", "issue", "--app", text(&app["app_id"]), "--count", "250"];
    let issued = vendor.json(&order);
    let keys = |list: &Value, name: &str| -> HashSet<String> {
        list.as_array().expect("a list").iter().map(|l| text(&l[name]).to_owned()).collect()
    };
    assert_eq!(keys(&issued["licenses"], "license_key").len(), 250);
    let listed = vendor.json(&["license", "list"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(250));
    assert_eq!(keys(&listed, "license_id"), keys(&issued["licenses"], "license_id"));
}

#[test]
fn a_person_who_waits_for_a_large_order_sees_how_far_it_is() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let issue = ["license", "issue", "--app", text(&app["app_id"]), "--count", "250"];
    let line = format!("{SEALGATE} {}", issue.join(" "));
    // A terminal of its own: `script` copies what is seen there.
    let mut script = std::process::Command::new("script");
    script.env_clear().args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").stdin(Stdio::null());
    let seen = run(script.env("SEALGATE_URL", &vendor.server.url).env("SEALGATE_DATA", vendor.data())).ok();
    assert!(seen.contains("100/250 licenses") && seen.contains("200/250 licenses"), "{seen:?}");
    assert_eq!(seen.lines().filter(|line| line.contains("2037") || line.contains("never")).count(), 250);

    let unseen = vendor.run(&issue).ok();
    assert!(!unseen.contains("/250"), "nobody is watching: {unseen}");
}

#[test]
fn a_revoked_license_says_so_with_its_reason() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let key = text(&license["license_key"]);

    let revoked = vendor.json(&["license", "revoke", key, "--reason", "charge-back"]);
    assert_eq!((&revoked["status"], &revoked["revoke_reason"]), (&json!("revoked"), &json!("charge-back")));
    assert!(revoked["revoked_at"].is_string());
    assert_eq!(vendor.json(&["license", "revoke", key]), revoked, "twice changes nothing");

    let told = vendor.run(&["license", "revoke", key]).ok();
    assert!(told.contains("charge-back") && told.contains("work there until they end"), "{told}");
}

#[test]
fn a_suspended_license_says_why_until_it_goes_on() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let id = text(&license["license_id"]);
    vendor.json(&["license", "suspend", id, "--reason", "unpaid in May"]);
    let again = vendor.json(&["license", "suspend", id, "--reason", "another"]);
    assert_eq!(again["suspend_reason"], "unpaid in May", "the first counts, as its time does");
    let shown = vendor.run(&["license", "show", id]).ok();
    assert!(shown.contains("suspended for") && shown.contains("unpaid in May"), "{shown}");
    assert!(vendor.run(&["license", "list"]).ok().contains("unpaid in May"));
    let resumed = vendor.json(&["license", "resume", id]);
    assert!(resumed.get("suspend_reason").is_none(), "{resumed}");
    vendor.json(&["license", "suspend", id]);
    assert!(vendor.json(&["license", "show", id]).get("suspend_reason").is_none());
    vendor.json(&["license", "revoke", id, "--reason", "charge-back"]);
    assert!(vendor.run(&["license", "list"]).ok().contains("charge-back"));
}

#[test]
fn people_read_tables() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let issue =
        ["license", "issue", "--app", text(&app["app_id"]), "--expires", "2037-01-31", "--count", "2"];
    let issued = vendor.run(&issue).ok();
    let lines: Vec<&str> = issued.lines().collect();
    assert_eq!(cells(lines[0]), ["KEY", "LICENSE", "SEATS", "ENDS"]);
    assert_eq!(lines.len(), 3);
    let [key, id, seats, ends] = cells(lines[1])[..] else { panic!("{issued}") };
    assert_eq!((seats, ends), ("1", "2037-02-01T00:00:00Z"));

    let list = vendor.run(&["license", "list"]).ok();
    assert_eq!(
        cells(list.lines().next().expect("a head")),
        ["LICENSE", "STATUS", "SEATS", "ENDS", "TRIAL", "PLAN", "LABEL", "CUSTOMER", "REASON"]
    );
    assert!(list.contains(id) && !list.contains(key), "{list}");

    let shown = vendor.run(&["license", "show", key]).ok();
    let pairs: Vec<Vec<&str>> = shown.lines().map(cells).collect();
    for pair in [vec!["license", id], vec!["status", "active"], vec!["seats", "0", "of", "1"]] {
        assert!(pairs.contains(&pair), "{shown}");
    }
}

#[test]
fn an_order_with_a_name_is_carried_out_once() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let named = ["--external-id", "order-1042", "--idempotency-key", "shop-1"];
    let first = vendor.license(&app, &named);
    assert_eq!(vendor.license(&app, &named), first);
    let id = text(&first["license_id"]);
    assert_eq!(vendor.json(&["license", "show", id])["external_id"], "order-1042");

    // Days from now are as good as a date: it is what was written that is repeated.
    let named = ["--expires", "+90d", "--idempotency-key", "shop-3"];
    assert_eq!(vendor.license(&app, &named), vendor.license(&app, &named));

    // Under another name, or under none, the order is known by its number.
    let issue = ["--json", "license", "issue", "--app", text(&app["app_id"]), "--external-id", "order-1042"];
    let refused = vendor.run(&issue).refused(4, "external_id_taken");
    assert!(text(&refused["message"]).contains(id), "{refused}");

    // A large order is several requests, each with a name of its own.
    let large = ["--count", "150", "--idempotency-key", "shop-2"];
    let issue = [&["license", "issue", "--app", text(&app["app_id"])], &large[..]].concat();
    let keys = vendor.json(&issue);
    assert_eq!(vendor.json(&issue), keys);
    assert_eq!(vendor.json(&["license", "list"]).as_array().map(Vec::len), Some(152));

    let end = |answer: Value| text(&answer["expires_at"]).to_owned();
    let renew = |end: &str, name: &str| {
        vendor.run(&["--json", "license", "renew", id, "--expires", end, "--idempotency-key", name, "--yes"])
    };
    assert_eq!(end(renew("2037-01-31T00:00:00Z", "r-1").json()), "2037-01-31T00:00:00Z");
    renew("2038-01-31T00:00:00Z", "r-1").refused(4, "idempotency_key_reused");
}

/// The first thing that the README does with a license without an end.
#[test]
fn a_file_for_authforges_clients_needs_an_end_where_the_license_has_none() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let (key, out) = (text(&license["license_key"]), vendor.path("a.authforge"));
    let make = ["--json", "license", "authforge-file", key, "--hwid", "desk", "-o", &out];
    let failure = vendor.run(&make).refused(4, "offline_activation_disabled");
    assert!(text(&failure["fix"]).contains("--expires +365d"), "{failure}");
    assert!(text(&failure["fix"]).contains("--danger-lifetime-files on"), "{failure}");
    vendor.run(&[&make[..], &["--expires", "+365d"]].concat()).json();
}
