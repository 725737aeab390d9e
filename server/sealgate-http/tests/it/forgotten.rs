//! Customers who become one, and customers who are forgotten (`spec/http.md` §3.17).

use sealgate_testkit::{TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::customers::{PATH, at, customer};
use crate::support::{assert_problem, nonce, refused_without_effect, sell};

/// Something that stands nowhere else.
const NAME: &str = "Zaphod-Beeblebrox";

/// How many tables hold that text somewhere: as a text, as bytes, or in base64 within an envelope.
fn tables_with(app: &TestApp, text: &str) -> Vec<String> {
    let is_sqlite = app.data().join("sealgate.db").exists();
    let tables = if is_sqlite {
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    } else {
        "SELECT tablename::TEXT FROM pg_tables WHERE schemaname = 'public'"
    };
    let mut found = vec![];
    for table in app.texts(tables) {
        let rows = if is_sqlite {
            let columns = app.texts(&format!("SELECT name FROM pragma_table_info('{table}')"));
            let all = columns.iter().map(|c| format!("COALESCE(HEX(\"{c}\"), '')")).collect::<Vec<_>>();
            app.texts(&format!("SELECT {} FROM {table}", all.join(" || ' ' || ")))
        } else {
            app.texts(&format!("SELECT ENCODE(CONVERT_TO(t::TEXT, 'UTF8'), 'hex') FROM {table} t"))
        };
        if rows.iter().any(|row| holds(row, text)) {
            found.push(table);
        }
    }
    found.sort();
    found
}

/// The bytes of hexadecimal digits.
fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().map_while(|c| c.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("a byte")).collect()
}

/// Looks into what a row says, in hexadecimal: plainly, as a column of bytes, and through the base64 of an envelope, where a text
/// may begin at any of three places.
fn holds(row: &str, text: &str) -> bool {
    let plain: Vec<u8> = row.split(' ').flat_map(bytes_of).collect();
    let plain = String::from_utf8_lossy(&plain).to_lowercase();
    let columns: Vec<u8> = plain.split("\\x").skip(1).flat_map(bytes_of).collect();
    let seen = format!("{plain} {}", String::from_utf8_lossy(&columns).to_lowercase());
    let encoded =
        (0..3).map(|begin| sealgate_artifact::encode_base64(&[&b"   "[..begin], text.as_bytes()].concat()));
    let inner = encoded.map(|encoded| encoded[4..encoded.len() - 4].to_lowercase());
    inner.chain([text.to_lowercase()]).any(|wanted| seen.contains(&wanted))
}

fn forget(app: &TestApp, customer: &Value) -> Value {
    app.api("POST", &at(customer, "/forget"), &json!({})).expect(200)
}

fn licenses(app: &TestApp, customer: &Value) -> Vec<Value> {
    let path =
        format!("/api/v1/licenses?limit=200&customer_id={}", customer["customer_id"].as_str().expect("text"));
    app.api("GET", &path, &json!(null)).expect(200)["items"].as_array().expect("a list").clone()
}

