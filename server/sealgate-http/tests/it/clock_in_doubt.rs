//! What a server signs whose clock was set, until an operator accepts that (`spec/http.md` §3.16, §4).

use sealgate_artifact::UnixSeconds;
use sealgate_testkit::{Answer, Build, TestApp, TestDevice, on_both_engines, request};
use sealgate_wire::OnlineAnswer;
use serde_json::{Value, json};

use crate::support::{ask, assert_failed, assert_problem, change, nonce, payload, sell, session, with};

const DAY: i64 = 24 * 60 * 60;

/// A time, as many seconds after what the clock shows.
fn later(app: &TestApp, seconds: i64) -> String {
    UnixSeconds::new(app.clock.seconds().saturating_add_signed(seconds)).expect("in range").to_string()
}

fn checks(app: &TestApp) -> Answer {
    request("GET", &format!("{}/readyz?checks", app.url), None, &json!(null))
}

/// The check of that name.
fn check(app: &TestApp, name: &str) -> Value {
    let all = checks(app).json();
    let found = all["checks"].as_array().expect("checks").iter().find(|check| check["name"] == name);
    found.expect("there is one").clone()
}

fn accept(app: &TestApp, set_by: i64) -> Answer {
    app.api("POST", "/api/v1/clock/accept", &json!({ "set_by": set_by }))
}

fn issue(app: &TestApp, editor: &Value, expires_at: &Value) -> Answer {
    let order = json!({ "app_id": editor["app_id"], "expires_at": expires_at, "max_devices": "unlimited" });
    app.api("POST", "/api/v1/licenses", &order)
}

/// Asks by a new device; the answer is to be believed at each of these times.
#[track_caller]
fn is_served(app: &TestApp, license: &Value, build: &Build, n: u32, times: &[u64]) {
    let device = TestDevice::default();
    let question = device.question(build, license["license_key"].as_str().expect("text"), n, &[]);
    let answer: OnlineAnswer =
        serde_json::from_value(app.ask_online(&question).expect(200)).expect("an answer");
    for time in times {
        build.judge(&question, &answer, *time).unwrap_or_else(|why| panic!("{time}: {why}"));
    }
}

fn certified_until(app: &TestApp) -> u64 {
    app.texts("SELECT CAST(expires_at AS TEXT) FROM server_certificates")[0].parse().expect("a number")
}

/// Waits for the job that makes certificates.
#[track_caller]
fn certificates_end_at(app: &TestApp, end: u64) {
    app.clock.advance(5);
    assert!((0..5_000).any(|_| certified_until(app).abs_diff(end) <= 30), "{} {end}", certified_until(app));
}

/// Everything that signs what lives longer than a day.
#[track_caller]
fn nothing_long_is_signed(app: &TestApp, editor: &Value, license: &Value) {
    let refused = |answer: Answer| assert_problem(&answer, 503, "clock_in_doubt");
    let files = app.data().join("keys").read_dir().expect("the keystore").count();
    refused(issue(app, editor, &Value::Null));
    refused(issue(app, editor, &json!(later(app, DAY + 1))));
    refused(change(app, license, "renew", &json!({ "expires_at": later(app, 30 * DAY) })));
    let path = format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"));
    refused(app.api("PATCH", &path, &json!({ "max_devices": 7 })));
    refused(change(
        app,
        license,
        "authforge-file",
        &json!({ "any": true, "expires_at": later(app, 2 * DAY) }),
    ));
    refused(app.api("POST", "/api/v1/tenants", &json!({ "name": "Another" })));
    for key_use in ["issuer", "authority", "root", "update", "snapshot"] {
        refused(app.api("POST", "/api/v1/keys/rotate", &json!({ "use": key_use })));
    }
    let keys = app.api("GET", "/api/v1/keys", &json!(null)).expect(200);
    for key in keys["items"].as_array().expect("keys").iter().filter(|key| key["state"] == "next") {
        if key["use"] != "app" {
            let path = format!("/api/v1/keys/{}/revoke", key["keyid"].as_str().expect("text"));
            refused(app.api("POST", &path, &json!({})));
        }
    }
    let left = app.data().join("keys").read_dir().expect("the keystore").count() - files;
    assert!(left <= 4, "{left}: a revoked next key is replaced before anything is signed");
}

