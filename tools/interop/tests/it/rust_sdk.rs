//! The published Rust client, unchanged.

use authforge::{AuthForgeClient, AuthForgeConfig, AuthForgeError, LoginResult};
use sealgate_testkit::on_both_engines_in_real_time;
use serde_json::{Value, json};

const DAY: u64 = 24 * 60 * 60;

/// A product with this client built in, on one device.
pub(crate) fn client(url: &str, product: &Value, hwid: &str) -> AuthForgeClient {
    client_with_keys(url, product, hwid, &[text(&product["public_key"])])
}

fn client_with_keys(url: &str, product: &Value, hwid: &str, public_keys: &[String]) -> AuthForgeClient {
    AuthForgeClient::new(AuthForgeConfig {
        app_id: text(&product["app_id"]),
        app_secret: text(&product["app_secret"]),
        public_keys: public_keys.to_vec(),
        api_base_url: url.to_owned(),
        hwid_override: Some(hwid.to_owned()),
        on_failure: Some(Box::new(|_| {})),
        // Dropped at the wrong moment, version 2.0.0 waits for the end of an interval: its worker looks whether to stop,
        // and only then begins to listen for the wake. The shortest one, where the default is 15 minutes.
        heartbeat_interval: 10,
        ..AuthForgeConfig::default()
    })
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

fn key(license: &Value) -> String {
    text(&license["license_key"])
}

fn code(answer: Result<LoginResult, AuthForgeError>) -> String {
    answer.expect_err("a refusal").code().to_owned()
}

on_both_engines_in_real_time! {
    fn the_rust_client_logs_in_and_keeps_the_signed_session(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({ "expires_at": "2037-01-31T00:00:00Z", "max_devices": 3 }));
        let client = client(&app.url, &product, "device-1");
        assert!(!client.is_authenticated());
        let before = app.clock.seconds();

        let login = client.login(&key(&license)).expect("a valid license");

        assert!(client.is_authenticated());
        assert_eq!(login.license_expires_at.as_deref(), Some("2037-01-31T00:00:00Z"));
        assert_eq!((login.max_hwid_slots, login.hwid_count), (Some(3), Some(1)));
        assert!((before + DAY..=app.clock.seconds() + DAY).contains(&login.expires_in), "{}", login.expires_in);
        assert!(!login.session_token.is_empty() && !login.request_id.is_empty());
        let session = client.get_session_data().expect("a session");
        assert_eq!(session["licenseId"], license["license_id"]);
        assert_eq!((&session["appId"], &session["hwid"]), (&product["app_id"], &json!("device-1")));
        client.logout();
        assert!(!client.is_authenticated());
    }

    fn the_rust_client_validates_without_a_session(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({ "max_devices": "unlimited" }));
        let client = client(&app.url, &product, "device-1");

        let answer = client.validate_license(&key(&license)).expect("a valid license");

        assert_eq!((answer.license_expires_at, answer.max_hwid_slots, answer.hwid_count), (None, None, None));
        assert!(!client.is_authenticated());
    }

    fn the_rust_client_hears_invalid_key_and_invalid_app(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        let honest = client(&app.url, &product, "device-1");
        for wrong in ["000G-40R4-0M30-E209-185G-R38E-1YRB", "AAAA-BBBB-CCCC-DDDD"] {
            assert_eq!(code(honest.validate_license(wrong)), "invalid_key");
            assert_eq!(code(honest.login(wrong)), "invalid_key");
        }
        assert!(!honest.is_authenticated());

        let mut stolen = product;
        stolen["app_secret"] = json!("sgs_somebody-elses");
        assert_eq!(code(client(&app.url, &stolen, "device-1").login(&key(&license))), "invalid_app");
    }

    fn the_rust_client_on_a_second_device_hears_hwid_mismatch(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        let (first, second) = (client(&app.url, &product, "device-1"), client(&app.url, &product, "device-2"));
        first.login(&key(&license)).expect("a free seat");

        assert_eq!(code(second.login(&key(&license))), "hwid_mismatch");
        assert_eq!(code(second.validate_license(&key(&license))), "hwid_mismatch");
        assert!(!second.is_authenticated());
        first.login(&key(&license)).expect("its own seat");
    }

    fn the_rust_client_hears_revoked_at_once(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        let client = client(&app.url, &product, "device-1");
        client.validate_license(&key(&license)).expect("a valid license");

        let path = format!("/api/v1/licenses/{}/revoke", text(&license["license_id"]));
        app.api("POST", &path, &json!({})).expect(200);

        assert_eq!(code(client.validate_license(&key(&license))), "revoked");
        assert_eq!(code(client.login(&key(&license))), "revoked");
    }

    fn the_rust_client_hears_expired_once_the_license_is_over(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({ "expires_at": "2037-01-31T00:00:00Z" }));
        let client = client(&app.url, &product, "device-1");
        client.validate_license(&key(&license)).expect("a valid license");

        app.clock.advance(20 * 365 * DAY);

        assert_eq!(code(client.validate_license(&key(&license))), "expired");
        assert_eq!(code(client.login(&key(&license))), "expired");
    }

    fn the_rust_client_believes_no_answer_that_another_key_signed(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        let ask = |keys: &[String]| client_with_keys(&app.url, &product, "device-1", keys).login(&key(&license));
        let (current, next) = (text(&product["public_key"]), text(&product["next_public_key"]));

        assert_eq!(code(ask(std::slice::from_ref(&next))), "signature_mismatch");
        assert!(ask(&[next, current]).is_ok(), "a build with both keys");
    }
}
