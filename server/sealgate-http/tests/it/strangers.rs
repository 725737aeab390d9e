//! Whoever proves nothing uses up nothing that others need (`spec/http.md` §1.8).

use sealgate_authority::Limits;
use sealgate_testkit::{Answer, Engine, TestApp, TestDevice};
use serde_json::{Value, json};

use crate::support::{ask, assert_failed, nonce, payload, session, with};

/// Questions that an app answers at once in these tests.
const APP: usize = 30;

/// An app that sold a license to each of many customers.
struct Sold {
    app: TestApp,
    editor: Value,
    licenses: Vec<Value>,
}

impl Sold {
    fn new(engine: Engine, limits: Limits) -> Self {
        let limits = Limits { app: Limits::authforge().address, ..limits };
        let app = TestApp::start_with_limits(engine, limits);
        let editor = app.create_app("Editor");
        let path = format!("/api/v1/apps/{}", editor["app_id"].as_str().expect("text"));
        app.api("PATCH", &path, &json!({ "danger_lifetime_files": true })).expect(200);
        let order = json!({ "app_id": editor["app_id"], "count": APP + 1 });
        let issued = app.api("POST", "/api/v1/licenses", &order).expect(201);
        let licenses = issued["licenses"].as_array().expect("a list").clone();
        Self { app, editor, licenses }
    }

    fn question(&self, license: &Value, n: usize) -> Value {
        TestApp::question(&self.editor, license, "desk", &nonce(u32::try_from(n).expect("small")))
    }

    /// So many customers are answered, and no more.
    #[track_caller]
    fn has_units(&self, units: usize) {
        let customers = self.licenses.iter().rev().zip(1_000..);
        let mut answers = customers.map(|(license, n)| self.app.validate(&self.question(license, n)));
        answers.by_ref().take(units).for_each(|answer| drop(payload(&answer)));
        assert_failed(&answers.next().expect("there are more"), 429, "rate_limited");
    }
}

fn on_both_engines(limits: Limits, test: fn(&Sold)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        test(&Sold::new(engine, limits));
    }
}

#[test]
fn keys_that_nobody_can_have_cost_the_app_nothing() {
    on_both_engines(Limits::default(), |sold| {
        let (build, desk) = (sold.app.build(&sold.editor), TestDevice::default());
        let online = desk.question(&build, "X", 1, &[]);
        for n in 0..=APP {
            let typed = with(&sold.question(&sold.licenses[0], n), "licenseKey", json!("X"));
            sold.app.ask_online(&online).expect(200);
            for path in ["validate", "offline/activate", "selfban"] {
                assert_failed(&ask(&sold.app, path, &typed), 401, "invalid_key");
            }
        }
        sold.has_units(APP);
    });
}

#[test]
fn ids_of_licenses_cost_the_app_nothing_where_no_seat_is_held() {
    on_both_engines(Limits::default(), |sold| {
        let (build, desk) = (sold.app.build(&sold.editor), TestDevice::default());
        let id = sold.licenses[0]["license_id"].as_str().expect("text");
        for _ in 0..=APP {
            sold.app.ask_online(&desk.question(&build, id, 1, &[])).expect(200);
        }
        sold.has_units(APP);
    });
}

#[test]
fn made_up_sessions_cost_the_app_nothing() {
    on_both_engines(Limits::default(), |sold| {
        let begun = session(&sold.app, &sold.editor, &sold.licenses[0], "desk", 1);
        let made_up = with(&begun, "sessionToken", json!("e30.AAAAAAAAAAAAAAAAAAAAAA"));
        for n in 0..=APP {
            let report = with(&made_up, "nonce", json!(format!("{n:032x}")));
            for path in ["heartbeat", "selfban"] {
                assert_failed(&ask(&sold.app, path, &report), 401, "session_expired");
            }
        }
        sold.has_units(APP - 1);
    });
}

#[test]
fn devices_that_are_not_admitted_cost_the_app_nothing() {
    on_both_engines(Limits::default(), |sold| {
        let entry = json!({ "app_id": sold.editor["app_id"], "effect": "deny", "hwid": "barred" });
        sold.app.api("POST", "/api/v1/access", &entry).expect(201);
        for n in 0..=APP {
            let barred = with(&sold.question(&sold.licenses[0], n), "hwid", json!("barred"));
            assert_eq!(sold.app.validate(&barred).status, 403);
        }
        sold.has_units(APP);
    });
}

#[test]
fn one_license_that_is_asked_about_too_often_costs_the_app_no_more() {
    let (few, wide) = (Limits::authforge(), Limits::default());
    on_both_engines(Limits { license: few.license, heartbeat: few.heartbeat, ..wide }, |sold| {
        let license = &sold.licenses[0];
        let begun = session(&sold.app, &sold.editor, license, "desk", 1);
        for n in 2..2 + 2 * APP {
            sold.app.validate(&sold.question(license, n));
            ask(&sold.app, "heartbeat", &with(&begun, "nonce", json!(format!("{n:032x}"))));
        }
        // Of the license, 5 validations and 6 heartbeats.
        sold.has_units(APP - 11);
    });
}

#[test]
fn a_question_that_is_decided_again_pays_once() {
    let limits = Limits { license: Limits::authforge().license, ..Limits::default() };
    on_both_engines(limits, |sold| {
        let (build, desk) = (sold.app.build(&sold.editor), TestDevice::default());
        let key = |n: usize| sold.licenses[n]["license_key"].as_str().expect("text");
        let ours = |n| desk.question(&build, key(0), n, &[]);
        let theirs = |n| sold.app.validate(&sold.question(&sold.licenses[1], 10 + n as usize));
        let all: [&dyn Fn(u32) -> Answer; 2] = [&|n| sold.app.ask_online(&ours(n)), &theirs];
        for ask in all {
            for n in 0..5 {
                // After the license was charged, and before the answer is given.
                sold.app.clock.stall_after(8, 2_000);
                ask(n).expect(200);
                assert!(sold.app.clock.has_stalled());
            }
            assert_eq!(ask(5).status, 429);
        }
    });
}
