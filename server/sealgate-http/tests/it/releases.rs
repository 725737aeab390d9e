//! `POST /api/v1/release`: a seat is given back by its device, or with the license's key (`spec/online.md` §9).

use sealgate_artifact::{Decision, DeviceId, Operation, Outcome};
use sealgate_testkit::{Build, TestApp, TestDevice, on_both_engines};
use sealgate_wire::OnlineAnswer;
use serde_json::{Value, json};

use crate::support::{assert_problem, sell};

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

struct Asked<'a>(&'a TestApp, &'a Build);

impl Asked<'_> {
    fn judged(
        &self,
        operation: &str,
        device: &TestDevice,
        request: &sealgate_artifact::DeviceRequest,
    ) -> (Decision, OnlineAnswer) {
        let question = device.sign(request, &[]);
        let answer = self.0.ask_operation(operation, &question);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
        let answer: OnlineAnswer = serde_json::from_slice(&answer.bytes).expect("an answer");
        let decision = self.1.judge(&question, &answer, self.0.clock.seconds()).expect("is to be believed");
        (decision, answer)
    }

    fn validate(&self, device: &TestDevice, license: &str, n: u32) -> (String, OnlineAnswer) {
        let (decision, answer) = self.judged("validate", device, &device.request(self.1, license, n));
        (code(&decision), answer)
    }

    fn release(&self, device: &TestDevice, license: &str, n: u32, of: Option<&str>) -> (String, Option<u64>) {
        let mut request = device.request(self.1, license, n);
        request.operation = Operation::Release;
        request.release = of.map(|id| DeviceId::parse(id).expect("an id"));
        let (decision, answer) = self.judged("release", device, &request);
        assert!(answer.license.is_none() && answer.seats.is_empty());
        (code(&decision), decision.devices_used)
    }
}

fn code(decision: &Decision) -> String {
    match &decision.outcome {
        Outcome::Allowed { .. } => "allowed".to_owned(),
        Outcome::Denied { code, .. } => code.clone(),
    }
}

fn yes(used: u64) -> (String, Option<u64>) {
    ("allowed".to_owned(), Some(used))
}

