//! Seats that bundles hold, beside devices that ask by themselves (`spec/offline.md` §5.2, §5.3).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sealgate_artifact::{Outcome, Word};
use sealgate_testkit::{Answer, Build, TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_problem, sell};

const DAY: u64 = 24 * 60 * 60;

/// A machine's file, in base64.
pub(crate) fn asks(device: &TestDevice, build: &Build, n: u32) -> String {
    STANDARD.encode(device.request_file(&device.offline_request(build, None, n)))
}

pub(crate) fn id(license: &Value) -> &str {
    license["license_id"].as_str().expect("an id")
}

/// Orders a bundle of the license.
pub(crate) fn order(app: &TestApp, license: &Value, body: &Value) -> Answer {
    app.api("POST", &format!("/api/v1/licenses/{}/bundles", id(license)), body)
}

fn bound(app: &TestApp, license: &Value, files: &[String], until: &str) -> Answer {
    order(app, license, &json!({ "requests": files, "valid_until": until }))
}

fn pool(app: &TestApp, license: &Value, machines: u64, until: &str) -> Answer {
    order(app, license, &json!({ "pool": machines, "valid_until": until }))
}

/// Why the device is denied when it asks by itself; `None`: it is let in.
fn denied(app: &TestApp, build: &Build, device: &TestDevice, license: &Value, n: u32) -> Option<String> {
    decided(app, build, "validate", device, (license, n))
}

fn decided(
    app: &TestApp,
    build: &Build,
    operation: &str,
    device: &TestDevice,
    (license, n): (&Value, u32),
) -> Option<String> {
    let key = license["license_key"].as_str().expect("a key");
    let mut request = device.request(build, key, n);
    request.operation = sealgate_artifact::Operation::parse(operation).expect("an operation");
    let question = device.sign(&request, &[]);
    let answer = app.ask_operation(operation, &question).expect(200);
    let answer = serde_json::from_value(answer).expect("an answer");
    match build.judge(&question, &answer, app.clock.seconds()).expect("is to be believed").outcome {
        Outcome::Denied { code, .. } => Some(code),
        Outcome::Allowed { .. } => None,
    }
}

/// Devices and pool seats of the only license, after a look at whether the numbers of its row are those of the rows, and at most
/// its seats.
#[track_caller]
fn taken(app: &TestApp) -> (u64, u64) {
    let devices = app.count("devices");
    let now = app.clock.seconds();
    let row = app.texts(
        "SELECT CAST(devices_used AS TEXT) || ' ' || CAST(pools AS TEXT) || ' ' || CAST(COALESCE(max_devices, 1000000) AS TEXT) FROM licenses",
    );
    let numbers: Vec<u64> = row[0].split(' ').map(|n| n.parse().expect("a number")).collect();
    assert_eq!(numbers[0], devices);
    let largest = format!(
        "SELECT CAST(COALESCE(MAX(pool), 0) AS TEXT) FROM bundles WHERE pool IS NOT NULL AND ends_at > {now} GROUP BY line"
    );
    let pools: u64 = app.texts(&largest).iter().map(|n| n.parse::<u64>().expect("a number")).sum();
    // What has ended is counted until somebody needs it.
    assert!(numbers[1] >= pools, "{numbers:?}, {pools}");
    assert!(devices + numbers[1] <= numbers[2], "{numbers:?}");
    // Every live bound bundle's machine has a row that lasts as long.
    let without = format!(
        "bundle_devices d JOIN bundles b ON b.bundle_id = d.bundle_id WHERE b.ends_at > {now} AND NOT EXISTS \
         (SELECT 1 FROM devices h WHERE h.identity = d.device_key AND h.bundle_until >= b.ends_at)"
    );
    assert_eq!(app.count(&without), 0);
    (devices, numbers[1])
}

fn sold(app: &TestApp, max_devices: u64) -> (Build, Value) {
    let (editor, license) = sell(app, &json!({ "max_devices": max_devices }));
    (app.build(&editor), license)
}

