//! `/api/v1/licenses`: what callers get (`spec/http.md` §3.2).

use sealgate_testkit::on_both_engines;
use serde_json::{Value, json};

use crate::support::{names, nonce, sell};

const NOW: &str = "2027-01-15T08:00:00Z";

/// The path of a license, and what follows.
fn at(license: &Value, rest: &str) -> String {
    format!("/api/v1/licenses/{}{rest}", license["license_id"].as_str().expect("text"))
}

on_both_engines! {
    fn an_order_without_wishes_is_one_license_of_one_seat_for_ever(app: &TestApp) {
        let editor = app.create_app("Editor");
        let issued = app.api("POST", "/api/v1/licenses", &json!({ "app_id": editor["app_id"] })).expect(201);
        assert_eq!(names(&issued), ["licenses"]);
        let license = &issued["licenses"][0];
        assert_eq!(issued["licenses"].as_array().expect("a list").len(), 1);
        assert_eq!(names(license), ["expires_at", "license_id", "license_key", "max_devices"]);
        assert_eq!((&license["expires_at"], &license["max_devices"]), (&json!(null), &json!(1)));
        assert_eq!(app.api("GET", &at(license, ""), &json!(null)).expect(200), json!({
            "license_id": license["license_id"], "app_id": editor["app_id"], "app": "editor", "status": "active",
            "tier": "licensed", "features": [], "limits": [], "max_devices": 1, "devices_used": 0,
            "files": true, "customer_id": null, "version": app.clock.seconds() / 60,
            "expires_at": null, "label": null, "created_at": NOW,
        }));
    }

    fn every_wish_is_kept(app: &TestApp) {
        let label = "é".repeat(128);
        let (_, license) = sell(app, &json!({
            "max_devices": "unlimited", "expires_at": "2028-01-01T01:00:00.9+01:00", "label": label, "count": 2,
        }));
        assert_eq!(license["expires_at"], "2028-01-01T00:00:00Z");
        assert_eq!(license["max_devices"], "unlimited");
        let seen = app.api("GET", &at(&license, ""), &json!(null)).expect(200);
        assert_eq!((&seen["label"], &seen["max_devices"]), (&json!(label), &json!("unlimited")));
        assert_eq!(seen["expires_at"], "2028-01-01T00:00:00Z");
        assert_eq!(app.count("licenses"), 2);
    }

    fn limits_themselves_are_allowed(app: &TestApp) {
        let editor = app.create_app("Editor");
        assert_eq!(app.issue(&editor, &json!({ "max_devices": 1_000_000 }))["max_devices"], 1_000_000);
        app.issue(&editor, &json!({ "expires_at": "9999-12-31T23:59:59Z" }));
        app.issue(&editor, &json!({ "expires_at": "2027-01-15T08:00:01Z" }));
        app.issue(&editor, &json!({ "label": "" }));
    }

    fn a_license_is_found_by_its_key_in_any_spelling(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        let shown = app.api("GET", &at(&license, ""), &json!(null)).expect(200);
        let key = license["license_key"].as_str().expect("text");
        for spelling in [
            key.to_owned(),
            key.to_lowercase(),
            key.replace('-', ""),
            key.replace('-', " "),
            format!(" {key} "),
            key.replace('1', "l").replace('0', "o"),
            key.replace('1', "I").replace('0', "O"),
        ] {
            let found = app.api("POST", "/api/v1/licenses/lookup", &json!({ "license_key": spelling }));
            assert_eq!(found.expect(200), shown, "{spelling}");
        }
    }

    fn a_revoked_license_says_so_and_revoking_it_again_changes_nothing(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        let revoke = |body| app.api("POST", &at(&license, "/revoke"), &body).expect(200);
        let revoked = revoke(json!({ "reason": "returned" }));
        assert_eq!((&revoked["status"], &revoked["revoke_reason"]), (&json!("revoked"), &json!("returned")));
        assert_eq!(revoked["revoked_at"], NOW);
        app.clock.advance(60);
        assert_eq!(revoke(json!({})), revoked);
        assert_eq!(revoke(json!({ "reason": "another" })), revoked);
        assert_eq!(app.api("GET", &at(&license, ""), &json!(null)).expect(200), revoked);
        assert_eq!(app.count("audit WHERE action = 'license.revoked'"), 1);
        assert_eq!(app.count("events WHERE kind = 'license_revoked'"), 1);
    }

    fn a_license_revoked_without_a_reason_shows_none(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        let revoked = app.api("POST", &at(&license, "/revoke"), &json!({})).expect(200);
        assert!(revoked["revoked_at"].is_string());
        assert!(!names(&revoked).contains(&"revoke_reason"), "{revoked}");
    }

    fn status_follows_the_clock_and_revocation_wins(app: &TestApp) {
        let (_, license) = sell(app, &json!({ "expires_at": "2027-01-15T08:01:00Z" }));
        let status = || app.api("GET", &at(&license, ""), &json!(null)).expect(200)["status"].clone();
        app.clock.advance(59);
        assert_eq!(status(), "active");
        app.clock.advance(1);
        assert_eq!(status(), "expired");
        app.api("POST", &at(&license, "/revoke"), &json!({})).expect(200);
        assert_eq!(status(), "revoked");
    }

    fn devices_are_counted_for_the_vendor(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 3 }));
        for (n, hwid) in (0..).zip(["a", "b", "a"]) {
            app.validate(&TestApp::question(&editor, &license, hwid, &nonce(n))).expect(200);
        }
        assert_eq!(app.api("GET", &at(&license, ""), &json!(null)).expect(200)["devices_used"], 2);
    }

    fn a_license_file_is_the_same_signed_envelope_every_time(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        let file = app.api("GET", &at(&license, "/file"), &json!(null));
        assert_eq!(file.header("content-type"), Some("application/vnd.dsse.envelope.v1+json"));
        let envelope = file.clone().expect(200);
        assert_eq!(envelope["payloadType"], "application/vnd.sealgate.license.v1+json");
        assert_eq!(names(&envelope), ["payload", "payloadType", "signatures"]);
        app.clock.advance(86_400);
        assert_eq!(app.api("GET", &at(&license, "/file"), &json!(null)).bytes, file.bytes);
    }

    fn a_thousand_licenses_are_issued_at_once_and_all_differ(app: &TestApp) {
        let editor = app.create_app("Editor");
        let order = json!({ "app_id": editor["app_id"], "count": 1000 });
        let issued = app.api("POST", "/api/v1/licenses", &order).expect(201);
        let keys = issued["licenses"].as_array().expect("a list").iter();
        let keys: std::collections::BTreeSet<_> = keys.map(|l| l["license_key"].as_str()).collect();
        assert_eq!((keys.len(), app.count("licenses")), (1000, 1000));
        assert_eq!(app.count("audit WHERE action = 'license.issued'"), 1);
    }
}
