//! Where revocation data speaks of what was signed, and what of it is taken back (`spec/revocation.md` §1).

use std::collections::BTreeSet;
use std::sync::Barrier;

use sealgate_artifact::{License, Operation, Unverified};
use sealgate_testkit::{Build, TestActivation, TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::support::{change, envelopes, sell};

const BLOCK: u64 = 1 << 20;

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn patch(app: &TestApp, license: &Value, body: &Value) {
    app.api("PATCH", &format!("/api/v1/licenses/{}", text(&license["license_id"])), body).expect(200);
}

fn numbers(app: &TestApp, select: &str) -> Vec<u64> {
    app.texts(select).iter().map(|text| text.parse().expect("a number")).collect()
}

/// The slots in all signed versions of licenses, as the statements say it.
fn signed(app: &TestApp) -> Vec<u64> {
    let statements = envelopes(app, "license_statements");
    let slot = |bytes: &Vec<u8>| {
        let license =
            Unverified::<License>::decode(bytes).expect("a statement").danger_peek().expect("a license");
        license.conditions.slot.expect("every version has a slot")
    };
    statements.iter().map(slot).collect()
}

/// The slots of the license's versions that are listed, as their places in a row of all its versions, the oldest first.
fn listed(app: &TestApp, license: &Value) -> Vec<usize> {
    let of =
        format!("FROM slots WHERE license_id = '{}' AND activation_id IS NULL", text(&license["license_id"]));
    let all = app.texts(&format!(
        "SELECT CASE WHEN listed_at IS NULL THEN '-' ELSE 'listed' END {of} ORDER BY version"
    ));
    (0..all.len()).filter(|n| all[*n] == "listed").collect()
}

/// How many proofs of this license are listed, and how many there are.
fn proofs(app: &TestApp, license: &Value) -> (u64, u64) {
    let of =
        format!("slots WHERE license_id = '{}' AND activation_id IS NOT NULL", text(&license["license_id"]));
    (app.count(&format!("{of} AND listed_at IS NOT NULL")), app.count(&of))
}

fn is_listed(app: &TestApp, state: &TestActivation) -> bool {
    let slot = state.said.slot.expect("every proof has a slot");
    app.count(&format!("slots WHERE slot = {slot} AND listed_at IS NOT NULL")) == 1
}

struct Desk {
    build: Build,
    license: Value,
    device: TestDevice,
    state: TestActivation,
}

impl Desk {
    fn new(app: &TestApp) -> Self {
        let (editor, license) = sell(app, &json!({ "max_devices": 3, "expires_at": "+1y" }));
        let build = app.build(&editor);
        let device = TestDevice::default();
        let state = device.activate(app, &build, text(&license["license_key"]), 1).expect_admitted();
        Self { build, license, device, state }
    }

    fn another(&self, app: &TestApp, n: u32) -> (TestDevice, TestActivation) {
        let device = TestDevice::default();
        let state =
            device.activate(app, &self.build, text(&self.license["license_key"]), n).expect_admitted();
        (device, state)
    }

    fn device_id(&self, app: &TestApp) -> String {
        let path = format!("/api/v1/devices?license_id={}", text(&self.license["license_id"]));
        let seats = app.api("GET", &path, &Value::Null).expect(200);
        let own = |seat: &&Value| seat.to_string().contains(&self.device.key.to_string());
        let seat = seats["items"].as_array().expect("a list").iter().find(own).expect("has a seat").clone();
        text(&seat["device_id"]).to_owned()
    }
}

on_both_engines! {
    fn whatever_is_signed_has_a_slot_of_its_own_and_a_license_s_lie_in_one_block(app: &TestApp) {
        let mut desk = Desk::new(app);
        let license = desk.license.clone();
        for (verb, body) in [
            ("suspend", json!({})), ("resume", json!({})), ("renew", json!({ "expires_at": "+2y" })), ("rekey", json!({})),
        ] {
            assert_eq!(change(app, &license, verb, &body).status, 200, "{verb}");
        }
        patch(app, &license, &json!({ "tier": "enterprise" }));
        patch(app, &license, &json!({ "label": "Ada" }));
        app.clock.advance(60);
        assert_eq!(desk.state.beat(app, &desk.build, &desk.device).code(), "admitted");
        let editor = app.create_app("Other");
        let order = json!({ "app_id": editor["app_id"], "count": 40 });
        app.api("POST", "/api/v1/licenses", &order).expect(201);
        let rows: Vec<Value> = (0..30).map(|n| json!({ "name": format!("row-{n}") })).collect();
        app.api("POST", "/api/v1/licenses/import", &json!({ "app_id": editor["app_id"], "rows": rows })).expect(200);
        app.api("POST", "/api/v1/licenses/resign", &json!({})).expect(200);

        let versions = signed(app);
        assert_eq!(versions.len() as u64, app.count("license_statements"));
        assert_eq!(versions.len() as u64, app.count("slots WHERE version IS NOT NULL AND activation_id IS NULL"));
        assert_eq!(versions.iter().collect::<BTreeSet<_>>(), numbers(app, "SELECT CAST(slot AS TEXT) FROM slots WHERE version IS NOT NULL").iter().collect());
        assert_eq!(proofs(app, &license), (0, 2), "the first, and one for the newer version");
        assert_eq!(app.count("(SELECT DISTINCT license_id, block FROM slots) AS places"), 71, "a block for each license");
        assert_eq!(app.count("slots WHERE slot >= 1024"), 0, "few lie close together");
        assert_eq!(app.count("(SELECT DISTINCT app_id, slot FROM slots) AS different"), app.count("slots"));
        assert_eq!(app.count("slots WHERE listed_at IS NOT NULL"), 0, "nothing was taken back");
        // A version ends when its license says, and so does a proof.
        let of = format!("slots WHERE license_id = '{}'", text(&license["license_id"]));
        assert_eq!(app.count(&format!("{of} AND expires_at IS NULL")), 0);
        assert_eq!(app.count("slots WHERE expires_at IS NULL"), app.count("slots") - app.count(&of));
    }

    fn racers_get_different_slots(app: &TestApp) {
        let editor = app.create_app("Editor");
        let start = Barrier::new(8);
        let issue = || {
            start.wait();
            for _ in 0..4 {
                let order = json!({ "app_id": editor["app_id"], "count": 12 });
                app.api("POST", "/api/v1/licenses", &order).expect(201);
            }
        };
        std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(issue))));
        let slots = signed(app);
        assert_eq!(slots.len(), 8 * 4 * 12);
        assert_eq!(slots.iter().collect::<BTreeSet<_>>().len(), slots.len());
    }

    fn what_a_revoked_license_had_is_listed(app: &TestApp) {
        let mut desk = Desk::new(app);
        let other = app.issue(&app.create_app("Other"), &json!({}));
        patch(app, &desk.license, &json!({ "tier": "enterprise" }));
        app.clock.advance(60);
        desk.state.beat(app, &desk.build, &desk.device);
        assert_eq!(change(app, &desk.license, "suspend", &json!({})).status, 200);
        assert_eq!(app.count("slots WHERE listed_at IS NOT NULL"), 0, "a suspension is for machines that ask");
        assert_eq!(change(app, &desk.license, "revoke", &json!({})).status, 200);
        assert_eq!((listed(app, &desk.license), proofs(app, &desk.license)), (vec![0, 1], (2, 2)));
        assert_eq!(listed(app, &other), [] as [usize; 0]);
        let since = numbers(app, "SELECT CAST(listed_at AS TEXT) FROM slots WHERE listed_at IS NOT NULL");
        app.clock.advance(60);
        change(app, &desk.license, "revoke", &json!({}));
        assert_eq!(numbers(app, "SELECT CAST(listed_at AS TEXT) FROM slots WHERE listed_at IS NOT NULL"), since);
    }

    fn a_version_that_gives_less_takes_the_earlier_ones_back(app: &TestApp) {
        let (_, license) = sell(app, &json!({ "max_devices": 3, "expires_at": "+1y" }));
        patch(app, &license, &json!({ "max_devices": 5 }));
        patch(app, &license, &json!({ "features": [{ "name": "export" }] }));
        assert_eq!(change(app, &license, "renew", &json!({ "expires_at": "+2y" })).status, 200);
        patch(app, &license, &json!({ "licensee": { "name": "Ada" } }));
        assert_eq!(listed(app, &license), [] as [usize; 0], "each gave as much");
        patch(app, &license, &json!({ "max_devices": 4 }));
        assert_eq!(listed(app, &license), [0, 1, 2, 3, 4]);
        patch(app, &license, &json!({ "max_devices": 6 }));
        assert_eq!(listed(app, &license), [0, 1, 2, 3, 4]);
        assert_eq!(change(app, &license, "renew", &json!({ "expires_at": "2027-06-30" })).status, 200);
        assert_eq!(listed(app, &license), [0, 1, 2, 3, 4, 5, 6]);
        let path = format!("/api/v1/licenses/{}/variables", text(&license["license_id"]));
        app.api("PUT", &path, &json!({ "variables": { "theme": "dark" } })).expect(200);
        assert_eq!(listed(app, &license), [0, 1, 2, 3, 4, 5, 6, 7], "whatever another variable means");
    }

    fn another_plan_takes_back_what_it_does_not_give(app: &TestApp) {
        let editor = app.create_app("Editor");
        let plan = |name: &str, tier: &str| {
            let wish = json!({ "app_id": editor["app_id"], "name": name, "tier": tier, "max_devices": 2 });
            app.api("POST", "/api/v1/plans", &wish).expect(201)["plan_id"].clone()
        };
        let (small, large, same) = (plan("Small", "licensed"), plan("Large", "enterprise"), plan("Same", "enterprise"));
        let license = app.issue(&editor, &json!({ "plan_id": small }));
        patch(app, &license, &json!({ "plan_id": large }));
        assert_eq!(listed(app, &license), [] as [usize; 0]);
        assert_eq!(signed(app).len(), 2);
        patch(app, &license, &json!({ "plan_id": same }));
        assert_eq!(signed(app).len(), 2, "a plan that says the same signs nothing");
        patch(app, &license, &json!({ "plan_id": small }));
        assert_eq!(listed(app, &license), [0, 1]);
    }

    fn who_gives_its_seat_back_has_its_proofs_listed(app: &TestApp) {
        let desk = Desk::new(app);
        let (_, lap) = desk.another(app, 2);
        let key = text(&desk.license["license_key"]);
        let mut request = desk.device.request(&desk.build, key, 3);
        request.operation = Operation::Deactivate;
        assert_eq!(app.ask_operation("deactivate", &desk.device.sign(&request, &[])).status, 200);
        assert!(is_listed(app, &desk.state) && !is_listed(app, &lap));
        let again = desk.device.activate(app, &desk.build, key, 4).expect_admitted();
        assert_eq!(again.said.activation, desk.state.said.activation);
        assert!(is_listed(app, &desk.state) && !is_listed(app, &again), "the newer proof gives what it says");
        assert_eq!(listed(app, &desk.license), [] as [usize; 0]);
    }

    fn whom_the_vendor_releases_has_its_proofs_listed(app: &TestApp) {
        let mut desk = Desk::new(app);
        let (_, lap) = desk.another(app, 2);
        let first = desk.state.clone();
        patch(app, &desk.license, &json!({ "tier": "enterprise" }));
        app.clock.advance(60);
        desk.state.beat(app, &desk.build, &desk.device);
        let path = format!("/api/v1/devices/{}/release", desk.device_id(app));
        app.api("POST", &path, &json!({})).expect(200);
        assert!(is_listed(app, &first) && !is_listed(app, &lap));
        assert_eq!(proofs(app, &desk.license), (2, 3), "all of the activation");
        assert_eq!(change(app, &desk.license, "reset-devices", &json!({ "override_allowance": true })).status, 200);
        assert_eq!(proofs(app, &desk.license), (3, 3));
    }

    fn fewer_seats_list_the_proofs_of_who_has_to_leave(app: &TestApp) {
        let desk = Desk::new(app);
        let (_, lap) = desk.another(app, 2);
        let leaves = json!({ "max_devices": 1, "release": [desk.device_id(app)] });
        patch(app, &desk.license, &leaves);
        assert!(is_listed(app, &desk.state) && !is_listed(app, &lap));
        assert_eq!(listed(app, &desk.license), [0]);
    }

    fn a_seat_that_moves_leaves_listed_proofs_behind(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let (build, key) = (app.build(&editor), text(&license["license_key"]));
        let [old, new] = [TestDevice::default(), TestDevice::default()];
        let [former, now] = [(&old, 1), (&new, 2)].map(|(device, n)| {
            let question = device.wish(&build, key, (n, &device.sealing()), (Some("m:1"), &[]));
            device.admitted(app, &build, &question).expect_admitted()
        });
        assert_eq!(app.count("events WHERE kind = 'device_moved'"), 1);
        assert!(is_listed(app, &former) && !is_listed(app, &now));
    }

    fn a_fault_of_the_chain_lists_the_proofs_and_who_is_let_in_again_gets_a_newer_one(app: &TestApp) {
        let mut desk = Desk::new(app);
        let first = desk.state.clone();
        let mut forged = desk.state.record(crate::beats::records(3));
        forged[1].mac = [9; 32];
        let request = desk.state.next(app.clock.seconds(), &forged);
        let question = desk.state.question(&desk.device, &request);
        assert_eq!(desk.state.send(app, &desk.build, &question).code(), "chain_mismatch");
        assert!(is_listed(app, &first));
        let path = format!("/api/v1/activations/{}/reanchor", first.said.activation);
        app.api("POST", &path, &json!({})).expect(200);
        assert!(is_listed(app, &first), "nothing is ever unlisted");
        app.clock.advance(60);
        assert_eq!(desk.state.beat(app, &desk.build, &desk.device).code(), "admitted");
        assert_ne!(desk.state.id, first.id);
        assert!(is_listed(app, &first) && !is_listed(app, &desk.state));
        let newest = desk.state.id;
        app.clock.advance(60);
        assert_eq!(desk.state.beat(app, &desk.build, &desk.device).code(), "admitted");
        assert_eq!(desk.state.id, newest, "once");
    }

    fn what_a_database_forgot_keeps_the_slot_that_it_has(app: &TestApp) {
        let mut desk = Desk::new(app);
        app.clock.advance(60);
        desk.state.beat(app, &desk.build, &desk.device);
        let slot = desk.state.said.slot.expect("has one");
        for table in ["slots WHERE activation_id IS NOT NULL", "instances", "activations", "devices"] {
            app.meddle(&format!("DELETE FROM {table}"));
        }
        app.meddle("UPDATE licenses SET devices_used = 0");
        app.clock.advance(60);
        let question = desk.state.question(&desk.device, &desk.state.next(app.clock.seconds(), &[]));
        let question = desk.state.showing(&question);
        assert_eq!(desk.state.send(app, &desk.build, &question).code(), "admitted");
        assert_eq!(numbers(app, "SELECT CAST(slot AS TEXT) FROM slots WHERE activation_id IS NOT NULL"), [slot]);
    }

    fn a_listed_proof_is_not_taken_over_again(app: &TestApp) {
        let mut desk = Desk::new(app);
        app.clock.advance(60);
        desk.state.beat(app, &desk.build, &desk.device);
        // What a snapshot said that was imported into a database which came back older.
        app.meddle("UPDATE slots SET listed_at = 1 WHERE activation_id IS NOT NULL");
        for table in ["instances", "activations", "devices"] {
            app.meddle(&format!("DELETE FROM {table}"));
        }
        app.meddle("UPDATE licenses SET devices_used = 0");
        app.clock.advance(60);
        let question = desk.state.question(&desk.device, &desk.state.next(app.clock.seconds(), &[]));
        let question = desk.state.showing(&question);
        assert_eq!(desk.state.send(app, &desk.build, &question).code(), "not_activated");
        assert_eq!(app.count("activations"), 0);
    }

    fn what_has_ended_is_forgotten_long_after_its_end(app: &TestApp) {
        let (_, license) = sell(app, &json!({ "expires_at": "+1d" }));
        assert_eq!(change(app, &license, "revoke", &json!({})).status, 200);
        app.meddle("UPDATE slot_blocks SET is_full = 1");
        // Where a clock is ahead by as much as nobody doubts, what it forgot would count again once it is put right.
        for (days, left) in [(31, 1), (9, 1), (2, 0)] {
            app.clock.advance(days * 24 * 60 * 60);
            app.run_jobs();
            while app.count("jobs WHERE lease_until IS NOT NULL AND last_error IS NULL") > 0 {}
            assert_eq!(app.count("slots"), left, "{days}");
        }
    }

    fn the_window_of_a_block_grows_and_a_block_that_is_half_used_is_followed_by_the_next(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 3 }));
        let of_app = format!("'{}'", text(&editor["app_id"]));
        // As if so many of these had been given out.
        let give = |first: u64, end: u64| {
            app.meddle(&format!(
                "INSERT INTO slots (app_id, slot, block, tenant_id) WITH RECURSIVE n (slot) AS (SELECT CAST({first} AS BIGINT) \
                 UNION ALL SELECT slot + 1 FROM n WHERE slot + 1 < {end}) SELECT {of_app}, slot, 0, 'a' FROM n \
                 WHERE slot NOT IN (SELECT slot FROM slots)"
            ));
        };
        let blocks = || app.texts("SELECT CAST(block AS TEXT) || ' ' || CAST(bits AS TEXT) || ' ' || CAST(is_full AS TEXT) FROM slot_blocks ORDER BY block");
        assert_eq!(blocks(), ["0 10 0"]);
        give(0, 900);
        app.issue(&editor, &json!({}));
        assert_eq!(blocks(), ["0 11 0"]);
        app.api("POST", "/api/v1/licenses", &json!({ "app_id": editor["app_id"], "count": 700 })).expect(201);
        assert_eq!(blocks(), ["0 12 0"]);

        give(4_096, 640_000);
        app.meddle("UPDATE slot_blocks SET bits = 20");
        // Whoever draws looks at few places, and now and then sees more room than there is.
        let mut new = app.issue(&editor, &json!({}));
        for _ in 1..20 {
            new = app.issue(&editor, &json!({}));
        }
        assert_eq!(blocks(), ["0 20 0", "1 10 0"]);
        let block_of = |license: &Value| {
            let id = text(&license["license_id"]);
            numbers(app, &format!("SELECT CAST(MAX(slot) AS TEXT) FROM slots WHERE license_id = '{id}'"))[0] / BLOCK
        };
        assert_eq!(block_of(&new), 1);
        patch(app, &license, &json!({ "tier": "enterprise" }));
        assert_eq!(block_of(&license), 0, "what belongs together lies in one block as long as that has room");

        app.meddle("UPDATE slot_blocks SET is_full = 1 WHERE block = 0");
        let build = app.build(&editor);
        let proof = TestDevice::default().activate(app, &build, text(&license["license_key"]), 1).expect_admitted();
        assert_eq!(proof.said.slot.expect("has one") / BLOCK, 1);
        app.meddle("UPDATE slot_blocks SET is_full = 1 WHERE block = 1");
        let proof = TestDevice::default().activate(app, &build, text(&license["license_key"]), 2).expect_admitted();
        assert_eq!(proof.said.slot.expect("has one") / BLOCK, 2);
        assert_eq!(blocks(), ["0 20 1", "1 10 1", "2 10 0"]);
    }
}
