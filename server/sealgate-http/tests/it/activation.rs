//! `POST /api/v1/activate` and `deactivate`: a device is admitted, and proves it (`spec/activation.md` §3 to §5).

use sealgate_artifact::{Module, Operation};
use sealgate_testkit::{Admission, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::support::sell;

fn key(license: &Value) -> &str {
    license["license_key"].as_str().expect("a key")
}

fn module(name: &str) -> Module {
    Module { name: name.to_owned(), sha256: [7; 32], version: None, signer: None }
}

on_both_engines! {
    fn an_admitted_device_has_a_proof_of_its_own(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let build = app.build(&editor);
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        let activation = desk.activate(app, &build, key(&license), 1).expect_admitted();
        assert_eq!(activation.said.generation, 1);
        assert_eq!(activation.said.device_key, desk.key);
        assert_eq!(activation.said.license.to_string(), license["license_id"].as_str().expect("an id"));
        assert_eq!(app.count("devices"), 1);
        assert_eq!(app.count("events WHERE kind = 'device_activated'"), 1);
        assert_eq!(lap.activate(app, &build, key(&license), 2).expect_denied(), "device_limit");
        assert_eq!(app.count("activations"), 1);
    }

    fn the_same_request_gets_the_same_proof_and_another_the_next_generation(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let build = app.build(&editor);
        let desk = TestDevice::default();
        let question = desk.wish(&build, key(&license), (1, &desk.sealing()), (Some("m:1"), &[]));
        let first = desk.admitted(app, &build, &question).expect_admitted();
        let again = desk.admitted(app, &build, &question).expect_admitted();
        assert_eq!(first.id, again.id, "the answer was lost");
        let next = desk.activate(app, &build, key(&license), 2).expect_admitted();
        assert_eq!((next.said.activation, next.said.generation), (first.said.activation, 2));
        assert_ne!(next.said.sealed_secret, first.said.sealed_secret);
        assert_eq!(app.count("devices"), 1, "no second seat");
        assert_eq!(app.count("activations"), 1);
    }

    fn a_lost_answer_locks_nobody_out_where_the_license_changed_meanwhile(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let build = app.build(&editor);
        let desk = TestDevice::default();
        let question = desk.wish(&build, key(&license), (1, &desk.sealing()), (None, &[]));
        assert_eq!(app.ask_operation("activate", &question).status, 200);
        let path = format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("an id"));
        app.api("PATCH", &path, &json!({ "tier": "enterprise" })).expect(200);
        app.clock.advance(300);
        let mut activation = desk.admitted(app, &build, &question).expect_admitted();
        assert_eq!(activation.said.generation, 1);
        assert_eq!(activation.beat(app, &build, &desk).code(), "admitted");
    }

    fn a_request_that_comes_late_begins_nothing(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let build = app.build(&editor);
        let desk = TestDevice::default();
        let question = desk.wish(&build, key(&license), (1, &desk.sealing()), (None, &[]));
        desk.admitted(app, &build, &question).expect_admitted();
        app.clock.advance(300);
        let mut newest = desk.activate(app, &build, key(&license), 2).expect_admitted();
        app.clock.advance(300);
        assert_eq!(desk.admitted(app, &build, &question).expect_denied(), "replay_detected");
        assert_eq!(newest.beat(app, &build, &desk).code(), "admitted", "it is not superseded");
        let second = desk.wish(&build, key(&license), (3, &desk.sealing()), (None, &[]));
        desk.admitted(app, &build, &second).expect_admitted();
        let mut request = desk.request(&build, key(&license), 4);
        request.operation = Operation::Deactivate;
        assert_eq!(app.ask_operation("deactivate", &desk.sign(&request, &[])).status, 200);
        for late in [&question, &second] {
            app.clock.advance(300);
            assert_eq!(desk.admitted(app, &build, late).expect_denied(), "replay_detected");
        }
        assert_eq!(app.count("devices"), 0, "whoever repeats it takes no seat");
        desk.activate(app, &build, key(&license), 5).expect_admitted();
    }

    fn a_device_that_is_activated_more_than_three_times_a_day_again_may_be_two(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let build = app.build(&editor);
        let desk = TestDevice::default();
        for n in 1..=4 {
            desk.activate(app, &build, key(&license), n).expect_admitted();
        }
        assert_eq!(desk.activate(app, &build, key(&license), 5).expect_denied(), "clone_suspected");
        app.clock.advance(24 * 60 * 60);
        let activation = desk.activate(app, &build, key(&license), 6).expect_admitted();
        assert_eq!(activation.said.generation, 5);
    }

    fn who_is_deactivated_makes_room(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let build = app.build(&editor);
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        let mut activation = desk.activate(app, &build, key(&license), 1).expect_admitted();
        let mut request = desk.request(&build, key(&license), 2);
        request.operation = Operation::Deactivate;
        assert_eq!(app.ask_operation("deactivate", &desk.sign(&request, &[])).status, 200);
        assert_eq!(app.count("devices"), 0);
        assert_eq!(activation.beat(app, &build, &desk).code(), "not_activated");
        lap.activate(app, &build, key(&license), 3).expect_admitted();
        assert_eq!(desk.activate(app, &build, key(&license), 4).expect_denied(), "device_limit");
    }

    fn every_module_that_is_not_approved_is_named(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let build = app.build(&editor);
        let desk = TestDevice::default();
        let modules = [module("a.so"), module("b.so")];
        let question = desk.wish(&build, key(&license), (1, &desk.sealing()), (None, &modules));
        let Admission::Denied(code, answer) = desk.admitted(app, &build, &question) else { panic!("admitted") };
        assert_eq!(code, "unapproved_module");
        let names: Vec<&str> = answer.unapproved.iter().map(|module| module.name.as_str()).collect();
        assert_eq!(names, ["a.so", "b.so"]);
        assert_eq!(app.count("devices"), 0, "no seat was taken");
    }

    fn revoked_and_unknown_licenses_admit_nobody(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let build = app.build(&editor);
        let desk = TestDevice::default();
        let unknown = "000G-40R4-0M30-E209-185G-R38E-1YRB";
        assert_eq!(desk.activate(app, &build, unknown, 1).expect_denied(), "invalid_key");
        let path = format!("/api/v1/licenses/{}/revoke", license["license_id"].as_str().expect("an id"));
        app.api("POST", &path, &json!({}));
        assert_eq!(desk.activate(app, &build, key(&license), 2).expect_denied(), "revoked");
        assert_eq!(app.count("activations"), 0);
    }

    fn a_license_that_has_expired_admits_nobody(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 3, "expires_at": "2027-01-15T08:01:00Z" }));
        let build = app.build(&editor);
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        let end = app.clock.seconds() + 60;
        app.clock.advance(59);
        let mut state = desk.activate(app, &build, key(&license), 1).expect_admitted();
        app.clock.advance(1);
        for (device, n) in [(&lap, 2), (&desk, 3)] {
            assert_eq!(device.activate(app, &build, key(&license), n).expect_denied(), "expired");
        }
        assert_eq!((app.count("devices"), app.count("activations WHERE generation = 1")), (1, 1));
        assert_eq!(app.count("events WHERE kind = 'device_activated'"), 1);
        let beaten = state.beat(app, &build, &desk);
        assert_eq!((beaten.code(), beaten.grace_until()), ("expired", Some(end)), "expiry has no grace");
    }

    fn of_64_devices_that_want_one_seat_one_is_admitted(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let build = app.build(&editor);
        let admitted: usize = std::thread::scope(|scope| {
            let one = |n: u32| {
                let (build, license) = (&build, &license);
                scope.spawn(move || {
                    let device = TestDevice::default();
                    matches!(device.activate(app, build, key(license), n), Admission::Admitted(_))
                })
            };
            let threads: Vec<_> = (0..64).map(one).collect();
            threads.into_iter().map(|thread| usize::from(thread.join().expect("no panic"))).sum()
        });
        assert_eq!((admitted, app.count("devices"), app.count("activations")), (1, 1, 1));
    }
}
