//! Every operation of the document, given what no honest client sends: refused with a code and without effect, and the
//! honest request afterwards does what it should.

use std::collections::BTreeSet;

use sealgate_testkit::{Operation, Staged, TestApp, on_both_engines, send, stage};
use serde_json::{Value, json};

use crate::support::state;

const DEEP: usize = 10_000;
const LARGE: usize = 10 * 1024 * 1024;
const ABSURD_DATES: [&str; 7] = [
    "9999-99-99T99:99:99Z",
    "+999999-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "0000-00-00T00:00:00Z",
    "2027-02-30T00:00:00Z",
    "1066-10-14T09:00:00Z",
    "next year",
];

/// An operation's schema in the document.
fn described<'a>(document: &'a Value, operation: &Operation) -> &'a Value {
    &document["paths"][&operation.path][operation.method.to_lowercase()]
}

/// The fields of an operation's body, with their schemas; nothing for one without a body.
fn fields(document: &Value, operation: &Operation) -> Option<Vec<(String, Value)>> {
    let body = &described(document, operation)["requestBody"];
    let name = body["content"]["application/json"]["schema"]["$ref"].as_str()?;
    let schema = &document["components"]["schemas"][name.rsplit('/').next()?];
    let properties = schema["properties"].as_object().into_iter().flatten();
    Some(properties.map(|(name, schema)| (name.clone(), referred(document, schema).clone())).collect())
}

/// The schema itself, where another one refers to it.
fn referred<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"].as_str().or_else(|| schema["anyOf"][0]["$ref"].as_str());
    let found = reference.and_then(|reference| document.pointer(reference.trim_start_matches('#')));
    found.unwrap_or(schema)
}

/// Spoilt copies of a whole body.
fn spoilt(honest: &str) -> Vec<(&'static str, Vec<u8>)> {
    let deep = "[".repeat(DEEP) + &"]".repeat(DEEP);
    let open = honest.strip_suffix('}').expect("an object");
    let comma = if open.len() > 1 { "," } else { "" };
    let with = |rest: &[u8]| [open.as_bytes(), comma.as_bytes(), rest, b"}"].concat();
    vec![
        ("cut short", open.as_bytes().to_vec()),
        ("cut in half", honest.as_bytes()[..honest.len() / 2].to_vec()),
        ("one brace", b"{".to_vec()),
        ("deep lists", deep.clone().into_bytes()),
        ("deep objects", ("{\"a\":".repeat(DEEP) + "1" + &"}".repeat(DEEP)).into_bytes()),
        ("a deep field", with(format!("\"x\":{deep}").as_bytes())),
        ("an unknown field", with(b"\"colour\":\"red\"")),
        ("a field that is no UTF-8", with(b"\"x\":\"\xff\xfe\"")),
        ("a name that is no UTF-8", with(b"\"\xc0\x80\":1")),
        ("bytes that are no text", vec![0xff; 64]),
        ("a list", format!("[{honest}]").into_bytes()),
        ("two values", format!("{honest}{honest}").into_bytes()),
        ("null", b"null".to_vec()),
        ("a number", b"-1".to_vec()),
        ("too large", with(format!("\"x\":\"{}\"", "x".repeat(LARGE)).as_bytes())),
    ]
}

/// Values that this field never takes.
fn wrong(schema: &Value) -> Vec<Value> {
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect::<BTreeSet<_>>(),
    };
    let mut wrong = vec![json!(-1), json!(i64::MIN), json!(-0.5), json!(1e300)];
    if !kinds.contains("boolean") {
        wrong.push(json!(true));
    }
    if !kinds.contains("array") {
        wrong.push(json!([]));
    }
    if !kinds.contains("string") && !kinds.is_empty() {
        wrong.push(json!("1"));
    }
    if kinds.contains("string") || kinds.contains("array") || kinds.contains("integer") {
        wrong.push(json!({}));
    }
    if kinds.contains("string") {
        wrong.extend([json!("a\u{0}b"), json!("x".repeat(60_000))]);
    }
    if schema["format"] == "date-time" {
        wrong.extend(ABSURD_DATES.map(Value::from));
    }
    wrong
}

/// Everything that a refused request must not have touched. Every import is noted in the audit log, a refused one, too.
fn state_beside_records(app: &TestApp, operation: &str) -> Vec<String> {
    let is_noted = |row: &String| operation == "import_snapshot" && row.starts_with("audit ");
    state(app).rows().into_iter().filter(|row| !is_noted(row)).collect()
}

/// A refusal: a status of the client's fault, a code, and nothing changed.
fn assert_refused(
    app: &TestApp,
    (operation, staged): (&Operation, &Staged),
    what: &str,
    body: &[u8],
) -> Value {
    let url = format!("{}{}", app.url, staged.url(operation));
    let answer = send(&operation.method, &url, Some(&app.token), body);
    let text = String::from_utf8_lossy(&answer.bytes);
    assert!((400..500).contains(&answer.status), "{} {what}: {} {text}", operation.id, answer.status);
    assert!(answer.json()["code"].is_string(), "{} {what}: {text}", operation.id);
    answer.json()
}

/// `spec/http.md` §1.4: whether a problem names this field, in its member and for people.
fn names_the_field(problem: &Value, name: &str) -> bool {
    let text = |member: &str| problem[member].as_str().unwrap_or_default();
    let (at, said) = (text("field"), text("message"));
    let is_there = at.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    // Of fields that exclude each other, the message has the others.
    let is_beside = !at.is_empty() && said.contains(name);
    (is_there || is_beside) && said.starts_with(&format!("{at}: "))
}

