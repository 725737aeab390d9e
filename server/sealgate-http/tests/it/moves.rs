//! Seats that move to another key of the same machine (`spec/online.md` §11).

use sealgate_artifact::{Decision, Outcome};
use sealgate_testkit::{Build, TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::customers::customer;
use crate::support::{nonce, payload, sell};
use crate::trials::{DAY, decide, says, text, trial, try_out};

const RACERS: usize = 64;

/// A machine of six parts, as its letters say; `-` is a part that it does not show.
fn machine(parts: &str) -> String {
    let slot = |part: char| if part == '-' { "-".to_owned() } else { format!("{:016x}", u32::from(part)) };
    format!("fp1.{}", parts.chars().map(slot).collect::<Vec<_>>().join("."))
}

fn told(decision: &Decision) -> String {
    match &decision.outcome {
        Outcome::Allowed { .. } => format!("yes {}", decision.devices_used.expect("is told")),
        Outcome::Denied { code, .. } => code.clone(),
    }
}

/// A license whose devices say on which machine they run. Each question is a new one.
struct Site<'a> {
    app: &'a TestApp,
    build: Build,
    license: Value,
    asked: std::cell::Cell<u32>,
}

impl<'a> Site<'a> {
    fn of(app: &'a TestApp, editor: &Value, license: &Value) -> Self {
        Self { app, build: app.build(editor), license: license.clone(), asked: std::cell::Cell::new(0) }
    }

    fn asks(&self, device: &TestDevice, fingerprint: &str) -> String {
        self.asked.set(self.asked.get() + 1);
        told(&decide(self.app, &self.build, (device, Some(fingerprint)), &self.license, self.asked.get()))
    }

    fn devices(&self) -> Vec<Value> {
        let path = format!("/api/v1/devices?license_id={}", text(&self.license["license_id"]));
        self.app.api("GET", &path, &json!(null)).expect(200)["items"].as_array().expect("a list").clone()
    }

    fn moves(&self) -> u64 {
        self.app.count("events WHERE kind = 'device_moved'")
    }
}

fn keys<const N: usize>() -> [TestDevice; N] {
    std::array::from_fn(|_| TestDevice::default())
}

fn deny(app: &TestApp, editor: &Value, device: &TestDevice) {
    let wish = json!({ "app_id": editor["app_id"], "effect": "deny", "hwid": device.key.to_string() });
    app.api("POST", "/api/v1/access", &wish).expect(201);
    app.read_changes();
}

