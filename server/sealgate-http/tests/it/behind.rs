//! A server that is started with a clock that is behind, and keysets that end (`spec/http.md` §3.16, §4, `spec/keys.md` §5.3).

use sealgate_artifact::{Keyset, TenantKeyset, UnixSeconds, Unverified};
use sealgate_testkit::{Answer, TestApp, TestDevice, on_both_engines, request};
use sealgate_wire::OnlineAnswer;
use serde_json::{Value, json};

use crate::support::{assert_problem, nonce, payload, sell};

const DAY: i64 = 24 * 60 * 60;
const YEAR: u64 = 365 * 24 * 60 * 60;

fn clock(app: &TestApp) -> (bool, i64) {
    let shown = app.api("GET", "/api/v1/clock", &json!(null)).expect(200);
    (shown["in_doubt"].as_bool().expect("yes or no"), shown["set_by"].as_i64().expect("a number"))
}

fn check(app: &TestApp, name: &str) -> Value {
    let all = request("GET", &format!("{}/readyz?checks", app.url), None, &json!(null)).json();
    let found = all["checks"].as_array().expect("checks").iter().find(|check| check["name"] == name);
    found.expect("there is one").clone()
}

fn issue(app: &TestApp, editor: &Value) -> Answer {
    app.api("POST", "/api/v1/licenses", &json!({ "app_id": editor["app_id"], "max_devices": "unlimited" }))
}

fn accept(app: &TestApp, set_by: i64) {
    app.api("POST", "/api/v1/clock/accept", &json!({ "set_by": set_by })).expect(200);
}

/// Lets every job run that is due.
#[track_caller]
fn work(app: &TestApp) {
    app.clock.advance(61);
    let is_done = || {
        app.run_jobs();
        app.count(&format!("jobs WHERE due_at <= {} OR holder IS NOT NULL", app.clock.seconds())) == 0
    };
    assert!((0..500).any(|_| is_done()), "the jobs are not done");
}

/// When the keyset and the tenant keyset end.
fn ends(app: &TestApp, editor: &Value, license: &Value) -> [UnixSeconds; 2] {
    let chain = app.chain(editor, license);
    let keyset = Unverified::<Keyset>::decode(&chain.keyset).expect("a keyset");
    let tenants = Unverified::<TenantKeyset>::decode(&chain.tenant_keyset).expect("a tenant keyset");
    [keyset.danger_peek().expect("decodes").expires_at, tenants.danger_peek().expect("decodes").expires_at]
}

/// When licenses begin, and how often one was signed again.
fn beginnings(app: &TestApp) -> (Vec<String>, u64) {
    let begin = "SELECT CAST(not_before AS TEXT) FROM licenses ORDER BY license_id";
    (app.texts(begin), app.count("events WHERE kind = 'license_resigned'"))
}

/// A new device asks, and believes the answer.
#[track_caller]
fn is_served(app: &TestApp, (editor, license): (&Value, &Value), n: u32) {
    let (build, device) = (app.build(editor), TestDevice::default());
    let question = device.question(&build, license["license_key"].as_str().expect("text"), n, &[]);
    let answer: OnlineAnswer =
        serde_json::from_value(app.ask_online(&question).expect(200)).expect("an answer");
    build.judge(&question, &answer, app.clock.seconds()).expect("is to be believed");
}

