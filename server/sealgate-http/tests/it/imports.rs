//! Licenses from elsewhere (`spec/http.md` §3.2).

use std::sync::Barrier;

use sealgate_testkit::{TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::online::{code, decide};
use crate::support::{assert_failed, assert_problem, nonce, payload, state};

const FOREIGN: &str = "7KQM-W2ZD-HX9V-RT4B";
const OTHER: &str = "C1B6DE-39A6E3-DE1529-8559A0-4AF593-V3";
const IMPORT: &str = "/api/v1/licenses/import";

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn wish(editor: &Value, rows: &Value) -> Value {
    json!({ "app_id": editor["app_id"], "rows": rows })
}

fn import(app: &TestApp, editor: &Value, rows: &Value) -> Vec<Value> {
    let answer = app.api("POST", IMPORT, &wish(editor, rows)).expect(200);
    answer["rows"].as_array().expect("a list").clone()
}

fn outcomes(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| text(&row["outcome"])).collect()
}

on_both_engines! {
    fn a_row_makes_one_license_however_often_it_comes(app: &TestApp) {
        let editor = app.create_app("Editor");
        let rows = json!([
            { "name": "a", "label": "Ada", "max_devices": 3, "tier": "enterprise", "expires_at": "+1y", "suspended": true,
              "features": [{ "name": "sso" }], "limits": [{ "name": "projects", "value": 2 }], "variables": { "theme": "dark" } },
            { "name": "b", "external_id": "order-1" },
        ]);
        let dry = json!({ "app_id": editor["app_id"], "rows": rows, "dry_run": true });
        let before = state(app);
        let would = app.api("POST", IMPORT, &dry).expect(200);
        assert_eq!(would["rows"], json!([{ "outcome": "imported" }, { "outcome": "imported" }]));
        assert_eq!(state(app), before, "nothing is written");

        let made = import(app, &editor, &rows);
        assert_eq!(outcomes(&made), ["imported", "imported"]);
        let shown = app.api("GET", &format!("/api/v1/licenses/{}", text(&made[0]["license_id"])), &json!(null)).expect(200);
        assert_eq!(
            (&shown["tier"], &shown["max_devices"], &shown["status"], &shown["features"], &shown["limits"]),
            (&json!("enterprise"), &json!(3), &json!("suspended"), &json!([{ "name": "sso" }]), &json!([{ "name": "projects", "value": 2 }]))
        );
        app.clock.advance(30 * 24 * 60 * 60);
        let again = import(app, &editor, &rows);
        assert_eq!(outcomes(&again), ["there", "there"]);
        assert_eq!(again[1]["license_id"], made[1]["license_id"]);
        assert_eq!(app.count("licenses"), 2);
        let writer = app.owner().with_scopes(&["licenses:write"]);
        let hidden = writer.api("POST", IMPORT, &wish(&editor, &rows)).expect(200);
        assert_eq!(hidden["rows"][0], json!({ "outcome": "there" }), "which one is for who may see licenses");
        let other = app.create_app("Viewer");
        assert_eq!(outcomes(&import(app, &other, &json!([{ "name": "a" }]))), ["imported"], "of another app");
    }

    fn a_bad_row_is_named_and_takes_no_other_with_it(app: &TestApp) {
        let editor = app.create_app("Editor");
        let customer = json!({ "name": "Ada" });
        let customer = app.api("POST", "/api/v1/customers", &customer).expect(201)["customer_id"].clone();
        let trial = json!({ "app_id": editor["app_id"], "name": "Trial", "tier": "licensed",
            "trial": { "days": 14, "per": "customer" } });
        let trial = app.api("POST", "/api/v1/plans", &trial).expect(201)["plan_id"].clone();
        import(app, &editor, &json!([{ "name": "first", "external_id": "order-1", "license_key": FOREIGN }]));
        let unknown = "00000000-0000-7000-8000-000000000000";
        let rows = json!([
            { "name": "1", "plan_id": unknown },
            { "name": "2", "customer_id": unknown },
            { "name": "3", "tier": "gold" },
            { "name": "4", "expires_at": "2001-01-01" },
            { "name": "5", "external_id": "order-1" },
            { "name": "6", "license_key": "secret" },
            { "name": "7", "license_key": FOREIGN.to_lowercase() },
            { "name": "8", "hwids": ["a", "b"] },
            { "name": "9", "label": "x".repeat(129) },
            { "name": "10", "plan_id": trial },
            { "name": "11", "plan_id": trial, "customer_id": customer },
            { "name": "12", "plan_id": trial, "customer_id": customer },
            { "name": "13", "label": "good" },
        ]);
        let became = import(app, &editor, &rows);
        let fields: Vec<&str> = became.iter().map(|row| row["field"].as_str().unwrap_or("")).collect();
        assert_eq!(fields, [
            "plan_id", "customer_id", "tier", "expires_at", "external_id", "license_key", "license_key", "hwids", "label",
            "customer_id", "", "customer_id", "",
        ], "{became:#?}");
        assert!(became.iter().all(|row| row["field"].is_null() == (row["outcome"] == "imported")));
        assert!(became[4]["message"].as_str().is_some_and(|said| said.contains("has this external id: license ")), "{became:?}");
        assert_eq!((became[11]["code"].as_str(), app.count("licenses")), (Some("trial_used"), 3));
        for bad in [json!([]), json!([{ "name": "" }]), json!([{ "name": "a" }, { "name": "a" }])] {
            assert_problem(&app.api("POST", IMPORT, &wish(&editor, &bad)), 400, "malformed_request");
        }
    }

    fn a_row_of_a_license_that_is_there_makes_no_second_one(app: &TestApp) {
        let editor = app.create_app("Editor");
        let mine = app.issue(&editor, &json!({ "external_id": "order-1" }));
        let made = import(app, &editor, &json!([{ "name": "a", "license_key": FOREIGN }]));
        let before = state(app);
        let elsewhere = "00000000-0000-7000-8000-000000000001";
        let rows = json!([
            { "name": "1", "license_id": mine["license_id"], "label": "changed" },
            { "name": "2", "license_key": text(&mine["license_key"]).to_lowercase().replace('-', " ") },
            // However little of the row could be a license.
            { "name": "3", "license_id": made[0]["license_id"], "license_key": "weak", "plan_id": "none", "expires_at": "2001-01-01" },
            { "name": "4", "license_id": "order-1" },
            { "name": "5", "license_key": FOREIGN },
            { "name": "6", "external_id": "order-1", "license_id": elsewhere },
        ]);
        let became = import(app, &editor, &rows);
        assert_eq!(outcomes(&became), ["there", "there", "there", "refused", "refused", "refused"], "{became:#?}");
        let licenses: Vec<&Value> = became.iter().map(|row| &row["license_id"]).collect();
        let (first, second) = (&mine["license_id"], &made[0]["license_id"]);
        assert_eq!(licenses, [first, first, second, &Value::Null, second, first], "{became:#?}");
        assert_eq!((&became[3]["field"], &became[4]["field"]), (&json!("license_id"), &json!("license_key")));
        assert_eq!(state(app), before, "nothing is written");
        let writer = app.owner().with_scopes(&["licenses:write"]);
        let hidden = writer.api("POST", IMPORT, &wish(&editor, &rows)).expect(200);
        assert!(!hidden.to_string().contains(text(first)) && !hidden.to_string().contains(text(second)), "{hidden}");

        // On another tenant's side, the license is not there.
        let twin = app.tenant("Twin");
        let viewer = twin.api("POST", "/api/v1/apps", &json!({ "name": "Viewer" })).expect(201);
        let row = json!([{ "name": "1", "license_id": mine["license_id"], "license_key": mine["license_key"] }]);
        let theirs = twin.api("POST", IMPORT, &wish(&viewer, &row)).expect(200);
        assert_eq!(theirs["rows"][0]["outcome"], "imported");
    }

    fn devices_that_come_later_get_the_seats_that_are_free(app: &TestApp) {
        let editor = app.create_app("Editor");
        let rows = |hwids: &Value| json!([{ "name": "a", "max_devices": 3, "hwids": hwids }]);
        let made = import(app, &editor, &rows(&json!([])));
        let question = TestApp::question(&editor, &made[0], "desk", &nonce(1));
        payload(&app.validate(&question));
        let late = json!(["desk", "lab", "van", "attic"]);
        let told = |row: &Value| (row["devices_added"].clone(), row["devices_left_out"].clone(), row["code"].clone());
        let before = state(app);
        let dry = json!({ "app_id": editor["app_id"], "rows": rows(&late), "dry_run": true });
        let would = app.api("POST", IMPORT, &dry).expect(200)["rows"][0].clone();
        assert_eq!(told(&would), (json!(2), json!(1), json!("device_limit")), "{would}");
        assert_eq!(state(app), before, "nothing is written");
        let became = import(app, &editor, &rows(&late));
        assert_eq!((told(&became[0]), &became[0]["outcome"]), (told(&would), &json!("there")));
        let count = || app.count("devices");
        assert_eq!((count(), app.count("events WHERE kind = 'device_bound'")), (3, 3));
        assert_eq!(app.count("audit WHERE action = 'license.imported'"), 2);
        payload(&app.validate(&TestApp::question(&editor, &made[0], "lab", &nonce(2))));
        let again = import(app, &editor, &rows(&late));
        assert_eq!(told(&again[0]), (Value::Null, json!(1), json!("device_limit")));

        // What the vendor took from a device, no second run gives back.
        let reset = format!("/api/v1/licenses/{}/reset-devices", text(&made[0]["license_id"]));
        app.api("POST", &reset, &json!({ "override_allowance": true })).expect(200);
        let after = import(app, &editor, &rows(&late));
        assert_eq!((told(&after[0]), count()), ((Value::Null, json!(4), Value::Null), 0));
        assert!(text(&after[0]["message"]).contains("released"), "{after:?}");

        let gone = import(app, &editor, &json!([{ "name": "b" }]));
        app.api("POST", &format!("/api/v1/licenses/{}/revoke", text(&gone[0]["license_id"])), &json!({})).expect(200);
        let revoked = import(app, &editor, &json!([{ "name": "b", "hwids": ["lab"] }]));
        assert_eq!((told(&revoked[0]), count()), ((Value::Null, json!(1), json!("revoked")), 0));
    }

    fn a_plan_of_another_app_is_named_with_its_app(app: &TestApp) {
        let (editor, viewer) = (app.create_app("Editor"), app.create_app("Viewer"));
        let plan = json!({ "app_id": editor["app_id"], "name": "Pro", "tier": "licensed" });
        let plan = app.api("POST", "/api/v1/plans", &plan).expect(201)["plan_id"].clone();
        let license = app.issue(&viewer, &json!({}));
        let update = format!("/api/v1/licenses/{}", text(&license["license_id"]));
        let support = app.owner().with_scopes(&["licenses:write", "licenses:read"]);
        for (of_viewer, known) in [(plan.clone(), true), (json!("pro"), true), (json!("editor/pro"), true), (json!("none"), false)] {
            let order = json!({ "app_id": "viewer", "plan_id": of_viewer });
            let row = json!([{ "name": "a", "plan_id": of_viewer }]);
            let rows = import(app, &viewer, &row);
            let issued = app.api("POST", "/api/v1/licenses", &order).expect(404);
            let updated = app.api("PATCH", &update, &json!({ "plan_id": of_viewer })).expect(404);
            for said in [&rows[0], &issued, &updated] {
                let message = text(&said["message"]);
                assert_eq!(message.contains("editor/pro is another app's"), known, "{message}");
                assert_eq!(said["code"], "not_found");
            }
            assert_eq!(rows[0]["field"], "plan_id");
            let hidden = support.api("POST", "/api/v1/licenses", &order).expect(404);
            assert!(!text(&hidden["message"]).contains("editor/pro is"), "{hidden}");
        }
        let row = json!([{ "name": "a", "plan_id": "editor/pro" }]);
        assert_eq!(outcomes(&import(app, &editor, &row)), ["imported"]);
    }

    fn racing_imports_of_the_same_rows_make_each_license_once(app: &TestApp) {
        let editor = app.create_app("Editor");
        let rows: Vec<Value> = (0..50).map(|n| json!({ "name": format!("row {n}"), "hwids": [format!("pc {n}")] })).collect();
        let (start, rows) = (Barrier::new(6), json!(rows));
        let made: usize = std::thread::scope(|scope| {
            let racer = || {
                start.wait();
                outcomes(&import(app, &editor, &rows)).iter().filter(|outcome| **outcome == "imported").count()
            };
            let racers: Vec<_> = (0..6).map(|_| scope.spawn(racer)).collect();
            racers.into_iter().map(|racer| racer.join().expect("gets an answer")).sum()
        });
        assert_eq!((made, app.count("licenses"), app.count("devices")), (50, 50, 50));
    }

    fn a_foreign_key_counts_on_both_wires_until_the_license_gets_another(app: &TestApp) {
        let editor = app.create_app("Editor");
        let rows = json!([
            { "name": "a", "max_devices": 3, "license_key": FOREIGN, "hwids": ["their desk"] },
            { "name": "b", "license_key": OTHER },
        ]);
        let made = import(app, &editor, &rows);
        let dump = app.texts("SELECT detail FROM audit");
        assert!(dump.iter().all(|line| !line.contains(FOREIGN)), "{dump:?}");
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let asked = |key: &str, hwid: &str, n| {
            let license = json!({ "license_key": key });
            app.validate(&TestApp::question(&editor, &license, hwid, &nonce(n)))
        };
        assert_eq!(code(&decide(app, &build, &desk, FOREIGN, 1)), "allowed");
        payload(&asked(FOREIGN, "their desk", 2));
        assert_eq!(app.count("devices"), 2, "the imported one kept its seat");
        payload(&asked(&FOREIGN.to_lowercase().replace('-', " "), "their laptop", 3));
        payload(&asked(text(&made[0]["license_key"]), "their laptop", 4));
        assert_failed(&asked(FOREIGN, "a fourth", 5), 403, "hwid_mismatch");
        let viewer = app.create_app("Viewer");
        let elsewhere = TestApp::question(&viewer, &json!({ "license_key": FOREIGN }), "their desk", &nonce(6));
        assert_failed(&app.validate(&elsewhere), 401, "invalid_key");
        let found = app.api("POST", "/api/v1/licenses/lookup", &json!({ "license_key": FOREIGN })).expect(200);
        assert_eq!(found["license_id"], made[0]["license_id"]);

        // Another key for the license ends both that it had, though every server had both in memory.
        let path = |verb: &str, of: &Value| format!("/api/v1/licenses/{}/{verb}", text(&of["license_id"]));
        let new = app.api("POST", &path("rekey", &made[0]), &json!({})).expect(200);
        app.clock.advance(1);
        assert_eq!(code(&decide(app, &build, &desk, FOREIGN, 7)), "license_key_replaced");
        assert_failed(&asked(FOREIGN, "their desk", 8), 410, "revoked");
        payload(&asked(text(&new["license_key"]), "their desk", 9));
        let later = import(app, &editor, &json!([{ "name": "c", "license_key": FOREIGN }]));
        assert_eq!(outcomes(&later), ["refused"], "nobody gets a key that others had");

        payload(&asked(OTHER, "a desk", 10));
        app.api("POST", &path("revoke", &made[1]), &json!({})).expect(200);
        app.clock.advance(1);
        assert_failed(&asked(OTHER, "a desk", 11), 410, "revoked");
        assert_eq!(code(&decide(app, &build, &desk, OTHER, 12)), "revoked");
    }

    fn keys_that_tell_of_one_another_are_refused(app: &TestApp) {
        let editor = app.create_app("Editor");
        let rows = json!([
            { "name": "a", "license_key": "ACME-CUSTOMER-KEY-0001" },
            { "name": "b", "license_key": "ACME-CUSTOMER-KEY-0002" },
            { "name": "c", "license_key": OTHER },
        ]);
        assert_eq!(outcomes(&import(app, &editor, &rows)), ["refused", "refused", "imported"]);
    }

    fn many_keys_are_shown_to_who_may_and_the_log_says_of_each(app: &TestApp) {
        let editor = app.create_app("Editor");
        let made = import(app, &editor, &json!([{ "name": "a" }, { "name": "b" }]));
        let ids: Vec<&Value> = made.iter().map(|row| &row["license_id"]).collect();
        let (path, wish) = ("/api/v1/licenses/reveal-keys", json!({ "license_ids": ids }));
        let shown = app.api("POST", path, &wish).expect(200);
        let keys: Vec<&Value> = shown["licenses"].as_array().expect("a list").iter().map(|l| &l["license_key"]).collect();
        assert_eq!(keys, made.iter().map(|row| &row["license_key"]).collect::<Vec<_>>());
        assert_eq!(app.count("audit WHERE action = 'license.key_shown'"), 2);
        let reader = app.owner().with_scopes(&["licenses:read", "licenses:write"]);
        assert_problem(&reader.api("POST", path, &wish), 403, "scope_missing");
        assert_problem(&app.tenant("Twin").api("POST", path, &wish), 404, "not_found");
        assert_eq!(app.count("audit WHERE action = 'license.key_shown'"), 2);
    }
}
