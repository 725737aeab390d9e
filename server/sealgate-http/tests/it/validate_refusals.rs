//! Refusals on AuthForge's wire: which, and that they tell no more than they must (`spec/errors.md` §4).

use sealgate_testkit::{Answer, TestApp, on_both_engines, request};
use serde_json::{Value, json};

use crate::support::{assert_failed, nonce, sell, state};

/// What a guesser sees: all but the date and the name of the request.
fn seen(answer: &Answer) -> (u16, Vec<u8>, Vec<(String, String)>) {
    let shown = |name: &str| !["date", "x-request-id"].contains(&name);
    let headers = answer.headers.iter().filter(|(name, _)| shown(name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()));
    (answer.status, answer.bytes.clone(), headers.collect())
}

/// Asks with each field value, expecting one and the same refusal and no effect.
#[track_caller]
fn all_the_same(app: &TestApp, question: &Value, values: &[(&str, Value)], error: &str) {
    let before = state(app);
    let mut refusals = Vec::new();
    for (n, (field, value)) in (100..).zip(values) {
        let mut question = question.clone();
        question["nonce"] = json!(nonce(n));
        question[*field] = value.clone();
        let answer = app.validate(&question);
        assert_failed(&answer, 401, error);
        refusals.push(seen(&answer));
    }
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:?}");
    assert_eq!(state(app), before);
    app.validate(question).expect(200);
}

on_both_engines! {
    fn an_unknown_app_and_a_wrong_secret_are_the_same(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let other = app.create_app("Other");
        let id = editor["app_id"].as_str().expect("text");
        let secret = editor["app_secret"].as_str().expect("text");
        let question = TestApp::question(&editor, &license, "desk", &nonce(1));
        all_the_same(app, &question, &[
            ("appSecret", json!("wrong")),
            ("appSecret", json!("")),
            ("appSecret", json!(null)),
            ("appSecret", other["app_secret"].clone()),
            ("appSecret", json!(secret[..secret.len() - 1])),
            ("appSecret", json!(format!("{secret} "))),
            ("appSecret", json!("x\u{0}")),
            ("appId", json!("01926a3b-0000-7000-8000-000000000000")),
            ("appId", other["app_id"].clone()),
            ("appId", json!("malformed")),
            ("appId", json!("")),
            ("appId", json!(id.to_uppercase())),
            ("appId", json!(format!("{id} "))),
        ], "invalid_app");
    }

    fn a_key_that_is_mistyped_unknown_or_of_another_app_is_the_same(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let foreign = app.issue(&app.create_app("Other"), &json!({}));
        let revoked = app.issue(&app.create_app("Third"), &json!({}));
        let path = format!("/api/v1/licenses/{}/revoke", revoked["license_id"].as_str().expect("text"));
        app.api("POST", &path, &json!({})).expect(200);
        let key = license["license_key"].as_str().expect("text");
        let question = TestApp::question(&editor, &license, "desk", &nonce(1));
        all_the_same(app, &question, &[
            ("licenseKey", json!("000G-40R4-0M30-E209-185G-R38E-1YRB")),
            ("licenseKey", json!("000G-40R4-0M30-E209-185G-R38E-1YRC")),
            ("licenseKey", json!("x")),
            ("licenseKey", json!("x".repeat(128))),
            ("licenseKey", json!(key[..key.len() - 1])),
            ("licenseKey", json!(format!("{key}0"))),
            ("licenseKey", license["license_id"].clone()),
            ("licenseKey", foreign["license_key"].clone()),
            ("licenseKey", revoked["license_key"].clone()),
        ], "invalid_key");
    }

    fn the_app_proves_itself_before_the_key_is_looked_at(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let mut question = TestApp::question(&editor, &license, "desk", &nonce(1));
        question["appSecret"] = json!("wrong");
        question["licenseKey"] = json!("wrong");
        assert_failed(&app.validate(&question), 401, "invalid_app");
    }

    fn form_comes_before_everything_else(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let mut question = TestApp::question(&editor, &license, "", &nonce(1));
        question["appSecret"] = json!("wrong");
        assert_failed(&app.validate(&question), 400, "malformed_request");
    }

    fn other_methods_and_paths_are_refused_in_the_same_dialect(app: &TestApp) {
        let ask = |method, path: &str| request(method, &format!("{}{path}", app.url), None, &json!(null));
        for method in ["GET", "PUT", "DELETE"] {
            assert_failed(&ask(method, "/auth/validate"), 405, "bad_request");
        }
        for path in ["/auth/", "/auth/login", "/auth/validate/", "/auth/validate/x"] {
            assert_failed(&ask("POST", path), 404, "bad_request");
        }
    }
}
