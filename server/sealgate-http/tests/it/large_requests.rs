//! Requests that write much: everybody else who writes waits for one transaction with few statements.

use sealgate_testkit::{Engine, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{nonce, payload, sell};

/// For a thousand rows.
const FEW: u64 = 40;

fn path(license: &Value) -> String {
    format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"))
}

/// By how many statements of one transaction these rows were written.
fn statements(app: &TestApp, rows: &str) -> u64 {
    let counted = app.texts(&format!("SELECT CAST(COUNT(DISTINCT CAST(cmin AS TEXT)) AS TEXT) FROM {rows}"));
    counted[0].parse().expect("a count")
}

/// The ids of so many devices that hold seats of this license.
fn seats(app: &TestApp, editor: &Value, license: &Value, devices: u32) -> Vec<String> {
    for n in 0..devices {
        payload(&app.validate(&TestApp::question(editor, license, &format!("device-{n}"), &nonce(n))));
    }
    app.texts("SELECT device_id FROM devices ORDER BY device_id")
}

#[test]
fn an_order_of_a_thousand_is_few_statements() {
    let app = TestApp::start(Engine::Postgres);
    let editor = app.create_app("Editor");
    app.issue(&editor, &json!({ "count": 1000 }));
    for rows in ["licenses", "license_statements", "events WHERE kind = 'license_issued'"] {
        let statements = statements(&app, rows);
        assert!(statements <= FEW, "{rows}: {statements}");
    }
}

#[test]
fn the_release_of_many_devices_is_few_statements() {
    const DEVICES: u32 = 160;
    let app = TestApp::start(Engine::Postgres);
    let (editor, license) = sell(&app, &json!({ "max_devices": DEVICES }));
    let devices = seats(&app, &editor, &license, DEVICES);
    let wish = json!({ "max_devices": 1, "release": devices[1..], "override_allowance": true });
    app.api("PATCH", &path(&license), &wish).expect(200);
    assert_eq!((app.count("devices"), app.count("releases")), (1, u64::from(DEVICES) - 1));
    for rows in ["releases", "events WHERE kind = 'device_released'"] {
        let statements = statements(&app, rows);
        assert!(statements <= FEW, "{rows}: {statements}");
    }
}

on_both_engines! {
    fn each_license_of_an_order_is_whole(app: &TestApp) {
        let editor = app.create_app("Editor");
        let order = json!({ "app_id": editor["app_id"], "count": 57, "max_devices": 2, "label": "a school" });
        let issued = app.api("POST", "/api/v1/licenses", &order).expect(201);
        let licenses = issued["licenses"].as_array().expect("a list");
        for (n, license) in (0..).zip(licenses) {
            payload(&app.validate(&TestApp::question(&editor, license, "desk", &nonce(n))));
            let shown = app.api("GET", &path(license), &json!(null)).expect(200);
            assert_eq!((&shown["label"], &shown["max_devices"]), (&json!("a school"), &json!(2)));
        }
        assert_eq!(licenses.len(), 57);
        for rows in ["licenses WHERE seq < 2", "license_statements", "events WHERE kind = 'license_issued'"] {
            assert_eq!(app.count(rows), 57, "{rows}");
        }
    }

    fn whoever_releases_many_devices_releases_those_and_no_others(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 60 }));
        let devices = seats(app, &editor, &license, 58);
        // Named twice, and one of nobody's.
        let named = [&devices[..52], &devices[..3]].concat();
        let twice = json!({ "max_devices": 10, "release": named, "override_allowance": true });
        let mut unknown = twice.clone();
        unknown["release"][7] = license["license_id"].clone();
        app.api("PATCH", &path(&license), &unknown).expect(404);
        assert_eq!((app.count("devices"), app.count("releases")), (58, 0));
        let shown = app.api("PATCH", &path(&license), &twice).expect(200);
        assert_eq!(shown["devices_used"], 6);
        assert_eq!(app.texts("SELECT device_id FROM devices ORDER BY device_id"), devices[52..]);
        assert_eq!((app.count("releases"), app.count("events WHERE kind = 'device_released'")), (52, 52));
    }
}
