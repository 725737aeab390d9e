//! A server whose clock is set ahead and back (`spec/http.md` §1.8, §2.5, §4).

use sealgate_artifact::{Keyset, License, TenantKeyset, UnixSeconds, Unverified};
use sealgate_testkit::{Answer, Build, TestApp, TestDevice, on_both_engines, request};
use sealgate_wire::OnlineAnswer;
use serde_json::{Value, json};

use crate::support::{ask, assert_problem, nonce, payload, sell, session, with};

const DAY: i64 = 24 * 60 * 60;

fn readyz(app: &TestApp) -> Answer {
    request("GET", &format!("{}/readyz", app.url), None, &json!(null))
}

/// An operator takes the clock as right.
#[track_caller]
fn accept(app: &TestApp, set_by: i64) {
    app.api("POST", "/api/v1/clock/accept", &json!({ "set_by": set_by })).expect(200);
}

/// Whether a job waits to be run, or is running.
fn is_due(app: &TestApp, job: &str) -> bool {
    let now = app.clock.seconds();
    app.count(&format!("jobs WHERE name = '{job}' AND (due_at <= {now} OR holder IS NOT NULL)")) > 0
}

/// Looks again and again for what a job does.
#[track_caller]
fn wait_until(is_done: impl Fn() -> bool) {
    assert!((0..5_000).any(|_| is_done()), "the job did not do it");
}

/// Licenses that begin later than the clock shows, for whoever has nothing but what was signed.
fn are_to_begin(app: &TestApp) -> u64 {
    app.count(&format!("licenses WHERE not_before > {}", app.clock.seconds()))
}

/// The versions of what is kept signed.
fn state(app: &TestApp, table: &str) -> Vec<String> {
    app.texts(&format!("SELECT CAST(version AS TEXT) AS version FROM {table} ORDER BY version"))
}

/// When the keyset, the tenant keyset and the license end.
fn ends(app: &TestApp, editor: &Value, license: &Value) -> (UnixSeconds, UnixSeconds, Option<UnixSeconds>) {
    let chain = app.chain(editor, license);
    let keyset = Unverified::<Keyset>::decode(&chain.keyset).expect("a keyset");
    let tenants = Unverified::<TenantKeyset>::decode(&chain.tenant_keyset).expect("a tenant keyset");
    let license = Unverified::<License>::decode(&chain.license).expect("a license");
    (
        keyset.danger_peek().expect("decodes").expires_at,
        tenants.danger_peek().expect("decodes").expires_at,
        license.danger_peek().expect("decodes").expires_at,
    )
}

/// Everybody asks: our own clients, AuthForge's, and the vendor.
#[track_caller]
fn all_are_served(app: &TestApp, (editor, license): (&Value, &Value), build: &Build, n: u32) {
    let session = session(app, editor, license, "desk", 10 * n);
    payload(&ask(app, "heartbeat", &with(&session, "nonce", json!(nonce(10 * n + 1)))));
    let device = TestDevice::default();
    let question = device.question(build, license["license_key"].as_str().expect("text"), 10 * n + 2, &[]);
    let answer: OnlineAnswer =
        serde_json::from_value(app.ask_online(&question).expect(200)).expect("an answer");
    build.judge(&question, &answer, app.clock.seconds()).expect("is to be believed");
    app.api("GET", "/api/v1/apps", &json!(null)).expect(200);
}

