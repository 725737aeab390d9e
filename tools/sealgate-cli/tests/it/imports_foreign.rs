//! Licenses from AuthForge and Keygen, by the real program.

use std::fs;

use serde_json::{Value, json};

use crate::vendor::{Vendor, on_both_databases, text};

/// Two pages as AuthForge's Developer API documents them, and a license alone, which has its devices.
fn authforge() -> Value {
    let license = |key: &str, status: &str, more: Value| {
        let mut license = json!({
            "licenseKey": key, "appId": "7d1f0f8e-5a0b-4c39-9a52-0c7f5b0a9d11", "status": status,
            "expiresAt": null, "maxHwidSlots": 1, "createdAt": "2026-04-09T22:00:00.000Z",
        });
        let fields = license.as_object_mut().expect("an object");
        fields.extend(more.as_object().expect("an object").clone());
        license
    };
    json!([
        { "licenses": [
            license("A3K9-BFWX-7NP2-QHDT", "active", json!({
                "expiresAt": "2099-12-31T23:59:59Z", "maxHwidSlots": 2, "label": "Stripe order #12345",
                "hwidList": ["5bed7b0d00000000000000000000000000000000000000000000000000000001"],
                "licenseVariables": { "plan": "pro", "maxProjects": 10, "beta": true, "rate": 0.25 },
            })),
            license("ZM4T-6RCE-JW8Y-V2KG", "revoked", json!({})),
        ], "cursor": "eyJsaWNlbnNl" },
        { "licenses": [
            license("H7DQ-3SXN-BK5R-W9TC", "active", json!({ "unlimitedHwidSlots": true })),
            license("AAAA-AAAA-AAAA-AAAA", "active", json!({})),
            license("N5GW-2YHJ-PE7F-D4SV", "active", json!({ "expiresAt": "2024-01-01T00:00:00Z" })),
        ], "cursor": null },
        license("T8XB-R6MK-9FJQ-C3ZH", "active", json!({ "hwidList": ["a", "b"] })),
    ])
}

fn validate(vendor: &Vendor, app: &Value, key: &str, hwid: &str, n: u32) -> (u16, Value) {
    let body = json!({
        "appId": app["app_id"], "appSecret": app["app_secret"], "licenseKey": key, "hwid": hwid, "nonce": format!("{n:032x}"),
    });
    let answer =
        sealgate_testkit::request("POST", &format!("{}/auth/validate", vendor.server.url), None, &body);
    (answer.status, answer.json()["error"].clone())
}

/// Which records were refused or left out, with the column.
fn named<'a>(report: &'a Value, what: &str) -> Vec<(u64, &'a str)> {
    let lines = report[what].as_array().expect("a list").iter();
    lines.map(|line| (line["line"].as_u64().expect("a number"), text(&line["column"]))).collect()
}

on_both_databases! {
fn licenses_come_from_authforge_with_their_keys_and_devices(vendor: &Vendor) {
    let app = vendor.app("Editor");
    let (path, keys) = (vendor.path("authforge.json"), vendor.path("keys.csv"));
    fs::write(&path, authforge().to_string()).expect("is written");
    let import = [
        "--json",
        "license",
        "import",
        &path,
        "--from",
        "authforge",
        "--app",
        text(&app["app_id"]),
        "-o",
        &keys,
    ];
    for (imported, there) in [(2, 0), (0, 2)] {
        let outcome = vendor.run(&import);
        assert_eq!(outcome.exit, Some(1), "{outcome:?}");
        let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        assert_eq!((&report["imported"], &report["there"]), (&json!(imported), &json!(there)), "{report}");
        assert_eq!(named(&report, "refused"), [(4, "license_key"), (5, "expires"), (6, "hwids")]);
        assert_eq!(named(&report, "left_out"), [(2, "status")]);
    }
    let shown = vendor.json(&["license", "show", "a3k9 bfwx 7np2 qhdt"]);
    assert_eq!(
        (&shown["label"], &shown["max_devices"], &shown["devices_used"], &shown["expires_at"]),
        (&json!("Stripe order #12345"), &json!(2), &json!(1), &json!("2099-12-31T23:59:59Z"))
    );
    let id = text(&shown["license_id"]);
    assert_eq!(
        vendor.json(&["license", "vars", id]),
        json!({ "plan": "pro", "maxProjects": 10, "beta": true, "rate": 0.25 })
    );
    let hwid = "5bed7b0d00000000000000000000000000000000000000000000000000000001";
    assert_eq!(validate(vendor, &app, "A3K9-BFWX-7NP2-QHDT", hwid, 1).0, 200);
    assert_eq!(vendor.json(&["license", "show", id])["devices_used"], 1);
    let written = fs::read_to_string(&keys).expect("is there");
    assert!(!written.contains("A3K9-BFWX"), "{written}");
    let own = written
        .lines()
        .find(|line| line.contains(id))
        .and_then(|line| line.split(',').nth(2))
        .expect("a key");
    assert_eq!(validate(vendor, &app, own, "another", 2).0, 200);
    vendor.json(&["license", "rekey", id, "--yes"]);
    for (n, key) in [(3, own), (4, "A3K9-BFWX-7NP2-QHDT")] {
        assert_eq!(validate(vendor, &app, key, hwid, n), (410, json!("revoked")), "{n}");
    }
}
}