on_both_engines! {
    fn a_start_with_a_clock_that_is_behind_spoils_nothing(app: &mut TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": "unlimited" }));
        is_served(app, (&editor, &license), 1);
        let (end, begin) = (ends(app, &editor, &license), beginnings(app));
        for (n, days) in (2..).step_by(2).zip([1, 20, 5_800]) {
            app.clock.set_by(-days * DAY);
            // Starting once more makes it no better.
            for _ in 0..2 {
                app.restart();
                let (in_doubt, set_by) = clock(app);
                // As seen from the noted time, some minutes ago.
                assert!(in_doubt && (set_by + days * DAY).abs() <= 600, "{days} days: {set_by}");
                assert_eq!(check(app, "clock")["ok"], json!(false));
                assert_problem(&issue(app, &editor), 503, "clock_in_doubt");
                work(app);
                payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(n))));
            }
            app.clock.set_by(days * DAY);
            assert_eq!(clock(app), (false, 0), "it is right, and nobody needs to say so");
            is_served(app, (&editor, &license), n);
            app.chain(&editor, &license).judge(app.clock.seconds()).expect("what was signed holds");
            work(app);
            assert_eq!(ends(app, &editor, &license), end, "{days} days");
            assert_eq!(beginnings(app), begin, "{days} days");
            request("GET", &format!("{}/readyz", app.url), None, &json!(null)).expect(200);
            is_served(app, (&editor, &license), n + 1);
        }
        issue(app, &editor).expect(201);
    }

    fn a_clock_a_little_behind_is_right(app: &mut TestApp) {
        for (seconds, in_doubt) in [(301, true), (300, false)] {
            app.clock.set_by(-seconds);
            app.restart();
            assert_eq!(clock(app).0, in_doubt, "{seconds}");
            app.clock.set_by(seconds);
        }
    }

    fn after_a_clock_that_was_ahead_with_an_operators_word_the_right_one_needs_his_word_too(app: &mut TestApp) {
        let (editor, _) = sell(app, &json!({}));
        app.clock.set_by(8 * DAY);
        accept(app, 8 * DAY);
        let license = app.issue(&editor, &json!({ "max_devices": "unlimited" }));
        let end = ends(app, &editor, &license);
        app.clock.set_by(-8 * DAY);
        app.restart();
        assert_eq!(clock(app), (true, -8 * DAY));
        assert_problem(&issue(app, &editor), 503, "clock_in_doubt");
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        work(app);
        assert_eq!(app.count("events WHERE kind = 'license_resigned'"), 0, "this clock may be the wrong one");
        accept(app, -8 * DAY);
        work(app);
        app.chain(&editor, &license).judge(app.clock.seconds()).expect("it begins now");
        is_served(app, (&editor, &license), 2);
        assert_eq!(ends(app, &editor, &license), end, "the same keys, the same end");
        app.restart();
        assert_eq!(clock(app), (false, 0));
    }

    fn a_keyset_that_is_made_anew_keeps_its_end(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": "unlimited" }));
        let versions = || app.texts("SELECT CAST(version AS TEXT) FROM keysets ORDER BY scope");
        let before = (ends(app, &editor, &license), versions());
        // As it is in a database in which an older program wrote keysets.
        app.meddle("UPDATE keysets SET expires_at = 0");
        work(app);
        assert!(versions().iter().zip(&before.1).all(|(now, before)| now != before), "{:?}", versions());
        assert_eq!(ends(app, &editor, &license), before.0);
        assert_eq!(app.count("keysets WHERE expires_at > 0"), 2);
    }

    fn a_keyset_that_ends_within_a_year_is_made_anew(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": "unlimited" }));
        let end = ends(app, &editor, &license);
        app.clock.advance(9 * YEAR - 86_400);
        work(app);
        assert_eq!(ends(app, &editor, &license), end);
        app.clock.advance(86_400);
        let renewed = UnixSeconds::new(app.clock.seconds()).expect("in range").plus(10 * YEAR);
        work(app);
        for end in ends(app, &editor, &license) {
            assert!(end >= renewed && end <= renewed.plus(61), "{end}");
        }
        app.chain(&editor, &license).judge(app.clock.seconds()).expect("what is published holds");
    }

    fn keysets_that_have_ended_are_told_and_made_anew_once_the_clock_is_not_doubted(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": "unlimited" }));
        let ahead = 3_651 * DAY;
        app.clock.set_by(ahead);
        work(app);
        let told = check(app, "certificate");
        assert!(told["message"].as_str().is_some_and(|why| why.contains("2 of the installation's")), "{told}");
        accept(app, ahead);
        work(app);
        assert_eq!(check(app, "certificate"), json!({ "name": "certificate", "ok": true }));
        let now = UnixSeconds::new(app.clock.seconds()).expect("in range");
        assert!(ends(app, &editor, &license).iter().all(|end| *end > now.plus(9 * YEAR)));
    }
}