on_both_engines! {
    fn machines_that_a_bundle_names_hold_seats_until_it_ends(app: &TestApp) {
        let (build, license) = sold(app, 3);
        let devices: Vec<TestDevice> = (0..4).map(|_| TestDevice::default()).collect();
        let files: Vec<String> = devices.iter().map(|device| asks(device, &build, 1)).collect();
        assert_problem(&bound(app, &license, &files, "30d"), 409, "device_limit");
        assert_eq!(taken(app), (0, 0), "what was refused takes nothing");
        let made = bound(app, &license, &files[..2], "30d").expect(201);
        assert_eq!((&made["machines"], &made["mode"], &made["live"]), (&json!(2), &json!("bound"), &json!(true)));
        assert_eq!(taken(app), (2, 0));
        // One that has a seat needs no other, whoever gave it first.
        assert_eq!(denied(app, &build, &devices[2], &license, 1), None);
        assert_eq!(denied(app, &build, &devices[3], &license, 2).as_deref(), Some("device_limit"));
        assert_problem(&bound(app, &license, &files[3..], "30d"), 409, "device_limit");
        bound(app, &license, &files[2..3], "60d").expect(201);
        let again = [asks(&devices[0], &build, 2), asks(&devices[1], &build, 2)];
        bound(app, &license, &again, "40d").expect(201);
        assert_eq!(taken(app), (3, 0));
        app.clock.advance(40 * DAY - 1);
        assert_eq!(denied(app, &build, &devices[3], &license, 3).as_deref(), Some("device_limit"));
        app.clock.advance(1);
        assert_eq!(denied(app, &build, &devices[3], &license, 4), None, "whoever asks next finds it free");
        assert_eq!(taken(app), (2, 0));
    }

    fn who_came_online_keeps_its_seat_when_the_bundle_ends(app: &TestApp) {
        let (build, license) = sold(app, 2);
        let (desk, lap, other) = (TestDevice::default(), TestDevice::default(), TestDevice::default());
        bound(app, &license, &[asks(&desk, &build, 1), asks(&lap, &build, 1)], "10d").expect(201);
        assert_eq!(denied(app, &build, &desk, &license, 1), None);
        app.clock.advance(10 * DAY);
        assert_eq!(denied(app, &build, &other, &license, 2), None, "the seat of the one that did not");
        assert_eq!(denied(app, &build, &desk, &license, 3), None);
        assert_eq!(denied(app, &build, &lap, &license, 4).as_deref(), Some("device_limit"));
        assert_eq!(taken(app), (2, 0));
    }

    fn nobody_releases_what_a_bundle_holds(app: &TestApp) {
        let (build, license) = sold(app, 2);
        let (desk, other) = (TestDevice::default(), TestDevice::default());
        let key = license["license_key"].as_str().expect("a key");
        let mut state = desk.activate(app, &build, key, 1).expect_admitted();
        bound(app, &license, &[asks(&desk, &build, 1)], "10d").expect(201);
        assert_eq!(taken(app), (1, 0));
        let shown = app.api("GET", &format!("/api/v1/devices?license_id={}", id(&license)), &Value::Null).expect(200);
        let device = shown["items"][0]["device_id"].as_str().expect("an id").to_owned();
        assert!(shown["items"][0]["bundle_until"].is_string(), "{shown}");
        let released = app.api("POST", &format!("/api/v1/devices/{device}/release"), &json!({})).expect(200);
        assert_eq!((&released["released"], &released["devices_used"]), (&json!([device]), &json!(1)));
        assert_eq!(state.beat(app, &build, &desk).code(), "not_activated");
        assert_eq!((taken(app), app.count("releases")), ((1, 0), 0), "and nothing is drawn on");
        let reset = app.api("POST", &format!("/api/v1/licenses/{}/reset-devices", id(&license)), &json!({}));
        assert_eq!(reset.expect(200)["devices_used"], 1);
        assert_eq!(decided(app, &build, "deactivate", &desk, (&license, 5)), None);
        assert_eq!(taken(app), (1, 0));
        // It may come back, and leave again by itself: the seat is there all the while.
        assert_eq!(denied(app, &build, &desk, &license, 6), None);
        assert_eq!(decided(app, &build, "deactivate", &desk, (&license, 7)), None);
        let lower = json!({ "max_devices": 1 });
        app.api("PATCH", &format!("/api/v1/licenses/{}", id(&license)), &lower).expect(200);
        assert_eq!(denied(app, &build, &other, &license, 8).as_deref(), Some("device_limit"));
        app.clock.advance(10 * DAY);
        assert_eq!(denied(app, &build, &other, &license, 9), None);
        assert_eq!(taken(app), (1, 0));
    }

    fn a_lease_that_ends_leaves_the_seat_to_the_bundle(app: &TestApp) {
        let policy = json!({ "heartbeat": { "interval": 3_600, "grace": 86_400 }, "seat": "lease" });
        let (editor, license) = sell(app, &json!({ "max_devices": 1, "policy": policy }));
        let (build, key) = (app.build(&editor), license["license_key"].as_str().expect("a key"));
        let (desk, other) = (TestDevice::default(), TestDevice::default());
        let mut state = desk.activate(app, &build, key, 1).expect_admitted();
        bound(app, &license, &[asks(&desk, &build, 1)], "10d").expect(201);
        app.clock.advance(3 * 3_600);
        assert_eq!(other.activate(app, &build, key, 2).expect_denied(), "device_limit");
        assert_eq!(taken(app), (1, 0));
        assert_eq!(state.beat(app, &build, &desk).code(), "admitted", "its lease begins anew");
        let mut last = state.next(app.clock.seconds(), &[]);
        last.leaves = true;
        assert_eq!(state.send(app, &build, &state.question(&desk, &last)).code(), "admitted");
        assert_eq!(other.activate(app, &build, key, 3).expect_denied(), "device_limit");
        app.clock.advance(10 * DAY);
        other.activate(app, &build, key, 4).expect_admitted();
        assert_eq!(taken(app), (1, 0));
    }

    fn a_seat_that_a_bundle_holds_moves_to_no_other_key(app: &TestApp) {
        let (build, license) = sold(app, 1);
        let (desk, anew) = (TestDevice::default(), TestDevice::default());
        let machine = Some(Word::parse("the same machine").expect("a word"));
        let mut request = desk.offline_request(&build, None, 1);
        request.fingerprint.clone_from(&machine);
        let file = STANDARD.encode(desk.request_file(&request));
        bound(app, &license, &[file], "10d").expect(201);
        let asks_to_move = |n| {
            let mut request = anew.request(&build, license["license_key"].as_str().expect("a key"), n);
            request.fingerprint.clone_from(&machine);
            let question = anew.sign(&request, &[]);
            let answer = serde_json::from_value(app.ask_online(&question).expect(200)).expect("an answer");
            build.judge(&question, &answer, app.clock.seconds()).expect("is to be believed").outcome
        };
        assert!(matches!(asks_to_move(1), Outcome::Denied { code, .. } if code == "device_limit"));
        // The seat of a device that came online, too, stays as long as the bundle lives.
        assert_eq!(denied(app, &build, &desk, &license, 2), None);
        assert!(matches!(asks_to_move(3), Outcome::Denied { code, .. } if code == "device_limit"));
        assert_eq!(app.texts("SELECT identity FROM devices"), [desk.key.to_string()]);
        app.clock.advance(10 * DAY);
        let mut request = desk.request(&build, license["license_key"].as_str().expect("a key"), 4);
        request.fingerprint.clone_from(&machine);
        app.ask_online(&desk.sign(&request, &[])).expect(200);
        assert!(matches!(asks_to_move(5), Outcome::Allowed { .. }), "then it moves as any other");
        assert_eq!(taken(app), (1, 0));
    }

    fn of_each_line_the_largest_live_pool_counts(app: &TestApp) {
        let (build, license) = sold(app, 10);
        let device = TestDevice::default();
        assert_problem(&pool(app, &license, 11, "30d"), 409, "limit_reached");
        let first = pool(app, &license, 6, "30d").expect(201);
        assert_eq!(taken(app), (0, 6));
        let replacing = |machines: u64, until: &str| {
            order(app, &license, &json!({ "pool": machines, "replaces": first["bundle_id"], "valid_until": until }))
        };
        assert_problem(&pool(app, &license, 5, "30d"), 409, "device_limit");
        let smaller = replacing(4, "60d").expect(201);
        assert_eq!(smaller["line"], first["bundle_id"]);
        assert_eq!(taken(app), (0, 6), "what the replaced one alone holds is held until that ends");
        replacing(8, "20d").expect(201);
        assert_eq!(taken(app), (0, 8), "what it adds");
        assert_eq!(denied(app, &build, &device, &license, 1), None);
        assert_problem(&pool(app, &license, 2, "30d"), 409, "device_limit");
        pool(app, &license, 1, "1d").expect(201);
        assert_eq!(taken(app), (1, 9));
        let shown = app.api("GET", &format!("/api/v1/licenses/{}", id(&license)), &Value::Null).expect(200);
        assert_eq!((&shown["devices_used"], &shown["pool_seats"]), (&json!(1), &json!(9)));
        assert_eq!(denied(app, &build, &TestDevice::default(), &license, 2).as_deref(), Some("device_limit"));
        let path = format!("/api/v1/licenses/{}", id(&license));
        assert_problem(&app.api("PATCH", &path, &json!({ "max_devices": 9 })), 409, "devices_in_use");
        app.clock.advance(20 * DAY);
        app.api("PATCH", &path, &json!({ "max_devices": 7 })).expect(200);
        assert_eq!(taken(app), (1, 6));
        app.clock.advance(10 * DAY);
        pool(app, &license, 2, "1d").expect(201);
        assert_eq!(taken(app), (1, 6), "four of the first line, two of the new one");
        app.clock.advance(40 * DAY);
        app.run_jobs();
        assert_eq!(taken(app), (1, 0), "the server counts by itself, too");
    }

    fn seats_of_bundles_count_for_the_customer(app: &TestApp) {
        let customer = app.api("POST", "/api/v1/customers", &json!({ "name": "Ada", "max_devices": 3 })).expect(201);
        let editor = app.create_app("Editor");
        let build = app.build(&editor);
        let license = || app.issue(&editor, &json!({ "max_devices": 5, "customer_id": customer["customer_id"] }));
        let (first, second) = (license(), license());
        assert_problem(&pool(app, &first, 4, "10d"), 409, "customer_device_limit");
        pool(app, &first, 2, "10d").expect(201);
        let devices: Vec<TestDevice> = (0..2).map(|_| TestDevice::default()).collect();
        let files: Vec<String> = devices.iter().map(|device| asks(device, &build, 1)).collect();
        assert_problem(&bound(app, &second, &files, "10d"), 409, "customer_device_limit");
        bound(app, &second, &files[..1], "10d").expect(201);
        assert_eq!(denied(app, &build, &devices[1], &second, 1).as_deref(), Some("customer_device_limit"));
        app.clock.advance(10 * DAY);
        app.run_jobs();
        assert_eq!(denied(app, &build, &devices[1], &second, 2), None);
    }

    fn exports_and_devices_that_ask_share_the_seats(app: &TestApp) {
        let (build, license) = sold(app, 20);
        let devices: Vec<TestDevice> = (0..128).map(|_| TestDevice::default()).collect();
        let start = std::sync::Barrier::new(devices.len());
        let (build, license) = (&build, &license);
        let race = &|n: usize, device: &TestDevice| {
            let file = asks(device, build, 1);
            start.wait();
            let n = u32::try_from(n).expect("small");
            match n % 4 {
                0 => order(app, license, &json!({ "requests": [file], "valid_until": "10d" })).status == 201,
                2 => pool(app, license, 1, "10d").status == 201,
                _ => denied(app, build, device, license, n).is_none(),
            }
        };
        let won = std::thread::scope(|scope| {
            let spawn = |(n, device)| scope.spawn(move || race(n, device));
            let racers: Vec<_> = devices.iter().enumerate().map(spawn).collect();
            racers.into_iter().map(|racer| u64::from(racer.join().expect("gets an answer"))).sum::<u64>()
        });
        let (devices, pools) = taken(app);
        assert_eq!((devices + pools, won), (20, 20), "each that won has one, and none is left");
    }

    /// Whatever is done in which order, no more is taken than there is, and the kept numbers are right.
    fn no_order_of_things_takes_more_than_there_is(app: &TestApp) {
        let (build, license) = sold(app, 6);
        let devices: Vec<TestDevice> = (0..8).map(|_| TestDevice::default()).collect();
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |below: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % below
        };
        let mut last_pool = Value::Null;
        for n in 0..120 {
            let device = &devices[usize::try_from(next(8)).expect("small")];
            let until = format!("{}d", 1 + next(20));
            match next(7) {
                0 | 1 => drop(bound(app, &license, &[asks(device, &build, 1_000 + n)], &until)),
                2 => {
                    let made = pool(app, &license, 1 + next(4), &until);
                    if made.status == 201 {
                        last_pool = made.json()["bundle_id"].clone();
                    }
                }
                3 => {
                    let replacing = json!({ "replaces": last_pool, "pool": 1 + next(5), "valid_until": until });
                    drop(order(app, &license, &replacing));
                }
                4 => drop(denied(app, &build, device, &license, n)),
                5 => drop(decided(app, &build, "deactivate", device, (&license, n))),
                _ => app.clock.advance(next(5) * DAY),
            }
            taken(app);
        }
        assert!(app.count("bundles") > 20 && app.count("events WHERE kind = 'device_released'") > 0);
    }
}
