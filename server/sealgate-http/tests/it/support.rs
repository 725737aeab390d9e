//! What the tests here share: questions, judgements of answers, and the state behind them.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use sealgate_artifact::decode_base64;
use sealgate_testkit::{Answer, TestApp};
use serde_json::{Value, json};

/// A nonce that differs from every other number's.
pub(crate) fn nonce(n: u32) -> String {
    format!("{n:032x}")
}

/// The names of an object's fields, sorted.
pub(crate) fn names(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// A refusal by the management API (`spec/http.md` §1.4).
#[track_caller]
pub(crate) fn assert_problem(answer: &Answer, status: u16, code: &str) {
    let body = answer.clone().expect(status);
    assert_eq!(body["code"], code, "{body}");
    let mut names = names(&body);
    names.retain(|name| *name != "field");
    assert_eq!(names, ["code", "message", "request_id"]);
    if let Some(field) = body["field"].as_str() {
        let begin = format!("{field}: ");
        assert!(body["message"].as_str().is_some_and(|said| said.starts_with(&begin)), "{body}");
    }
    assert!(body["message"].as_str().is_some_and(|m| !m.is_empty()), "{body}");
    assert_eq!(body["request_id"].as_str(), answer.request_id.as_deref(), "the header has the same name");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("www-authenticate"), (status == 401).then_some("Bearer"));
}

/// The same answer, but for its request id.
pub(crate) fn anonymous(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    body["request_id"] = Value::Null;
    (answer.status, body)
}

/// A refusal on AuthForge's wire: exactly two fields (`spec/errors.md` §4).
#[track_caller]
pub(crate) fn assert_failed(answer: &Answer, status: u16, error: &str) {
    let text = String::from_utf8_lossy(&answer.bytes);
    assert_eq!(text, format!(r#"{{"status":"failed","error":"{error}"}}"#));
    assert_eq!(answer.status, status, "{text}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.request_id.is_some());
}

/// The signed payload of a success, as text.
#[track_caller]
pub(crate) fn payload_text(answer: &Answer) -> String {
    let answer = answer.clone().expect(200);
    let bytes = decode_base64(answer["payload"].as_str().expect("text"), "payload").expect("base64");
    String::from_utf8(bytes).expect("UTF-8")
}

/// The signed payload of a success.
#[track_caller]
pub(crate) fn payload(answer: &Answer) -> Value {
    serde_json::from_str(&payload_text(answer)).expect("JSON")
}

/// An app and one license of it.
pub(crate) fn sell(app: &TestApp, order: &Value) -> (Value, Value) {
    let editor = app.create_app("Editor");
    let license = app.issue(&editor, order);
    (editor, license)
}

/// The envelopes that stand in this table.
pub(crate) fn envelopes(app: &TestApp, table: &str) -> Vec<Vec<u8>> {
    let is_file = app.data().join("sealgate.db").exists();
    let text = if is_file { "HEX(envelope)" } else { "ENCODE(envelope, 'hex')" };
    let bytes = |hex: String| {
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
        (0..hex.len()).step_by(2).map(byte).collect()
    };
    app.texts(&format!("SELECT {text} FROM {table}")).into_iter().map(bytes).collect()
}

/// Everything that a refused request must not have touched.
#[derive(Debug, PartialEq)]
pub(crate) struct State {
    rows: Vec<String>,
    key_files: usize,
}

impl State {
    /// What the database holds. A key that was made beforehand, and that nothing refers to, does no harm.
    pub(crate) fn rows(self) -> Vec<String> {
        self.rows
    }
}

pub(crate) fn state(app: &TestApp) -> State {
    // Not `idempotency`: a job forgets old answers at a time of its own.
    const TABLES: [&str; 15] = [
        "tenants",
        "tokens",
        "apps",
        "plans",
        "customers",
        "licenses",
        "license_statements",
        "imported_rows",
        "foreign_keys",
        "devices",
        "bundles",
        "releases",
        "access_entries",
        "events",
        "audit",
    ];
    let counts =
        TABLES.map(|table| format!("SELECT '{table} ' || CAST(COUNT(*) AS TEXT) AS line FROM {table}"));
    // What is observed is written when its time comes, whatever is asked then.
    let counts = counts.map(|count| {
        count.replace(
            "FROM events",
            "FROM events WHERE kind NOT IN ('validated', 'heartbeat', 'refused', 'self_ban_reported') AND kind NOT LIKE 'refused:%'",
        )
    });
    let licenses =
        "SELECT license_id || COALESCE(label, '-') || CAST(COALESCE(revoked_at, 0) AS TEXT) FROM licenses";
    State {
        rows: app.texts(&format!("{} UNION ALL {licenses} ORDER BY line", counts.join(" UNION ALL "))),
        key_files: app.data().join("keys").read_dir().expect("the keystore").count(),
    }
}

/// Asks one of the other questions on AuthForge's wire.
pub(crate) fn ask(app: &TestApp, path: &str, body: &Value) -> Answer {
    sealgate_testkit::request("POST", &format!("{}/auth/{path}", app.url), None, body)
}

/// A session: the question that a heartbeat asks, but for its nonce.
pub(crate) fn session(app: &TestApp, editor: &Value, license: &Value, hwid: &str, n: u32) -> Value {
    let told = payload(&app.validate(&TestApp::question(editor, license, hwid, &nonce(n))));
    json!({ "appId": editor["app_id"], "sessionToken": told["sessionToken"], "hwid": hwid })
}

/// The same question with one field replaced.
pub(crate) fn with(question: &Value, field: &str, value: Value) -> Value {
    let mut question = question.clone();
    question[field] = value;
    question
}

/// A change of a license through the management API.
pub(crate) fn change(app: &TestApp, license: &Value, verb: &str, body: &Value) -> Answer {
    let id = license["license_id"].as_str().expect("text");
    app.api("POST", &format!("/api/v1/licenses/{id}/{verb}"), body)
}

/// Asks the management API, expecting that nothing happens and that the next request is answered as ever.
#[track_caller]
pub(crate) fn refused_without_effect(
    app: &TestApp,
    (method, path, body): (&str, &str, &Value),
    status: u16,
    code: &str,
) {
    let before = state(app);
    let answer = app.api(method, path, body);
    assert_eq!(answer.status, status, "{method} {path} {body}: {}", String::from_utf8_lossy(&answer.bytes));
    assert_problem(&answer, status, code);
    assert_eq!(state(app), before, "{method} {path} {body} changed something");
    app.api("GET", "/api/v1/apps", &json!(null)).expect(200);
}

/// Sends these bytes and returns what comes back until the server closes the connection.
pub(crate) fn raw(app: &TestApp, bytes: &[u8]) -> String {
    rest(sent(app, bytes))
}

/// The same, but says after the bytes that no more will come.
pub(crate) fn raw_and_no_more(app: &TestApp, bytes: &[u8]) -> String {
    let connection = sent(app, bytes);
    connection.shutdown(Shutdown::Write).expect("the server is there");
    rest(connection)
}

fn sent(app: &TestApp, bytes: &[u8]) -> TcpStream {
    let address = app.url.strip_prefix("http://").expect("a URL");
    let mut connection = TcpStream::connect(address).expect("the server listens");
    connection.write_all(bytes).expect("the server reads");
    connection
}

fn rest(mut connection: TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that the server has torn down is an answer as well.
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
