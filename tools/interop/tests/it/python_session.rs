//! The published Python client over a whole life: heartbeats, reports, files, and what the vendor does in between.

use sealgate_authority::Limits;
use sealgate_testkit::{Engine, TestApp, on_both_engines_in_real_time};
use serde_json::{Value, json};

use crate::program::python;

/// Runs these steps in one process; each step's result, and the failures that the client reported.
fn live(app: &TestApp, product: &Value, license: &Value, steps: &[Value]) -> (Vec<Value>, Value) {
    let done = python(
        "steps.py",
        &json!({
            "url": app.url, "token": app.token, "hwid": "device-1", "steps": steps,
            "app_id": product["app_id"], "app_secret": product["app_secret"], "public_key": product["public_key"],
            "license_key": license["license_key"],
        }),
    );
    (done["steps"].as_array().expect("a list").clone(), done["failures"].clone())
}

fn step(name: &str) -> Value {
    json!([name])
}

/// A change of the license by its vendor.
fn vendor(license: &Value, verb: &str) -> Value {
    json!(["api", "POST", format!("/api/v1/licenses/{}/{verb}", text(&license["license_id"])), {}])
}

/// A change of the app by its vendor.
fn of_app(method: &str, product: &Value, rest: &str, body: &Value) -> Value {
    json!(["api", method, format!("/api/v1/apps/{}{rest}", text(&product["app_id"])), body])
}

