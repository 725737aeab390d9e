//! Seats that are leases: held while heartbeats come (`spec/activation.md` §7.7).

use sealgate_artifact::{BeatOutcome, Device, LicenseName, Operation};
use sealgate_testkit::{Admission, Beaten, Build, TestActivation, TestApp, TestDevice, on_both_engines};
use sealgate_wire::OnlineQuestion;
use serde_json::{Value, json};

use crate::support::sell;

const INTERVAL: u64 = 3_600;

fn key(license: &Value) -> &str {
    license["license_key"].as_str().expect("a key")
}

fn of(license: &Value, deed: &str) -> String {
    format!("/api/v1/licenses/{}{deed}", license["license_id"].as_str().expect("an id"))
}

fn terms(max_devices: u64, max_instances: u64) -> Value {
    let policy = json!({ "heartbeat": { "interval": INTERVAL, "grace": 86_400 }, "seat": "lease" });
    json!({ "max_devices": max_devices, "max_instances": max_instances, "policy": policy })
}

fn leased(app: &TestApp, max_devices: u64) -> (Build, Value) {
    let (editor, license) = sell(app, &terms(max_devices, 2));
    (app.build(&editor), license)
}

fn lease_until(beaten: &Beaten) -> Option<u64> {
    match &beaten.answer.outcome {
        BeatOutcome::Admitted { lease_until, .. } => lease_until.map(sealgate_artifact::UnixSeconds::get),
        _ => None,
    }
}

fn leave(state: &mut TestActivation, app: &TestApp, build: &Build, device: &TestDevice) -> Beaten {
    let mut last = state.next(app.clock.seconds(), &[]);
    last.leaves = true;
    state.send(app, build, &state.question(device, &last))
}

/// How many devices hold a seat, by the rows and by the number that is kept, which are the same.
#[track_caller]
fn held(app: &TestApp) -> u64 {
    let devices = app.count("devices");
    assert_eq!(app.texts("SELECT CAST(devices_used AS TEXT) FROM licenses"), [devices.to_string()]);
    devices
}

fn validated(app: &TestApp, build: &Build, device: &TestDevice, license: &Value, n: u32) -> Option<String> {
    decided(app, build, "validate", &device.question(build, key(license), n, &[]))
}

/// Why the operation was denied.
fn decided(app: &TestApp, build: &Build, operation: &str, question: &OnlineQuestion) -> Option<String> {
    let answer = serde_json::from_slice(&app.ask_operation(operation, question).bytes).expect("an answer");
    match build.judge(question, &answer, app.clock.seconds()).expect("is to be believed").outcome {
        sealgate_artifact::Outcome::Denied { code, .. } => Some(code),
        sealgate_artifact::Outcome::Allowed { .. } => None,
    }
}

