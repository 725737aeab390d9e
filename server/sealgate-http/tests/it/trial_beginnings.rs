//! When a trial begins: once, at a time that nobody doubts, whatever the vendor changes (`spec/online.md` §7.7).

use sealgate_artifact::UnixSeconds;
use sealgate_testkit::{Answer, Build, TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::support::{ask, assert_failed, assert_problem, nonce, payload, refused_without_effect, with};
use crate::trials::{ALICE, DAY, decide, no, says, text, trial, try_out};

/// What the server answers to a new device on that machine.
fn asked_on(app: &TestApp, build: &Build, machine: &str, license: &Value, n: u32) -> Answer {
    let device = TestDevice::default();
    let mut request = device.request(build, text(&license["license_key"]), n);
    request.fingerprint = Some(sealgate_artifact::Word::parse(machine).expect("a word"));
    app.ask_online(&device.sign(&request, &[]))
}

/// A plan, and the change of a license to it.
fn plan(app: &TestApp, editor: &Value, wish: &Value) -> Value {
    let same = json!({ "app_id": editor["app_id"], "name": "Another", "tier": "licensed", "max_devices": 4 });
    let wish = wish
        .as_object()
        .expect("an object")
        .iter()
        .fold(same, |plan, (name, value)| with(&plan, name, value.clone()));
    json!({ "plan_id": app.api("POST", "/api/v1/plans", &wish).expect(201)["plan_id"] })
}

fn change(app: &TestApp, license: &Value, change: &Value) {
    app.api("PATCH", &at(license), change).expect(200);
}

fn at(license: &Value) -> String {
    format!("/api/v1/licenses/{}", text(&license["license_id"]))
}

/// A moment as answers on AuthForge's wire name it.
fn moment(seconds: u64) -> Value {
    json!(UnixSeconds::new(seconds).expect("in range").to_string())
}

on_both_engines! {
    fn no_trial_begins_while_the_clock_is_doubted_and_one_that_was_begun_goes_on(app: &TestApp) {
        let offer = try_out(app, "device");
        let customers = json!({ "trial": { "days": 14, "per": "customer" } });
        let all = app.issue(&offer.0, &with(&plan(app, &offer.0, &customers), "customer_id", json!(ALICE)));
        let (build, license) = (app.build(&offer.0), trial(app, &offer, &json!({ "max_devices": "unlimited" })));
        let ends = app.clock.seconds() + 14 * DAY;
        let goes_on = |n| decide(app, &build, (&TestDevice::default(), Some("begun")), &license, n);
        assert_eq!(says(&goes_on(1)), Ok(ends));
        let told = payload(&app.validate(&TestApp::question(&offer.0, &license, "begun", &nonce(2))));
        assert_eq!(told["licenseExpiresAt"], moment(ends));
        let days = DAY.cast_signed();
        for (n, seconds) in (10..).step_by(10).zip([400 * days, -400 * days, 301, -301]) {
            let rows = || (app.count("trials"), app.count("devices"));
            let before = rows();
            app.clock.set_by(seconds);
            for license in [&license, &all] {
                let refused = asked_on(app, &build, "new", license, n);
                assert_problem(&refused, 503, "clock_in_doubt");
                assert!(refused.header("retry-after").is_some());
                assert_failed(&app.validate(&TestApp::question(&offer.0, license, "new", &nonce(n))), 503, "system_error");
            }
            assert_eq!(rows(), before);
            if seconds.abs() < days {
                assert_eq!(says(&goes_on(n + 1)), Ok(ends.min(app.clock.seconds() + 14 * DAY)));
                payload(&app.validate(&TestApp::question(&offer.0, &license, "begun", &nonce(n + 1))));
            }
            app.clock.set_by(-seconds);
        }
        let ends = app.clock.seconds() + 14 * DAY;
        assert_eq!(says(&decide(app, &build, (&TestDevice::default(), Some("new")), &license, 60)), Ok(ends));
        assert_eq!(says(&decide(app, &build, (&TestDevice::default(), None), &all, 61)), Ok(ends));
        app.clock.set_by(days);
        app.clock.advance(1);
        assert_problem(&asked_on(app, &build, "late", &license, 70), 503, "clock_in_doubt");
        app.clock.advance(3600);
        asked_on(app, &build, "late", &license, 71).expect(200);
    }

    fn no_answer_names_an_end_that_is_further_away_than_the_days_of_the_trial(app: &TestApp) {
        let offer = try_out(app, "device");
        let (build, license) = (app.build(&offer.0), trial(app, &offer, &json!({})));
        let set_by = |days: i64| app.clock.set_by(days * DAY.cast_signed());
        set_by(400);
        app.api("POST", "/api/v1/clock/accept", &json!({ "set_by": 400 * DAY })).expect(200);
        let desk = TestDevice::default();
        let latest = || app.clock.seconds() + 14 * DAY;
        assert_eq!(says(&decide(app, &build, (&desk, Some("m-1")), &license, 1)), Ok(latest()));
        let question = |n| TestApp::question(&offer.0, &license, "desk", &nonce(n));
        payload(&app.validate(&question(2)));
        set_by(-400);
        assert_eq!(says(&decide(app, &build, (&desk, Some("m-1")), &license, 3)), Ok(latest()));
        let told = payload(&app.validate(&question(4)));
        assert_eq!(told["licenseExpiresAt"], moment(latest()));
        let session = json!({
            "appId": offer.0["app_id"], "sessionToken": told["sessionToken"], "hwid": "desk", "nonce": nonce(5),
        });
        let (first, at) = (ask(app, "heartbeat", &session), latest());
        assert_eq!(payload(&first)["licenseExpiresAt"], moment(at));
        app.clock.advance(60);
        assert_eq!(ask(app, "heartbeat", &session).json(), first.json(), "one question has one answer");
        assert_eq!(payload(&app.validate(&question(4)))["licenseExpiresAt"], moment(at));
        assert_eq!(payload(&app.validate(&question(6)))["licenseExpiresAt"], moment(latest()));
    }

    fn a_session_of_a_license_that_becomes_a_trial_ends_and_the_next_validation_begins_it(app: &TestApp) {
        for per in ["device", "customer"] {
            let editor = app.create_app(&format!("Editor per {per}"));
            let tried = plan(app, &editor, &json!({ "trial": { "days": 14, "per": per } }));
            let buyer = app.api("POST", "/api/v1/customers", &json!({ "name": "Bob" })).expect(201);
            let license = app.issue(&editor, &json!({ "customer_id": buyer["customer_id"] }));
            let question = |n| with(&TestApp::question(&editor, &license, "desk", &nonce(n)), "ttlSeconds", json!(7 * DAY));
            let beat = |told: &Value, n| {
                let token = &told["sessionToken"];
                let question = json!({ "appId": editor["app_id"], "sessionToken": token, "hwid": "desk", "nonce": nonce(n) });
                ask(app, "heartbeat", &question)
            };
            let old = payload(&app.validate(&question(1)));
            payload(&beat(&old, 2));
            change(app, &license, &tried);
            assert_failed(&beat(&old, 3), 401, "session_expired");
            assert_failed(&beat(&old, 4), 401, "session_expired");
            let ends = app.clock.seconds() + 14 * DAY;
            let new = payload(&app.validate(&question(5)));
            assert_eq!(new["licenseExpiresAt"], moment(ends));
            for told in [&new, &old] {
                assert_eq!(payload(&beat(told, 6))["licenseExpiresAt"], moment(ends));
            }
        }
    }

    fn what_a_customer_tried_counts_for_the_one_it_becomes_without_the_license(app: &TestApp) {
        let offer = try_out(app, "customer");
        let customer = |name: &str| app.api("POST", "/api/v1/customers", &json!({ "name": name })).expect(201)["customer_id"].clone();
        let (bob, eve) = (customer("Bob"), customer("Eve"));
        let merge = |from: &Value, into: &Value| {
            app.api("POST", &format!("/api/v1/customers/{}/merge", text(from)), &json!({ "into": into })).expect(200)
        };
        let order = |customer: &Value| json!({ "app_id": offer.0["app_id"], "plan_id": offer.1["plan_id"], "customer_id": customer });
        let tried = trial(app, &offer, &json!({ "customer_id": bob }));
        change(app, &tried, &json!({ "customer_id": eve }));
        assert_eq!(merge(&bob, &json!(ALICE))["moved"], 0);
        for customer in [&json!(ALICE), &eve] {
            refused_without_effect(app, ("POST", "/api/v1/licenses", &order(customer)), 409, "trial_used");
        }
        // Both tried it, and it counts once more for the third.
        let fay = customer("Fay");
        merge(&json!(ALICE), &eve);
        merge(&eve, &fay);
        refused_without_effect(app, ("POST", "/api/v1/licenses", &order(&fay)), 409, "trial_used");
        assert_eq!(app.api("GET", &at(&tried), &json!(null)).expect(200)["customer_id"], fay);
        let other = try_other(app);
        app.issue(&other.0, &json!({ "plan_id": other.1["plan_id"], "customer_id": fay }));
    }

    fn a_trial_goes_on_when_it_becomes_one_for_each_device_or_one_for_the_customer(app: &TestApp) {
        let offer = try_out(app, "device");
        let build = app.build(&offer.0);
        let all = plan(app, &offer.0, &json!({ "trial": { "days": 14, "per": "customer" } }));
        let each = json!({ "plan_id": offer.1["plan_id"] });
        let bob = app.api("POST", "/api/v1/customers", &json!({ "name": "Bob" })).expect(201)["customer_id"].clone();
        let forth = trial(app, &offer, &json!({ "customer_id": ALICE }));
        let back = app.issue(&offer.0, &with(&all, "customer_id", bob));
        let asks = |license: &Value, machine: &str, n| {
            says(&decide(app, &build, (&TestDevice::default(), Some(machine)), license, n))
        };
        let ends = app.clock.seconds() + 14 * DAY;
        assert_eq!((asks(&forth, "m-1", 1), asks(&back, "m-2", 1)), (Ok(ends), Ok(ends)));
        app.clock.advance(10 * DAY);
        for (license, becomes) in [(&forth, &all), (&back, &each)] {
            change(app, license, becomes);
            app.api("POST", &format!("{}/reset-devices", at(license)), &json!({})).expect(200);
        }
        let late = app.clock.seconds() + 14 * DAY;
        assert_eq!(asks(&forth, "m-3", 2), Ok(late), "nothing is known of this machine");
        assert_eq!((asks(&forth, "m-1", 3), asks(&back, "m-2", 3)), (Ok(ends), Ok(ends)));
        assert_eq!(asks(&back, "m-4", 4), Ok(ends), "it began for all of them");
        app.clock.advance(4 * DAY);
        for (license, machine) in [(&forth, "m-1"), (&back, "m-2")] {
            app.api("POST", &format!("{}/reset-devices", at(license)), &json!({})).expect(200);
            assert_eq!(asks(license, machine, 5), no("expired"));
        }
        // And once more, to where it came from.
        change(app, &forth, &each);
        assert_eq!(asks(&forth, "m-1", 6), no("expired"));
    }
}

/// Another app, of which the same customer has a trial of its own.
fn try_other(app: &TestApp) -> (Value, Value) {
    let editor = app.create_app("Viewer");
    let tried = plan(app, &editor, &json!({ "trial": { "days": 14, "per": "customer" } }));
    (editor, tried)
}
