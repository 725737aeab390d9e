//! Secrets stay secret: none in the log at its most talkative, none in an error, none in the clear in the database.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use sealgate_testkit::{Answer, DATABASE_PASSWORD, Engine, TestApp, request, send};
use serde_json::{Value, json};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use crate::support::{nonce, payload, sell};

/// Everything that anything in this process logs, from before the first server starts.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let writer = log.clone();
    // ureq is the client here, not the server.
    let client = ["ureq", "ureq_proto", "rustls"].map(|target| (target, LevelFilter::OFF));
    let filter = Targets::new().with_default(LevelFilter::TRACE).with_targets(client);
    let text = tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).with_ansi(false);
    tracing_subscriber::registry().with(text.with_filter(filter)).init();
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

/// What nobody but its owner may see.
struct Secret {
    kind: &'static str,
    value: String,
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// A secret in the spellings in which it could leak: as it is, without hyphens, in either case, as a database shows
/// bytes.
fn spellings(secret: &str) -> Vec<String> {
    let plain = secret.replace('-', "");
    let hex = sealgate_artifact::encode_hex(secret.as_bytes());
    vec![secret.to_owned(), plain.to_lowercase(), secret.to_lowercase(), plain, hex]
}

fn assert_absent(secrets: &[Secret], place: &str, text: &str) {
    for Secret { kind, value } in secrets {
        for spelling in spellings(value) {
            assert!(!text.contains(&spelling), "{place} holds {kind}: {spelling}");
        }
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

/// Where the database lies, as text: the file with its journal, or every row of every table.
fn database(app: &TestApp, engine: Engine) -> Vec<(String, String)> {
    if engine == Engine::Postgres {
        let tables = app.texts("SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public'");
        let rows = |table: String| {
            let rows = app.texts(&format!("SELECT CAST(t AS TEXT) FROM {table} t"));
            (table, rows.join("\n"))
        };
        return tables.into_iter().map(rows).collect();
    }
    let files = app.data().read_dir().expect("the data directory").map(|file| file.expect("a file"));
    let database = files.filter(|file| file.file_name().to_string_lossy().starts_with("sealgate.db"));
    #[expect(clippy::disallowed_methods, reason = "reads what the server wrote")]
    database
        .map(|file| (file.path().display().to_string(), std::fs::read(file.path()).expect("is read")))
        .map(|(name, bytes)| (name, String::from_utf8_lossy(&bytes).into_owned()))
        .collect()
}

/// Uses every kind of secret there is, rightly and wrongly.
struct Life {
    license_id: String,
    secrets: Vec<Secret>,
    refused: Vec<Answer>,
}

impl Life {
    fn of(app: &mut TestApp) -> Self {
        let (editor, license) = sell(app, &json!({ "label": "in the clear" }));
        // The only seat, so that "lap" below is refused.
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(8))));
        let license_id = text(&license["license_id"]);
        let mut life = Self { license_id, secrets: vec![], refused: mistakes(app, &editor, &license) };
        life.secret("the owner's token", app.token.clone());
        life.secret("a license key", text(&license["license_key"]));
        life.secret("an app secret", text(&editor["app_secret"]));
        life.secret("the password of the database", DATABASE_PASSWORD.to_owned());
        life.secret("what opens the key store", unlock(app));
        life.vendor(app);
        life.kept_answers(app);
        let rotated = life.runtime(app, &editor, &license);
        app.restart();
        app.validate(&TestApp::question(&rotated, &license, "desk", &nonce(9)));
        life
    }

    fn secret(&mut self, kind: &'static str, value: String) {
        assert!(value.len() > 10, "{kind}: so short a text is anywhere");
        self.secrets.push(Secret { kind, value });
    }

    /// Other people's tokens, used, refused and revoked.
    fn vendor(&mut self, app: &TestApp) {
        let tenant = app.tenant("Twin");
        self.refused.push(tenant.api("GET", "/api/v1/tenants", &json!(null)));
        tenant.make("/api/v1/apps", &json!({ "name": "Theirs" }));
        let made = app.api("POST", "/api/v1/tokens", &json!({ "scopes": ["apps:read"] })).expect(201);
        let mut shop = app.owner();
        shop.token = text(&made["token"]);
        shop.api("GET", "/api/v1/apps", &json!(null)).expect(200);
        self.refused.push(shop.api("POST", "/api/v1/apps", &json!({ "name": "Shop" })));
        app.api("POST", &format!("/api/v1/tokens/{}/revoke", text(&made["token_id"])), &json!(null))
            .expect(200);
        self.refused.push(shop.api("GET", "/api/v1/apps", &json!(null)));
        self.secret("a tenant's token", tenant.token);
        self.secret("a token of one scope", shop.token);
    }