on_both_engines! {
    fn a_new_key_of_the_same_machine_takes_the_seat_over(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let site = Site::of(app, &editor, &license);
        let [old, new, other] = keys();
        assert_eq!(site.asks(&old, &machine("mpbdnc")), "yes 1");
        let before = site.devices()[0].clone();
        assert_eq!((before.get("moved_from"), before.get("moved_at")), (None, None));
        let device = format!("/api/v1/devices/{}", text(&before["device_id"]));
        app.api("PATCH", &device, &json!({ "metadata": { "desk": "12" } })).expect(200);
        app.clock.advance(DAY);
        // Its disk was replaced, and the system installed again.
        assert_eq!(site.asks(&new, &machine("MpbDnc")), "yes 1");
        let after = site.devices();
        assert_eq!(after.len(), 1);
        let after = &after[0];
        assert_eq!(after["identity"], json!(new.key.to_string()));
        assert_eq!(after["moved_from"], json!(old.key.to_string()));
        assert_eq!(after["moved_at"], after["last_seen"]);
        assert_eq!(after["fingerprint"], json!(machine("MpbDnc")));
        assert_eq!((&after["device_id"], &after["first_seen"], &after["metadata"]["desk"]), (&before["device_id"], &before["first_seen"], &json!("12")));
        let events = app.api("GET", &format!("/api/v1/events?license_id={}", text(&license["license_id"])), &json!(null)).expect(200);
        let moved = events["items"].as_array().expect("a list").iter().find(|event| event["kind"] == "device_moved").expect("is told");
        assert_eq!((&moved["device"], &moved["moved_from"]), (&after["identity"], &after["moved_from"]));
        assert_eq!(app.count("events WHERE kind = 'device_bound'"), 1);
        // Another machine of the same model, with a copy of the system.
        assert_eq!(site.asks(&other, &machine("M----c")), "device_limit");
        assert_eq!(site.asks(&other, &machine("M-xy-c")), "device_limit");
        assert_eq!((site.asks(&new, &machine("MpbDnc")), site.moves()), ("yes 1".to_owned(), 1));
    }

    fn a_seat_moves_three_times_within_thirty_days_and_then_the_key_is_a_new_device(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let site = Site::of(app, &editor, &license);
        let [a, b, c, d] = keys();
        let pc = machine("mpbdnc");
        for (n, device) in [&a, &b, &a, &c].into_iter().enumerate() {
            assert_eq!(site.asks(device, &pc), "yes 1", "{n}: moving back counts");
            app.clock.advance(DAY);
        }
        assert_eq!((site.asks(&d, &pc), site.asks(&a, &pc), site.moves()), ("device_limit".to_owned(), "device_limit".to_owned(), 3));
        assert_eq!(site.asks(&c, &pc), "yes 1", "who holds it keeps it");
        // The first of the three was on the second day.
        app.clock.advance(27 * DAY - 1);
        assert_eq!(site.asks(&d, &pc), "device_limit");
        app.clock.advance(1);
        assert_eq!((site.asks(&d, &pc), site.asks(&a, &pc), site.moves()), ("yes 1".to_owned(), "device_limit".to_owned(), 4));
        // A seat that is released and taken again is another.
        let reset = format!("/api/v1/licenses/{}/reset-devices", text(&license["license_id"]));
        app.api("POST", &reset, &json!({})).expect(200);
        assert_eq!((site.asks(&a, &pc), site.asks(&b, &pc)), ("yes 1".to_owned(), "yes 1".to_owned()));
    }

    fn where_its_moves_are_spent_a_free_seat_is_taken(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let site = Site::of(app, &editor, &license);
        let devices: [TestDevice; 9] = keys();
        let told: Vec<String> = devices.iter().map(|device| site.asks(device, "m-1")).collect();
        assert_eq!(told[..8], ["yes 1", "yes 1", "yes 1", "yes 1", "yes 2", "yes 2", "yes 2", "yes 2"]);
        assert_eq!(told[8], "device_limit");
        assert_eq!((site.moves(), app.count("events WHERE kind = 'device_bound'"), app.count("devices")), (6, 2, 2));
    }

    fn what_does_not_match_moves_nothing(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let site = Site::of(app, &editor, &license);
        let [old, new] = keys();
        let all = [("m-1", "m-2"), ("m----c", "m----c"), ("mp---c", "mpx-n-"), ("mpbdnc", "MPBdnx")];
        let reset = format!("/api/v1/licenses/{}/reset-devices", text(&license["license_id"]));
        for (holds, asks) in all {
            let text = |parts: &str| if parts.len() == 6 { machine(parts) } else { parts.to_owned() };
            assert_eq!(site.asks(&old, &text(holds)), "yes 1");
            assert_eq!(site.asks(&new, &text(asks)), "device_limit", "{holds}, {asks}");
            app.api("POST", &reset, &json!({ "override_allowance": true })).expect(200);
        }
        // Who says nothing of the machine has none in common with anybody.
        let asks = |device: &TestDevice, n| told(&decide(app, &site.build, (device, None), &license, n));
        assert_eq!((asks(&old, 1001), asks(&new, 1002)), ("yes 1".to_owned(), "device_limit".to_owned()));
        assert_eq!(site.moves(), 0);
    }

    fn a_seat_of_another_license_stays_and_an_id_opens_none(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let second = app.issue(&editor, &json!({}));
        let (site, other) = (Site::of(app, &editor, &license), Site::of(app, &editor, &second));
        let [old, new] = keys();
        let pc = machine("mpbdnc");
        assert_eq!((site.asks(&old, &pc), other.asks(&new, &pc)), ("yes 1".to_owned(), "yes 1".to_owned()));
        let mut by_id = license.clone();
        by_id["license_key"] = license["license_id"].clone();
        assert_eq!(Site::of(app, &editor, &by_id).asks(&new, &pc), "invalid_key");
        assert_eq!((site.moves(), app.count("devices")), (0, 2));
    }

    fn an_hwid_never_moves_and_none_moves_from_it(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let site = Site::of(app, &editor, &license);
        let ask = |hwid: &str, n| app.validate(&TestApp::question(&editor, &license, hwid, &nonce(n)));
        payload(&ask("desk", 1));
        // Even where somebody wrote what no server writes.
        app.meddle("UPDATE devices SET fingerprint = 'm-1'");
        assert_eq!(site.asks(&TestDevice::default(), "m-1"), "device_limit");
        assert_eq!(ask("m-1", 2).status, 403);
        assert_eq!((site.moves(), app.count("devices WHERE kind = 'hwid' AND identity = 'desk'")), (0, 1));
    }

    fn a_trial_goes_on_with_the_seat(app: &TestApp) {
        let offer = try_out(app, "device");
        let (build, license) = (app.build(&offer.0), trial(app, &offer, &json!({ "max_devices": 1 })));
        let [old, new] = keys();
        let asks = |device, parts: &str, n| says(&decide(app, &build, (device, Some(&machine(parts))), &license, n));
        let ends = app.clock.seconds() + 14 * DAY;
        assert_eq!(asks(&old, "mpbdnc", 1), Ok(ends));
        app.clock.advance(10 * DAY);
        // Another text, by which no trial is known.
        assert_eq!(asks(&new, "MpbDnc", 2), Ok(ends));
        assert_eq!((app.count("trials"), app.count("devices")), (1, 1));
        app.clock.advance(4 * DAY);
        assert_eq!(asks(&new, "MpbDnc", 3), Err("expired".to_owned()));
        assert_eq!(asks(&old, "mpbdnc", 4), Err("expired".to_owned()), "nor does it move any more");
        assert_eq!(app.count("events WHERE kind = 'device_moved'"), 1);
    }

    fn a_machine_that_cannot_be_named_has_no_trial(app: &TestApp) {
        let offer = try_out(app, "device");
        let (build, license) = (app.build(&offer.0), trial(app, &offer, &json!({})));
        let asks = |parts: &str, n| says(&decide(app, &build, (&TestDevice::default(), Some(&machine(parts))), &license, n));
        assert_eq!(asks("m----c", 1), Err("fingerprint_required".to_owned()), "all copies of an image would share it");
        assert_eq!(asks("------", 2), Err("fingerprint_required".to_owned()));
        assert!(asks("m--d-c", 3).is_ok());
    }

    fn who_is_denied_does_not_come_back_under_a_new_key(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let site = Site::of(app, &editor, &license);
        let [old, new, last] = keys();
        let pc = machine("mpbdnc");
        assert_eq!(site.asks(&old, &pc), "yes 1");
        deny(app, &editor, &old);
        assert_eq!((site.asks(&old, &pc), site.asks(&new, &pc)), ("blocked".to_owned(), "device_limit".to_owned()));
        // Nor by a list that admits others alone; nor where the new key itself is denied.
        app.meddle("UPDATE access_entries SET effect = 'allow', value = 'somebody'");
        let allow = json!({ "app_id": editor["app_id"], "effect": "allow", "hwid": new.key.to_string() });
        app.api("POST", "/api/v1/access", &allow).expect(201);
        app.read_changes();
        assert_eq!(site.asks(&new, &pc), "device_limit");
        app.meddle("DELETE FROM access_entries");
        deny(app, &editor, &last);
        assert_eq!((site.asks(&last, &pc), site.moves()), ("blocked".to_owned(), 0));
        // Once the vendor takes the entry away, it moves.
        assert_eq!((site.asks(&new, &pc), site.moves()), ("yes 1".to_owned(), 1));
    }

    fn a_move_needs_no_room_and_a_license_that_gives_rights(app: &TestApp) {
        let editor = app.create_app("Editor");
        let ada = customer(app, &json!({ "name": "Ada", "max_devices": 1 }));
        let license = app.issue(&editor, &json!({ "max_devices": 100, "customer_id": ada["customer_id"] }));
        let site = Site::of(app, &editor, &license);
        let [old, new, other] = keys();
        let pc = machine("mpbdnc");
        assert_eq!(site.asks(&old, &pc), "yes 1");
        assert_eq!(site.asks(&other, &machine("MPBDNC")), "customer_device_limit");
        assert_eq!(site.asks(&new, &pc), "yes 1");
        app.api("POST", &format!("/api/v1/licenses/{}/suspend", text(&license["license_id"])), &json!({})).expect(200);
        assert_eq!(site.asks(&old, &pc), "blocked");
        assert_eq!((site.moves(), app.count("devices")), (1, 1));
    }

    fn a_move_costs_a_credit_where_credits_are_counted(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let credits = format!("/api/v1/apps/{}/credits", text(&editor["app_id"]));
        app.api("POST", &credits, &json!({ "amount": 2 })).expect(200);
        let site = Site::of(app, &editor, &license);
        let [old, new] = keys();
        assert_eq!((site.asks(&old, "m-1"), site.asks(&new, "m-1")), ("yes 1".to_owned(), "yes 1".to_owned()));
        assert_eq!((site.asks(&old, "m-1"), site.moves()), ("no_credits".to_owned(), 1));
        assert_eq!(site.devices()[0]["identity"], json!(new.key.to_string()), "nothing moved");
    }

    fn of_many_keys_of_one_machine_four_get_the_only_seat_in_turn(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let said = race(app, &editor, &license, |_| machine("mpbdnc"));
        assert_eq!(said.iter().filter(|said| *said == "yes 1").count(), 4, "{said:?}");
        assert_eq!(said.iter().filter(|said| *said == "device_limit").count(), RACERS - 4, "{said:?}");
        assert_eq!(held(app), (1, 1, 3));
    }

    fn of_many_keys_of_few_machines_no_seat_is_added_and_none_is_lost(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 4 }));
        // Of each machine some keys lack a part or two.
        let parts = |n: usize| {
            let mut parts = ["aaaaaa", "bbbbbb", "cccccc", "dddddd"][n % 4].to_owned();
            parts.replace_range(n / 16..=n / 16, "-");
            machine(&parts)
        };
        let said = race(app, &editor, &license, parts);
        assert_eq!(said.iter().filter(|said| said.starts_with("yes")).count(), 16, "{said:?}");
        assert_eq!(held(app), (4, 4, 12));
    }

    fn seats_that_move_while_others_are_released_are_neither_added_nor_lost(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 3 }));
        let path = format!("/api/v1/licenses/{}/reset-devices", text(&license["license_id"]));
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| app.api("POST", &path, &json!({ "override_allowance": true })).expect(200));
            }
            // Two machines, and some of which nothing is known.
            let parts = |n: usize| if n % 3 == 2 { format!("m-{n}") } else { machine(["aaaaaa", "bbbbbb"][n % 3]) };
            let said = race(app, &editor, &license, parts);
            assert!(said.iter().all(|said| said.starts_with("yes") || said == "device_limit"), "{said:?}");
        });
        let (seats, bound, _) = held(app);
        assert!(seats <= 3, "{seats}");
        assert_eq!(bound - app.count("events WHERE kind = 'device_released'"), seats);
    }
}

/// What all of these hear that ask at the same time.
fn race(
    app: &TestApp,
    editor: &Value,
    license: &Value,
    fingerprint: impl Fn(usize) -> String + Sync,
) -> Vec<String> {
    let build = app.build(editor);
    let devices: Vec<TestDevice> = (0..RACERS).map(|_| TestDevice::default()).collect();
    let start = std::sync::Barrier::new(RACERS);
    let ask = |n: usize| {
        start.wait();
        let number = u32::try_from(n).expect("small");
        told(&decide(app, &build, (&devices[n], Some(&fingerprint(n))), license, number))
    };
    let ask = &ask;
    std::thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS).map(|n| scope.spawn(move || ask(n))).collect();
        racers.into_iter().map(|racer| racer.join().expect("is told")).collect()
    })
}

/// Seats held, seats taken, and seats moved.
fn held(app: &TestApp) -> (u64, u64, u64) {
    let counted = "(SELECT COUNT(*) FROM devices d WHERE d.license_id = l.license_id)";
    assert_eq!(app.count(&format!("licenses l WHERE devices_used <> {counted}")), 0);
    let events = |kind: &str| app.count(&format!("events WHERE kind = '{kind}'"));
    (app.count("devices"), events("device_bound"), events("device_moved"))
}
