//! `POST /auth/selfban`: a client's word about itself reaches no further than itself (`spec/http.md` §2.9).

use sealgate_testkit::{Answer, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{ask, assert_failed, nonce, payload, sell, session, state, with};

/// A report before a session.
fn report(editor: &Value, license: &Value, hwid: &str) -> Value {
    with(&TestApp::question(editor, license, hwid, &nonce(99)), "revokeLicense", json!(false))
}

fn entries(app: &TestApp) -> Vec<Value> {
    app.api("GET", "/api/v1/access", &json!(null)).expect(200)["items"].as_array().expect("a list").clone()
}

fn done(answer: &Answer) -> (bool, bool, bool) {
    let body = answer.clone().expect(200);
    assert_eq!(body["status"], "success");
    let flag = |name: &str| body[name].as_bool().expect("yes or no");
    (flag("licenseRevoked"), flag("hwidBlacklisted"), flag("ipBlacklisted"))
}

on_both_engines! {
    fn before_a_session_a_report_reaches_one_device_on_one_license(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 5 }));
        let other = app.issue(&editor, &json!({ "max_devices": 5 }));
        assert_eq!(done(&ask(app, "selfban", &report(&editor, &license, "desk"))), (false, true, false));
        let asks = |license: &Value, hwid, n| app.validate(&TestApp::question(&editor, license, hwid, &nonce(n)));
        assert_failed(&asks(&license, "desk", 1), 403, "blocked");
        payload(&asks(&license, "lap", 2));
        payload(&asks(&other, "desk", 3));
        let [entry] = &entries(app)[..] else { panic!("one entry") };
        for (name, value) in [
            ("source", json!("self_ban")), ("effect", json!("deny")), ("hwid", json!("desk")),
            ("license_id", license["license_id"].clone()), ("expires_at", json!("2027-02-14T08:00:00Z")),
        ] {
            assert_eq!(entry[name], value, "{name}");
        }
        let path = format!("/api/v1/access/{}", entry["entry_id"].as_str().expect("text"));
        app.api("DELETE", &path, &json!(null)).expect(200);
        payload(&asks(&license, "desk", 4));
    }

    fn a_report_ends_by_itself(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        done(&ask(app, "selfban", &report(&editor, &license, "desk")));
        let question = |n| TestApp::question(&editor, &license, "desk", &nonce(n));
        app.clock.advance(30 * 86_400 - 1);
        assert_failed(&app.validate(&question(1)), 403, "blocked");
        app.clock.advance(1);
        payload(&app.validate(&question(2)));
    }

    fn with_a_session_a_report_reaches_its_device_and_its_address_for_an_hour(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 5 }));
        let other = app.issue(&editor, &json!({ "max_devices": 5 }));
        let session = session(app, &editor, &license, "desk", 1);
        assert_eq!(done(&ask(app, "selfban", &session)), (false, true, true));
        let asks = |hwid, n| app.validate(&TestApp::question(&editor, &other, hwid, &nonce(n)));
        assert_failed(&asks("lap", 2), 403, "blocked");
        assert_failed(&ask(app, "heartbeat", &with(&session, "nonce", json!(nonce(3)))), 403, "blocked");
        app.clock.advance(3600);
        payload(&asks("lap", 4));
        assert_failed(&asks("desk", 5), 403, "blocked");
        let path = format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"));
        let shown = app.api("GET", &path, &json!(null)).expect(200);
        assert_eq!(shown["status"], "active", "a client's word ends no license");
    }

    fn a_client_chooses_how_far_its_report_reaches(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 5 }));
        let other = app.issue(&editor, &json!({}));
        let session = session(app, &editor, &license, "desk", 1);
        let mild = with(&with(&session, "blacklistHwid", json!(false)), "blacklistIp", json!(false));
        assert_eq!(done(&ask(app, "selfban", &with(&mild, "revokeLicense", json!(false)))), (false, false, false));
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(2))));
        assert_eq!(done(&ask(app, "selfban", &mild)), (false, true, false));
        assert_failed(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(3))), 403, "blocked");
        payload(&app.validate(&TestApp::question(&editor, &other, "desk", &nonce(4))));
    }

    fn only_a_session_may_ask_for_a_revocation(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let before = state(app);
        let wish = with(&report(&editor, &license, "desk"), "revokeLicense", json!(true));
        assert_failed(&ask(app, "selfban", &wish), 403, "revoke_requires_session");
        assert_eq!(state(app), before);
    }

    fn a_report_needs_a_proof(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let session = session(app, &editor, &license, "desk", 1);
        let report = report(&editor, &license, "desk");
        let before = state(app);
        for (question, status, error) in [
            (with(&report, "appSecret", json!("x")), 401, "invalid_app"),
            (with(&report, "licenseKey", json!("x")), 401, "invalid_key"),
            (with(&report, "licenseKey", json!(null)), 400, "malformed_request"),
            (with(&report, "nonce", json!("x")), 400, "malformed_request"),
            (with(&session, "hwid", json!("lap")), 401, "session_expired"),
            (with(&session, "sessionToken", json!("x.y")), 401, "session_expired"),
        ] {
            assert_failed(&ask(app, "selfban", &question), status, error);
        }
        assert_eq!(state(app), before);
    }

    fn a_report_is_recorded_once(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        for _ in 0..3 {
            done(&ask(app, "selfban", &report(&editor, &license, "desk")));
        }
        assert_eq!(app.count("events WHERE kind = 'self_banned'"), 1);
        assert_eq!(app.texts("SELECT actor FROM audit WHERE action = 'license.self_banned'"), ["client"]);
        assert_eq!(app.count("access_entries"), 1);
    }

    fn reports_never_fill_the_vendors_lists(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        for n in 0..70 {
            let answer = ask(app, "selfban", &report(&editor, &license, &format!("device-{n}")));
            assert_eq!(done(&answer), (false, n < 64, false), "{n}");
        }
        let entry = json!({ "app_id": editor["app_id"], "effect": "deny", "hwid": "stolen" });
        app.api("POST", "/api/v1/access", &entry).expect(201);
        assert_eq!(app.count("access_entries"), 65);
    }
}