    /// Answers that are kept so that they can be given again, and hold secrets.
    fn kept_answers(&mut self, app: &TestApp) {
        let owner = app.owner();
        let twice = |path: &str, body: &Value, name: &str| {
            let first = owner.api_once("POST", path, body, name);
            assert_eq!(owner.api_once("POST", path, body, name).bytes, first.bytes, "it is kept");
            first.json()
        };
        let made = twice("/api/v1/apps", &json!({ "name": "Kept" }), "n-1");
        let order = json!({ "app_id": made["app_id"] });
        let issued = twice("/api/v1/licenses", &order, "n-2");
        let token = twice("/api/v1/tokens", &json!({ "scopes": ["owner"] }), "n-3");
        let tenant = twice("/api/v1/tenants", &json!({ "name": "Kept" }), "n-4");
        let rotate = format!("/api/v1/apps/{}/rotate-secret", text(&made["app_id"]));
        let rotated = twice(&rotate, &json!({}), "n-5");
        self.refused.push(owner.api_once("POST", "/api/v1/licenses", &json!({}), "n-2"));
        for (kind, value) in [
            ("a kept app secret", &made["app_secret"]),
            ("a kept license key", &issued["licenses"][0]["license_key"]),
            ("a kept token", &token["token"]),
            ("a kept tenant's token", &tenant["admin_token"]),
            ("a kept rotated secret", &rotated["app_secret"]),
        ] {
            self.secret(kind, text(value));
        }
    }

    /// Sessions under the first secret of an app and the one after it.
    fn runtime(&mut self, app: &TestApp, editor: &Value, license: &Value) -> Value {
        let mut session = |with: &Value, n| {
            let session = payload(&app.validate(&TestApp::question(with, license, "desk", &nonce(n))));
            let session = text(&session["sessionToken"]);
            let (body, mac) = session.split_once('.').expect("two parts");
            self.secret("a session token", body.to_owned());
            self.secret("the proof of a session token", mac.to_owned());
        };
        session(editor, 1);
        let path = format!("/api/v1/apps/{}/rotate-secret", text(&editor["app_id"]));
        let rotated = app.api("POST", &path, &json!({})).expect(200);
        let rotated = json!({ "app_id": editor["app_id"], "app_secret": rotated["app_secret"] });
        session(editor, 2);
        session(&rotated, 3);
        self.secret("a rotated app secret", text(&rotated["app_secret"]));
        app.api("POST", "/api/v1/licenses/lookup", &json!({ "license_key": license["license_key"] }))
            .expect(200);
        let revoke = format!("/api/v1/licenses/{}/revoke", self.license_id);
        app.api("POST", &revoke, &json!({ "reason": "in the clear" })).expect(200);
        self.refused.push(app.validate(&TestApp::question(&rotated, license, "desk", &nonce(4))));
        rotated
    }
}

/// What opens the key store of a server without a passphrase.
fn unlock(app: &TestApp) -> String {
    #[expect(clippy::disallowed_methods, reason = "reads what the server wrote")]
    let text = std::fs::read_to_string(app.data().join("keys/unlock.key")).expect("is read");
    text.trim().to_owned()
}

fn no_secret_leaks(engine: Engine) {
    LazyLock::force(&LOG);
    let app = &mut TestApp::start(engine);
    let Life { license_id, secrets, refused } = Life::of(app);
    for answer in refused {
        assert!((400..500).contains(&answer.status), "{answer:?}");
        assert_absent(&secrets, "an error", &String::from_utf8_lossy(&answer.bytes));
        assert_absent(&secrets, "a header", &format!("{:?}", answer.headers));
    }

    tracing::trace!("the test listens to everything");
    let log = LOG.text();
    assert_absent(&secrets, "the log", &log);
    assert!(log.contains("/auth/validate") && log.contains("refused"), "the log is the server's");
    assert!(log.contains("TRACE") && log.contains("DEBUG"), "the log is at its most talkative");

    let database = database(app, engine);
    for (name, text) in &database {
        assert_absent(&secrets, name, text);
    }
    let all: String = database.into_iter().map(|(_, text)| text).collect();
    assert!(all.contains(&license_id) && all.contains("in the clear"), "the database is the server's");
}

#[test]
fn no_secret_leaks_on_sqlite() {
    no_secret_leaks(Engine::Sqlite);
}

#[test]
fn no_secret_leaks_on_postgresql() {
    no_secret_leaks(Engine::Postgres);
}
