//! Trials: one for a device or a customer, from first use on, on both wires (`spec/license.md` §2.11, `spec/http.md` §3.9).

use sealgate_artifact::{Decision, Outcome, Word};
use sealgate_testkit::{Build, TestApp, TestDevice, on_both_engines};
use sealgate_wire::OnlineAnswer;
use serde_json::{Value, json};

use crate::support::{
    ask, assert_failed, assert_problem, nonce, payload, refused_without_effect, session, with,
};

pub(crate) const DAY: u64 = 24 * 60 * 60;
pub(crate) const ALICE: &str = "0190a6f0-0000-7000-8000-00000000a11c";

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// An app, and a plan of it that is tried for two weeks.
pub(crate) fn try_out(app: &TestApp, per: &str) -> (Value, Value) {
    let editor = app.create_app("Editor");
    let wish = json!({
        "app_id": editor["app_id"], "name": format!("Trial per {per}"), "tier": "licensed", "max_devices": 4,
        "trial": { "days": 14, "per": per },
    });
    let plan = app.api("POST", "/api/v1/plans", &wish).expect(201);
    app.meddle(&format!(
        "INSERT INTO customers (customer_id, tenant_id, name, metadata, seq, created_at) \
         SELECT '{ALICE}', tenant_id, 'Alice', '{{}}', 0, 0 FROM apps"
    ));
    (editor, plan)
}

pub(crate) fn trial(app: &TestApp, (editor, plan): &(Value, Value), more: &Value) -> Value {
    let mut order = json!({ "plan_id": plan["plan_id"] });
    let fields = order.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    app.issue(editor, &order)
}

/// What is decided about a device that says this of its machine.
pub(crate) fn decide(
    app: &TestApp,
    build: &Build,
    (device, fingerprint): (&TestDevice, Option<&str>),
    license: &Value,
    n: u32,
) -> Decision {
    let mut request = device.request(build, text(&license["license_key"]), n);
    request.fingerprint = fingerprint.map(|text| Word::parse(text).expect("a word"));
    let question = device.sign(&request, &[]);
    let answer = app.ask_online(&question);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    let answer: OnlineAnswer = serde_json::from_slice(&answer.bytes).expect("an answer");
    build.judge(&question, &answer, app.clock.seconds()).expect("is to be believed")
}

/// When the trial ends, or why there is none.
pub(crate) fn says(decision: &Decision) -> Result<u64, String> {
    match &decision.outcome {
        Outcome::Allowed { trial_ends, .. } => Ok(trial_ends.expect("a trial ends").get()),
        Outcome::Denied { code, .. } => Err(code.clone()),
    }
}

pub(crate) fn no(code: &str) -> Result<u64, String> {
    Err(code.to_owned())
}