fn access(product: &Value, effect: &str, hwid: &str) -> Value {
    json!(["api", "POST", "/api/v1/access", { "app_id": product["app_id"], "effect": effect, "hwid": hwid }])
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn sell(app: &TestApp, order: &Value) -> (Value, Value) {
    let product = app.create_app("Editor");
    let license = app.issue(&product, order);
    (product, license)
}

/// What `validate_license` says of a refusal.
fn refused(code: &str) -> Value {
    json!({ "valid": false, "code": code, "error": code })
}

on_both_engines_in_real_time! {
    fn variables_survive_heartbeats_and_a_revocation_ends_the_session(app: &TestApp) {
        let (product, license) = sell(app, &json!({}));
        let variables = json!({ "variables": { "motd": "hello" } });
        let of_license = json!(["api", "PUT", format!("/api/v1/licenses/{}/variables", text(&license["license_id"])), { "variables": { "seats": 5 } }]);
        let (done, failures) = live(app, &product, &license, &[
            of_app("PUT", &product, "/variables", &variables), of_license,
            step("login"), step("beat"), step("state"), step("beat"), step("state"),
            vendor(&license, "revoke"), step("beat"), step("state"),
        ]);
        let held = json!({ "authenticated": true, "kind": "online", "app": { "motd": "hello" }, "license": { "seats": 5 } });
        assert_eq!(done[2..7], [json!(true), json!(true), held.clone(), json!(true), held]);
        assert_eq!((&done[8], &done[9]["authenticated"]), (&json!(false), &json!(false)));
        assert_eq!(failures, json!([["heartbeat_failed", "revoked"]]));
    }

    fn a_full_license_has_room_again_after_a_reset(app: &TestApp) {
        let (product, license) = sell(app, &json!({}));
        let other = TestApp::question(&product, &license, "device-2", &"0".repeat(32));
        app.validate(&other).expect(200);
        let (done, _) = live(app, &product, &license, &[
            step("validate"), vendor(&license, "reset-devices"), step("validate"), step("login"), step("beat"),
            vendor(&license, "reset-devices"), step("beat"), step("state"),
        ]);
        assert_eq!(done[0], refused("hwid_mismatch"));
        assert_eq!((&done[2]["valid"], &done[3], &done[4]), (&json!(true), &json!(true), &json!(true)));
        assert_eq!((&done[6], &done[7]["authenticated"]), (&json!(false), &json!(false)));
    }

    fn lists_are_obeyed_and_an_app_can_be_switched_off(app: &TestApp) {
        let (product, license) = sell(app, &json!({}));
        let (done, _) = live(app, &product, &license, &[
            access(&product, "allow", "device-2"), step("validate"),
            access(&product, "allow", "device-1"), step("validate"),
            access(&product, "deny", "device-1"), step("validate"),
        ]);
        assert_eq!((&done[1], &done[3]["valid"], &done[5]), (&refused("blocked"), &json!(true), &refused("blocked")));

        let (product, license) = (app.create_app("Viewer"), Value::Null);
        let license = app.issue(&product, &json!({ "label": license.to_string() }));
        let (done, failures) = live(app, &product, &license, &[
            step("login"), of_app("POST", &product, "/disable", &json!({})), step("beat"), step("validate"),
            of_app("POST", &product, "/enable", &json!({})), step("validate"),
        ]);
        assert_eq!((&done[0], &done[2], &done[3]), (&json!(true), &json!(false), &refused("app_disabled")));
        assert_eq!(done[5]["valid"], true);
        assert_eq!(failures, json!([["heartbeat_failed", "app_disabled"]]));
    }

    fn without_a_credit_nothing_is_validated(app: &TestApp) {
        let (product, license) = sell(app, &json!({}));
        let (done, _) = live(app, &product, &license, &[
            of_app("POST", &product, "/credits", &json!({ "amount": 1 })),
            step("validate"), step("validate"),
        ]);
        assert_eq!((&done[1]["valid"], &done[2]), (&json!(true), &refused("no_credits")));
    }

    fn a_report_before_a_session_blocks_this_device_alone(app: &TestApp) {
        let (product, license) = sell(app, &json!({ "max_devices": 2 }));
        let (done, _) = live(app, &product, &license, &[step("self_ban"), step("validate"), step("login")]);
        assert_eq!(done[0]["status"], "success", "{done:?}");
        assert_eq!((&done[1], &done[2]), (&refused("blocked"), &json!(false)));
        app.validate(&TestApp::question(&product, &license, "device-2", &"0".repeat(32))).expect(200);
    }

    fn a_report_with_a_session_ends_it(app: &TestApp) {
        let (product, license) = sell(app, &json!({}));
        let (done, _) = live(app, &product, &license, &[step("login"), step("self_ban_session"), step("validate")]);
        assert_eq!((&done[0], &done[1]["status"], &done[2]), (&json!(true), &json!("success"), &refused("blocked")));
        assert_eq!(app.count("events WHERE kind = 'self_banned'"), 1);
    }

    fn a_device_activates_itself_for_ever_and_logs_in_from_its_file(app: &TestApp) {
        let (product, license) = sell(app, &json!({}));
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("editor.authforge").display().to_string();
        let (done, _) = live(app, &product, &license, &[
            json!(["activate_offline", path]),
            of_app("PATCH", &product, "", &json!({ "danger_lifetime_files": true })),
            json!(["activate_offline", path]), json!(["activate_offline", path]),
            json!(["login_from_file", path]), step("state"),
        ]);
        assert_eq!(done[0], json!({ "raised": "offline_activation_disabled" }));
        assert_eq!((&done[2], &done[3], &done[4]), (&json!(true), &json!(true), &json!(true)));
        assert_eq!((&done[5]["authenticated"], &done[5]["kind"]), (&json!(true), &json!("offline")));
        assert_eq!(app.count("lifetime_files"), 1);
    }

    fn fractions_labels_and_ends_are_read(app: &TestApp) {
        let (product, license) = sell(app, &json!({ "expires_at": "2037-01-31T00:00:00Z", "label": "Order 12" }));
        let path = format!("/api/v1/licenses/{}", text(&license["license_id"]));
        let (of_product, of_license) = (json!({ "rate": 0.5 }), json!({ "factor": -1234.25, "small": 0.0001 }));
        let set = |variables: &Value| json!({ "variables": variables });
        let (done, failures) = live(app, &product, &license, &[
            step("validate"),
            of_app("PATCH", &product, "", &json!({ "show_labels": true })),
            of_app("PUT", &product, "/variables", &set(&of_product)),
            json!(["api", "PUT", format!("{path}/variables"), set(&of_license)]),
            step("validate"), step("login"), step("beat"), step("state"),
        ]);
        let told = |answer: &Value, name: &str| answer.get(name).cloned();
        assert_eq!((told(&done[0], "license_label"), told(&done[0], "session_expires_at")), (None, None));
        let validated = &done[4];
        let ends = sealgate::UnixSeconds::new(validated["expires_in"].as_u64().expect("Unix seconds")).expect("in range");
        assert_eq!((&validated["license_label"], &validated["session_expires_at"]), (&json!("Order 12"), &json!(ends.to_string())));
        assert_eq!((&validated["app_variables"], &validated["license_variables"]), (&of_product, &of_license));
        assert_eq!((&done[5], &done[6], failures), (&json!(true), &json!(true), json!([])));
        assert_eq!((&done[7]["app"], &done[7]["license"]), (&of_product, &of_license), "after a heartbeat, too");

        let made = app.api("POST", &format!("{path}/authforge-file"), &json!({ "hwid": "device-1" })).expect(201);
        let steps = [json!(["login_from_file", made["file"]]), step("offline_license"), step("state")];
        let (done, _) = live(app, &product, &license, &steps);
        assert_eq!((&done[0], &done[1]["label"]), (&json!(true), &json!("Order 12")), "{done:?}");
        assert_eq!((&done[2]["app"], &done[2]["license"]), (&of_product, &of_license));
    }

    fn a_vendors_file_from_the_devices_own_request_is_accepted(app: &TestApp) {
        let (product, license) = sell(app, &json!({ "expires_at": "2037-01-31T00:00:00Z" }));
        let (done, _) = live(app, &product, &license, &[step("request")]);
        let path = format!("/api/v1/licenses/{}/authforge-file", text(&license["license_id"]));
        let made = app.api("POST", &path, &json!({ "request": done[0] })).expect(201);
        let (done, _) = live(app, &product, &license, &[json!(["login_from_file", made["file"]]), step("state")]);
        assert_eq!((&done[0], &done[1]["kind"]), (&json!(true), &json!("offline")));
        assert_eq!(app.count("devices WHERE identity = 'device-1'"), 1);
    }
}

#[test]
fn authforges_limits_end_in_its_own_word() {
    let app = TestApp::start_with_limits(Engine::Sqlite, Limits::authforge());
    let (product, license) = sell(&app, &json!({}));
    let (done, _) = live(&app, &product, &license, &vec![step("validate"); 6]);
    assert!(done[..5].iter().all(|answer| answer["valid"] == true), "{done:?}");
    assert_eq!(done[5], refused("rate_limited"), "after the client's own repetitions");
}
