//! Whether a license is in force decides before seats do (`spec/http.md` §2.3, `spec/errors.md` §3).

use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_failed, nonce, sell};

fn revoke(app: &TestApp, license: &Value) {
    let path = format!("/api/v1/licenses/{}/revoke", license["license_id"].as_str().expect("text"));
    app.api("POST", &path, &json!({})).expect(200);
}

on_both_engines! {
    fn a_license_ends_with_its_last_second(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2, "expires_at": "2027-01-15T08:01:00Z" }));
        let ask = |hwid, n| app.validate(&TestApp::question(&editor, &license, hwid, &nonce(n)));
        app.clock.advance(59);
        ask("bound", 1).expect(200);
        app.clock.advance(1);
        assert_failed(&ask("bound", 2), 410, "expired");
        assert_failed(&ask("new", 3), 410, "expired");
        assert_eq!(app.count("devices"), 1);
    }

    fn a_revoked_license_is_refused_at_once_to_every_device(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let ask = |hwid, n| app.validate(&TestApp::question(&editor, &license, hwid, &nonce(n)));
        ask("bound", 1).expect(200);
        revoke(app, &license);
        assert_failed(&ask("bound", 2), 410, "revoked");
        assert_failed(&ask("new", 3), 410, "revoked");
        assert_eq!((app.count("devices"), app.count("events WHERE kind = 'device_bound'")), (1, 1));
    }

    fn a_revocation_leaves_other_licenses_alone(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let other = app.issue(&editor, &json!({}));
        revoke(app, &license);
        app.validate(&TestApp::question(&editor, &other, "desk", &nonce(1))).expect(200);
    }

    fn revocation_comes_before_expiry_and_expiry_before_seats(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "expires_at": "2027-01-15T08:01:00Z" }));
        let ask = |hwid, n| app.validate(&TestApp::question(&editor, &license, hwid, &nonce(n)));
        ask("bound", 1).expect(200);
        assert_failed(&ask("new", 2), 403, "hwid_mismatch");
        app.clock.advance(60);
        assert_failed(&ask("new", 3), 410, "expired");
        revoke(app, &license);
        assert_failed(&ask("new", 4), 410, "revoked");
    }
}
