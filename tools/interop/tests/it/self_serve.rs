//! AuthForge's published answers to `/auth/offline/activate`, as fixtures: our server gives the same status and the same
//! fields in every situation that is the server's.

use std::collections::BTreeMap;

use sealgate_authority::Limits;
use sealgate_testkit::{Answer, Engine, TestApp, request};
use serde_json::{Value, json};

use crate::authforge_vectors::cases;
use crate::rust_sdk::text;

/// Cases of answers that no honest server gives: the client's own tests use them.
const HOSTILE: [&str; 5] = [
    "reject_tampered_file",
    "reject_wrong_key",
    "reject_other_hwid",
    "reject_wrong_app",
    "reject_missing_file",
];

fn activate(app: &TestApp, product: &Value, license: &Value, hwid: &str, n: u32) -> Answer {
    let body = TestApp::question(product, license, hwid, &format!("{n:032x}"));
    request("POST", &format!("{}/auth/offline/activate", app.url), None, &body)
}

fn product(app: &TestApp, name: &str, lifetime_files: bool) -> Value {
    let product = app.create_app(name);
    let path = format!("/api/v1/apps/{}", text(&product["app_id"]));
    app.api("PATCH", &path, &json!({ "danger_lifetime_files": lifetime_files })).expect(200);
    product
}

/// Our server in every situation.
fn provoked() -> BTreeMap<&'static str, Answer> {
    let app = TestApp::start(Engine::Sqlite);
    let editor = product(&app, "Editor", true);
    let plain = app.issue(&editor, &json!({}));
    let mut answers = BTreeMap::new();
    answers.insert("activated_new_machine", activate(&app, &editor, &plain, "testhwid", 1));
    answers.insert("activated_replay", activate(&app, &editor, &plain, "testhwid", 2));
    answers.insert("error_offline_activation_limit_reached", activate(&app, &editor, &plain, "other", 3));
    let off = product(&app, "Off", false);
    let license = app.issue(&off, &json!({}));
    answers.insert("error_offline_activation_disabled", activate(&app, &off, &license, "testhwid", 4));
    let ends = app.issue(&editor, &json!({ "expires_at": "2037-01-31T00:00:00Z" }));
    answers
        .insert("error_offline_activation_requires_perpetual", activate(&app, &editor, &ends, "testhwid", 5));
    let uncounted = app.issue(&editor, &json!({ "max_devices": "unlimited" }));
    answers.insert(
        "error_offline_activation_requires_seats",
        activate(&app, &editor, &uncounted, "testhwid", 6),
    );
    let full = app.issue(&editor, &json!({}));
    app.validate(&TestApp::question(&editor, &full, "other", &"0".repeat(32))).expect(200);
    answers.insert("error_hwid_mismatch", activate(&app, &editor, &full, "testhwid", 7));
    answers
        .insert("error_invalid_key", activate(&app, &editor, &json!({ "license_key": "x" }), "testhwid", 8));
    let revoked = app.issue(&editor, &json!({}));
    let path = format!("/api/v1/licenses/{}/revoke", text(&revoked["license_id"]));
    app.api("POST", &path, &json!({})).expect(200);
    answers.insert("error_revoked", activate(&app, &editor, &revoked, "testhwid", 9));
    let paid = product(&app, "Paid", true);
    let [one, two] = [(); 2].map(|()| app.issue(&paid, &json!({})));
    let path = format!("/api/v1/apps/{}/credits", text(&paid["app_id"]));
    app.api("POST", &path, &json!({ "amount": 1 })).expect(200);
    activate(&app, &paid, &one, "testhwid", 10).expect(201);
    answers.insert("error_no_credits", activate(&app, &paid, &two, "testhwid", 11));
    app.meddle("ALTER TABLE lifetime_files RENAME TO elsewhere");
    let other = app.issue(&editor, &json!({}));
    answers.insert("error_system_error", activate(&app, &editor, &other, "testhwid", 12));
    app.meddle("ALTER TABLE elsewhere RENAME TO lifetime_files");
    answers.insert("error_rate_limited", too_often());
    answers
}

fn too_often() -> Answer {
    let app = TestApp::start_with_limits(Engine::Sqlite, Limits::authforge());
    let editor = product(&app, "Editor", true);
    let license = app.issue(&editor, &json!({}));
    for n in 0..5 {
        activate(&app, &editor, &license, "testhwid", n);
    }
    activate(&app, &editor, &license, "testhwid", 5)
}

#[test]
fn our_server_answers_as_the_published_cases_do() {
    let cases = cases("self_serve_activation_vectors.json");
    let provoked = provoked();
    assert_eq!(cases.len(), provoked.len() + HOSTILE.len(), "every case is one or the other");
    for case in &cases {
        let name = text(&case["name"]);
        let Some(answer) = provoked.get(name.as_str()) else {
            assert!(HOSTILE.contains(&name.as_str()), "{name}: a situation that was not provoked");
            continue;
        };
        let (status, body) = (&case["response"]["status"], &case["response"]["body"]);
        let ours = answer.json();
        assert_eq!(json!(answer.status), *status, "{name}: {ours}");
        if body["status"] == "failed" {
            assert_eq!(ours, *body, "{name}");
        } else {
            let names =
                |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
            assert_eq!((names(&ours), &ours["replay"]), (names(body), &body["replay"]), "{name}");
        }
    }
}
