//! Credits: what is counted runs out exactly, and a question costs once (`spec/http.md` §2.3).

use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_failed, nonce, payload, refused_without_effect, sell};

fn path(editor: &Value) -> String {
    format!("/api/v1/apps/{}/credits", editor["app_id"].as_str().expect("text"))
}

fn balance(app: &TestApp, editor: &Value) -> Value {
    app.api("GET", &path(editor), &json!(null)).expect(200)
}

on_both_engines! {
    fn without_a_grant_nothing_is_counted(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        assert_eq!(balance(app, &editor), json!({}));
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        assert_eq!(app.count("debits"), 0);
    }

    fn each_question_costs_one_and_none_is_left_at_the_end(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let question = |n| TestApp::question(&editor, &license, "desk", &nonce(n));
        assert_eq!(app.api("POST", &path(&editor), &json!({ "amount": 2 })).expect(200), json!({ "balance": 2 }));
        let first = app.validate(&question(1));
        payload(&first);
        assert_eq!(app.validate(&question(1)).bytes, first.bytes, "the same question again is free");
        assert_eq!(balance(app, &editor), json!({ "balance": 1 }));
        payload(&app.validate(&question(2)));
        assert_failed(&app.validate(&question(3)), 429, "no_credits");
        payload(&app.validate(&question(2)));
        assert_eq!(app.api("POST", &path(&editor), &json!({ "amount": 1 })).expect(200), json!({ "balance": 1 }));
        payload(&app.validate(&question(3)));
    }

    fn a_refusal_costs_nothing(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        app.api("POST", &path(&editor), &json!({ "amount": 9 })).expect(200);
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        assert_failed(&app.validate(&TestApp::question(&editor, &license, "lap", &nonce(2))), 403, "hwid_mismatch");
        assert_eq!(balance(app, &editor), json!({ "balance": 8 }));
    }

    fn without_a_credit_no_seat_is_taken(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        app.api("POST", &path(&editor), &json!({ "amount": 1 })).expect(200);
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        assert_failed(&app.validate(&TestApp::question(&editor, &license, "lap", &nonce(2))), 429, "no_credits");
        assert_eq!((app.count("devices"), app.count("debits")), (1, 1));
    }

    fn a_paid_question_is_free_after_a_restart_too(app: &mut TestApp) {
        let (editor, license) = sell(app, &json!({}));
        app.api("POST", &path(&editor), &json!({ "amount": 1 })).expect(200);
        let question = TestApp::question(&editor, &license, "desk", &nonce(1));
        payload(&app.validate(&question));
        app.restart();
        payload(&app.validate(&question));
    }

    fn a_grant_has_limits(app: &TestApp) {
        let editor = app.create_app("Editor");
        for amount in [json!(0), json!(-1), json!(1_000_000_001), json!(1.5), json!("1"), json!(null)] {
            let wish = json!({ "amount": amount });
            refused_without_effect(app, ("POST", &path(&editor), &wish), 400, "malformed_request");
        }
        assert_eq!(balance(app, &editor), json!({}));
    }
}