on_both_engines! {
    fn a_lease_ends_two_intervals_after_the_last_heartbeat(app: &TestApp) {
        let (build, license) = leased(app, 1);
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        let mut state = desk.activate(app, &build, key(&license), 1).expect_admitted();
        app.clock.advance(INTERVAL);
        let until = app.clock.seconds() + 2 * INTERVAL;
        assert_eq!(lease_until(&state.beat(app, &build, &desk)), Some(until));
        app.clock.advance(2 * INTERVAL - 1);
        assert_eq!(lap.activate(app, &build, key(&license), 2).expect_denied(), "device_limit");
        app.clock.advance(1);
        assert_eq!(held(app), 1, "nobody needed it yet");
        let mut other = lap.activate(app, &build, key(&license), 3).expect_admitted();
        assert_eq!(held(app), 1);
        assert_eq!(state.beat(app, &build, &desk).code(), "device_limit");
        assert_eq!(leave(&mut other, app, &build, &lap).code(), "admitted");
        assert_eq!(held(app), 0);
        let beaten = state.beat(app, &build, &desk);
        assert_eq!(lease_until(&beaten), Some(app.clock.seconds() + 2 * INTERVAL), "the activation never ended");
        assert_eq!((held(app), app.count("releases"), app.count("release_days")), (1, 0, 0));
        assert_eq!(other.beat(app, &build, &lap).code(), "device_limit");
    }

    fn a_lease_that_is_over_is_held_on_where_nobody_needs_it(app: &TestApp) {
        let (build, license) = leased(app, 1);
        let desk = TestDevice::default();
        let mut state = desk.activate(app, &build, key(&license), 1).expect_admitted();
        app.clock.advance(20 * INTERVAL);
        assert_eq!(state.beat(app, &build, &desk).code(), "admitted");
        assert_eq!(app.count("events WHERE kind = 'device_bound'"), 1, "it is the same seat");
    }

    fn the_last_copy_that_leaves_gives_the_seat_back(app: &TestApp) {
        let (build, license) = leased(app, 1);
        let desk = TestDevice::default();
        let mut first = desk.activate(app, &build, key(&license), 1).expect_admitted();
        let mut second = first.clone();
        first.beat(app, &build, &desk);
        app.clock.advance(1);
        assert_eq!(second.beat(app, &build, &desk).code(), "admitted");
        assert_ne!(first.instance, second.instance);
        assert_eq!(lease_until(&leave(&mut first, app, &build, &desk)), None);
        assert_eq!(held(app), 1, "the other one runs");
        leave(&mut second, app, &build, &desk);
        assert_eq!(held(app), 0);
        assert_eq!(first.beat(app, &build, &desk).code(), "admitted");
        assert_eq!(held(app), 1);
    }

    fn a_release_ends_the_activation_also_of_a_lease(app: &TestApp) {
        let (build, license) = leased(app, 2);
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        let mut state = desk.activate(app, &build, key(&license), 1).expect_admitted();
        let mut other = lap.activate(app, &build, key(&license), 2).expect_admitted();
        let mut request = desk.request(&build, key(&license), 3);
        request.operation = Operation::Deactivate;
        assert_eq!(app.ask_operation("deactivate", &desk.sign(&request, &[])).status, 200);
        assert_eq!(state.beat(app, &build, &desk).code(), "not_activated");
        app.api("POST", &of(&license, "/reset-devices"), &json!({})).expect(200);
        assert_eq!(other.beat(app, &build, &lap).code(), "not_activated", "the vendor took it");
        assert_eq!(held(app), 0);
    }

    fn a_device_whose_lease_is_over_can_be_deactivated(app: &TestApp) {
        let (build, license) = leased(app, 1);
        let by_key = sealgate_artifact::Word::parse(key(&license)).expect("a key");
        for (n, by_id) in [(1, true), (3, false)] {
            let desk = TestDevice::default();
            let mut state = desk.activate(app, &build, key(&license), n).expect_admitted();
            assert_eq!(leave(&mut state, app, &build, &desk).code(), "admitted");
            assert_eq!(held(app), 0);
            let mut request = desk.request(&build, key(&license), n + 1);
            request.operation = Operation::Deactivate;
            request.license = if by_id { LicenseName::Id(state.said.license) } else { LicenseName::Key(by_key.clone()) };
            assert_eq!(decided(app, &build, "deactivate", &desk.sign(&request, &[])), None);
            assert_eq!(state.beat(app, &build, &desk).code(), "not_activated");
            assert_eq!((held(app), app.count("releases"), app.count("release_days")), (0, 0, 0), "it gave nothing back");
        }
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        let mut state = desk.activate(app, &build, key(&license), 5).expect_admitted();
        leave(&mut state, app, &build, &desk);
        let mut request = lap.request(&build, key(&license), 6);
        (request.operation, request.license) = (Operation::Deactivate, LicenseName::Id(state.said.license));
        let told = decided(app, &build, "deactivate", &lap.sign(&request, &[]));
        assert_eq!(told.as_deref(), Some("invalid_key"), "an id opens nothing to others");
        assert_eq!(state.beat(app, &build, &desk).code(), "admitted");
    }

    fn whoever_leaves_without_a_seat_is_not_admitted_where_none_is_free(app: &TestApp) {
        let (build, license) = leased(app, 1);
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        let mut state = desk.activate(app, &build, key(&license), 1).expect_admitted();
        state.beat(app, &build, &desk);
        app.clock.advance(2 * INTERVAL);
        let mut other = lap.activate(app, &build, key(&license), 2).expect_admitted();
        assert_eq!(leave(&mut state, app, &build, &desk).code(), "device_limit");
        assert_eq!(leave(&mut other, app, &build, &lap).code(), "admitted");
        assert_eq!(leave(&mut state, app, &build, &desk).code(), "admitted");
        assert_eq!(held(app), 0, "what it took it gave back");
        assert_eq!(other.beat(app, &build, &lap).code(), "admitted");
        assert_eq!(held(app), 1);
    }

    fn an_end_is_told_whoever_has_the_seat(app: &TestApp) {
        let (build, license) = leased(app, 1);
        let desk = TestDevice::default();
        let mut state = desk.activate(app, &build, key(&license), 1).expect_admitted();
        leave(&mut state, app, &build, &desk);
        app.api("POST", &of(&license, "/revoke"), &json!({})).expect(200);
        assert_eq!(state.beat(app, &build, &desk).code(), "revoked");
        assert_eq!(held(app), 0, "it took none");
    }

    fn a_validation_holds_a_seat_no_longer_than_a_heartbeat_does(app: &TestApp) {
        let (build, license) = leased(app, 1);
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        assert_eq!(validated(app, &build, &desk, &license, 1), None);
        app.clock.advance(INTERVAL + 1);
        assert_eq!(validated(app, &build, &desk, &license, 2), None);
        app.clock.advance(INTERVAL);
        assert_eq!(validated(app, &build, &lap, &license, 3).as_deref(), Some("device_limit"));
        app.clock.advance(INTERVAL);
        assert_eq!(validated(app, &build, &lap, &license, 4), None);
        assert_eq!(validated(app, &build, &desk, &license, 5).as_deref(), Some("device_limit"));
        assert_eq!(held(app), 1);
        assert_eq!(Device::Key(lap.key).name(), app.texts("SELECT identity FROM devices")[0]);
    }

    fn seats_that_are_no_leases_have_no_end(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let build = app.build(&editor);
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        let mut state = desk.activate(app, &build, key(&license), 1).expect_admitted();
        assert_eq!(lease_until(&leave(&mut state, app, &build, &desk)), None);
        app.clock.advance(1_000_000);
        assert_eq!(lap.activate(app, &build, key(&license), 2).expect_denied(), "device_limit");
        app.api("PATCH", &of(&license, ""), &terms(1, 1)).expect(200);
        app.clock.advance(2);
        assert_eq!(lap.activate(app, &build, key(&license), 3).expect_denied(), "device_limit", "nor does it get one so");
        assert!(lease_until(&state.beat(app, &build, &desk)).is_some());
        app.clock.advance(2 * INTERVAL);
        lap.activate(app, &build, key(&license), 4).expect_admitted();
    }

    fn a_forgotten_device_takes_no_seat_that_another_has(app: &TestApp) {
        let (build, license) = leased(app, 1);
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        let mut state = desk.activate(app, &build, key(&license), 1).expect_admitted();
        state.beat(app, &build, &desk);
        for table in ["instances", "activations", "devices"] {
            app.meddle(&format!("DELETE FROM {table}"));
        }
        app.meddle("UPDATE licenses SET devices_used = 0");
        app.clock.advance(2);
        let mut other = lap.activate(app, &build, key(&license), 2).expect_admitted();
        let question = state.question(&desk, &state.next(app.clock.seconds(), &[]));
        assert_eq!(state.send(app, &build, &state.showing(&question)).code(), "device_limit");
        assert_eq!(held(app), 1);
        leave(&mut other, app, &build, &lap);
        assert_eq!(state.beat(app, &build, &desk).code(), "admitted");
    }

    fn of_64_devices_never_more_than_8_hold_a_lease(app: &TestApp) {
        let (build, license) = leased(app, 8);
        let devices: Vec<TestDevice> = (0..64).map(|_| TestDevice::default()).collect();
        let mut states: Vec<Option<TestActivation>> = devices.iter().map(|_| None).collect();
        let mut admitted = [0; 6];
        for (round, admitted) in (0_u32..).zip(&mut admitted) {
            *admitted = std::thread::scope(|scope| {
                let (build, license) = (&build, &license);
                let one = |(n, (device, state))| {
                    scope.spawn(move || turn(app, (build, license), device, (state, n, round)))
                };
                let threads: Vec<_> = (0_u32..).zip(devices.iter().zip(&mut states)).map(one).collect();
                threads.into_iter().map(|thread| usize::from(thread.join().expect("no panic"))).sum::<usize>()
            });
            assert!(held(app) <= 8, "round {round}");
            app.clock.advance([INTERVAL, 2 * INTERVAL, 60, 3 * INTERVAL, 1, INTERVAL][round as usize]);
        }
        assert!(admitted.iter().all(|n| *n >= 8), "no seat was lost: {admitted:?}");
    }
}

/// What a device does in a round: it is admitted, sends a heartbeat, or ends. `true`: it held a seat.
fn turn(
    app: &TestApp,
    (build, license): (&Build, &Value),
    device: &TestDevice,
    (state, n, round): (&mut Option<TestActivation>, u32, u32),
) -> bool {
    match state {
        None => match device.activate(app, build, key(license), n + 64 * round) {
            Admission::Admitted(activation) => state.insert(*activation).seq == 0,
            Admission::Denied(code, _) => {
                assert_eq!(code, "device_limit");
                false
            }
        },
        Some(state) => {
            let beaten = if (n + round).is_multiple_of(3) {
                leave(state, app, build, device)
            } else {
                state.beat(app, build, device)
            };
            assert!(["admitted", "device_limit"].contains(&beaten.code()), "{}", beaten.code());
            beaten.code() == "admitted"
        }
    }
}
