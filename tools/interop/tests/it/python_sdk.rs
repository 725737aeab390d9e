//! The published Python client, unchanged.

use sealgate_testkit::{Engine, TestApp, on_both_engines_in_real_time};
use serde_json::{Value, json};

use crate::program::{former_client, python};

const DAY: u64 = 24 * 60 * 60;

/// One call in a process of its own.
fn sdk(app: &TestApp, call: &str, product: &Value, license_key: &Value, hwid: &str) -> Value {
    let order = json!({
        "call": call,
        "url": app.url,
        "app_id": product["app_id"],
        "app_secret": product["app_secret"],
        "public_key": product["public_key"],
        "license_key": license_key,
        "hwid": hwid,
    });
    python("sdk.py", &order)
}

/// Both calls are refused, and each says why.
fn assert_refused(app: &TestApp, product: &Value, license_key: &Value, hwid: &str, code: &str) {
    let validated = sdk(app, "validate_license", product, license_key, hwid);
    assert_eq!(validated["answer"], json!({ "valid": false, "code": code, "error": code }));
    let login = sdk(app, "login", product, license_key, hwid);
    assert_eq!(login["answer"], false);
    assert_eq!(login["failures"], json!([["login_failed", code]]));
    assert_eq!(login["authenticated"], false);
}

/// Programs in the field contain them. What answers and variables say is read alike by all.
#[test]
fn former_python_clients_log_in_and_beat_and_read_variables() {
    let app = TestApp::start_in_real_time(Engine::Sqlite);
    let product = app.create_app("Editor");
    let license = app.issue(&product, &json!({ "max_devices": 4, "label": "Order 12" }));
    let path = format!("/api/v1/apps/{}", product["app_id"].as_str().expect("text"));
    let variables = json!({ "rate": 0.5, "small": 0.0001, "motd": "hello" });
    app.api("PUT", &format!("{path}/variables"), &json!({ "variables": variables })).expect(200);
    let held = json!([variables, null]);
    for shows_labels in [false, true] {
        app.api("PATCH", &path, &json!({ "show_labels": shows_labels })).expect(200);
        for version in ["1.0.0", "1.0.8", "1.3.1", "1.5.0"] {
            let order = json!({
                "folder": former_client(version), "url": app.url, "app_id": product["app_id"], "hwid": version,
                "app_secret": product["app_secret"], "public_key": product["public_key"],
                "license_key": license["license_key"],
            });
            let said = python("former.py", &order);
            let wanted = json!({
                "login": true, "held": held, "beat": true, "held_then": [variables, {}], "typ": "heartbeat",
                "authenticated": true, "failures": [],
            });
            assert_eq!(said, wanted, "{version}");
        }
    }
}

on_both_engines_in_real_time! {
    fn the_python_client_logs_in_and_keeps_the_signed_session(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({ "expires_at": "2037-01-31T00:00:00Z" }));

        let login = sdk(app, "login", &product, &license["license_key"], "device-1");

        assert_eq!((&login["answer"], &login["authenticated"]), (&json!(true), &json!(true)));
        assert_eq!((&login["failures"], &login["authenticated_after_logout"]), (&json!([]), &json!(false)));
        let session = &login["session"];
        assert_eq!(session["licenseId"], license["license_id"]);
        assert_eq!((&session["appId"], &session["hwid"]), (&product["app_id"], &json!("device-1")));
        assert_eq!(session["licenseExpiresAt"], "2037-01-31T00:00:00Z");
    }

    fn the_python_client_validates_without_a_session(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({ "max_devices": 2 }));

        let validated = sdk(app, "validate_license", &product, &license["license_key"], "device-1");

        let answer = &validated["answer"];
        assert_eq!((&answer["valid"], &answer["license_expires_at"]), (&json!(true), &Value::Null));
        assert_eq!((&answer["max_hwid_slots"], &answer["hwid_count"]), (&json!(2), &json!(1)));
        let ends = answer["expires_in"].as_u64().expect("Unix seconds");
        assert!((app.clock.seconds() + DAY - 60..=app.clock.seconds() + DAY).contains(&ends), "{ends}");
        assert_eq!(validated["authenticated"], false);
    }

    fn the_python_client_hears_invalid_key(app: &TestApp) {
        let product = app.create_app("Editor");
        for wrong in ["000G-40R4-0M30-E209-185G-R38E-1YRB", "AAAA-BBBB-CCCC-DDDD"] {
            assert_refused(app, &product, &json!(wrong), "device-1", "invalid_key");
        }
    }

    fn the_python_client_on_a_second_device_hears_hwid_mismatch(app: &TestApp) {
        let product = app.create_app("Editor");
        let key = &app.issue(&product, &json!({}))["license_key"];
        assert_eq!(sdk(app, "login", &product, key, "device-1")["answer"], true);

        assert_refused(app, &product, key, "device-2", "hwid_mismatch");
        assert_eq!(sdk(app, "login", &product, key, "device-1")["answer"], true, "its own seat");
    }

    fn the_python_client_hears_revoked_at_once(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        assert_eq!(sdk(app, "login", &product, &license["license_key"], "device-1")["answer"], true);

        let path = format!("/api/v1/licenses/{}/revoke", license["license_id"].as_str().expect("an id"));
        app.api("POST", &path, &json!({})).expect(200);

        assert_refused(app, &product, &license["license_key"], "device-1", "revoked");
    }

    fn the_python_client_hears_expired_once_the_license_is_over(app: &TestApp) {
        let product = app.create_app("Editor");
        let key = &app.issue(&product, &json!({ "expires_at": "2037-01-31T00:00:00Z" }))["license_key"];
        assert_eq!(sdk(app, "login", &product, key, "device-1")["answer"], true);

        app.clock.advance(20 * 365 * DAY);

        assert_refused(app, &product, key, "device-1", "expired");
    }

    fn the_python_client_believes_no_answer_that_another_key_signed(app: &TestApp) {
        let mut product = app.create_app("Editor");
        let key = &app.issue(&product, &json!({}))["license_key"];
        product["public_key"] = product["next_public_key"].clone();
        assert_refused(app, &product, key, "device-1", "signature_mismatch");
    }
}

#[test]
fn the_python_packages_are_the_published_ones_unchanged() {
    let report = python("unchanged.py", &json!(["authforge-sdk", "securesystemslib", "cryptography"]));
    let published = |version: &str| json!({ "version": version, "spoiled": [] });
    assert_eq!(report["authforge-sdk"], published("2.0.0"));
    assert_eq!(report["securesystemslib"], published("1.6.0"));
    assert_eq!(report["cryptography"], published("50.0.2"));
}
