//! The published Rust client over a whole life: real heartbeats, reports, files, and what the vendor does in between.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use authforge::{AuthForgeClient, AuthForgeConfig, SessionKind};
use sealgate_authority::Limits;
use sealgate_testkit::{Engine, TestApp, on_both_engines_in_real_time};
use serde_json::{Value, json};

use crate::rust_sdk::{client, text};

/// The client's shortest interval, and how long a test waits for what happens at its end.
const INTERVAL: u64 = 10;
const PATIENCE: Duration = Duration::from_mins(1);

fn key(license: &Value) -> String {
    text(&license["license_key"])
}

fn vendor(app: &TestApp, license: &Value, verb: &str) {
    let path = format!("/api/v1/licenses/{}/{verb}", text(&license["license_id"]));
    app.api("POST", &path, &json!({})).expect(200);
}

fn of_app(app: &TestApp, method: &str, product: &Value, rest: &str, body: &Value) {
    let path = format!("/api/v1/apps/{}{rest}", text(&product["app_id"]));
    app.api(method, &path, body).expect(200);
}

/// A client that beats, and the codes of beats that failed.
fn beating(app: &TestApp, product: &Value) -> (AuthForgeClient, Receiver<String>) {
    let (failed, failures) = channel();
    let client = AuthForgeClient::new(AuthForgeConfig {
        app_id: text(&product["app_id"]),
        app_secret: text(&product["app_secret"]),
        public_keys: vec![text(&product["public_key"])],
        api_base_url: app.url.clone(),
        hwid_override: Some("device-1".to_owned()),
        online_heartbeat: true,
        heartbeat_interval: INTERVAL,
        on_failure: Some(Box::new(|_| {})),
        // Nobody listens any more once a test is over.
        on_heartbeat_failure: Some(Box::new(move |error| drop(failed.send(error.code().to_owned())))),
        ..AuthForgeConfig::default()
    });
    (client, failures)
}

