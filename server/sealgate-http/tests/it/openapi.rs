//! The committed OpenAPI document is the one that the server answers: a change to the API is seen in review.

use std::path::Path;

use sealgate_testkit::{Engine, TestApp, request};
use serde_json::{Value, json};

const HOW: &str =
    "`cargo xtask codegen` writes spec/openapi.json anew; look at what changed before you commit it";

fn committed() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/openapi.json");
    #[expect(clippy::disallowed_methods, reason = "reads the committed document")]
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}: {HOW}", file.display()));
    serde_json::from_str(&text).expect("JSON")
}

/// Where two values differ, as a path with both sides.
fn differences(path: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            for name in names {
                let side = |value: &Value| value.get(name).cloned().unwrap_or(Value::Null);
                differences(&format!("{path}/{name}"), &side(old), &side(new), found);
            }
        }
        _ if old == new => {}
        _ => found.push(format!("{path}: {old} is committed, {new} is true")),
    }
}

#[test]
fn the_committed_document_is_current() {
    let current = serde_json::from_str(&sealgate_http::openapi()).expect("JSON");
    let mut found = vec![];
    differences("", &committed(), &current, &mut found);
    assert!(found.is_empty(), "{HOW}:\n{}", found.join("\n"));
}

#[test]
fn the_server_answers_the_committed_document_to_anyone() {
    let app = TestApp::start(Engine::Sqlite);
    let answer = request("GET", &format!("{}/api/v1/openapi.json", app.url), None, &json!(null));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.expect(200), committed(), "{HOW}");
}

#[test]
fn a_difference_is_named() {
    let (mut found, old) = (vec![], json!({ "a": { "b": 1, "c": [2] }, "d": 3 }));
    differences("", &old, &json!({ "a": { "b": 1, "c": [4] }, "e": 5 }), &mut found);
    assert_eq!(
        found,
        [
            "/a/c: [2] is committed, [4] is true",
            "/d: 3 is committed, null is true",
            "/e: null is committed, 5 is true",
        ]
    );
}
