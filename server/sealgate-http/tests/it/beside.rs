//! Two servers whose clocks differ, and a server whose database forgot it.

use sealgate_testkit::{Build, Engine, TestApp, TestDevice, on_both_engines};
use sealgate_wire::OnlineAnswer;
use serde_json::{Value, json};

use crate::support::{assert_failed, nonce, payload, sell};

#[test]
fn a_server_with_a_right_clock_forgets_nothing_that_one_with_a_slow_clock_was_paid_for_just_now() {
    let first = TestApp::start(Engine::Postgres);
    let slow = first.start_runtime();
    let (editor, license) = sell(&first, &json!({ "max_devices": 9 }));
    first.share_keys_with(&slow);
    let credits = format!("/api/v1/apps/{}/credits", editor["app_id"].as_str().expect("text"));
    first.api("POST", &credits, &json!({ "amount": 1 })).expect(200);
    slow.read_changes();
    slow.clock.set_by(-3600);
    let question = |n| TestApp::question(&editor, &license, "desk", &nonce(n));
    payload(&slow.validate(&question(1)));
    for server in [&first, &slow] {
        server.clock.advance(61);
    }
    first.run_jobs();
    payload(&slow.validate(&question(1)));
    assert_failed(&slow.validate(&question(2)), 429, "no_credits");
}

/// Revocation data speaks of what was given out before the license was revoked or lessened.
#[test]
fn a_server_that_has_not_heard_of_a_change_gives_out_no_proof_of_what_was() {
    let first = TestApp::start(Engine::Postgres);
    let (editor, license) = sell(&first, &json!({ "max_devices": 9 }));
    let other = first.start_runtime();
    let (build, id) = (first.build(&editor), license["license_id"].as_str().expect("text"));
    let there = Build { origin: other.url.clone(), ..first.build(&editor) };
    let key = license["license_key"].as_str().expect("text");
    let change = |path: &str, body: &Value| {
        first
            .api(
                if path.is_empty() { "PATCH" } else { "POST" },
                &format!("/api/v1/licenses/{id}{path}"),
                body,
            )
            .expect(200)
    };
    let unlisted = || first.count("slots WHERE listed_at IS NULL");
    let [desk, late, later] = [(); 3].map(|()| TestDevice::default());
    let mut state = desk.activate(&first, &build, key, 1).expect_admitted();
    change("", &json!({ "max_devices": 8 }));
    other.read_changes();
    late.activate(&other, &there, key, 1).expect_admitted();
    // The other server holds the version before.
    change("", &json!({ "max_devices": 7 }));
    let activated = later.activate(&other, &there, key, 1).expect_admitted();
    let present =
        first.texts(&format!("SELECT ENCODE(statement_id, 'hex') FROM licenses WHERE license_id = '{id}'"));
    assert_eq!(activated.said.license_statement.to_string(), present[0]);
    // And it has not heard that the license is revoked.
    change("/revoke", &json!({}));
    assert_eq!(unlisted(), 0);
    assert_eq!(state.beat(&other, &there, &desk).code(), "revoked");
    assert_eq!(unlisted(), 0);
}

on_both_engines! {
    fn a_server_that_a_database_knows_elsewhere_after_it_went_back_says_again_where_it_is(app: &mut TestApp) {
        let (editor, license) = sell(app, &json!({}));
        app.keep_state();
        app.restart();
        app.go_back();
        app.read_changes();
        app.clock.advance(2);
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let question = desk.question(&build, license["license_key"].as_str().expect("text"), 1, &[]);
        let answer: OnlineAnswer = serde_json::from_value(app.ask_online(&question).expect(200)).expect("an answer");
        build.judge(&question, &answer, app.clock.seconds()).expect("it is certified for its address");
    }
}