on_both_engines! {
    fn while_its_clock_is_doubted_a_server_signs_nothing_that_lives_longer_than_a_day(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": "unlimited" }));
        let build = app.build(&editor);
        app.clock.advance(13 * 86_400);
        for (n, seconds) in (1..).zip([8 * DAY, -8 * DAY, 301, -301]) {
            app.clock.set_by(seconds);
            nothing_long_is_signed(app, &editor, &license);
            is_served(app, &license, &build, n, &[app.clock.seconds()]);
            payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(n))));
            let trial = issue(app, &editor, &json!(later(app, DAY))).expect(201)["licenses"][0].clone();
            let file = json!({ "any": true, "expires_at": later(app, DAY) });
            change(app, &trial, "authforge-file", &file).expect(201);
            change(app, &trial, "suspend", &json!({})).expect(200);
            change(app, &trial, "resume", &json!(null)).expect(200);
            change(app, &trial, "revoke", &json!({})).expect(200);
            app.create_app(&format!("App {n}"));
            app.clock.set_by(-seconds);
            issue(app, &editor, &Value::Null).expect(201);
        }
        app.clock.set_by(300);
        issue(app, &editor, &Value::Null).expect(201);
    }

    fn an_operator_accepts_the_setting_that_he_saw_and_no_other(app: &TestApp) {
        let (editor, _) = sell(app, &json!({}));
        let clock = || app.api("GET", "/api/v1/clock", &json!(null)).expect(200);
        assert_eq!((&clock()["in_doubt"], &clock()["set_by"]), (&json!(false), &json!(0)));
        let (before, servers) = (later(app, 0), app.api("GET", "/api/v1/servers", &json!(null)).expect(200));
        accept(app, 7).expect(200);
        app.clock.set_by(8 * DAY);
        let seen = clock();
        assert_eq!(seen, json!({
            "in_doubt": true, "shown": later(app, 0), "expected": before, "set_by": 8 * DAY,
            "server_id": servers["items"][0]["server_id"],
        }));
        app.clock.advance(3600);
        for other in [0, -8 * DAY, 8 * DAY + 301, i64::MIN, i64::MAX] {
            assert_problem(&accept(app, other), 400, "malformed_request");
        }
        app.clock.set_by(DAY);
        assert_problem(&accept(app, 8 * DAY), 400, "malformed_request");
        assert_problem(&issue(app, &editor, &Value::Null), 503, "clock_in_doubt");
        assert_eq!(app.count("audit WHERE action = 'clock.accepted'"), 0);
        let accepted = accept(app, 9 * DAY).expect(200);
        assert_eq!((&accepted["in_doubt"], &accepted["shown"]), (&json!(false), &json!(later(app, 0))));
        issue(app, &editor, &Value::Null).expect(201);
        let detail = app.texts("SELECT detail FROM audit WHERE action = 'clock.accepted'");
        let detail: Value = serde_json::from_str(&detail[0]).expect("JSON");
        assert_eq!((detail["set_by"].as_i64(), &detail["shown"]), (Some(9 * DAY), &json!(later(app, 0))));
        app.clock.set_by(-9 * DAY);
        assert_problem(&issue(app, &editor, &Value::Null), 503, "clock_in_doubt");
    }

    fn after_an_hour_running_software_is_answered_as_usual_and_the_vendor_is_not(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": "unlimited" }));
        let path = format!("/api/v1/apps/{}", editor["app_id"].as_str().expect("text"));
        app.api("PATCH", &path, &json!({ "danger_lifetime_files": true })).expect(200);
        let license = app.issue(&editor, &json!({ "max_devices": 5, "label": license["license_id"] }));
        let activate = |hwid: &str, n: u32| {
            ask(app, "offline/activate", &TestApp::question(&editor, &license, hwid, &nonce(n)))
        };
        let first = activate("desk", 1).expect(201);
        app.clock.set_by(8 * DAY);
        assert_failed(&activate("lap", 2), 503, "system_error");
        assert_eq!(activate("desk", 3).expect(200), with(&first, "replay", json!(true)), "what it has already");
        assert_eq!((app.count("lifetime_files"), app.count("devices")), (1, 1));
        assert_eq!(checks(app).status, 503);
        app.clock.advance(3600);
        assert_eq!(checks(app).status, 200, "others may send requests here again");
        activate("lap", 4).expect(201);
        let clock = check(app, "clock");
        assert_eq!((&clock["ok"], clock["fix"].as_str().is_some()), (&json!(false), true), "{clock}");
        assert_problem(&issue(app, &editor, &Value::Null), 503, "clock_in_doubt");
        accept(app, 8 * DAY).expect(200);
        assert_eq!(check(app, "clock"), json!({ "name": "clock", "ok": true }));
    }

    fn a_session_that_begins_while_the_clock_is_doubted_lasts_a_day(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": "unlimited" }));
        let begin = |hwid: &str, n: u32| {
            let question = TestApp::question(&editor, &license, hwid, &nonce(n));
            payload(&app.validate(&with(&question, "ttlSeconds", json!(7 * DAY))))
        };
        let beat = |told: &Value, hwid: &str, n: u32| {
            let question = json!({
                "appId": editor["app_id"], "sessionToken": told["sessionToken"], "hwid": hwid, "nonce": nonce(n),
            });
            payload(&ask(app, "heartbeat", &question))
        };
        let lasts = |told: &Value| told["expiresIn"].as_i64().expect("a time") - app.clock.seconds().cast_signed();
        let old = begin("desk", 1);
        assert_eq!(lasts(&old), 7 * DAY);
        app.clock.set_by(2 * DAY);
        let new = begin("lap", 2);
        assert_eq!(lasts(&new), DAY);
        let old = beat(&old, "desk", 3);
        assert_eq!(lasts(&old), 5 * DAY, "as long as it lasted already, and no longer");
        assert_eq!(lasts(&beat(&new, "lap", 4)), DAY);
        app.clock.advance(3600);
        assert_eq!((lasts(&beat(&new, "lap", 5)), lasts(&beat(&old, "desk", 6))), (7 * DAY, 7 * DAY));
    }

    fn customers_with_a_right_clock_are_served_whichever_of_the_two_times_is_right(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": "unlimited" }));
        let build = app.build(&editor);
        let right = || app.clock.seconds();
        app.clock.advance(13 * 86_400);
        certificates_end_at(app, right() + 14 * 86_400);
        is_served(app, &license, &build, 1, &[right()]);
        for (n, days) in (2..).step_by(2).zip([6, -8, 12, -12]) {
            let time = right();
            app.clock.set_by(days * DAY);
            // The job may have run meanwhile: what it makes is kept, too.
            let both = [right(), time];
            let (until, last) = (both[0].max(both[1]), both[0].min(both[1]) + 14 * 86_400);
            let is_kept = (until + 21_600..=last).contains(&certified_until(app));
            certificates_end_at(app, if is_kept { certified_until(app) } else { until + 86_400 });
            is_served(app, &license, &build, n, &both);
            app.clock.set_by(-days * DAY);
            certificates_end_at(app, right() + 14 * 86_400);
            is_served(app, &license, &build, n + 1, &[right()]);
        }
    }

    fn a_certificate_is_made_for_two_weeks_again_once_the_clock_is_accepted(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": "unlimited" }));
        let build = app.build(&editor);
        app.clock.set_by(40 * DAY);
        certificates_end_at(app, app.clock.seconds() + 86_400);
        is_served(app, &license, &build, 1, &[app.clock.seconds()]);
        app.clock.advance(19 * 3600);
        certificates_end_at(app, app.clock.seconds() + 86_400);
        is_served(app, &license, &build, 2, &[app.clock.seconds()]);
        accept(app, 40 * DAY).expect(200);
        certificates_end_at(app, app.clock.seconds() + 14 * 86_400);
        is_served(app, &license, &build, 3, &[app.clock.seconds()]);
    }

    fn a_start_does_not_make_a_clock_right_that_is_far_ahead(app: &mut TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": "unlimited" }));
        let begin = app.clock.seconds().to_string();
        let noted = "SELECT value FROM installation WHERE name = 'noted_time'";
        assert!((0..5_000).any(|_| app.texts(noted) == [begin.clone()]), "the time is noted");
        app.clock.set_by(31 * DAY);
        for n in 1..3 {
            app.restart();
            assert_eq!(certified_until(app), app.clock.seconds() + 86_400, "before the doubt it would be two weeks");
            assert_problem(&issue(app, &editor, &Value::Null), 503, "clock_in_doubt");
            let build = app.build(&editor);
            is_served(app, &license, &build, n, &[app.clock.seconds()]);
            payload(&ask(app, "heartbeat", &with(&session(app, &editor, &license, "desk", 10 * n), "nonce", json!(nonce(10 * n + 1)))));
        }
        accept(app, 31 * DAY).expect(200);
        issue(app, &editor, &Value::Null).expect(201);
        app.restart();
        issue(app, &editor, &Value::Null).expect(201);
        app.clock.set_by(30 * DAY);
        app.restart();
        issue(app, &editor, &Value::Null).expect(201);
    }
}
