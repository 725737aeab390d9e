//! Secrets stay secret: none in the log at its most talkative, none in an error, none in the clear in the database.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use sealgate_testkit::{Answer, Engine, TestApp, request, send};
use serde_json::{Value, json};

use crate::support::{nonce, payload, sell};

/// Everything that anything in this process logs, from before the first server starts.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let writer = log.clone();
    // ureq is the client here, not the server.
    let filter = "trace,ureq=off,ureq_proto=off,rustls=off";
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .init();
    log
});

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no writer panics")).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// A secret in the spellings in which it could leak.
fn spellings(secret: &str) -> Vec<String> {
    let plain = secret.replace('-', "");
    vec![secret.to_owned(), plain.to_lowercase(), secret.to_lowercase(), plain]
}

fn assert_absent(secrets: &[String], place: &str, text: &str) {
    for secret in secrets.iter().flat_map(|secret| spellings(secret)) {
        assert!(!text.contains(&secret), "{place} holds {secret}");
    }
}

/// Requests that fail with secrets in every part of their bodies.
fn mistakes(app: &TestApp, editor: &Value, license: &Value) -> Vec<Answer> {
    let (key, secret) = (&license["license_key"], &editor["app_secret"]);
    let mut answers = Vec::new();
    let honest = TestApp::question(editor, license, "lap", &nonce(7));
    for (field, value) in [
        ("hwid", json!("lap")),
        ("nonce", key.clone()),
        ("appSecret", key.clone()),
        ("licenseKey", secret.clone()),
        ("ttlSeconds", key.clone()),
        ("license_key", key.clone()),
        ("appId", secret.clone()),
    ] {
        let mut question = honest.clone();
        question[field] = value;
        answers.push(app.validate(&question));
    }
    for (path, body) in [
        ("/api/v1/apps", json!({ "name": secret, text(secret): 1 })),
        ("/api/v1/apps", json!({ "name": [key] })),
        ("/api/v1/licenses", json!({ "app_id": secret })),
        ("/api/v1/licenses", json!({ "app_id": editor["app_id"], "max_devices": key, "label": secret })),
        ("/api/v1/licenses", json!({ "app_id": editor["app_id"], "expires_at": key })),
        ("/api/v1/licenses/lookup", json!({ "license_key": format!("{}0", text(key)) })),
        ("/api/v1/licenses/lookup", json!({ text(key): 1 })),
    ] {
        answers.push(app.api("POST", path, &body));
    }
    answers.push(app.api("GET", &format!("/api/v1/licenses?cursor={}", text(key)), &json!(null)));
    answers.push(app.api("GET", &format!("/api/v1/licenses?{}=1", text(key)), &json!(null)));
    let cut = &honest.to_string().into_bytes()[..150];
    answers.push(send("POST", &format!("{}/auth/validate", app.url), None, cut));
    answers.push(request("GET", &format!("{}/api/v1/apps", app.url), Some(&text(key)), &json!(null)));
    answers
}

/// The database, its journal and what belongs to them.
fn database_files(app: &TestApp) -> Vec<(String, Vec<u8>)> {
    let files = app.data().read_dir().expect("the data directory").map(|file| file.expect("a file"));
    let database = files.filter(|file| file.file_name().to_string_lossy().starts_with("sealgate.db"));
    #[expect(clippy::disallowed_methods, reason = "reads what the server wrote")]
    database
        .map(|file| (file.path().display().to_string(), std::fs::read(file.path()).expect("is read")))
        .collect()
}

/// Uses every secret there is, rightly and wrongly.
fn live(app: &mut TestApp) -> (Value, Vec<String>, Vec<Answer>) {
    let (editor, license) = sell(app, &json!({ "label": "in the clear" }));
    let session = payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
    app.api("POST", "/api/v1/licenses/lookup", &json!({ "license_key": license["license_key"] })).expect(200);
    let refused = mistakes(app, &editor, &license);
    let path = format!("/api/v1/licenses/{}/revoke", text(&license["license_id"]));
    app.api("POST", &path, &json!({ "reason": "in the clear" })).expect(200);
    app.restart();
    app.validate(&TestApp::question(&editor, &license, "desk", &nonce(2)));
    let session = text(&session["sessionToken"]);
    let (body, mac) = session.split_once('.').expect("two parts");
    let secrets = [text(&license["license_key"]), text(&editor["app_secret"]), app.token.clone()];
    let secrets = secrets.into_iter().chain([body.to_owned(), mac.to_owned()]).collect();
    (license, secrets, refused)
}

fn no_secret_leaks(app: &mut TestApp) {
    let (license, secrets, refused) = live(app);
    for answer in refused {
        assert!((400..500).contains(&answer.status), "{answer:?}");
        assert_absent(&secrets, "an error", &String::from_utf8_lossy(&answer.bytes));
    }

    let log = LOG.text();
    assert_absent(&secrets, "the log", &log);
    assert!(log.contains("/auth/validate") && log.contains("refused"), "the log is the server's");
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log is at its most talkative");

    let files = database_files(app);
    for (name, bytes) in &files {
        assert_absent(&secrets, name, &String::from_utf8_lossy(bytes));
    }
    if !files.is_empty() {
        let all = files.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect::<String>();
        assert!(all.contains(&text(&license["license_id"])), "the database is the server's");
    }
}

#[test]
fn no_secret_leaks_on_sqlite() {
    LazyLock::force(&LOG);
    no_secret_leaks(&mut TestApp::start(Engine::Sqlite));
}

#[test]
fn no_secret_leaks_on_postgresql() {
    LazyLock::force(&LOG);
    no_secret_leaks(&mut TestApp::start(Engine::Postgres));
}
