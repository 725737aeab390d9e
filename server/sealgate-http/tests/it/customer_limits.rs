//! How many devices a customer's licenses may be on, all together (`spec/http.md` §3.17).

use sealgate_artifact::Outcome;
use sealgate_testkit::{Answer, TestApp, TestDevice, on_both_engines};
use sealgate_wire::OnlineAnswer;
use serde_json::{Value, json};

use crate::customers::{at, customer};
use crate::online::{code, decide};
use crate::support::{assert_failed, assert_problem, nonce, refused_without_effect};

/// Licenses of one customer with many seats each.
fn bought(app: &TestApp, editor: &Value, customer: &Value, count: u32) -> Vec<Value> {
    let order = json!({ "max_devices": 100, "customer_id": customer["customer_id"] });
    (0..count).map(|_| app.issue(editor, &order)).collect()
}

fn ask(app: &TestApp, editor: &Value, license: &Value, n: u32) -> Answer {
    app.validate(&TestApp::question(editor, license, &format!("device-{n}"), &nonce(n)))
}

on_both_engines! {
    fn devices_are_counted_over_all_licenses_of_the_customer(app: &TestApp) {
        let editor = app.create_app("Editor");
        let ada = customer(app, &json!({ "name": "Ada", "max_devices": 3 }));
        let licenses = bought(app, &editor, &ada, 3);
        for n in 0..3 {
            ask(app, &editor, &licenses[n as usize], n).expect(200);
        }
        assert_failed(&ask(app, &editor, &licenses[0], 3), 403, "hwid_mismatch");
        ask(app, &editor, &licenses[1], 1).expect(200);
        let file = format!("/api/v1/licenses/{}/authforge-file", licenses[0]["license_id"].as_str().expect("text"));
        assert_problem(&app.api("POST", &file, &json!({ "hwid": "another", "expires_at": "2027-02-01T00:00:00Z" })), 409, "customer_device_limit");
        let shown = app.api("GET", &at(&ada, ""), &json!(null)).expect(200);
        assert_eq!((&shown["licenses"], &shown["devices_used"]), (&json!(3), &json!(3)));

        let (build, desk) = (app.build(&editor), TestDevice::default());
        let question = desk.question(&build, licenses[0]["license_key"].as_str().expect("text"), 1, &[]);
        let answer: OnlineAnswer = serde_json::from_slice(&app.ask_online(&question).bytes).expect("an answer");
        let decision = build.judge(&question, &answer, app.clock.seconds()).expect("is to be believed");
        let Outcome::Denied { code, .. } = decision.outcome else { panic!("{decision:?}") };
        assert_eq!(code, "customer_device_limit");

        // Nobody else's license is touched, and neither is one of nobody's.
        let bob = customer(app, &json!({ "name": "Bob" }));
        ask(app, &editor, &bought(app, &editor, &bob, 1)[0], 4).expect(200);
        ask(app, &editor, &app.issue(&editor, &json!({})), 5).expect(200);
        // Who gets a lower limit keeps what is there; a higher one lets more in.
        app.api("PATCH", &at(&ada, ""), &json!({ "max_devices": 1 })).expect(200);
        ask(app, &editor, &licenses[2], 2).expect(200);
        assert_failed(&ask(app, &editor, &licenses[2], 6), 403, "hwid_mismatch");
        app.api("PATCH", &at(&ada, ""), &json!({ "max_devices": 4 })).expect(200);
        ask(app, &editor, &licenses[2], 7).expect(200);
        assert_failed(&ask(app, &editor, &licenses[2], 8), 403, "hwid_mismatch");
        app.api("PATCH", &at(&ada, ""), &json!({ "max_devices": "unlimited" })).expect(200);
        ask(app, &editor, &licenses[2], 9).expect(200);
    }

    fn who_is_over_the_limit_is_refused_while_nobody_can_write(app: &TestApp) {
        let editor = app.create_app("Editor");
        let ada = customer(app, &json!({ "name": "Ada", "max_devices": 1 }));
        let license = &bought(app, &editor, &ada, 1)[0];
        ask(app, &editor, license, 1).expect(200);
        app.while_nobody_writes(|| {
            for n in 2..5 {
                assert_failed(&ask(app, &editor, license, n), 403, "hwid_mismatch");
            }
        });
    }

    fn the_limit_comes_before_all_that_is_about_a_trial(app: &TestApp) {
        let editor = app.create_app("Editor");
        let ada = customer(app, &json!({ "name": "Ada", "max_devices": 1 }));
        ask(app, &editor, &bought(app, &editor, &ada, 1)[0], 1).expect(200);
        let wish = json!({ "app_id": editor["app_id"], "name": "Try", "tier": "licensed", "trial": { "days": 14, "per": "device" } });
        let plan = app.api("POST", "/api/v1/plans", &wish).expect(201);
        let order = json!({ "plan_id": plan["plan_id"], "customer_id": ada["customer_id"] });
        let (license, desk) = (app.issue(&editor, &order), TestDevice::default());
        // It says no fingerprint either.
        let key = license["license_key"].as_str().expect("text");
        assert_eq!(code(&decide(app, &app.build(&editor), &desk, key, 1)), "customer_device_limit");
        assert_eq!(app.count("trials"), 0);
    }

    fn racing_devices_never_exceed_the_limit(app: &TestApp) {
        let editor = app.create_app("Editor");
        for limit in [1, 5] {
            let ada = customer(app, &json!({ "name": "Ada", "max_devices": limit }));
            let licenses = bought(app, &editor, &ada, 4);
            let start = std::sync::Barrier::new(48);
            let answers: Vec<Answer> = std::thread::scope(|scope| {
                let race = |n: u32| {
                    let (start, license) = (&start, &licenses[n as usize % licenses.len()]);
                    let editor = &editor;
                    scope.spawn(move || {
                        start.wait();
                        ask(app, editor, license, n)
                    })
                };
                let racers: Vec<_> = (0..48).map(race).collect();
                racers.into_iter().map(|racer| racer.join().expect("gets an answer")).collect()
            });
            let won = answers.iter().filter(|answer| answer.status == 200).count();
            assert_eq!(won, limit, "{:?}", answers.iter().map(|a| a.status).collect::<Vec<_>>());
            let shown = app.api("GET", &at(&ada, ""), &json!(null)).expect(200);
            assert_eq!(shown["devices_used"], limit);
        }
    }

    fn a_customer_with_a_limit_has_a_thousand_licenses_at_most(app: &TestApp) {
        let editor = app.create_app("Editor");
        let ada = customer(app, &json!({ "name": "Ada" }));
        let order = |count: u32| json!({ "app_id": editor["app_id"], "customer_id": ada["customer_id"], "count": count });
        let limited = json!({ "max_devices": 5 });
        app.api("POST", "/api/v1/licenses", &order(1000)).expect(201);
        app.api("PATCH", &at(&ada, ""), &limited).expect(200);
        refused_without_effect(app, ("POST", "/api/v1/licenses", &order(1)), 409, "limit_reached");
        let other = app.issue(&editor, &json!({}));
        let path = format!("/api/v1/licenses/{}", other["license_id"].as_str().expect("text"));
        let give = json!({ "customer_id": ada["customer_id"] });
        refused_without_effect(app, ("PATCH", &path, &give), 409, "limit_reached");
        app.api("PATCH", &at(&ada, ""), &json!({ "max_devices": "unlimited" })).expect(200);
        app.api("PATCH", &path, &give).expect(200);
        assert_eq!(app.api("GET", &at(&ada, ""), &json!(null)).expect(200)["licenses"], 1001);
        refused_without_effect(app, ("PATCH", &at(&ada, ""), &limited), 409, "limit_reached");
        // Whoever else wrote the row: what is not added up counts as too much.
        app.meddle("UPDATE customers SET max_devices = 5000");
        assert_failed(&ask(app, &editor, &other, 1), 403, "hwid_mismatch");
    }
}