on_both_engines! {
    fn a_trial_begins_with_the_first_use_and_ends_when_its_days_are_over(app: &TestApp) {
        let offer = try_out(app, "device");
        let build = app.build(&offer.0);
        let license = trial(app, &offer, &json!({}));
        let desk = TestDevice::default();
        let asks = |n| says(&decide(app, &build, (&desk, Some("m-1")), &license, n));
        app.clock.advance(5 * DAY);
        let ends = app.clock.seconds() + 14 * DAY;
        assert_eq!(asks(1), Ok(ends));
        app.clock.advance(14 * DAY - 1);
        assert_eq!(asks(2), Ok(ends));
        app.clock.advance(1);
        assert_eq!(asks(3), no("expired"));
        assert_eq!(app.count("events WHERE kind = 'device_bound'"), 1);
    }

    fn a_device_has_one_trial_whatever_becomes_of_its_seat_its_key_and_its_clock(app: &TestApp) {
        let offer = try_out(app, "device");
        let build = app.build(&offer.0);
        let (license, second) = (trial(app, &offer, &json!({})), trial(app, &offer, &json!({})));
        let (desk, emptied) = (TestDevice::default(), TestDevice::default());
        let ends = app.clock.seconds() + 14 * DAY;
        assert_eq!(says(&decide(app, &build, (&desk, Some("m-1")), &license, 1)), Ok(ends));
        assert_eq!(says(&decide(app, &build, (&desk, Some("m-1")), &second, 2)), no("trial_used"));
        app.clock.advance(10 * DAY);
        // Its state was deleted: another key, and the same machine.
        assert_eq!(says(&decide(app, &build, (&emptied, Some("m-1")), &license, 3)), Ok(ends));
        assert_eq!(says(&decide(app, &build, (&emptied, Some("m-1")), &second, 4)), no("trial_used"));
        let path = format!("/api/v1/licenses/{}/reset-devices", text(&license["license_id"]));
        app.api("POST", &path, &json!({})).expect(200);
        assert_eq!(says(&decide(app, &build, (&desk, Some("m-1")), &license, 5)), Ok(ends), "seated again");
        // What the device's clock says is a claim, and no more.
        let mut request = desk.request(&build, text(&license["license_key"]), 6);
        request.client_time = sealgate_artifact::UnixSeconds::new(1).expect("in range");
        let question = desk.sign(&request, &[]);
        let answer: OnlineAnswer = serde_json::from_slice(&app.ask_online(&question).bytes).expect("an answer");
        let decision = build.judge(&question, &answer, app.clock.seconds()).expect("is to be believed");
        assert_eq!(says(&decision), Ok(ends), "a device with a seat needs no fingerprint");
        app.clock.advance(4 * DAY);
        assert_eq!(says(&decide(app, &build, (&desk, Some("m-1")), &license, 7)), no("expired"));
        app.api("POST", &path, &json!({})).expect(200);
        assert_eq!(says(&decide(app, &build, (&desk, Some("m-1")), &license, 8)), no("expired"));
        assert_eq!(app.count("devices"), 0, "a trial that is over takes no seat");
        // Another machine.
        let late = app.clock.seconds() + 14 * DAY;
        assert_eq!(says(&decide(app, &build, (&desk, Some("m-2")), &second, 9)), Ok(late));
        assert_eq!(app.count("trials"), 2);
    }

    fn a_trial_needs_to_know_the_machine_and_a_seat_comes_first(app: &TestApp) {
        let offer = try_out(app, "device");
        let build = app.build(&offer.0);
        let license = trial(app, &offer, &json!({ "max_devices": 1 }));
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        assert_eq!(says(&decide(app, &build, (&desk, None), &license, 1)), no("fingerprint_required"));
        assert_eq!((app.count("devices"), app.count("trials")), (0, 0));
        says(&decide(app, &build, (&desk, Some("m-1")), &license, 2)).expect("begins");
        assert_eq!(says(&decide(app, &build, (&lap, None), &license, 3)), no("device_limit"));
    }

    fn a_customer_has_one_trial_for_all_devices(app: &TestApp) {
        let offer = try_out(app, "customer");
        let build = app.build(&offer.0);
        let order = |customer: Value| {
            let mut order = json!({ "app_id": offer.0["app_id"], "plan_id": offer.1["plan_id"] });
            order["customer_id"] = customer;
            app.api("POST", "/api/v1/licenses", &order)
        };
        let nobodys = order(Value::Null);
        assert_problem(&nobodys, 400, "malformed_request");
        assert!(text(&nobodys.json()["message"]).starts_with("customer_id: "), "{}", nobodys.json());
        let license = order(json!(ALICE)).expect(201)["licenses"][0].clone();
        assert_problem(&order(json!(ALICE)), 409, "trial_used");
        assert_eq!(app.count("licenses"), 1, "nothing was issued");
        // Nor by a change of another license: to this plan, to this customer, or away from any.
        let (other, at) = (app.issue(&offer.0, &json!({ "customer_id": ALICE })), |license: &Value| format!("/api/v1/licenses/{}", text(&license["license_id"])));
        let change = json!({ "plan_id": offer.1["plan_id"] });
        refused_without_effect(app, ("PATCH", &at(&other), &change), 409, "trial_used");
        let bob = app.api("POST", "/api/v1/customers", &json!({ "name": "Bob" })).expect(201);
        let bobs = order(bob["customer_id"].clone()).expect(201)["licenses"][0].clone();
        refused_without_effect(app, ("PATCH", &at(&bobs), &json!({ "customer_id": ALICE })), 409, "trial_used");
        refused_without_effect(app, ("PATCH", &at(&bobs), &json!({ "customer_id": "" })), 400, "malformed_request");
        app.clock.advance(3 * DAY);
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        let ends = app.clock.seconds() + 14 * DAY;
        assert_eq!(says(&decide(app, &build, (&desk, None), &license, 1)), Ok(ends));
        app.clock.advance(DAY);
        assert_eq!(says(&decide(app, &build, (&lap, None), &license, 2)), Ok(ends), "they end together");
    }

    fn what_one_customer_tried_counts_for_the_one_it_becomes(app: &TestApp) {
        let offer = try_out(app, "customer");
        let build = app.build(&offer.0);
        let order = |customer: &Value| {
            let wish = json!({ "app_id": offer.0["app_id"], "plan_id": offer.1["plan_id"], "customer_id": customer });
            app.api("POST", "/api/v1/licenses", &wish)
        };
        let bob = app.api("POST", "/api/v1/customers", &json!({ "name": "Bob" })).expect(201)["customer_id"].clone();
        let license = order(&bob).expect(201)["licenses"][0].clone();
        let ends = app.clock.seconds() + 14 * DAY;
        assert_eq!(says(&decide(app, &build, (&TestDevice::default(), None), &license, 1)), Ok(ends));
        app.api("POST", &format!("/api/v1/customers/{}/merge", text(&bob)), &json!({ "into": ALICE })).expect(200);
        let wish = json!({ "app_id": offer.0["app_id"], "plan_id": offer.1["plan_id"], "customer_id": ALICE });
        refused_without_effect(app, ("POST", "/api/v1/licenses", &wish), 409, "trial_used");
        app.clock.advance(DAY);
        let lap = decide(app, &build, (&TestDevice::default(), None), &license, 2);
        assert_eq!(says(&lap), Ok(ends), "the trial that was begun goes on");
    }

    fn a_trial_that_is_bought_lasts_as_its_plan_says(app: &TestApp) {
        let offer = try_out(app, "device");
        let (build, license) = (app.build(&offer.0), trial(app, &offer, &json!({})));
        let desk = TestDevice::default();
        says(&decide(app, &build, (&desk, Some("m-1")), &license, 1)).expect("is tried");
        let plan = |name: &str, more: Value| {
            let wish = json!({ "app_id": offer.0["app_id"], "name": name, "tier": "licensed", "max_devices": 4, "files": true });
            app.api("POST", "/api/v1/plans", &with(&wish, "duration", more)).expect(201)["plan_id"].clone()
        };
        let (year, ever) = (plan("Year", json!("1y")), plan("Ever", Value::Null));
        app.clock.advance(20 * DAY);
        let at = format!("/api/v1/licenses/{}", text(&license["license_id"]));
        let preview = |wish: &Value| app.api("POST", &format!("{at}/preview"), wish).expect(200);
        let bought = preview(&json!({ "plan_id": year }));
        assert_eq!(bought["lessened"], json!([]), "a trial that is over becomes a year");
        assert_eq!(preview(&json!({ "plan_id": ever }))["after"]["expires_at"], Value::Null);
        assert_eq!(preview(&json!({ "plan_id": year, "expires_at": null }))["after"]["expires_at"], Value::Null);
        let changed = app.api("PATCH", &at, &json!({ "plan_id": year })).expect(200);
        assert_eq!((&changed["expires_at"], &bought["after"]["expires_at"]), (&json!("2028-02-04T08:00:00Z"), &changed["expires_at"]));
        // What is no trial keeps its end.
        let same = app.api("PATCH", &at, &json!({ "plan_id": ever })).expect(200);
        assert_eq!(same["expires_at"], changed["expires_at"]);
        let decision = decide(app, &build, (&desk, None), &license, 2);
        assert!(matches!(decision.outcome, Outcome::Allowed { trial_ends: None, .. }), "{decision:?}");
    }

    fn racing_first_uses_begin_one_trial(app: &TestApp) {
        let offer = try_out(app, "device");
        let build = app.build(&offer.0);
        // Two licenses, of which one wins.
        let licenses = [trial(app, &offer, &json!({ "max_devices": "unlimited" })), trial(app, &offer, &json!({ "max_devices": "unlimited" }))];
        let devices: Vec<TestDevice> = (0..32).map(|_| TestDevice::default()).collect();
        let start = std::sync::Barrier::new(devices.len());
        let said: Vec<_> = std::thread::scope(|scope| {
            let ask = |n: usize, device: &TestDevice| {
                start.wait();
                let number = u32::try_from(n).expect("small");
                says(&decide(app, &build, (device, Some("m-1")), &licenses[n % 2], number))
            };
            let racers: Vec<_> =
                devices.iter().enumerate().map(|(n, device)| scope.spawn(move || ask(n, device))).collect();
            racers.into_iter().map(|racer| racer.join().expect("is told")).collect()
        });
        let ends = app.clock.seconds() + 14 * DAY;
        let (won, lost): (Vec<_>, Vec<_>) = said.into_iter().partition(Result::is_ok);
        assert!(won.iter().all(|won| *won == Ok(ends)) && won.len() == 16, "{won:?}");
        assert!(lost.iter().all(|lost| *lost == no("trial_used")), "{lost:?}");
        // One machine: every seat moves three times (spec/online.md §11.3).
        assert_eq!((app.count("trials"), app.count("devices")), (1, 4));
    }

    fn the_other_wire_ends_sessions_with_the_trial(app: &TestApp) {
        let offer = try_out(app, "device");
        let (license, second) = (trial(app, &offer, &json!({})), trial(app, &offer, &json!({})));
        let question = |license, n| TestApp::question(&offer.0, license, "desk", &nonce(n));
        let told = payload(&app.validate(&question(&license, 1)));
        let ends = app.clock.seconds() + 14 * DAY;
        assert_eq!(told["licenseExpiresAt"], json!(sealgate_artifact::UnixSeconds::new(ends).expect("in range").to_string()));
        assert_failed(&app.validate(&question(&second, 2)), 410, "expired");
        app.clock.advance(13 * DAY + DAY / 2);
        let week = with(&question(&license, 3), "ttlSeconds", json!(7 * DAY));
        assert_eq!(payload(&app.validate(&week))["expiresIn"], json!(ends), "no longer than the trial");
        let going_on = session(app, &offer.0, &license, "desk", 4);
        payload(&ask(app, "heartbeat", &with(&going_on, "nonce", json!(nonce(5)))));
        app.clock.advance(DAY / 2);
        assert_failed(&app.validate(&question(&license, 6)), 410, "expired");
        assert_failed(&ask(app, "heartbeat", &with(&going_on, "nonce", json!(nonce(7)))), 401, "session_expired");
    }

    fn a_trial_is_told_apart_and_never_handed_out(app: &TestApp) {
        let offer = try_out(app, "device");
        assert_eq!(offer.1["trial"], json!({ "days": 14, "per": "device" }));
        let license = trial(app, &offer, &json!({}));
        let path = format!("/api/v1/licenses/{}", text(&license["license_id"]));
        let shown = app.api("GET", &path, &json!(null)).expect(200);
        assert_eq!((&shown["trial"], &shown["expires_at"]), (&offer.1["trial"], &Value::Null));
        assert_problem(&app.api("GET", &format!("{path}/file"), &json!(null)), 409, "offline_disabled");
        let wish = json!({ "hwid": "desk", "expires_at": "2027-02-01T00:00:00Z" });
        assert_problem(&app.api("POST", &format!("{path}/authforge-file"), &wish), 409, "offline_disabled");
        let editor = format!("/api/v1/apps/{}", text(&offer.0["app_id"]));
        app.api("PATCH", &editor, &json!({ "danger_lifetime_files": true })).expect(200);
        let question = TestApp::question(&offer.0, &license, "desk", &nonce(1));
        assert_failed(&ask(app, "offline/activate", &question), 409, "offline_activation_requires_perpetual");
        let plan = format!("/api/v1/plans/{}", text(&offer.1["plan_id"]));
        for days in [0, 3651] {
            let wish = json!({ "trial": { "days": days } });
            assert_problem(&app.api("PATCH", &plan, &wish), 400, "malformed_request");
        }
        let none = app.api("PATCH", &plan, &json!({ "trial": null })).expect(200);
        assert_eq!(none.get("trial"), None);
    }
}
