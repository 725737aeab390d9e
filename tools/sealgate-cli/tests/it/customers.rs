//! `sealgate customer`, and what licenses say about customers.

use serde_json::json;

use crate::vendor::{Vendor, cells, names, text};

#[test]
fn a_customer_is_created_found_shown_and_changed() {
    let vendor = Vendor::new();
    let notes = vendor.path("notes.json");
    std::fs::write(&notes, r#"{"segment": {"a": [1, 2]}}"#).expect("is written");
    let file = format!("@{notes}");
    let ada = vendor.json(&[
        "customer",
        "create",
        "Ada Lovelace",
        "--email",
        "ada@example.com",
        "--company",
        "Engines",
        "--external-id",
        "shop 17",
        "--metadata",
        &file,
        "--max-devices",
        "7",
    ]);
    let id = text(&ada["customer_id"]);
    assert_eq!((&ada["metadata"], &ada["max_devices"]), (&json!({ "segment": { "a": [1, 2] } }), &json!(7)));
    vendor.json(&["customer", "create", "Bob"]);

    let list = vendor.json(&["customer", "list"]);
    assert_eq!((&list[0]["name"], &list[1]), (&json!("Bob"), &ada), "newest first");
    for (by, what) in [("--name", "ADA"), ("--email", "Ada@"), ("--external-id", "shop 17")] {
        assert_eq!(vendor.json(&["customer", "list", by, what]), json!([ada]), "{by}");
    }
    let listed = vendor.run(&["customer", "list"]).ok();
    assert_eq!(
        cells(listed.lines().next().expect("a head")),
        ["CUSTOMER", "SLUG", "NAME", "COMPANY", "EMAIL", "EXTERNAL", "ID"]
    );

    let shown = vendor.run(&["customer", "show", "external:shop 17"]).ok();
    for part in [id, "Ada Lovelace", "ada@example.com", "Engines", r#"{"segment":{"a":[1,2]}}"#, "licenses"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let change = [
        "customer",
        "update",
        id,
        "--name",
        "Ada L.",
        "--email",
        "",
        "--metadata",
        "{}",
        "--max-devices",
        "unlimited",
    ];
    let changed = vendor.json(&change);
    assert_eq!(
        (&changed["name"], &changed["email"], &changed["company"]),
        (&json!("Ada L."), &json!(null), &json!("Engines"))
    );
    vendor
        .run(&["--json", "customer", "create", "X", "--external-id", "shop 17"])
        .refused(4, "external_id_taken");
    vendor.run(&["--json", "customer", "create", "X", "--metadata", "[1]"]).refused(2, "malformed_request");
    vendor
        .run(&["--json", "customer", "create", "X", "--metadata", "@/nowhere"])
        .refused(65, "file_unreadable");
    vendor.run(&["--json", "customer", "show", "external:nobody"]).refused(3, "not_found");
    vendor.run(&["--json", "customer", "show", "Ada"]).refused(2, "id_malformed");
}

#[test]
fn a_license_says_for_whom_it_is() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let ada =
        vendor.json(&["customer", "create", "Ada", "--email", "ada@example.com", "--company", "Engines"]);
    let plan =
        ["plan", "create", "--app", text(&app["app_id"]), "--name", "Pro", "--tier", "licensed", "--offline"];
    let plan = vendor.json(&[&plan[..], &["--licensee", "name,email"]].concat());
    assert_eq!(plan["licensee"], json!(["name", "email"]));
    assert!(vendor.run(&["plan", "show", text(&plan["plan_id"])]).ok().contains("name, email"));
    let order = ["--plan", text(&plan["plan_id"]), "--customer", text(&ada["customer_id"])];
    let license = vendor.license(&app, &order);
    let id = text(&license["license_id"]);
    let shown = vendor.run(&["license", "show", id]).ok();
    assert!(shown.contains("Ada, ada@example.com") && !shown.contains("Engines"), "{shown}");
    let (file, _) = vendor.file(&license, "ada.license");
    assert!(vendor.run(&["inspect", &file]).ok().contains("ada@example.com"));

    let other = vendor.license(&app, &[&order[..], &["--licensee-company", "Engines"]].concat());
    assert_eq!(
        vendor.json(&["license", "show", text(&other["license_id"])])["licensee"],
        json!({ "company": "Engines" })
    );
    let changed = vendor.json(&["license", "update", id, "--licensee-name", "Ada L."]);
    assert_eq!(
        changed["licensee"],
        json!({ "name": "Ada L.", "email": "ada@example.com" }),
        "a flag changes what it names"
    );
    assert!(!names(&vendor.json(&["license", "update", id, "--no-licensee"])).contains(&"licensee"));
    let none = vendor.json(&["plan", "update", text(&plan["plan_id"]), "--licensee", "none"]);
    assert!(!names(&none).contains(&"licensee"), "{none}");
}

#[test]
fn merging_and_forgetting_are_asked_about_and_done() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let [ada, twin] = ["Ada", "Ada L."].map(|name| vendor.json(&["customer", "create", name]));
    let (ada, twin) = (text(&ada["customer_id"]), text(&twin["customer_id"]));
    let license = vendor.license(&app, &["--customer", twin, "--licensee-name", "Ada L."]);
    for asked in [["customer", "merge", twin, ada].as_slice(), &["customer", "forget", twin]] {
        let refused = vendor.run(asked);
        assert!(refused.stderr.contains("Ada L."), "who it is about is shown: {}", refused.stderr);
        assert_eq!(refused.exit, Some(78));
    }
    let merged = vendor.json(&["customer", "merge", twin, ada, "--yes"]);
    assert_eq!(merged, json!({ "customer_id": ada, "moved": 1, "complete": true }));
    vendor.run(&["--json", "customer", "show", twin]).refused(3, "not_found");
    let forgotten = vendor.json(&["customer", "forget", ada, "--yes"]);
    assert_eq!(forgotten, json!({ "customer_id": ada, "licenses": 1 }));
    let shown = vendor.json(&["license", "show", text(&license["license_id"])]);
    assert_eq!((&shown["customer_id"], shown.get("licensee")), (&json!(ada), None));
    assert!(vendor.run(&["customer", "list"]).ok().contains("(forgotten)"));
}