on_both_engines! {
    fn a_version_that_was_deleted_a_moment_ago_is_looked_for_again_and_no_failure(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let (build, device) = (app.build(&editor), TestDevice::default());
        let key = license["license_key"].as_str().expect("text");
        let ask = |n| app.ask_online(&device.question(&build, key, n, &[]));
        ask(1).expect(200);
        app.meddle("UPDATE license_statements SET version = version + 1");
        assert_problem(&ask(2), 503, "unavailable");
        app.meddle("UPDATE license_statements SET version = version - 1");
        ask(3).expect(200);
    }

    fn who_is_forgotten_stands_in_no_table(app: &TestApp) {
        let editor = app.create_app("Editor");
        let plan = json!({ "app_id": editor["app_id"], "name": "Pro", "tier": "licensed", "files": true, "licensee": ["name"] });
        let plan = app.owner().make("/api/v1/plans", &plan);
        let wish = json!({
            "name": NAME, "company": format!("{NAME} Inc."), "email": format!("{NAME}@example.com"), "external_id": NAME,
            "metadata": { "a": NAME },
        });
        let zaphod = customer(app, &wish);
        let order = json!({ "plan_id": plan["plan_id"], "customer_id": zaphod["customer_id"] });
        let kept = app.issue(&editor, &order);
        let path = |license: &Value| format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"));
        // One whose former version says it, one that was revoked, and one that says nothing.
        let former = app.issue(&editor, &order);
        app.api("PATCH", &path(&former), &json!({ "licensee": null })).expect(200);
        let revoked = app.issue(&editor, &order);
        app.api("POST", &format!("{}/revoke", path(&revoked)), &json!({})).expect(200);
        let silent = app.issue(&editor, &json!({ "customer_id": zaphod["customer_id"] }));
        let silent_version = app.api("GET", &path(&silent), &json!(null)).expect(200)["version"].clone();
        app.validate(&TestApp::question(&editor, &kept, "desk", &nonce(1))).expect(200);
        assert_eq!(tables_with(app, NAME), ["customers", "license_statements", "licenses"]);

        assert_eq!(forget(app, &zaphod), json!({ "customer_id": zaphod["customer_id"], "licenses": 4 }));
        assert_eq!(tables_with(app, NAME), [""; 0]);
        let shown = app.api("GET", &at(&zaphod, ""), &json!(null)).expect(200);
        assert_eq!((&shown["name"], &shown["email"], &shown["metadata"]), (&json!(null), &json!(null), &json!({})));
        assert_eq!((&shown["forgotten_at"], &shown["licenses"]), (&json!("2027-01-15T08:00:00Z"), &json!(4)));
        assert!(licenses(app, &zaphod).iter().all(|license| license.get("licensee").is_none()));
        assert_eq!(app.count("license_statements"), 4);
        assert_eq!(app.api("GET", &path(&silent), &json!(null)).expect(200)["version"], silent_version, "it said nothing");
        app.api("GET", &format!("{}/file", path(&kept)), &json!(null)).expect(200);
        app.validate(&TestApp::question(&editor, &kept, "desk", &nonce(2))).expect(200);
        assert_eq!(app.count("audit WHERE action = 'customer.forgotten'"), 1);
        // Again: nothing more.
        forget(app, &zaphod);
        assert_eq!((app.count("audit WHERE action = 'customer.forgotten'"), app.count("license_statements")), (1, 4));
    }

    fn who_is_forgotten_buys_nothing_more(app: &TestApp) {
        let (editor, ada, bob) = (app.create_app("Editor"), customer(app, &json!({ "name": "Ada" })), customer(app, &json!({ "name": "Bob" })));
        let license = app.issue(&editor, &json!({}));
        forget(app, &ada);
        let id = &ada["customer_id"];
        let order = json!({ "app_id": editor["app_id"], "customer_id": id });
        refused_without_effect(app, ("POST", "/api/v1/licenses", &order), 404, "not_found");
        let path = format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"));
        refused_without_effect(app, ("PATCH", &path, &json!({ "customer_id": id })), 404, "not_found");
        refused_without_effect(app, ("PATCH", &at(&ada, ""), &json!({ "name": "Ada" })), 404, "not_found");
        refused_without_effect(app, ("POST", &at(&ada, "/merge"), &json!({ "into": bob["customer_id"] })), 404, "not_found");
        refused_without_effect(app, ("POST", &at(&bob, "/merge"), &json!({ "into": id })), 404, "not_found");
        // The name of a shop is free again.
        assert_eq!(app.api("GET", PATH, &json!(null)).expect(200)["items"].as_array().expect("a list").len(), 2);
    }

    fn the_licenses_of_one_become_those_of_the_other(app: &TestApp) {
        let editor = app.create_app("Editor");
        let (ada, twin) = (customer(app, &json!({ "name": "Ada" })), customer(app, &json!({ "name": "Ada L." })));
        let order = |customer: &Value, count: u32| json!({ "app_id": editor["app_id"], "customer_id": customer["customer_id"], "count": count });
        app.api("POST", "/api/v1/licenses", &order(&twin, 501)).expect(201);
        let license = app.issue(&editor, &json!({ "customer_id": ada["customer_id"] }));
        let merge = || app.api("POST", &at(&twin, "/merge"), &json!({ "into": ada["customer_id"] }));
        assert_eq!(merge().expect(200), json!({ "customer_id": ada["customer_id"], "moved": 500, "complete": false }));
        assert_eq!(merge().expect(200), json!({ "customer_id": ada["customer_id"], "moved": 1, "complete": true }));
        refused_without_effect(app, ("POST", &at(&twin, "/merge"), &json!({ "into": ada["customer_id"] })), 404, "not_found");
        assert_eq!(app.api("GET", &at(&twin, ""), &json!(null)).status, 404);
        assert_eq!(app.api("GET", &at(&ada, ""), &json!(null)).expect(200)["licenses"], 502);
        assert_eq!((app.count("licenses"), app.count("license_statements"), app.count("customers")), (502, 502, 1));
        let path = format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"));
        assert_eq!(app.api("GET", &path, &json!(null)).expect(200)["customer_id"], ada["customer_id"]);
        assert_eq!(app.texts("SELECT DISTINCT customer_id FROM licenses"), [ada["customer_id"].as_str().expect("text")]);
        assert_eq!(app.count("audit WHERE action = 'customer.merged'"), 2);
        refused_without_effect(app, ("POST", &at(&ada, "/merge"), &json!({ "into": ada["customer_id"] })), 400, "malformed_request");
    }

    fn a_merge_gives_no_one_more_licenses_than_are_added_up(app: &TestApp) {
        let editor = app.create_app("Editor");
        let (ada, twin) = (customer(app, &json!({ "name": "Ada", "max_devices": 5 })), customer(app, &json!({ "name": "Ada L." })));
        for (customer, count) in [(&ada, 600), (&twin, 401)] {
            let order = json!({ "app_id": editor["app_id"], "customer_id": customer["customer_id"], "count": count });
            app.api("POST", "/api/v1/licenses", &order).expect(201);
        }
        refused_without_effect(app, ("POST", &at(&twin, "/merge"), &json!({ "into": ada["customer_id"] })), 409, "limit_reached");
    }

    fn a_merge_under_a_name_is_done_once(app: &TestApp) {
        let (ada, twin) = (customer(app, &json!({ "name": "Ada" })), customer(app, &json!({ "name": "Ada L." })));
        let owner = app.owner();
        let merge = || owner.api_once("POST", &at(&twin, "/merge"), &json!({ "into": ada["customer_id"] }), "n-1").expect(200);
        assert_eq!(merge(), merge());
    }
}
