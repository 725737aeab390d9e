//! How often somebody may ask (`spec/http.md` §1.8).

use sealgate_authority::Limits;
use sealgate_testkit::{Answer, Engine, TestApp, TestDevice, on_both_engines, request};
use serde_json::{Value, json};

use crate::support::{ask, assert_failed, nonce, payload, sell, session, with};

fn asks(app: &TestApp, editor: &Value, license: &Value, n: u32) -> Answer {
    app.validate(&TestApp::question(editor, license, "desk", &nonce(n)))
}

/// A key that nobody has.
fn guess() -> Value {
    json!({ "license_key": "000G-40R4-0M30-E209-185G-R38E-1YRB" })
}

fn list(app: &TestApp, token: &str) -> Answer {
    request("GET", &format!("{}/api/v1/apps", app.url), Some(token), &json!(null))
}

/// Not now, with the header that says when.
#[track_caller]
fn assert_limited(answer: &Answer, seconds: &str) {
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some(seconds)));
}

/// How often the app's vendor is told that somebody was limited.
fn limited(app: &TestApp) -> u64 {
    let events = app.api("GET", "/api/v1/events?code=rate_limited", &json!(null)).expect(200);
    let items = events["items"].as_array().expect("a list").iter();
    items.map(|event| event["count"].as_u64().expect("a number")).sum()
}

on_both_engines! {
    fn who_proves_a_right_key_or_token_is_not_refused_for_the_guesses_of_others(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 5 }));
        let (build, device) = (app.build(&editor), TestDevice::default());
        let online = |key: &Value, n| app.ask_online(&device.question(&build, key.as_str().expect("text"), n, &[]));
        let session = session(app, &editor, &license, "desk", 0);
        // 75 of 20 units each are all that an address may guess at once.
        for n in 0..75 {
            assert_failed(&asks(app, &editor, &guess(), n), 401, "invalid_key");
        }
        let refused = asks(app, &editor, &guess(), 75);
        assert_failed(&refused, 429, "rate_limited");
        assert_limited(&refused, "1");
        assert_limited(&online(&guess()["license_key"], 76), "1");
        assert_limited(&list(app, "sgt_x"), "1");
        assert_eq!(limited(app), 2, "of the two that named the app");

        payload(&asks(app, &editor, &license, 80));
        payload(&app.validate(&TestApp::question(&editor, &license, "lap", &nonce(81))));
        payload(&ask(app, "heartbeat", &with(&session, "nonce", json!(nonce(82)))));
        assert_eq!(online(&license["license_key"], 83).status, 200);
        assert_eq!(online(&license["license_id"], 84).status, 200, "a bound device");
        assert_eq!(list(app, &app.token).status, 200);

        app.clock.advance(60);
        assert_failed(&asks(app, &editor, &guess(), 90), 401, "invalid_key");
        assert_eq!(list(app, "sgt_x").status, 401);
    }
}

#[test]
fn guesses_use_up_neither_the_requests_of_their_address_nor_those_of_the_app() {
    let few = Limits::authforge().address;
    let limits = Limits { address: few, app: few, ..Limits::default() };
    let app = TestApp::start_with_limits(Engine::Sqlite, limits);
    let (editor, license) = sell(&app, &json!({}));
    for n in 0..100 {
        let expected = if n < 2 { (401, "invalid_key") } else { (429, "rate_limited") };
        assert_failed(&asks(&app, &editor, &guess(), n), expected.0, expected.1);
    }
    let stranger = json!({ "app_id": editor["app_id"], "app_secret": "x" });
    let heartbeat = |n| json!({ "appId": "x", "sessionToken": "x", "hwid": "desk", "nonce": nonce(n) });
    for n in 100..150 {
        assert_failed(&asks(&app, &stranger, &license, n), 429, "rate_limited");
        assert_failed(&ask(&app, "heartbeat", &heartbeat(n)), 429, "rate_limited");
    }
    // Nothing was given back that had not been taken, either.
    for n in 200..230 {
        payload(&asks(&app, &editor, &license, n));
    }
    assert_limited(&asks(&app, &editor, &license, 230), "2");
}

