//! License keys as people type and paste them (`spec/license.md` §3.3), on every wire; and what a typing mistake costs.

use sealgate_testkit::{Answer, Engine, TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::support::{ask, assert_failed, nonce, payload, sell, with};

fn key(license: &Value) -> &str {
    license["license_key"].as_str().expect("text")
}

/// The key as it comes out of mails, web pages, documents and other keyboards.
fn pasted(key: &str) -> Vec<String> {
    let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).expect("a full-width form");
    vec![
        key.to_lowercase(),
        key.replace('-', "\u{a0}"),
        key.replace('-', "–"),
        key.replace('-', "\u{200b}-\u{2060}"),
        key.chars().map(wide).collect(),
        format!("“{key}”."),
        format!("({key}),"),
        format!("\u{feff}«{key}»"),
    ]
}

/// The same with characters that a signed request may not carry (`spec/online.md` §2.3).
fn pasted_with_line_ends(key: &str) -> Vec<String> {
    let mut all = pasted(key);
    all.extend([format!("{key}\n"), format!("\t{key}\r\n"), key.replace('-', "-\n\u{85}")]);
    all.push(format!("{key}{}", " ".repeat(400)));
    all
}

on_both_engines! {
    fn a_pasted_key_is_a_right_key_on_authforges_wire(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        for (n, typed) in (0..).zip(pasted_with_line_ends(key(&license))) {
            let question = TestApp::question(&editor, &json!({ "license_key": typed }), "desk", &nonce(n));
            payload(&app.validate(&question));
            let mut bare = question.clone();
            bare["nonce"] = json!(nonce(100 + n));
            bare.as_object_mut().expect("an object").retain(|name, _| !name.starts_with("app"));
            payload(&app.validate(&bare));
            let mut report = with(&question, "nonce", json!(nonce(200 + n)));
            report["revokeLicense"] = json!(true);
            assert_failed(&ask(app, "selfban", &report), 403, "revoke_requires_session");
        }
        assert_eq!(app.count("devices"), 1);
    }

    fn a_pasted_key_is_a_right_key_in_a_signed_request(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        for (n, typed) in (0..).zip(pasted(key(&license))) {
            let question = desk.question(&build, &typed, n, &[]);
            let answer = app.ask_online(&question);
            let answer = serde_json::from_slice(&answer.bytes).expect("an answer");
            let decision = build.judge(&question, &answer, app.clock.seconds()).expect("is to be believed");
            assert_eq!(decision.license().map(|id| id.to_string()).as_deref(), license["license_id"].as_str(), "{typed}");
        }
        assert_eq!(app.count("devices"), 1);
    }

    fn the_vendor_looks_a_pasted_key_up(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        for typed in pasted_with_line_ends(key(&license)) {
            let found = app.api("POST", "/api/v1/licenses/lookup", &json!({ "license_key": typed })).expect(200);
            assert_eq!(found["license_id"], license["license_id"], "{typed}");
        }
    }

    fn a_pasted_key_gets_the_file_that_lasts_for_ever(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let path = format!("/api/v1/apps/{}", editor["app_id"].as_str().expect("text"));
        app.api("PATCH", &path, &json!({ "danger_lifetime_files": true })).expect(200);
        let file = |typed: &str, n, status| {
            let question = TestApp::question(&editor, &json!({ "license_key": typed }), "desk", &nonce(n));
            ask(app, "offline/activate", &question).expect(status)["file"].clone()
        };
        let first = file(key(&license), 1, 201);
        for (n, typed) in (2..).zip(pasted_with_line_ends(key(&license))) {
            assert_eq!(file(&typed, n, 200), first);
        }
    }
}

const NOBODYS: &str = "000G-40R4-0M30-E209-185G-R38E-1YRB";

/// As often as the address is let through, at most `most` times.
fn times(most: u32, ask: impl Fn(u32) -> Answer) -> u32 {
    (0..most).find(|n| ask(*n).status == 429).unwrap_or(most)
}

#[test]
fn a_typing_mistake_costs_1_and_a_guess_20() {
    let mistakes = ["000G-40R4-0M30-E209-185G-R38E-1YRC", "x", "000G-40R4"];
    for (typed, expected) in [(mistakes[0], 1_500), (mistakes[1], 1_500), (mistakes[2], 1_500), (NOBODYS, 75)]
    {
        let app = TestApp::start(Engine::Sqlite);
        let (editor, _) = sell(&app, &json!({}));
        let asks = |n| {
            app.validate(&TestApp::question(&editor, &json!({ "license_key": typed }), "desk", &nonce(n)))
        };
        assert_eq!(times(1_600, asks), expected, "{typed}");
    }
}

#[test]
fn a_typing_mistake_costs_1_in_a_signed_request_too() {
    for (typed, refused) in [("000G-40R4-0M30-E209-185G-R38E-1YRC", false), (NOBODYS, true)] {
        let app = TestApp::start(Engine::Sqlite);
        let (editor, _) = sell(&app, &json!({}));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let asks = |n| app.ask_online(&desk.question(&build, typed, n, &[]));
        assert_eq!(times(80, asks) < 80, refused, "{typed}");
    }
}
