//! Where a request comes from, seen through both wires (`spec/http.md` §1.9). The proxy is the test.

use sealgate_authority::Limits;
use sealgate_testkit::{Engine, TestApp, TestDevice};
use serde_json::{Value, json};

use crate::support::{nonce, raw, sell};

/// What a proxy writes that names this client.
const NAMED: [&[u8]; 4] =
    [b"203.0.113.7", b"203.0.113.7:50211", b"\"203.0.113.7\"", b"\xe9caf\xe9, 203.0.113.7 "];
/// What a proxy writes that names nobody.
const HIDDEN: [&[u8]; 5] = [b"unknown", b"_hidden", b"\xe9", b"", b"203.0.113.7, 203.0.113.7:x"];

/// The status and the body.
fn post(app: &TestApp, path: &str, forwarded: &[u8], body: &Value) -> (u16, Value) {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\nx-forwarded-for: ",
        body.len()
    );
    let answer = raw(app, &[head.as_bytes(), forwarded, b"\r\n\r\n", body.as_bytes()].concat());
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    (status, serde_json::from_str(body).expect("JSON"))
}

/// What the two wires say: a status and, on our own, what was decided.
fn both_wires(app: &TestApp, editor: &Value, license: &Value, forwarded: &[u8], n: u32) -> [String; 2] {
    let key = license["license_key"].as_str().expect("a key");
    let (status, _) =
        post(app, "/auth/validate", forwarded, &TestApp::question(editor, license, "desk", &nonce(n)));
    let (build, device) = (app.build(editor), TestDevice::default());
    let question = device.question(&build, key, n, &[]);
    let asked = serde_json::to_value(&question).expect("a question");
    let (signed, answer) = post(app, "/api/v1/validate", forwarded, &asked);
    let decided = if signed == 200 {
        let answer = serde_json::from_value(answer).expect("an answer");
        let decision = build.judge(&question, &answer, app.clock.seconds()).expect("is to be believed");
        match decision.outcome {
            sealgate_artifact::Outcome::Allowed { .. } => "allowed".to_owned(),
            sealgate_artifact::Outcome::Denied { code, .. } => code,
        }
    } else {
        signed.to_string()
    };
    [status.to_string(), decided]
}

fn list(app: &TestApp, editor: &Value, effect: &str, address: &str) {
    let entry = json!({ "app_id": editor["app_id"], "effect": effect, "ip": address });
    app.api("POST", "/api/v1/access", &entry).expect(201);
}

#[test]
fn an_access_list_holds_however_a_proxy_spells_an_address() {
    let app = TestApp::start_behind_proxies(Engine::Sqlite, Limits::default());
    let (editor, license) = sell(&app, &json!({ "max_devices": 100 }));
    list(&app, &editor, "deny", "203.0.113.0/24");
    for (n, forwarded) in (0..).zip(NAMED) {
        assert_eq!(both_wires(&app, &editor, &license, forwarded, n), ["403", "blocked"], "{forwarded:?}");
    }
    let other = b"203.0.113.7, 198.51.100.1:443";
    assert_eq!(both_wires(&app, &editor, &license, other, 90), ["200", "allowed"]);
}

#[test]
fn whoever_a_proxy_hides_is_on_the_lists_what_the_proxy_is() {
    let app = TestApp::start_behind_proxies(Engine::Sqlite, Limits::default());
    let (editor, license) = sell(&app, &json!({ "max_devices": 100 }));
    list(&app, &editor, "allow", "203.0.113.0/24");
    for (n, forwarded) in (0..).zip(HIDDEN) {
        assert_eq!(both_wires(&app, &editor, &license, forwarded, n), ["403", "blocked"], "{forwarded:?}");
    }
    list(&app, &editor, "allow", "127.0.0.1");
    for (n, forwarded) in (50..).zip(HIDDEN) {
        assert_eq!(both_wires(&app, &editor, &license, forwarded, n), ["200", "allowed"], "{forwarded:?}");
    }
}

#[test]
fn the_limit_of_an_address_holds_however_a_proxy_spells_or_hides_it() {
    let three = Limits { address: sealgate_authority::Limits::authforge().license, ..Limits::default() };
    let asked = |forwarded: &[&[u8]]| {
        let app = TestApp::start_behind_proxies(Engine::Sqlite, three);
        let (editor, license) = sell(&app, &json!({ "max_devices": 100 }));
        let statuses = (0..4).zip(forwarded.iter().cycle());
        let statuses: Vec<[String; 2]> =
            statuses.map(|(n, forwarded)| both_wires(&app, &editor, &license, forwarded, n)).collect();
        statuses.concat()
    };
    let five = ["200", "allowed", "200", "allowed", "200", "429", "429", "429"];
    assert_eq!(asked(&NAMED), five);
    assert_eq!(asked(&HIDDEN), five);
    assert_eq!(
        asked(&[b"203.0.113.1", b"203.0.113.2:1", b"[2001:db8::1]", b"unknown"])[..],
        ["200", "allowed"].repeat(4)
    );
}