on_both_engines! {
    fn a_device_gives_its_seat_back_and_another_takes_it_at_once(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let build = app.build(&editor);
        let (asked, key) = (Asked(app, &build), text(&license["license_key"]));
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        assert_eq!(asked.validate(&desk, key, 1).0, "allowed");
        assert_eq!(asked.validate(&lap, key, 2).0, "device_limit");
        assert_eq!(asked.release(&desk, key, 3, None), yes(0));
        assert_eq!(app.count("devices"), 0);
        let event = format!("events WHERE kind = 'device_released' AND device = '{}'", desk.key);
        assert_eq!(app.count(&event), 1);
        assert_eq!(asked.release(&desk, key, 4, None), yes(0), "the answer may have been lost");
        assert_eq!(asked.validate(&lap, key, 5).0, "allowed");
        assert_eq!(asked.validate(&desk, key, 6).0, "device_limit");
        assert_eq!(app.count("releases"), 1);
        // By the license's id only who holds a seat of it.
        let id = text(&license["license_id"]);
        assert_eq!(asked.release(&desk, id, 7, None).0, "invalid_key");
        assert_eq!(asked.release(&lap, id, 8, None), yes(0));
    }

    fn the_same_request_never_takes_another_seat(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 10 }));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let asked = Asked(app, &build);
        let key = text(&license["license_key"]);
        for (n, named) in (0..).zip([key, text(&license["license_id"])]) {
            assert_eq!(asked.validate(&desk, key, 10 * n).0, "allowed");
            assert_eq!(asked.release(&desk, named, 10 * n + 1, None), yes(0));
            assert_eq!(asked.release(&desk, named, 10 * n + 1, None), yes(0), "the answer was lost");
            assert_eq!(asked.validate(&desk, key, 10 * n + 2).0, "allowed");
            assert_eq!(asked.release(&desk, named, 10 * n + 1, None), yes(1), "somebody kept it");
            app.clock.advance(200);
            assert_eq!(asked.release(&desk, named, 10 * n + 1, None), yes(1), "for longer than anybody remembers");
            let released = u64::from(n) + 1;
            assert_eq!((app.count("devices"), app.count("releases")), (1, released));
            assert_eq!(app.count("events WHERE kind = 'device_released'"), released);
        }
        // Of a device that somebody else names, too.
        let lap = TestDevice::default();
        assert_eq!(asked.validate(&desk, key, 30).0, "allowed");
        let of = || app.texts("SELECT device_id FROM devices");
        let first = of();
        assert_eq!(asked.release(&lap, key, 31, Some(&first[0])), yes(0));
        assert_eq!(asked.validate(&desk, key, 32).0, "allowed");
        assert_eq!(asked.release(&lap, key, 31, Some(&first[0])), yes(1));
    }

    fn a_customers_limit_is_not_got_around_by_giving_seats_back(app: &TestApp) {
        let editor = app.create_app("Editor");
        let build = app.build(&editor);
        let buyer = app.api("POST", "/api/v1/customers", &json!({ "name": "Ada", "max_devices": 2 })).expect(201);
        for (n, seats) in (0..).zip([json!("unlimited"), json!(100)]) {
            let license = app.issue(&editor, &json!({ "customer_id": buyer["customer_id"], "max_devices": seats }));
            let (asked, key) = (Asked(app, &build), text(&license["license_key"]));
            let mut said = vec![];
            for device in 0..5 {
                let desk = TestDevice::default();
                let number = 100 * n + 10 * device;
                assert_eq!(asked.validate(&desk, key, number).0, "allowed");
                said.push(asked.release(&desk, key, number + 1, None).0);
            }
            assert_eq!(said, ["allowed", "allowed", "allowed", "allowed", "allowance_spent"], "{seats}");
            let reset = format!("/api/v1/licenses/{}/reset-devices", text(&license["license_id"]));
            assert_problem(&app.api("POST", &reset, &json!({})), 409, "allowance_spent");
            let forced = app.api("POST", &reset, &json!({ "override_allowance": true })).expect(200);
            assert_eq!((&forced["devices_used"], &forced["releases_left"]), (&json!(0), &json!(0)));
        }
    }

    fn the_license_says_how_often_seats_are_given_back(app: &TestApp) {
        let editor = app.create_app("Editor");
        let build = app.build(&editor);
        let plan = json!({ "app_id": editor["app_id"], "name": "Pro", "tier": "licensed", "max_devices": 2, "allowances": { "releases": 1 } });
        let plan = app.api("POST", "/api/v1/plans", &plan).expect(201);
        let mut n = 0;
        let mut given_back = |license: &Value| {
            let (asked, key) = (Asked(app, &build), text(&license["license_key"]).to_owned());
            let mut once = || {
                let desk = TestDevice::default();
                n += 2;
                assert_eq!(asked.validate(&desk, &key, n).0, "allowed");
                (asked.release(&desk, &key, n + 1, None).0, desk)
            };
            let mut times = 0;
            loop {
                match once() {
                    (said, _) if said == "allowed" => times += 1,
                    (said, _) => {
                        assert_eq!(said, "allowance_spent");
                        return times;
                    }
                }
            }
        };
        let path = |license: &Value, verb: &str| format!("/api/v1/licenses/{}{verb}", text(&license["license_id"]));
        for (order, times) in [
            (json!({}), 2),
            (json!({ "allowances": { "releases": 0 } }), 0),
            (json!({ "allowances": { "releases": 3 } }), 3),
            (json!({ "allowances": { "replacements": 9 } }), 2),
            // For each of two seats.
            (json!({ "plan_id": plan["plan_id"] }), 2),
        ] {
            let license = app.issue(&editor, &order);
            assert_eq!(given_back(&license), times, "{order}");
            assert_problem(&app.api("POST", &path(&license, "/reset-devices"), &json!({})), 409, "allowance_spent");
            let more = json!({ "allowances": { "releases": times + 2 } });
            app.api("PATCH", &path(&license, ""), &more).expect(200);
            let reset = app.api("POST", &path(&license, "/reset-devices"), &json!({})).expect(200);
            assert!(reset["releases_left"].as_u64() >= Some(1), "{reset}");
        }
    }

    fn releases_that_somebody_dated_ahead_do_not_count(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let (asked, key) = (Asked(app, &build), text(&license["license_key"]));
        app.meddle(
            "INSERT INTO release_days (tenant_id, license_id, day, released) SELECT tenant_id, license_id, 2932896, 9 FROM licenses",
        );
        assert_eq!(asked.validate(&desk, key, 1).0, "allowed");
        assert_eq!(asked.release(&desk, key, 2, None), yes(0));
    }

    fn releases_draw_on_the_allowance_of_a_year(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let build = app.build(&editor);
        let (asked, key, desk) = (Asked(app, &build), text(&license["license_key"]), TestDevice::default());
        for n in 0..2 {
            assert_eq!(asked.validate(&desk, key, 10 + n).0, "allowed");
            assert_eq!(asked.release(&desk, key, 20 + n, None), yes(0));
        }
        assert_eq!(asked.validate(&desk, key, 30).0, "allowed");
        assert_eq!(asked.release(&desk, key, 31, None).0, "allowance_spent");
        assert_eq!(app.count("devices"), 1);
        let device = app.api("GET", "/api/v1/devices", &json!(null)).expect(200)["items"][0].clone();
        let path = format!("/api/v1/devices/{}/release", text(&device["device_id"]));
        assert_problem(&app.api("POST", &path, &json!({})), 409, "allowance_spent");
        app.clock.advance(366 * 24 * 60 * 60);
        assert_eq!(asked.release(&desk, key, 32, None), yes(0), "a year later");
    }

    fn who_knows_the_key_sees_the_seats_and_gives_a_dead_device_s_back(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let build = app.build(&editor);
        let (asked, key) = (Asked(app, &build), text(&license["license_key"]));
        let devices: Vec<TestDevice> = (0..3).map(|_| TestDevice::default()).collect();
        for (n, device) in (0..).zip(&devices[..2]) {
            let mut request = device.request(&build, key, n);
            request.about.name = Some(format!("desk-{n}"));
            assert_eq!(code(&asked.judged("validate", device, &request).0), "allowed");
            app.clock.advance(60);
        }
        let (denied, answer) = asked.validate(&devices[2], key, 5);
        assert_eq!(denied, "device_limit");
        let names: Vec<_> = answer.seats.iter().map(|seat| seat.name.as_deref().expect("named")).collect();
        assert_eq!(names, ["desk-0", "desk-1"], "those first that were not seen for longest");
        assert!(answer.seats.iter().all(|seat| seat.last_seen.is_some()));
        let other = app.issue(&editor, &json!({}));
        let oldest = Some(answer.seats[0].device_id.as_str());
        assert_eq!(asked.release(&devices[2], text(&other["license_key"]), 6, oldest), yes(0), "not of that license");
        assert_eq!(app.count("devices"), 2);
        assert_eq!(asked.release(&devices[2], key, 7, oldest), yes(1));
        assert_eq!(asked.validate(&devices[2], key, 8).0, "allowed");
        assert_eq!(asked.validate(&devices[0], key, 9).0, "device_limit");
    }

    fn a_request_asks_for_what_it_was_signed_for(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let key = text(&license["license_key"]);
        let question = desk.question(&build, key, 1, &[]);
        assert_problem(&app.ask_operation("release", &question), 400, "malformed_request");
        let mut release = desk.request(&build, key, 2);
        release.operation = Operation::Release;
        assert_problem(&app.ask_operation("validate", &desk.sign(&release, &[])), 400, "malformed_request");
        app.ask_online(&question).expect(200);
        // Another device is named only by who gives a seat back, and with the key.
        let named = Some(DeviceId::from_bytes([1; 16]));
        let mut validate = desk.request(&build, key, 3);
        validate.release = named;
        assert_problem(&app.ask_operation("validate", &desk.sign(&validate, &[])), 400, "malformed_request");
        let mut by_id = desk.request(&build, text(&license["license_id"]), 4);
        (by_id.operation, by_id.release) = (Operation::Release, named);
        assert_problem(&app.ask_operation("release", &desk.sign(&by_id, &[])), 400, "malformed_request");
        assert_eq!(app.count("devices"), 1);
    }

    fn an_upgraded_server_gets_a_certificate_for_it(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let asked = Asked(app, &build);
        // As the version before left it.
        app.meddle("UPDATE server_certificates SET operations = 'validate', expires_at = expires_at - 1");
        let left = || app.count("server_certificates WHERE operations = 'validate'");
        assert_eq!(left(), 1);
        app.clock.advance(2 * 24 * 60 * 60);
        app.run_jobs();
        assert_eq!(left(), 0);
        assert_eq!(asked.release(&desk, text(&license["license_key"]), 1, None), yes(0));
    }
}