on_both_engines! {
    fn a_clock_that_was_set_back_shuts_nobody_out(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": null }));
        let build = app.build(&editor);
        for (n, seconds) in (1..).zip([600, 8 * DAY, 20 * DAY, -600, -8 * DAY]) {
            app.clock.set_by(seconds);
            if seconds > 0 {
                all_are_served(app, (&editor, &license), &build, 2 * n);
            } else {
                app.api("GET", "/api/v1/apps", &json!(null)).expect(200);
            }
            app.clock.set_by(-seconds);
            all_are_served(app, (&editor, &license), &build, 2 * n + 1);
        }
    }

    fn a_repeated_question_has_its_first_time_whatever_the_clock_shows(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let ours = desk.question(&build, license["license_key"].as_str().expect("text"), 1, &[]);
        let theirs = TestApp::question(&editor, &license, "desk", &nonce(1));
        app.ask_online(&ours).expect(200);
        app.clock.advance(120);
        app.clock.set_by(600);
        payload(&app.validate(&theirs));
        let first = (app.ask_online(&ours).bytes, app.validate(&theirs).bytes);
        app.clock.set_by(-600);
        app.clock.advance(119);
        assert!((app.ask_online(&ours).bytes, app.validate(&theirs).bytes) == first, "not a byte differs");
        app.clock.advance(1);
        let later = payload(&app.validate(&theirs));
        assert_eq!(later["timestamp"], "2027-01-15T08:04:00Z", "after 120 seconds it is another question");
        assert_eq!(app.count("devices"), 2);
    }

    fn what_took_so_long_that_it_may_be_out_of_date_is_not_said(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let path = format!("/api/v1/apps/{}", editor["app_id"].as_str().expect("text"));
        app.api("PATCH", &path, &json!({ "danger_lifetime_files": true })).expect(200);
        let session = session(app, &editor, &license, "desk", 1);
        let ask_all = |n: u32| {
            let ours = desk.question(&build, license["license_key"].as_str().expect("text"), n, &[]);
            let theirs = TestApp::question(&editor, &license, "desk", &nonce(n));
            let beat = ask(app, "heartbeat", &with(&session, "nonce", json!(nonce(n + 1))));
            let file = ask(app, "offline/activate", &TestApp::question(&editor, &license, "desk", &nonce(n + 2)));
            [app.ask_online(&ours), app.validate(&theirs), beat, file]
                .map(|answer| answer.status / 100)
        };
        assert_eq!(ask_all(10), [2; 4]);
        app.clock.drag(2);
        assert_eq!(ask_all(20), [5; 4]);
        app.clock.drag(0);
        assert_eq!(ask_all(30), [2; 4]);
        assert_eq!(app.count("devices"), 2, "whoever was told nothing has no other seat");
    }

    fn a_certificate_of_the_future_is_made_anew(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": null }));
        let build = app.build(&editor);
        let ends = || app.texts("SELECT CAST(expires_at AS TEXT) FROM server_certificates")[0].clone();
        // By then the certificate has ended: the next question has a new one made, and the server keeps it in memory.
        app.clock.set_by(20 * DAY);
        all_are_served(app, (&editor, &license), &build, 1);
        assert_eq!(ends(), (app.clock.seconds() + 24 * 60 * 60).to_string(), "for a day, while it is doubted");
        app.clock.set_by(-20 * DAY);
        all_are_served(app, (&editor, &license), &build, 2);
        assert_eq!(ends(), (app.clock.seconds() + 14 * 24 * 60 * 60).to_string());
        readyz(app).expect(200);
    }

    fn keysets_and_licenses_of_the_future_are_made_anew(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": null }));
        let build = app.build(&editor);
        all_are_served(app, (&editor, &license), &build, 1);
        app.clock.set_by(8 * DAY);
        accept(app, 8 * DAY);
        for key_use in ["issuer", "authority"] {
            app.api("POST", "/api/v1/keys/rotate", &json!({ "use": key_use })).expect(200);
        }
        let later = app.issue(&editor, &json!({ "max_devices": null }));
        let (licenses, keysets) = (state(app, "licenses"), state(app, "keysets"));
        let end = ends(app, &editor, &later);
        // Nobody accepts that. Customers are served all the same, and nothing lives longer by it.
        app.clock.set_by(-8 * DAY);
        app.clock.advance(60);
        wait_until(|| {
            state(app, "licenses") != licenses && state(app, "keysets") != keysets && !is_due(app, "renew_ahead")
        });
        app.clock.advance(2);
        for (n, license) in [(2, &license), (3, &later)] {
            all_are_served(app, (&editor, license), &build, n);
        }
        assert_eq!(app.count("events WHERE kind = 'license_resigned'"), 1, "the other one is in force");
        app.chain(&editor, &later).judge(app.clock.seconds()).expect("its keys are in force");
        assert_eq!(ends(app, &editor, &later), end);
    }

    fn whoever_buys_while_a_clock_is_ahead_for_a_moment_is_served_within_seconds(app: &TestApp) {
        let editor = app.create_app("Editor");
        // It has just been done, so it is not due while the clock is ahead.
        wait_until(|| !is_due(app, "renew_ahead"));
        app.clock.set_by(8 * DAY);
        accept(app, 8 * DAY);
        let order = json!({ "app_id": editor["app_id"], "count": 3 });
        let issued = app.api("POST", "/api/v1/licenses", &order).expect(201);
        app.clock.set_by(-8 * DAY);
        for license in issued["licenses"].as_array().expect("a list") {
            payload(&app.validate(&TestApp::question(&editor, license, "desk", &nonce(1))));
        }
        app.clock.advance(5);
        // From then on those are served, too, who have nothing but what was signed.
        wait_until(|| are_to_begin(app) == 0);
    }

    fn what_was_counted_by_a_clock_that_was_ahead_is_written_in_time(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        app.clock.set_by(8 * DAY);
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        app.clock.set_by(-8 * DAY);
        app.clock.advance(3600);
        wait_until(|| app.count("events WHERE kind = 'validated'") == 1);
    }

    fn a_clock_that_was_set_is_said_until_it_is_back_or_an_hour_old(app: &TestApp) {
        for seconds in [600, -600, 8 * DAY] {
            readyz(app).expect(200);
            app.clock.set_by(seconds);
            let told = readyz(app);
            assert_problem(&told, 503, "unavailable");
            let message = told.json()["message"].as_str().expect("text").to_owned();
            assert!(message.contains(&format!("clock was set by {seconds} seconds")), "{message}");
            request("GET", &format!("{}/healthz", app.url), None, &json!(null)).expect(200);
            app.clock.set_by(-seconds);
            readyz(app).expect(200);
        }
        app.clock.set_by(300);
        readyz(app).expect(200);
        app.clock.set_by(600);
        assert_problem(&readyz(app), 503, "unavailable");
        app.clock.advance(3600);
        readyz(app).expect(200);
    }

    fn a_clock_that_was_set_ahead_forgets_nothing(app: &TestApp) {
        let editor = app.create_app("Editor");
        let body = json!({ "app_id": editor["app_id"] });
        let url = format!("{}/api/v1/licenses", app.url);
        let order = || {
            let headers = [("idempotency-key", "order-1")];
            sealgate_testkit::send_with("POST", &url, Some(&app.token), &headers, &serde_json::to_vec(&body).expect("JSON"))
        };
        let first = order().expect(201);
        app.meddle("INSERT INTO changes SELECT n + 1000, 'by:nobody' FROM change_counter");
        app.clock.set_by(100 * DAY);
        // The job that forgets is due, and runs before the clock is back.
        wait_until(|| !is_due(app, "forget"));
        assert_eq!(app.count("changes WHERE n > (SELECT n FROM change_counter)"), 0, "this has no age");
        app.clock.set_by(-100 * DAY);
        assert_eq!(order().expect(201), first);
        assert_eq!(app.count("licenses"), 1);
    }

    fn a_server_that_was_started_with_a_clock_ahead_forgets_nothing_for_an_hour(app: &mut TestApp) {
        let editor = app.create_app("Editor");
        let path = format!("/api/v1/apps/{}/credits", editor["app_id"].as_str().expect("text"));
        let order = |app: &TestApp| {
            app.owner().api_once("POST", &path, &json!({ "amount": 5 }), "order-1").expect(200)
        };
        assert_eq!(order(app), json!({ "balance": 5 }));
        app.clock.advance(60);
        app.run_jobs();
        for ahead in [8 * DAY, 100 * DAY] {
            app.clock.set_by(ahead);
            // A service that starts again by itself must not take its own wrong time for a proof.
            for _ in 0..2 {
                app.restart();
                app.clock.advance(61);
                app.run_jobs();
            }
            app.clock.set_by(-ahead);
            assert_eq!(order(app), json!({ "balance": 5 }), "{ahead}");
        }
    }

    fn a_license_of_the_future_is_made_anew_by_a_clock_that_was_ahead_itself_and_then_by_one_that_is_right(app: &TestApp) {
        let editor = app.create_app("Editor");
        app.clock.set_by(100 * DAY);
        accept(app, 100 * DAY);
        let license = app.issue(&editor, &json!({}));
        for (n, back) in [(1, 92), (2, 8)] {
            app.clock.set_by(-back * DAY);
            app.clock.advance(61);
            app.run_jobs();
            wait_until(|| !is_due(app, "renew_ahead"));
            payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(n))));
            assert_eq!(are_to_begin(app), 0);
        }
    }
}
