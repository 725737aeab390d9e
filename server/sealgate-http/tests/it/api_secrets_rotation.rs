//! Secrets and keys of an app in their life (`spec/http.md` §3.1).

use sealgate_testkit::{is_signed_by, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_failed, nonce, payload, refused_without_effect, sell};

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn path(editor: &Value, verb: &str) -> String {
    format!("/api/v1/apps/{}/{verb}", editor["app_id"].as_str().expect("text"))
}

on_both_engines! {
    fn two_secrets_are_taken_while_builds_are_exchanged(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let mut n = 0;
        let mut ask = |secret: &Value| {
            n += 1;
            let with = json!({ "app_id": editor["app_id"], "app_secret": secret });
            app.validate(&TestApp::question(&with, &license, "desk", &nonce(n)))
        };
        payload(&ask(&editor["app_secret"]));
        let second = app.api("POST", &path(&editor, "rotate-secret"), &json!({ "keep_former_seconds": 60 })).expect(200);
        payload(&ask(&editor["app_secret"]));
        payload(&ask(&second["app_secret"]));
        app.clock.advance(60);
        assert_failed(&ask(&editor["app_secret"]), 401, "invalid_app");
        payload(&ask(&second["app_secret"]));
        let third = app.api("POST", &path(&editor, "rotate-secret"), &json!({ "keep_former_seconds": 0 })).expect(200);
        assert_failed(&ask(&second["app_secret"]), 401, "invalid_app");
        payload(&ask(&third["app_secret"]));
        app.api("POST", &path(&editor, "rotate-secret"), &json!(null)).expect(200);
        payload(&ask(&third["app_secret"]));
        refused_without_effect(
            app, ("POST", &path(&editor, "rotate-secret"), &json!({ "keep_former_seconds": 2_592_001 })), 400, "malformed_request",
        );
    }

    fn the_published_next_key_signs_after_a_rotation(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let signed_by = |n, key: &Value| {
            let answer = app.validate(&TestApp::question(&editor, &license, "desk", &nonce(n))).expect(200);
            is_signed_by(text(key), text(&answer["payload"]), text(&answer["signature"]))
        };
        assert!(signed_by(1, &editor["public_key"]));
        let rotated = app.api("POST", &path(&editor, "rotate-key"), &json!({})).expect(200);
        assert_eq!(rotated["public_key"], editor["next_public_key"]);
        assert!(signed_by(2, &editor["next_public_key"]) && !signed_by(3, &editor["public_key"]));
        let keys = app.api("GET", "/api/v1/keys", &json!(null)).expect(200);
        let state = |key: &Value| {
            keys["items"].as_array().expect("a list").iter().find(|k| k["public_key"] == *key).expect("is listed")["state"].clone()
        };
        assert_eq!(state(&editor["public_key"]), "retired");
        assert_eq!(state(&rotated["public_key"]), "active");
        assert_eq!(state(&rotated["next_public_key"]), "next");
    }

    fn a_disabled_app_answers_nobody(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let question = |n| TestApp::question(&editor, &license, "desk", &nonce(n));
        payload(&app.validate(&question(1)));
        app.api("POST", &path(&editor, "disable"), &json!(null)).expect(200);
        assert_failed(&app.validate(&question(2)), 403, "app_disabled");
        let mut wrong = question(3);
        wrong["appSecret"] = json!("x");
        assert_failed(&app.validate(&wrong), 401, "invalid_app");
        app.api("POST", &path(&editor, "enable"), &json!(null)).expect(200);
        payload(&app.validate(&question(4)));
    }
}