on_both_engines_in_real_time! {
    fn a_real_heartbeat_keeps_variables_and_hears_of_a_revocation(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        of_app(app, "PUT", &product, "/variables", &json!({ "variables": { "motd": "hello" } }));
        let (client, failures) = beating(app, &product);
        let login = client.login(&key(&license)).expect("a valid license");
        // The beat is seen in the client, which holds what it brought.
        let beaten = |client: &AuthForgeClient| client.get_session_data().is_some_and(|held| held["typ"] == "heartbeat");
        for _ in 0..PATIENCE.as_secs() {
            if beaten(&client) {
                break;
            }
            assert!(failures.recv_timeout(Duration::from_secs(1)).is_err(), "no beat fails");
        }
        assert!(beaten(&client) && client.is_authenticated());
        assert_ne!(client.get_session_data().expect("a session")["sessionToken"], login.session_token);
        let held = client.get_app_variables().expect("variables");
        assert_eq!(held["motd"], "hello", "this client keeps those of its login");

        vendor(app, &license, "revoke");
        assert_eq!(failures.recv_timeout(PATIENCE).expect("the next beat fails"), "revoked");
        assert!(!client.is_authenticated());
    }

    fn a_full_license_has_room_again_after_a_reset(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        let (first, second) = (client(&app.url, &product, "device-1"), client(&app.url, &product, "device-2"));
        first.login(&key(&license)).expect("a free seat");
        assert_eq!(second.login(&key(&license)).expect_err("is full").code(), "hwid_mismatch");
        vendor(app, &license, "reset-devices");
        second.login(&key(&license)).expect("a free seat");
    }

    fn lists_credits_and_switches_are_obeyed(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        let client = client(&app.url, &product, "device-1");
        let says = || client.validate_license(&key(&license)).map(|_| ()).map_err(|error| error.code().to_owned());
        let list = |effect: &str, hwid: &str| {
            let entry = json!({ "app_id": product["app_id"], "effect": effect, "hwid": hwid });
            app.api("POST", "/api/v1/access", &entry).expect(201);
        };
        assert_eq!(says(), Ok(()));
        list("allow", "device-2");
        assert_eq!(says(), Err("blocked".to_owned()));
        list("allow", "device-1");
        assert_eq!(says(), Ok(()));
        of_app(app, "POST", &product, "/disable", &json!({}));
        assert_eq!(says(), Err("app_disabled".to_owned()));
        of_app(app, "POST", &product, "/enable", &json!({}));
        of_app(app, "POST", &product, "/credits", &json!({ "amount": 1 }));
        assert_eq!(says(), Ok(()));
        assert_eq!(says(), Err("no_credits".to_owned()));
        list("deny", "device-1");
        assert_eq!(says(), Err("blocked".to_owned()));
    }

    fn reports_reach_this_device_alone(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({ "max_devices": 3 }));
        let [one, two, three] = ["device-1", "device-2", "device-3"].map(|hwid| client(&app.url, &product, hwid));
        one.self_ban(Some(&key(&license)), None, false, true, false).expect("is taken");
        assert_eq!(one.validate_license(&key(&license)).expect_err("reported itself").code(), "blocked");
        two.login(&key(&license)).expect("another device");
        two.self_ban(None, None, true, true, false).expect("is taken");
        assert_eq!(two.validate_license(&key(&license)).expect_err("reported itself").code(), "blocked");
        three.validate_license(&key(&license)).expect("the license goes on");
    }

    fn fractions_labels_and_ends_are_read(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({ "expires_at": "2037-01-31T00:00:00Z", "label": "Order 12" }));
        let path = format!("/api/v1/licenses/{}", text(&license["license_id"]));
        let device = client(&app.url, &product, "device-1");
        let told = device.validate_license(&key(&license)).expect("a valid license");
        assert_eq!((told.license_label, told.session_expires_at), (None, None));

        let (of_product, of_license) = (json!({ "rate": 0.5 }), json!({ "factor": -1234.25, "small": 0.0001 }));
        of_app(app, "PATCH", &product, "", &json!({ "show_labels": true }));
        of_app(app, "PUT", &product, "/variables", &json!({ "variables": of_product }));
        app.api("PUT", &format!("{path}/variables"), &json!({ "variables": of_license })).expect(200);
        let told = device.login(&key(&license)).expect("a valid license");
        let ends = sealgate::UnixSeconds::new(told.expires_in).expect("in range");
        assert_eq!((told.license_label.as_deref(), told.session_expires_at), (Some("Order 12"), Some(ends.to_string())));
        let held = (device.get_app_variables(), device.get_license_variables());
        assert_eq!((json!(held.0), json!(held.1)), (of_product.clone(), of_license.clone()));

        let made = app.api("POST", &format!("{path}/authforge-file"), &json!({ "hwid": "device-1" })).expect(201);
        let file = client(&app.url, &product, "device-1").login_from_file(&text(&made["file"])).expect("its file");
        assert_eq!(file.label.as_deref(), Some("Order 12"));
        assert_eq!((json!(file.app_variables), json!(file.license_variables)), (of_product, of_license));
    }

    fn a_device_activates_itself_for_ever_and_logs_in_from_its_file(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        let device = client(&app.url, &product, "device-1");
        let folder = tempfile::tempdir().expect("a temporary directory");
        let file = folder.path().join("editor.authforge");
        let refused = device.activate_offline(&key(&license), Some(&file)).expect_err("is off");
        assert_eq!(refused.code(), "offline_activation_disabled");
        of_app(app, "PATCH", &product, "", &json!({ "danger_lifetime_files": true }));
        device.activate_offline(&key(&license), Some(&file)).expect("a file");
        let logged_in = |file: &Path, hwid: &str| {
            let device = client(&app.url, &product, hwid);
            device.login_from_file(&file.display().to_string()).map(|_| device.get_session_kind())
        };
        assert_eq!(logged_in(&file, "device-1").expect("its own file"), Some(SessionKind::Offline));
        assert_eq!(logged_in(&file, "device-2").expect_err("another's").code(), "hwid_mismatch");
        let other = client(&app.url, &product, "device-2").activate_offline(&key(&license), None);
        assert_eq!(other.expect_err("one seat").code(), "offline_activation_limit_reached");
    }
}

#[test]
fn authforges_limits_end_in_its_own_word() {
    let app = TestApp::start_with_limits(Engine::Sqlite, Limits::authforge());
    let product = app.create_app("Editor");
    let license = app.issue(&product, &json!({}));
    let client = client(&app.url, &product, "device-1");
    for _ in 0..5 {
        client.validate_license(&key(&license)).expect("within the limit");
    }
    assert_eq!(client.validate_license(&key(&license)).expect_err("too often").code(), "rate_limited");
}
