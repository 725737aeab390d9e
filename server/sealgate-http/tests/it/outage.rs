//! A database that is away (`spec/http.md` §1.7, §4): everybody is told soon, and nothing of it is left afterwards.
#![expect(clippy::disallowed_methods, reason = "how long an answer takes is what is tested")]

use std::time::{Duration, Instant};

use sealgate_testkit::{Answer, Build, Proxy, TestApp, TestDevice, request};
use serde_json::{Value, json};

use crate::support::{nonce, sell};

/// How soon health is told, and how soon anything else is refused.
const HEALTH: Duration = Duration::from_secs(1);
const REFUSED: Duration = Duration::from_secs(2);
/// On top of each, for a machine that does other things too.
const BUSY: Duration = Duration::from_millis(500);

/// A server with a license for many devices, and somebody who asks for everything.
struct Asker {
    app: TestApp,
    editor: Value,
    license: Value,
    build: Build,
}

impl Asker {
    fn new() -> Self {
        let app = TestApp::start_behind_proxy();
        let (editor, license) = sell(&app, &json!({ "max_devices": 100 }));
        let build = app.build(&editor);
        Self { app, editor, license, build }
    }

    fn health(&self, path: &str) -> Answer {
        request("GET", &format!("{}{path}", self.app.url), None, &Value::Null)
    }

    fn authforge(&self, n: u32) -> Answer {
        let device = format!("device-{n}");
        self.app.validate(&TestApp::question(&self.editor, &self.license, &device, &nonce(n)))
    }

    fn online(&self, n: u32) -> Answer {
        let license = self.license["license_key"].as_str().expect("text");
        self.app.ask_online(&TestDevice::default().question(&self.build, license, n, &[]))
    }

    fn list(&self) -> Answer {
        self.app.api("GET", "/api/v1/apps", &Value::Null)
    }

    fn change(&self, n: u32) -> Answer {
        self.app.api("POST", "/api/v1/apps", &json!({ "name": format!("app {n}") }))
    }

    /// Everything fails, and soon.
    fn finds_all_refused(&self, n: u32) {
        for path in ["/healthz", "/readyz"] {
            refused(path, HEALTH, || self.health(path));
        }
        refused("/auth/validate", REFUSED, || self.authforge(n));
        refused("/api/v1/validate", REFUSED, || self.online(n));
        refused("a list", REFUSED, || self.list());
        refused("a change", REFUSED, || self.change(n));
    }
}

#[track_caller]
fn refused(what: &str, within: Duration, ask: impl FnOnce() -> Answer) {
    let begun = Instant::now();
    let answer = ask();
    let took = begun.elapsed();
    assert_eq!(answer.status, 503, "{what}: {}", String::from_utf8_lossy(&answer.bytes));
    assert_eq!(answer.header("retry-after"), Some("1"), "{what}");
    assert!(took < within + BUSY, "{what} took {took:?}");
}

#[test]
fn a_database_that_is_away_is_told_soon_and_is_back_at_once() {
    let asker = Asker::new();
    let away: [fn(&Proxy); 2] = [Proxy::cut, Proxy::stall];
    for (n, away) in (1..).zip(away) {
        away(asker.app.proxy());
        asker.finds_all_refused(10 * n);
        asker.app.proxy().come_back();
        // What reads may have to learn of it first; what writes must not.
        assert_eq!(asker.change(10 * n + 1).status, 201, "the first write after it");
        assert_eq!(asker.authforge(10 * n + 2).status, 200);
        assert_eq!(asker.online(10 * n + 3).status, 200);
        asker.health("/readyz").expect(200);
        asker.health("/healthz").expect(200);
    }
}

#[test]
fn each_check_is_answered_in_time_whichever_part_of_the_database_is_busy() {
    let asker = Asker::new();
    for (table, failing) in [
        ("server_certificates", vec!["certificate"]),
        ("signing_keys", vec!["sign"]),
        ("installation", vec!["read"]),
        ("installation, signing_keys, server_certificates", vec!["read", "sign", "certificate"]),
    ] {
        asker.app.while_locked(table, || {
            refused(table, HEALTH, || asker.health("/readyz"));
            let checks = asker.health("/readyz?checks").expect(503)["checks"].clone();
            let fails = |check: &&Value| check["ok"] == false;
            let names: Vec<Value> = checks
                .as_array()
                .expect("checks")
                .iter()
                .filter(fails)
                .map(|check| check["name"].clone())
                .collect();
            assert_eq!(json!(names), json!(failing), "{table}: {checks}");
        });
        asker.health("/readyz").expect(200);
    }
}

#[test]
fn a_write_does_not_notice_that_its_connection_was_closed_before() {
    let asker = Asker::new();
    for n in 1..=5 {
        asker.app.proxy().drop_connections();
        assert_eq!(asker.authforge(n).status, 200);
    }
    assert_eq!(asker.app.count("devices"), 5);
}
