//! How often somebody may ask (`spec/http.md` §1.8).

use sealgate_authority::Limits;
use sealgate_testkit::{Engine, TestApp, request};
use serde_json::{Value, json};

use crate::support::{ask, assert_failed, nonce, payload, sell, session, with};

fn asks(app: &TestApp, editor: &Value, license: &Value, n: u32) -> sealgate_testkit::Answer {
    app.validate(&TestApp::question(editor, license, "desk", &nonce(n)))
}

#[test]
fn the_default_leaves_room_for_an_office_and_none_for_guessing() {
    let app = TestApp::start(Engine::Sqlite);
    let (editor, license) = sell(&app, &json!({}));
    for n in 0..70 {
        payload(&asks(&app, &editor, &license, n));
    }
    let guess = json!({ "license_key": "000G-40R4-0M30-E209-185G-R38E-1YRB" });
    for n in 0..71 {
        assert_failed(&asks(&app, &editor, &guess, n), 401, "invalid_key");
    }
    // 70 and 71 × 20 units are used, 10 are left; the next guess takes 20 and leaves a debt.
    assert_failed(&asks(&app, &editor, &guess, 71), 401, "invalid_key");
    assert_failed(&asks(&app, &editor, &license, 72), 429, "rate_limited");
    app.clock.advance(1);
    payload(&asks(&app, &editor, &license, 73));
}

#[test]
fn a_guessed_token_costs_as_much_and_a_right_one_nothing() {
    let app = TestApp::start(Engine::Sqlite);
    let list = |token: &str| request("GET", &format!("{}/api/v1/apps", app.url), Some(token), &json!(null));
    for _ in 0..100 {
        assert_eq!(list(&app.token).status, 200);
    }
    for n in 0..75 {
        assert_eq!(list(&format!("sgt_{n}")).status, 401);
    }
    let refused = list("sgt_x");
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("rate_limited")));
    assert_eq!(refused.json()["retry_after"], 1);
    app.clock.advance(60);
    assert_eq!(list(&app.token).status, 200);
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
