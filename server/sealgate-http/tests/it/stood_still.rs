//! A server that stands still while it answers says nothing that was withdrawn meanwhile (`spec/http.md` §1.5).

use sealgate_artifact::Outcome;
use sealgate_testkit::{Answer, Build, Engine, TestApp, TestDevice, on_both_engines, request};
use sealgate_wire::{OnlineAnswer, TrustUpdate};
use serde_json::{Value, json};

use crate::support::{assert_problem, sell};

/// A question looks at the clock more often than that before its answer is given.
const LOOKS: u32 = 9;

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn online(answer: &Answer) -> OnlineAnswer {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    serde_json::from_slice(&answer.bytes).expect("an answer")
}

/// The certificate that comes with an answer.
fn certificate(answer: &Answer) -> String {
    online(answer).certificate.expect("came along").get().to_owned()
}

fn trusted(app: &TestApp, editor: &Value) -> String {
    let tenant = app.build(editor).trust.tenant;
    let answer = request("GET", &format!("{}/api/v1/trust?tenant={tenant}", app.url), None, &json!(null));
    let update: TrustUpdate = serde_json::from_value(answer.expect(200)).expect("an update");
    update.certificate.expect("came along").get().to_owned()
}

/// A job may make others at once, so they are to name another time.
fn withdraw_certificates(app: &TestApp) {
    app.clock.set_by(1);
    app.meddle("DELETE FROM server_certificates");
}

/// Withdraws the certificate that was shown just now; the server can make another one.
#[track_caller]
fn shows_another(app: &TestApp, looks: u32, ask: impl Fn() -> String) {
    let withdrawn = ask();
    withdraw_certificates(app);
    app.clock.advance_millis(400);
    assert_eq!(ask(), withdrawn, "it is not a second old");
    // Each for itself is less than a second.
    app.clock.stall_after(looks, 700);
    let shown = ask();
    assert!(app.clock.has_stalled(), "after {looks} looks");
    assert_ne!(shown, withdrawn, "it stood still after {looks} looks");
}

/// What two servers on one database are asked, of which one stands still.
struct Two {
    slow: TestApp,
    first: TestApp,
    license: Value,
    build: Build,
}

impl Two {
    fn start() -> Self {
        let first = TestApp::start(Engine::Postgres);
        let slow = first.start_runtime();
        let (editor, license) = sell(&first, &json!({ "max_devices": 9 }));
        first.share_keys_with(&slow);
        slow.read_changes();
        let build = Build { origin: slow.url.clone(), ..first.build(&editor) };
        Self { slow, first, license, build }
    }

    /// Asks the slow server, which waits for a table. Meanwhile the other one acknowledges a change, and two seconds pass.
    fn asks_while_locked(
        &self,
        table: &str,
        ask: impl FnOnce() -> Answer + Send,
        change: impl Fn() + Sync,
    ) -> Answer {
        // What is written behind would wait for the lock, too, and hold what others need.
        self.slow.finish_writes();
        let waiting = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        std::thread::scope(|scope| {
            let mut asked = None;
            self.first.while_locked(table, || {
                asked = Some(scope.spawn(ask));
                assert!((0..5_000).any(|_| self.first.count(waiting) > 0), "nobody waits for the lock");
                change();
                scope.spawn(|| self.slow.read_changes()).join().expect("the feed can be read");
                self.slow.clock.advance(2);
            });
            asked.expect("was asked").join().expect("gets an answer")
        })
    }
}

on_both_engines! {
    fn a_yes_shows_no_certificate_that_was_withdrawn_while_the_server_stood_still(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let question = desk.question(&build, text(&license["license_key"]), 1, &[]);
        for looks in 0..LOOKS {
            shows_another(app, looks, || certificate(&app.ask_online(&question)));
        }
    }

    fn a_no_shows_no_certificate_that_was_withdrawn_while_the_server_stood_still(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let (build, desk, lap) = (app.build(&editor), TestDevice::default(), TestDevice::default());
        let ask = |device: &TestDevice| app.ask_online(&device.question(&build, text(&license["license_key"]), 1, &[]));
        online(&ask(&desk));
        for looks in 0..LOOKS {
            shows_another(app, looks, || certificate(&ask(&lap)));
        }
    }

    fn a_no_that_is_signed_too_late_is_not_given(app: &TestApp) {
        let (editor, _) = sell(app, &json!({}));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let ask = || app.ask_online(&desk.question(&build, "x", 1, &[]));
        online(&ask());
        let given: Vec<u16> = (0..12)
            .map(|looks| {
                app.clock.stall_after(looks, 2_000);
                let answer = ask();
                app.clock.has_stalled();
                answer.status
            })
            .collect();
        // Between the decision and its signature; elsewhere it is decided again, or has been given.
        assert!(given.contains(&503) && given.contains(&200), "{given:?}");
    }

    fn updates_show_no_certificate_that_was_withdrawn_more_than_a_second_ago(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        for looks in 0..5 {
            shows_another(app, looks, || trusted(app, &editor));
        }
        app.clock.advance(2);
        let shown = certificate(&app.ask_online(&desk.question(&build, text(&license["license_key"]), 1, &[])));
        app.clock.advance_millis(400);
        assert_eq!(trusted(app, &editor), shown);
        withdraw_certificates(app);
        app.clock.advance_millis(300);
        assert_ne!(trusted(app, &editor), shown, "it is as old as what it is made of");
    }
}

#[test]
fn a_server_that_was_revoked_while_it_waited_for_the_database_says_nothing() {
    let two = Two::start();
    let key = text(&two.license["license_key"]);
    let asks = |device: &TestDevice, license: &str| {
        two.slow.ask_online(&device.question(&two.build, license, 1, &[]))
    };
    let known = online(&asks(&TestDevice::default(), key));
    let (lap, revoked) = (TestDevice::default(), json!({ "reason": "stolen" }));
    let servers = two.first.api("GET", "/api/v1/servers", &json!(null)).expect(200);
    let mine = servers["items"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|server| server["origins"][0] == two.slow.url);
    let path = format!("/api/v1/servers/{}/revoke", text(&mine.expect("it is listed")["server_id"]));
    let answer = two.asks_while_locked(
        "devices",
        || asks(&lap, key),
        || drop(two.first.api("POST", &path, &revoked).expect(200)),
    );
    assert!(known.certificate.is_some());
    assert_problem(&answer, 503, "unavailable");
}

#[test]
fn a_no_says_nothing_of_a_license_that_was_found_when_it_was_decided_before() {
    let two = Two::start();
    let desk = TestDevice::default();
    let asks = |license: &Value, n| desk.question(&two.build, text(license), n, &[]);
    online(&two.slow.ask_online(&asks(&two.license["license_key"], 1)));
    let by_id = asks(&two.license["license_id"], 2);
    let path = format!("/api/v1/licenses/{}/reset-devices", text(&two.license["license_id"]));
    let answer = two.asks_while_locked(
        "license_statements",
        || two.slow.ask_online(&by_id),
        || drop(two.first.api("POST", &path, &json!({})).expect(200)),
    );
    let decision =
        two.build.judge(&by_id, &online(&answer), two.slow.clock.seconds()).expect("is to be believed");
    let unknown = Outcome::Denied { license: None, code: "invalid_key".to_owned(), retry_after: None };
    assert_eq!(decision.outcome, unknown);
}
