//! The same question within two minutes is one question (`spec/http.md` §2.5).

use sealgate_testkit::on_both_engines;
use serde_json::json;

use crate::support::{assert_failed, nonce, payload, sell, state, with};

on_both_engines! {
    fn the_same_question_gets_the_same_bytes_for_two_minutes(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let question = TestApp::question(&editor, &license, "desk", &nonce(1));
        let first = app.validate(&question);
        first.clone().expect(200);
        let after = state(app);
        for pause in [0, 1, 118] {
            app.clock.advance(pause);
            let again = app.validate(&question);
            assert_eq!(String::from_utf8_lossy(&again.bytes), String::from_utf8_lossy(&first.bytes), "{pause}");
            assert_eq!(again.request_id, first.request_id);
        }
        assert_eq!(state(app), after, "no second seat, no second event");
        app.clock.advance(1);
        let fresh = app.validate(&question);
        assert_ne!(fresh.bytes, first.bytes);
        assert_eq!(payload(&fresh)["timestamp"], "2027-01-15T08:02:00Z");
        assert_ne!(payload(&fresh)["requestId"], payload(&first)["requestId"]);
        assert_eq!(state(app), after);
    }

    fn another_question_under_the_same_nonce_is_a_replay(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let question = TestApp::question(&editor, &license, "desk", &nonce(1));
        app.validate(&question).expect(200);
        let key = license["license_key"].as_str().expect("text");
        let before = state(app);
        for other in [
            with(&question, "ttlSeconds", json!(7200)),
            with(&question, "licenseKey", json!(key.to_lowercase())),
            with(&with(&question, "appId", json!(null)), "appSecret", json!(null)),
            with(&question, "appId", json!(null)),
        ] {
            assert_failed(&app.validate(&other), 401, "replay_detected");
        }
        assert_eq!(state(app), before);
        app.validate(&question).expect(200);
        app.validate(&with(&question, "nonce", json!(nonce(2)))).expect(200);
        app.clock.advance(120);
        app.validate(&with(&question, "ttlSeconds", json!(7200))).expect(200);
    }

    fn a_nonce_counts_within_one_license_and_device(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let other = app.issue(&editor, &json!({}));
        for (ttl, license, hwid) in [(3600, &license, "desk"), (3601, &license, "lap"), (3602, &other, "desk")] {
            let question = TestApp::question(&editor, license, hwid, &nonce(1));
            let told = payload(&app.validate(&with(&question, "ttlSeconds", json!(ttl))));
            assert_eq!((&told["hwid"], &told["licenseId"]), (&json!(hwid), &license["license_id"]));
        }
    }

    fn a_repeated_question_is_decided_by_what_is_true_now(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2, "expires_at": "2027-01-15T08:01:00Z" }));
        let question = TestApp::question(&editor, &license, "desk", &nonce(1));
        let first = payload(&app.validate(&question));
        app.validate(&TestApp::question(&editor, &license, "lap", &nonce(2))).expect(200);
        let again = payload(&app.validate(&question));
        assert_eq!((&first["hwidCount"], &again["hwidCount"]), (&json!(1), &json!(2)));
        assert_eq!(first["requestId"], again["requestId"]);
        app.clock.advance(60);
        assert_failed(&app.validate(&question), 410, "expired");
        let path = format!("/api/v1/licenses/{}/revoke", license["license_id"].as_str().expect("text"));
        app.api("POST", &path, &json!({})).expect(200);
        assert_failed(&app.validate(&question), 410, "revoked");
        assert_eq!(app.count("devices"), 2);
    }

    fn a_refused_question_may_be_asked_again(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))).expect(200);
        let refused = TestApp::question(&editor, &license, "lap", &nonce(2));
        let (once, twice) = (app.validate(&refused), app.validate(&refused));
        assert_failed(&once, 403, "hwid_mismatch");
        assert_failed(&twice, 403, "hwid_mismatch");
    }

    fn a_wrong_key_does_not_spend_a_nonce(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let question = TestApp::question(&editor, &license, "desk", &nonce(1));
        assert_failed(&app.validate(&with(&question, "licenseKey", json!("x"))), 401, "invalid_key");
        assert_failed(&app.validate(&with(&question, "appSecret", json!("x"))), 401, "invalid_app");
        app.validate(&question).expect(200);
    }

    fn after_a_restart_the_same_question_is_decided_afresh_without_a_second_seat(app: &mut TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let question = TestApp::question(&editor, &license, "desk", &nonce(1));
        let first = payload(&app.validate(&question));
        let after = state(app);
        app.clock.advance(1);
        app.restart();
        let fresh = payload(&app.validate(&question));
        assert_eq!((&fresh["timestamp"], &fresh["hwidCount"]), (&json!("2027-01-15T08:00:01Z"), &json!(1)));
        assert_ne!(fresh["timestamp"], first["timestamp"]);
        assert_eq!(state(app), after);
        assert_failed(&app.validate(&with(&question, "ttlSeconds", json!(7200))), 401, "replay_detected");
    }
}
