//! Bodies that no honest client sends: refused with a code, without effect, and the next request is answered as ever.

use sealgate_testkit::{TestApp, on_both_engines, send};
use serde_json::{Value, json};

use crate::support::{assert_failed, assert_problem, nonce, raw_and_no_more, sell, state};

/// Spoilt copies of an honest body whose first field is `"FIELD":"VALUE"`.
fn spoilt(honest: &str, field: &str, value: &str) -> Vec<(&'static str, Vec<u8>)> {
    let pair = format!("\"{field}\":\"{value}\"");
    assert!(honest.contains(&pair), "{pair} is in {honest}");
    let replaced = |by: &str| honest.replace(&pair, by).into_bytes();
    let of_field = |by: &str| replaced(&format!("\"{field}\":{by}"));
    let text = |by: &[u8]| {
        let (before, after) = honest.split_once(value).expect("the value");
        [before.as_bytes(), by, after.as_bytes()].concat()
    };
    let nested = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    let deep = nested("[", "]");
    vec![
        ("nothing", Vec::new()),
        ("white space", b" \n\t ".to_vec()),
        ("cut short", honest.as_bytes()[..honest.len() - 1].to_vec()),
        ("cut in half", honest.as_bytes()[..honest.len() / 2].to_vec()),
        ("two values", [honest, honest].concat().into_bytes()),
        ("rubbish behind", format!("{honest}x").into_bytes()),
        ("a byte order mark", format!("\u{feff}{honest}").into_bytes()),
        ("a list", format!("[{honest}]").into_bytes()),
        ("text", b"\"text\"".to_vec()),
        ("null", b"null".to_vec()),
        ("a number", b"1e999".to_vec()),
        ("a form", format!("{field}={value}").into_bytes()),
        ("deep lists", deep.clone().into_bytes()),
        ("deep lists in the field", of_field(&deep)),
        ("deep objects in the field", of_field(&nested("{\"a\":", "}"))),
        ("bytes that are no UTF-8", text(b"\xff\xfe")),
        ("an overlong NUL", text(b"\xc0\x80")),
        ("half a surrogate pair", text(b"\\ud800")),
        ("a raw control character", text(b"\x01")),
        ("UTF-16", honest.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("the field twice", replaced(&format!("{pair},{pair}"))),
        ("a number for text", of_field("1")),
        ("NaN for text", of_field("NaN")),
        ("a list for text", of_field(&format!("[\"{value}\"]"))),
        ("an object for text", of_field("{}")),
        ("truth for text", of_field("true")),
        ("null for text", of_field("null")),
        ("single quotes", honest.replace('"', "'").into_bytes()),
        ("a comma too many", honest.replacen('}', ",}", 1).into_bytes()),
        ("a comment", format!("/* {value} */{honest}").into_bytes()),
    ]
}

/// What the wire of `/auth/validate` refuses beyond that: fields as JSON.
fn spoilt_fields() -> Vec<(&'static str, Value)> {
    let mut wrong = Vec::new();
    for text in ["", "a\u{0}", "\u{7f}", "\u{9f}", &"x".repeat(129), &"é".repeat(65)] {
        wrong.extend([("hwid", json!(text)), ("licenseKey", json!(text))]);
    }
    // A line feed is passed over in a key, and so are many blanks.
    wrong.extend([("hwid", json!("a\nb")), ("licenseKey", json!(format!("x{}", " ".repeat(512))))]);
    for text in ["", &"0".repeat(31), &"0".repeat(33), &"g".repeat(32), &"é".repeat(16), &" ".repeat(32)] {
        wrong.push(("nonce", json!(text)));
    }
    for value in [json!("3600"), json!(-1), json!(1.5), json!(true), json!(1e300), json!([3600])] {
        wrong.push(("ttlSeconds", value));
    }
    for name in ["appId", "appSecret"] {
        wrong.extend([json!("x".repeat(129)), json!(5), json!([])].map(|value| (name, value)));
    }
    // One field under both of its names.
    for name in ["app_id", "app_secret", "license_key"] {
        wrong.push((name, json!("x")));
    }
    wrong
}

/// An honest question whose first field is the device.
fn question(app: &Value, license: &Value, n: u32) -> String {
    let mut question = TestApp::question(app, license, "desk", &nonce(n));
    question.as_object_mut().expect("an object").remove("hwid");
    question.to_string().replacen('{', "{\"hwid\":\"desk\",", 1)
}

on_both_engines! {
    fn no_body_breaks_the_wire_of_validations(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let url = format!("{}/auth/validate", app.url);
        let before = state(app);
        for (what, body) in spoilt(&question(&editor, &license, 1), "hwid", "desk") {
            let answer = send("POST", &url, None, &body);
            assert_eq!(answer.status, 400, "{what}: {}", String::from_utf8_lossy(&answer.bytes));
            assert_failed(&answer, 400, "malformed_request");
            assert_eq!(state(app), before, "{what}");
        }
        app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))).expect(200);
    }

    fn no_field_breaks_the_wire_of_validations(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let honest = |n| TestApp::question(&editor, &license, "desk", &nonce(n));
        app.validate(&honest(0)).expect(200);
        let before = state(app);
        for (n, (field, value)) in (1..).zip(spoilt_fields()) {
            let mut question = honest(n);
            question[field] = value;
            let answer = app.validate(&question);
            assert_eq!(answer.status, 400, "{field}: {}", question[field]);
            assert_failed(&answer, 400, "malformed_request");
            assert_eq!(state(app), before, "{field}: {}", question[field]);
            app.validate(&honest(n)).expect(200);
        }
    }

    fn no_body_breaks_the_management_api(app: &TestApp) {
        let before = state(app);
        for (path, honest, field, value) in [
            ("/api/v1/apps", r#"{"name":"Editor"}"#, "name", "Editor"),
            ("/api/v1/licenses", r#"{"app_id":"some","count":1}"#, "app_id", "some"),
            ("/api/v1/licenses/lookup", r#"{"license_key":"some"}"#, "license_key", "some"),
        ] {
            for (what, body) in spoilt(honest, field, value) {
                let answer = send("POST", &format!("{}{path}", app.url), Some(&app.token), &body);
                // An order may be empty: it means the tenant's only app, and here there is none.
                if path == "/api/v1/licenses" && what == "nothing" {
                    assert_problem(&answer, 404, "not_found");
                } else {
                    assert_eq!(answer.status, 400, "{path}: {what}: {}", String::from_utf8_lossy(&answer.bytes));
                    assert_problem(&answer, 400, "malformed_request");
                }
                assert_eq!(state(app), before, "{path}: {what}");
            }
        }
        app.create_app("Editor");
    }

    fn a_field_that_is_not_looked_at_may_be_deep_but_not_without_end(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        for (n, (open, close)) in (0..).zip([("[", "]"), ("{\"a\":", "}")]) {
            // The body itself is the first level of 32. Brackets inside a string are text.
            for (levels, status) in [(31, 200), (32, 400), (9_000, 400)] {
                let deep = format!("{}\"\\\"{}\"{}", open.repeat(levels), "[".repeat(40), close.repeat(levels));
                let honest = question(&editor, &license, n * 10 + u32::from(status == 200));
                let body = honest.replacen('{', &format!("{{\"theirs\":{deep},"), 1);
                let answer = send("POST", &format!("{}/auth/validate", app.url), None, body.as_bytes());
                assert_eq!(answer.status, status, "{levels}: {}", String::from_utf8_lossy(&answer.bytes));
            }
        }
    }

    fn a_body_that_is_too_large_is_refused_and_the_sender_hears_of_it(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let before = state(app);
        for size in [64 * 1024 + 1, 10 * 1024 * 1024] {
            let honest = question(&editor, &license, 1);
            let padded = format!("{honest}{}", " ".repeat(size - honest.len()));
            let answer = send("POST", &format!("{}/auth/validate", app.url), None, padded.as_bytes());
            assert_failed(&answer, 413, "malformed_request");
            let padded = format!("{}{}", " ".repeat(size), r#"{"name":"Other"}"#);
            let answer = send("POST", &format!("{}/api/v1/apps", app.url), Some(&app.token), padded.as_bytes());
            assert_problem(&answer, 413, "body_too_large");
        }
        assert_eq!(state(app), before);
        let honest = question(&editor, &license, 1);
        let largest = format!("{honest}{}", " ".repeat(64 * 1024 - honest.len()));
        send("POST", &format!("{}/auth/validate", app.url), None, largest.as_bytes()).expect(200);
    }

    fn a_sender_that_hangs_up_halfway_does_no_harm(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let before = state(app);
        let honest = question(&editor, &license, 1);
        for request in [
            format!("POST /auth/validate HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{honest}"),
            format!("POST /auth/validate HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{honest}", honest.len() - 1),
            "POST /auth/validate HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
            "POST /auth/validate HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n".to_owned(),
            "POST /auth/validate HTTP/9.9\r\n\r\n".to_owned(),
            "\u{0}\u{0}\u{0}\r\n\r\n".to_owned(),
        ] {
            let status = raw_and_no_more(app, request.as_bytes());
            assert!(status.is_empty() || status.starts_with("HTTP/1.1 400 "), "{request}: {status}");
            assert_eq!(state(app), before, "{request}");
        }
        app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))).expect(200);
    }
}