on_both_engines! {
    fn no_body_breaks_an_operation(app: &TestApp) {
        let (document, owner) = (app.document(), app.owner());
        let (mut attacked, mut unnamed) = (0, BTreeSet::new());
        for operation in app.operations() {
            let Some(fields) = fields(&document, &operation) else { continue };
            let staged = stage(app, &owner, &operation.id);
            let honest = if staged.body.is_null() { json!({}) } else { staged.body.clone() };
            let before = state_beside_records(app, &operation.id);
            for (what, body) in spoilt(&honest.to_string()) {
                let problem = assert_refused(app, (&operation, &staged), what, &body);
                if ["a list", "null", "a number"].contains(&what) {
                    assert_eq!(problem["message"], "not an object", "{} {what}", operation.id);
                }
                let is_unknown = what == "an unknown field";
                assert!(!is_unknown || problem["field"] == "colour", "{}: {problem}", operation.id);
            }
            for (name, schema) in fields {
                // A clock that nobody doubts is accepted whatever it was set by: that changes nothing.
                if operation.id == "accept_clock" {
                    continue;
                }
                for value in wrong(&schema) {
                    let mut body = honest.clone();
                    body[&name] = value;
                    let body = body.to_string();
                    let begin = &body[..body.len().min(200)];
                    let problem = assert_refused(app, (&operation, &staged), begin, body.as_bytes());
                    if problem["code"] == "malformed_request" && !names_the_field(&problem, &name) {
                        unnamed.insert(format!("{} {name}: {problem}", operation.id));
                    }
                }
            }
            assert_eq!(state_beside_records(app, &operation.id), before, "{} changed something", operation.id);
            let answer = staged.ask(&operation, &owner);
            assert!((200..300).contains(&answer.status), "{operation:?}: {answer:?}");
            attacked += 1;
        }
        assert!(attacked >= 20, "only {attacked} operations take a body");
        assert!(unnamed.is_empty(), "{unnamed:#?}");
    }

    fn a_body_may_be_left_out_exactly_where_the_document_says_so(app: &TestApp) {
        let (document, owner) = (app.document(), app.owner());
        let mut seen = BTreeSet::new();
        for operation in app.operations() {
            let body = &described(&document, &operation)["requestBody"];
            if body.is_null() {
                continue;
            }
            let is_required = body["required"] == true;
            let staged = stage(app, &owner, &operation.id);
            let answer = send(&operation.method, &format!("{}{}", app.url, staged.url(&operation)), Some(&app.token), b"");
            let text = String::from_utf8_lossy(&answer.bytes);
            assert_eq!(text.contains(": it is missing"), is_required, "{}: {} {text}", operation.id, answer.status);
            seen.insert(is_required);
        }
        assert_eq!(seen.len(), 2, "there are both");
    }

    /// PostgreSQL has no text with U+0000.
    fn no_path_breaks_an_operation(app: &TestApp) {
        let owner = app.owner();
        for operation in app.operations().iter().filter(|operation| operation.path.contains('{')) {
            let staged = stage(app, &owner, &operation.id);
            for bad in ["%00", "a%00b", "%FF", "..%2F..", "'", "%F0%9F%94%91"] {
                let asked = Staged { id: Some(bad.to_owned()), ..staged.clone() };
                let body = if staged.body.is_null() { String::new() } else { staged.body.to_string() };
                assert_refused(app, (operation, &asked), bad, body.as_bytes());
            }
        }
    }

    /// `?dry_run=true` on an order must not sell.
    fn an_operation_without_a_query_refuses_one(app: &TestApp) {
        let (document, owner) = (app.document(), app.owner());
        let mut asked_so_far = 0;
        for operation in app.operations() {
            let parameters = described(&document, &operation)["parameters"].as_array().cloned().unwrap_or_default();
            if parameters.iter().any(|p| p["in"] == "query") {
                continue;
            }
            let staged = stage(app, &owner, &operation.id);
            let body = if staged.body.is_null() { String::new() } else { staged.body.to_string() };
            for query in ["?dry_run=true", "?colour"] {
                let asked = Staged { query: query.to_owned(), ..staged.clone() };
                assert_refused(app, (&operation, &asked), query, body.as_bytes());
            }
            asked_so_far += 1;
        }
        assert!(asked_so_far >= 40, "only {asked_so_far} operations take no query");
    }

    fn no_query_breaks_an_operation(app: &TestApp) {
        let (document, owner) = (app.document(), app.owner());
        let mut attacked = 0;
        for operation in app.operations() {
            let parameters = described(&document, &operation)["parameters"].as_array().cloned().unwrap_or_default();
            let names: Vec<_> = parameters.iter().filter(|p| p["in"] == "query").map(|p| &p["name"]).collect();
            if names.is_empty() {
                continue;
            }
            let staged = Staged { query: String::new(), ..stage(app, &owner, &operation.id) };
            for bad in ["-1", "1.5", "x", "99999999999999999999", "%FF", ""] {
                for name in ["limit", "cursor", "after"].into_iter().filter(|name| names.iter().any(|n| *n == name)) {
                    let asked = Staged { query: format!("?{name}={bad}"), ..staged.clone() };
                    let problem = assert_refused(app, (&operation, &asked), &asked.query, b"");
                    assert!(names_the_field(&problem, name), "{} {}: {problem}", operation.id, asked.query);
                }
            }
            for query in ["?colour=red", "?=", "?%FF=1"] {
                let asked = Staged { query: query.to_owned(), ..staged.clone() };
                assert_refused(app, (&operation, &asked), query, b"");
            }
            attacked += 1;
        }
        assert!(attacked >= 8, "only {attacked} operations take a query");
    }
}
