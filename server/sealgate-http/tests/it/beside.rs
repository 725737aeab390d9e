//! Two servers whose clocks differ, and a server whose database forgot it.

use sealgate_testkit::{Engine, TestApp, TestDevice, on_both_engines};
use sealgate_wire::OnlineAnswer;
use serde_json::json;

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