#[test]
fn requests_of_an_address_are_limited_and_the_app_is_told() {
    let limits = Limits { address: Limits::authforge().license, ..Limits::default() };
    let app = TestApp::start_with_limits(Engine::Sqlite, limits);
    let (editor, license) = sell(&app, &json!({}));
    let (build, device) = (app.build(&editor), TestDevice::default());
    for n in 0..5 {
        payload(&asks(&app, &editor, &license, n));
    }
    assert_limited(&asks(&app, &editor, &license, 5), "12");
    let refused = app.ask_online(&device.question(&build, "x", 6, &[]));
    assert_limited(&refused, "12");
    assert_eq!(
        (&refused.json()["code"], &refused.json()["retry_after"]),
        (&json!("rate_limited"), &json!(12))
    );
    assert_eq!(limited(&app), 2);
    app.clock.advance(12);
    payload(&asks(&app, &editor, &license, 7));
}

#[test]
fn a_strangers_heartbeats_use_up_nothing_of_a_license() {
    let limits = Limits { license: Limits::authforge().license, ..Limits::default() };
    let app = TestApp::start_with_limits(Engine::Sqlite, limits);
    let (editor, license) = sell(&app, &json!({}));
    let (build, desk) = (app.build(&editor), TestDevice::default());
    let key = license["license_key"].as_str().expect("a key");
    let mut state = desk.activate(&app, &build, key, 1).expect_admitted();
    let (mut theirs, thief) = (state.clone(), TestDevice::default());
    theirs.said.device_key = thief.key;
    for n in 0..10 {
        let asks = theirs.question(&thief, &theirs.next(app.clock.seconds() + n, &[]));
        assert_eq!(theirs.send(&app, &build, &asks).code(), "state_wanted");
        assert_eq!(theirs.send(&app, &build, &theirs.showing(&asks)).code(), "not_activated");
    }
    for _ in 0..4 {
        assert_eq!(state.beat(&app, &build, &desk).code(), "admitted");
    }
    let over = app.ask_heartbeat(&state.question(&desk, &state.next(app.clock.seconds(), &[])));
    assert_limited(&over, "12");
}

#[test]
fn questions_about_trust_count_for_their_address() {
    let limits = Limits { address: Limits::authforge().license, ..Limits::default() };
    let app = TestApp::start_with_limits(Engine::Sqlite, limits);
    let (editor, license) = sell(&app, &json!({}));
    let tenant = app.build(&editor).trust.tenant;
    let trust = |tenant: &str| {
        request("GET", &format!("{}/api/v1/trust?tenant={tenant}", app.url), None, &json!(null))
    };
    for n in 0..5 {
        let (asked, status) =
            if n < 3 { (&*tenant, 200) } else { ("01926a3b-0000-7000-8000-000000000000", 404) };
        assert_eq!(trust(asked).status, status);
    }
    assert_limited(&trust(&tenant), "12");
    assert_limited(&asks(&app, &editor, &license, 5), "12");
    app.clock.advance(12);
    assert_eq!(trust(&tenant).status, 200);
}

#[test]
fn a_right_token_costs_nothing() {
    let app = TestApp::start_with_limits(Engine::Sqlite, Limits::authforge());
    for _ in 0..100 {
        assert_eq!(list(&app, &app.token).status, 200);
    }
}

#[test]
fn authforges_own_limits_can_be_chosen() {
    let app = TestApp::start_with_limits(Engine::Sqlite, Limits::authforge());
    let (editor, license) = sell(&app, &json!({}));
    let session = session(&app, &editor, &license, "desk", 0);
    for n in 1..5 {
        payload(&asks(&app, &editor, &license, n));
    }
    assert_failed(&asks(&app, &editor, &license, 5), 429, "rate_limited");
    let beat = |n| ask(&app, "heartbeat", &with(&session, "nonce", json!(nonce(n))));
    for n in 10..16 {
        payload(&beat(n));
    }
    assert_failed(&beat(16), 429, "rate_limited");
    app.clock.advance(12);
    payload(&asks(&app, &editor, &license, 6));
    payload(&beat(17));
}

#[test]
fn a_limited_question_leaves_no_trace_but_an_event() {
    let limits = Limits { license: Limits::authforge().license, ..Limits::default() };
    let app = TestApp::start_with_limits(Engine::Sqlite, limits);
    let (editor, license) = sell(&app, &json!({ "max_devices": 100 }));
    let many = |n: u32| TestApp::question(&editor, &license, &format!("device-{n}"), &nonce(n));
    for n in 0..5 {
        payload(&app.validate(&many(n)));
    }
    for n in 5..20 {
        assert_failed(&app.validate(&many(n)), 429, "rate_limited");
    }
    assert_eq!(app.count("devices"), 5);
    let events = app.api("GET", "/api/v1/events?code=rate_limited", &json!(null)).expect(200);
    assert_eq!(
        (events["items"].as_array().map(Vec::len), &events["items"][0]["count"]),
        (Some(1), &json!(15))
    );
}