on_both_databases! {
fn licenses_come_from_keygen_with_their_keys_and_machines(vendor: &Vendor) {
    let app = vendor.app("Editor");
    let app_id = text(&app["app_id"]);
    let plan = vendor.json(&["plan", "create", "--app", app_id, "--name", "Pro", "--tier", "enterprise"]);
    let license = |id: &str, attributes: Value| {
        let mut all = json!({
            "name": null, "expiry": null, "status": "ACTIVE", "uses": 0, "suspended": false, "scheme": null,
            "encrypted": false, "strict": false, "floating": false, "protected": true, "maxMachines": 1, "maxUses": null,
            "metadata": {}, "created": "2025-01-02T20:26:53.464Z", "updated": "2025-01-02T20:26:53.464Z",
        });
        all.as_object_mut().expect("an object").extend(attributes.as_object().expect("an object").clone());
        json!({
            "id": id, "type": "licenses", "attributes": all, "links": { "self": "/v1/accounts/a/licenses/1" },
            "relationships": {
                "policy": { "data": { "type": "policies", "id": "70af414d-6152-4ab3-8a5c-87be6bd3a6b3" } },
                "machines": { "links": { "related": "…" }, "meta": { "cores": 0, "count": 1 } },
            },
        })
    };
    let machine = |license: &str, fingerprint: &str| {
        json!({
            "id": format!("m-{fingerprint}"), "type": "machines",
            "attributes": { "fingerprint": fingerprint, "name": "Office", "platform": "macOS", "metadata": {} },
            "relationships": { "license": { "data": { "type": "licenses", "id": license } } },
        })
    };
    let licenses = json!({
        "data": [
            license("b18e3f3a-0001", json!({
                "key": "C1B6DE-39A6E3-DE1529-8559A0-4AF593-V3", "name": "Ada", "maxMachines": 3, "floating": true,
                "expiry": "2099-01-01T00:00:00.000Z", "metadata": { "stripeId": "cus_1", "seats": 3 },
            })),
            license("b18e3f3a-0002", json!({ "key": "0f8b3a52-6d1c-4e97-a2b4-9c7d5e1f6083", "status": "SUSPENDED", "suspended": true })),
            license("b18e3f3a-0003", json!({ "key": "DE1529-8559A0-4AF593-C1B6DE-39A6E3-V3", "status": "EXPIRED" })),
            license("b18e3f3a-0004", json!({ "key": format!("key/{}", "eyJhIjoiYiJ9".repeat(20)), "maxMachines": null, "floating": true })),
        ],
        "links": { "next": null },
    });
    let machines = json!({ "data": [machine("b18e3f3a-0001", "4d:Eq:UV"), machine("b18e3f3a-0001", "b7:WE:YV"), machine("b18e3f3a-0001", "4d:Eq:UV")] });
    let (one, two) = (vendor.path("licenses.json"), vendor.path("machines.json"));
    fs::write(&one, licenses.to_string()).expect("is written");
    fs::write(&two, machines.to_string()).expect("is written");
    let map = format!("70af414d-6152-4ab3-8a5c-87be6bd3a6b3={}", text(&plan["plan_id"]));
    let import =
        ["--json", "license", "import", &one, &two, "--from", "keygen", "--app", app_id, "--map", &map];
    let would: Value =
        serde_json::from_str(&vendor.run(&[&import[..], &["--dry-run"]].concat()).stdout).expect("JSON");
    assert_eq!((&would["imported"], vendor.json(&["license", "list"])), (&json!(2), json!([])));
    let outcome = vendor.run(&import);
    let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(named(&report, "refused"), [(4, "license_key")], "{report}");
    assert_eq!(named(&report, "left_out"), [(3, "status")]);
    let shown = vendor.json(&["license", "show", "C1B6DE-39A6E3-DE1529-8559A0-4AF593-V3"]);
    assert_eq!(
        (
            &shown["label"],
            &shown["tier"],
            &shown["max_devices"],
            &shown["devices_used"],
            &shown["external_id"]
        ),
        (&json!("Ada"), &json!("enterprise"), &json!(3), &json!(2), &json!("keygen:b18e3f3a-0001"))
    );
    assert_eq!(
        vendor.json(&["license", "vars", text(&shown["license_id"])]),
        json!({}),
        "metadata may be nobody's business"
    );
    assert_eq!(
        vendor.json(&["license", "show", "0f8b3a52-6d1c-4e97-a2b4-9c7d5e1f6083"])["status"],
        "suspended"
    );
    assert_eq!(validate(vendor, &app, "C1B6DE-39A6E3-DE1529-8559A0-4AF593-V3", "4d:Eq:UV", 1).0, 200);
    vendor
        .run(&["--json", "license", "import", &two, "--from", "authforge", "--app", app_id])
        .refused(65, "field_invalid");
}
}
