//! What running software asked and was told, as its vendor sees it (`spec/http.md` §3.13).

use sealgate_testkit::{TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::online::{code, decide};
use crate::support::{ask, assert_failed, nonce, payload, sell, session, with};

/// Events of one kind, oldest first.
fn seen(app: &TestApp, query: &str, kind: &str) -> Vec<Value> {
    let events = app.api("GET", &format!("/api/v1/events{query}"), &json!(null)).expect(200);
    let items = events["items"].as_array().expect("a list");
    items.iter().rev().filter(|event| event["kind"] == kind).cloned().collect()
}

on_both_engines! {
    fn refusals_are_counted_by_license_code_and_minute(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        let first = app.validate(&TestApp::question(&editor, &license, "lap", &nonce(2)));
        assert_failed(&first, 403, "hwid_mismatch");
        for n in 3..8 {
            assert_failed(&app.validate(&TestApp::question(&editor, &license, "lap", &nonce(n))), 403, "hwid_mismatch");
        }
        let [one] = &seen(app, "", "refused")[..] else { panic!("one row") };
        for (name, value) in [
            ("code", json!("device_limit")), ("count", json!(6)), ("device", json!("lap")),
            ("license_id", license["license_id"].clone()), ("app_id", editor["app_id"].clone()),
            ("request_id", json!(first.request_id)),
        ] {
            assert_eq!(one[name], value, "{name}");
        }
        let request = first.request_id.expect("a name");
        assert_eq!(seen(app, &format!("?request_id={request}"), "refused").len(), 1);
        app.clock.advance(60);
        app.validate(&TestApp::question(&editor, &license, "lap", &nonce(9)));
        assert_eq!(seen(app, "?code=device_limit", "refused").len(), 2);
    }

    /// Whoever asks hears one word for all of them.
    fn the_vendor_sees_what_bars_somebody_who_is_blocked(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 5 }));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let key = license["license_key"].as_str().expect("text");
        let path = format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"));
        let switch = |verb: &str| { app.api("POST", &format!("{path}/{verb}"), &json!({})).expect(200); };
        let list = |of: Value| {
            let mut entry = json!({ "app_id": editor["app_id"], "effect": "deny" });
            entry.as_object_mut().expect("an object").extend(of.as_object().expect("an object").clone());
            let made = app.api("POST", "/api/v1/access", &entry).expect(201);
            format!("/api/v1/access/{}", made["entry_id"].as_str().expect("text"))
        };
        let without_app = with(&TestApp::question(&editor, &license, "desk", &nonce(9)), "appId", json!(null));
        let mut asked = 0;
        let mut all_hear = || {
            asked += 10;
            assert_failed(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(asked))), 403, "blocked");
            assert_failed(&app.validate(&with(&without_app, "nonce", json!(nonce(asked + 1)))), 403, "blocked");
            assert_eq!(code(&decide(app, &build, &desk, key, asked + 2)), "blocked");
        };
        switch("suspend");
        all_hear();
        switch("resume");
        let entries = [list(json!({ "hwid": "desk" })), list(json!({ "hwid": desk.key.to_string() }))];
        all_hear();
        for entry in entries {
            app.api("DELETE", &entry, &json!(null)).expect(200);
        }
        list(json!({ "ip": "127.0.0.0/8" }));
        all_hear();
        let mut reasons: Vec<(String, u64)> = vec![];
        for event in seen(app, "?code=blocked", "refused") {
            let (reason, count) = (event["reason"].as_str().expect("text"), event["count"].as_u64().expect("a count"));
            match reasons.iter_mut().find(|(known, _)| known == reason) {
                Some((_, sum)) => *sum += count,
                None => reasons.push((reason.to_owned(), count)),
            }
        }
        reasons.sort();
        assert_eq!(reasons, [("address", 3), ("device", 3), ("suspended", 3)].map(|(reason, n)| (reason.to_owned(), n)));
    }

    fn guesses_fill_one_row_a_minute(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        for n in 0..20 {
            let guess = json!({ "license_key": format!("guess-{n}") });
            assert_failed(&app.validate(&TestApp::question(&editor, &guess, "desk", &nonce(n))), 401, "invalid_key");
        }
        let [one] = &seen(app, "", "refused")[..] else { panic!("one row") };
        assert_eq!((&one["code"], &one["count"], one.get("license_id")), (&json!("invalid_key"), &json!(20), None));
        assert!(!one.to_string().contains("guess-"), "{one}");
        let stranger = with(&TestApp::question(&editor, &license, "desk", &nonce(1)), "appId", json!("nobody's"));
        assert_failed(&app.validate(&stranger), 401, "invalid_app");
        assert_eq!(seen(app, "", "refused").len(), 1, "nobody's app has no vendor to tell");
    }

    fn answers_are_counted_by_license_device_and_hour(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        for n in 0..4 {
            payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(n))));
        }
        let session = session(app, &editor, &license, "lap", 9);
        payload(&ask(app, "heartbeat", &with(&session, "nonce", json!(nonce(10)))));
        let query = format!("?license_id={}", license["license_id"].as_str().expect("text"));
        let counted = |kind| -> Vec<(Value, Value)> {
            seen(app, &query, kind).iter().map(|event| (event["device"].clone(), event["count"].clone())).collect()
        };
        let mut validated = counted("validated");
        validated.sort_by_key(|(device, _)| device.to_string());
        assert_eq!(validated, [(json!("desk"), json!(4)), (json!("lap"), json!(1))]);
        assert_eq!(counted("heartbeat"), [(json!("lap"), json!(1))]);
    }

    fn what_was_observed_survives_a_restart(app: &mut TestApp) {
        let (editor, license) = sell(app, &json!({}));
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        assert_failed(&app.validate(&TestApp::question(&editor, &license, "lap", &nonce(2))), 403, "hwid_mismatch");
        app.restart();
        assert_eq!(app.count("events WHERE kind IN ('validated', 'refused')"), 2);
    }

    fn what_could_not_be_written_is_written_later(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        assert_failed(&app.validate(&TestApp::question(&editor, &license, "lap", &nonce(2))), 403, "hwid_mismatch");
        let query = format!("?license_id={}", license["license_id"].as_str().expect("text"));
        app.meddle("ALTER TABLE events RENAME TO away");
        for _ in 0..2 {
            let refused = app.api("GET", &format!("/api/v1/events{query}"), &json!(null));
            assert!(refused.status >= 500, "{refused:?}");
        }
        app.meddle("ALTER TABLE away RENAME TO events");
        assert_eq!((seen(app, &query, "validated").len(), seen(app, &query, "refused").len()), (1, 1));
    }

    fn another_vendor_sees_nothing_of_it(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        app.validate(&TestApp::question(&editor, &license, "lap", &nonce(2)));
        let twin = app.tenant("Twin");
        let events = twin.api("GET", "/api/v1/events", &json!(null)).expect(200);
        assert_eq!(events["items"], json!([]));
    }
}
