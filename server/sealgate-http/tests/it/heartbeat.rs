//! `POST /auth/heartbeat`: a session goes on while its license does (`spec/http.md` §2.8).

use sealgate_testkit::{TestApp, is_signed_by, on_both_engines};
use serde_json::{Value, json};

use crate::support::{ask, assert_failed, change, nonce, payload, sell, session, with};

fn beat(app: &TestApp, session: &Value, n: u32) -> sealgate_testkit::Answer {
    ask(app, "heartbeat", &with(session, "nonce", json!(nonce(n))))
}

/// Devices that may ask at all.
fn deny(app: &TestApp, editor: &Value, hwid: &str) {
    let entry = json!({ "app_id": editor["app_id"], "effect": "deny", "hwid": hwid });
    app.api("POST", "/api/v1/access", &entry).expect(201);
}

on_both_engines! {
    fn a_session_goes_on_and_gets_a_new_token_of_the_same_length(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let mut question = TestApp::question(&editor, &license, "desk", &nonce(1));
        question["ttlSeconds"] = json!(7200);
        let told = payload(&app.validate(&question));
        let session = json!({ "appId": editor["app_id"], "sessionToken": told["sessionToken"], "hwid": "desk" });
        app.clock.advance(3600);
        let answer = beat(app, &session, 2);
        let next = payload(&answer);
        assert_eq!(next["expiresIn"], app.clock.seconds() + 7200);
        assert_ne!(next["sessionToken"], told["sessionToken"]);
        for (name, value) in [
            ("nonce", json!(nonce(2))), ("typ", json!("heartbeat")), ("appId", editor["app_id"].clone()),
            ("licenseId", license["license_id"].clone()), ("hwid", json!("desk")),
            ("appVariables", json!({})), ("licenseVariables", json!({})),
        ] {
            assert_eq!(next[name], value, "{name}");
        }
        let body = answer.expect(200);
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        assert!(is_signed_by(&text(&editor["public_key"]), &text(&body["payload"]), &text(&body["signature"])));
        app.clock.advance(7199);
        let session = with(&session, "sessionToken", next["sessionToken"].clone());
        payload(&beat(app, &session, 3));
        assert_eq!(app.count("devices"), 1);
    }

    fn variables_come_with_every_heartbeat(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let session = session(app, &editor, &license, "desk", 1);
        let path = format!("/api/v1/apps/{}/variables", editor["app_id"].as_str().expect("text"));
        app.api("PUT", &path, &json!({ "variables": { "motd": "hi" } })).expect(200);
        assert_eq!(payload(&beat(app, &session, 2))["appVariables"], json!({ "motd": "hi" }));
        app.api("PUT", &path, &json!({ "variables": {} })).expect(200);
        assert_eq!(payload(&beat(app, &session, 3))["appVariables"], json!({}));
    }

    fn a_session_is_over_when_it_is_over(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let session = session(app, &editor, &license, "desk", 1);
        app.clock.advance(86_399);
        payload(&beat(app, &session, 2));
        app.clock.advance(1);
        assert_failed(&beat(app, &session, 3), 401, "session_expired");
    }

    fn a_token_is_good_for_its_app_and_device_alone(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let other = app.create_app("Other");
        let session = session(app, &editor, &license, "desk", 1);
        payload(&app.validate(&TestApp::question(&editor, &license, "lap", &nonce(2))));
        let token = session["sessionToken"].as_str().expect("text").to_owned();
        let (body, mac) = token.split_once('.').expect("two parts");
        let longer = |t: &str| with(&session, "sessionToken", json!(t));
        for stolen in [
            with(&session, "hwid", json!("lap")),
            with(&session, "appId", other["app_id"].clone()),
            longer(&format!("{body}A.{mac}")),
            longer(&format!("{body}.{mac}A")),
            longer(body),
            longer(""),
            longer("."),
            longer(&format!("{}.{mac}", "e30")),
        ] {
            assert_failed(&beat(app, &stolen, 3), 401, "session_expired");
        }
        assert_failed(&beat(app, &with(&session, "appId", json!("x")), 3), 401, "invalid_app");
        payload(&beat(app, &session, 3));
    }

    fn what_ends_a_license_ends_its_sessions_within_a_second(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "expires_at": "2027-01-15T08:30:00Z", "max_devices": 2 }));
        let desk = session(app, &editor, &license, "desk", 1);
        payload(&beat(app, &desk, 2));
        change(app, &license, "suspend", &json!({})).expect(200);
        assert_failed(&beat(app, &desk, 3), 403, "blocked");
        change(app, &license, "resume", &json!({})).expect(200);
        payload(&beat(app, &desk, 4));
        deny(app, &editor, "desk");
        assert_failed(&beat(app, &desk, 5), 403, "blocked");
        let lap = session(app, &editor, &license, "lap", 6);
        change(app, &license, "reset-devices", &json!({})).expect(200);
        assert_failed(&beat(app, &lap, 7), 403, "hwid_mismatch");
        payload(&app.validate(&TestApp::question(&editor, &license, "lap", &nonce(8))));
        payload(&beat(app, &lap, 9));
        change(app, &license, "revoke", &json!({})).expect(200);
        assert_failed(&beat(app, &lap, 10), 410, "revoked");
    }

    fn an_app_that_is_off_answers_no_heartbeat(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let session = session(app, &editor, &license, "desk", 1);
        let path = format!("/api/v1/apps/{}/disable", editor["app_id"].as_str().expect("text"));
        app.api("POST", &path, &json!(null)).expect(200);
        assert_failed(&beat(app, &session, 2), 403, "app_disabled");
    }

    fn the_same_heartbeat_has_the_same_bytes_and_a_used_nonce_ends_nothing(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let session = session(app, &editor, &license, "desk", 1);
        let first = beat(app, &session, 2);
        app.clock.advance(5);
        assert_eq!(beat(app, &session, 2).bytes, first.bytes);
        let next = with(&session, "sessionToken", payload(&first)["sessionToken"].clone());
        assert_eq!(payload(&beat(app, &next, 2))["nonce"], nonce(2), "the nonce of a validation and of a beat too");
        payload(&beat(app, &session, 1));
    }

    fn a_heartbeat_after_a_restart_goes_on(app: &mut TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let session = session(app, &editor, &license, "desk", 1);
        app.restart();
        payload(&beat(app, &session, 2));
    }

    fn a_malformed_heartbeat_is_told_so(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let session = with(&session(app, &editor, &license, "desk", 1), "nonce", json!(nonce(2)));
        for (field, value) in [
            ("nonce", json!("x")), ("nonce", json!(null)), ("hwid", json!("")), ("hwid", json!(7)),
            ("sessionToken", json!("x".repeat(513))), ("appId", json!("x".repeat(129))), ("appId", json!(null)),
        ] {
            assert_failed(&ask(app, "heartbeat", &with(&session, field, value)), 400, "malformed_request");
        }
        payload(&ask(app, "heartbeat", &session));
    }
}
