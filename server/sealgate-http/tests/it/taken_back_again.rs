//! Which licenses an imported snapshot takes back (`spec/revocation.md` §7.3): those that it says were, whatever became of them since
//! the copy, and no others.

use sealgate_testkit::{Engine, TakenOver, TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::snapshot_imports::{at, fetch, import, import_anew, refusal, sign, text};
use crate::support::sell;

fn activate(app: &TestApp, product: &Value, license: &Value) {
    let build = app.build(product);
    TestDevice::default().activate(app, &build, text(&license["license_key"]), 0).expect_admitted();
}

fn post(app: &TestApp, license: &Value, deed: &str) -> Value {
    app.api("POST", &at(license, deed), &json!({})).expect(200)
}

/// The database comes back as it was kept, and ten minutes go by.
fn restore(app: &TestApp) {
    app.go_back();
    app.clock.advance(600);
    app.read_changes();
}

/// What was made of the license anew: its version, and its slot.
fn version(app: &TestApp, license: &Value) -> (u64, u64) {
    let id = text(&license["license_id"]);
    let slot = format!(
        "SELECT CAST(s.version AS TEXT) || ' ' || CAST(s.slot AS TEXT) FROM slots s WHERE s.license_id = '{id}' \
         AND s.version = (SELECT MAX(o.version) FROM slots o WHERE o.license_id = '{id}')"
    );
    let found = app.texts(&slot)[0].clone();
    let (version, slot) = found.split_once(' ').expect("two");
    (version.parse().expect("a number"), slot.parse().expect("a number"))
}

/// The slot of the newest version that is listed.
fn listed_version(app: &TestApp, license: &Value) -> u64 {
    let slots = app.texts(&format!(
        "SELECT CAST(slot AS TEXT) FROM slots WHERE license_id = '{}' AND listed_at IS NOT NULL AND version IS NOT NULL \
         ORDER BY version DESC LIMIT 1",
        text(&license["license_id"])
    ));
    slots[0].parse().expect("a number")
}

/// Whether the newest snapshot lists that slot of block 0.
fn lists(app: &TestApp, product: &Value, slot: u64) -> bool {
    app.clock.advance(60);
    sign(app);
    let (file, now) = (fetch(app, product), app.clock.seconds());
    let taken = TakenOver::default().next(&app.build(product).trust, &file, now).expect("is believed");
    taken.listed.values().any(|slots| slots.iter().any(|listed| u64::from(*listed) == slot))
}

/// Asks, and changes something while what was asked is judged by what was so before.
fn while_asked<T: Send>(app: &TestApp, ask: impl FnOnce() -> T + Send, change: impl FnOnce() + Send) -> T {
    app.finish_writes();
    let waiting = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    std::thread::scope(|scope| {
        let mut asked = None;
        app.while_locked("activations", || {
            asked = Some(scope.spawn(ask));
            assert!((0..5_000).any(|_| app.count(waiting) > 0), "nobody waits for the lock");
            change();
        });
        asked.expect("was asked").join().expect("gets an answer")
    })
}

/// Revocation data speaks of what was given out before the license was revoked or changed.
#[test]
fn nothing_is_proved_of_a_license_that_changes_meanwhile() {
    let app = &TestApp::start(Engine::Postgres);
    let (product, license) = sell(app, &json!({ "max_devices": 3 }));
    let (build, key) = (app.build(&product), text(&license["license_key"]));
    let change = |n: u32| app.api("PATCH", &at(&license, ""), &json!({ "max_devices": n })).expect(200);
    let (desk, lap) = (TestDevice::default(), TestDevice::default());
    let mut state = desk.activate(app, &build, key, 0).expect_admitted();
    let activated =
        while_asked(app, || lap.activate(app, &build, key, 0), || drop(change(4))).expect_admitted();
    let present = app.texts("SELECT ENCODE(statement_id, 'hex') FROM licenses");
    assert_eq!(activated.said.license_statement.to_string(), present[0]);
    let unlisted = || app.count("slots WHERE listed_at IS NULL");
    let beaten = while_asked(
        app,
        || state.beat(app, &build, &desk),
        || {
            post(app, &license, "/revoke");
            assert_eq!(unlisted(), 0);
        },
    );
    assert_eq!((beaten.code(), unlisted()), ("revoked", 0));
}

/// 12,000 proofs of a license, of which 1,000 have ended.
fn give_many_proofs(app: &TestApp, license: &Value) {
    app.meddle(&format!(
        "INSERT INTO slots (app_id, slot, block, tenant_id, license_id, activation_id, generation, expires_at) \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) \
         SELECT l.app_id, 100000 + i, 0, l.tenant_id, l.license_id, 'a' || CAST(i % 150 AS TEXT), 1, \
         CASE WHEN i % 12 = 0 THEN 5 END FROM n, licenses l WHERE l.license_id = '{}'",
        text(&license["license_id"])
    ));
}

on_both_engines! {
    /// All others who write wait while it is revoked.
    fn a_license_that_has_much_is_revoked_in_parts(app: &TestApp) {
        let (product, license) = sell(app, &json!({ "max_devices": 3 }));
        for n in [3, 4, 5] {
            app.api("PATCH", &at(&license, ""), &json!({ "max_devices": n })).expect(200);
        }
        give_many_proofs(app, &license);
        let build = app.build(&product);
        let listed = || app.count("slots WHERE listed_at IS NOT NULL");
        assert_eq!(listed(), 0);
        post(app, &license, "/revoke");
        assert!((1..=1_001).contains(&listed()), "{}", listed());
        assert_eq!(version(app, &license).1, listed_version(app, &license), "the present version comes first");
        // What machines without a network are told is all of it, at once.
        sign(app);
        let taken = TakenOver::default().next(&build.trust, &fetch(app, &product), app.clock.seconds());
        let at_once = taken.expect("is believed").count();
        assert_eq!(at_once, 11_003);
        app.clock.advance(6);
        app.run_jobs();
        assert_eq!((listed(), app.count("slots_left")), (11_003, 0), "all but what has ended");
        app.clock.advance(60);
        sign(app);
        let taken = TakenOver::default().next(&build.trust, &fetch(app, &product), app.clock.seconds());
        assert_eq!(taken.expect("is believed").count(), at_once);
        // Whatever else becomes of it.
        app.api("PATCH", &at(&license, ""), &json!({ "label": "gone" }));
        assert_eq!((listed(), app.count("slots_left")), (11_003, 0));
    }

    /// One run of the job holds up no other job for long.
    fn what_is_left_of_many_licenses_is_listed_in_several_runs(app: &TestApp) {
        let (product, _) = sell(app, &json!({}));
        for _ in 0..24 {
            app.issue(&product, &json!({}));
        }
        app.run_jobs();
        crate::snapshots::wait_for_jobs(app);
        app.meddle("INSERT INTO slots_left SELECT license_id, tenant_id, app_id, NULL, -1 FROM licenses");
        let mut left = vec![];
        for _ in 0..2 {
            app.clock.advance(5);
            app.run_jobs();
            crate::snapshots::wait_for_jobs(app);
            left.push(app.count("slots_left"));
        }
        assert_eq!(left, [5, 0]);
    }

    /// What a revoked issuer had signed is signed again, but not what was revoked with it.
    fn a_license_is_stopped_before_the_issuer_that_signed_it_is_revoked(app: &TestApp) {
        let (product, gone) = sell(app, &json!({ "max_devices": 3 }));
        let kept = app.issue(&product, &json!({ "max_devices": 3 }));
        activate(app, &product, &gone);
        let keys = app.api("GET", "/api/v1/keys", &json!(null)).expect(200);
        let mut keys = keys["items"].as_array().expect("keys").iter();
        let issuer = keys.find(|key| key["use"] == "issuer" && key["state"] == "active").expect("one signs");
        let issuer = text(&issuer["keyid"]).to_owned();
        sign(app);
        app.keep_state();
        app.clock.advance(60);
        post(app, &gone, "/revoke");
        app.api("POST", &format!("/api/v1/keys/{issuer}/revoke"), &json!({ "reason": "stolen" })).expect(200);
        sign(app);
        let file = fetch(app, &product);
        restore(app);
        let before = [&gone, &kept].map(|license| version(app, license));
        let came = import(app, &file).expect(200);
        assert_eq!((&came["keys_revoked"], &came["failed"]), (&json!([issuer]), &json!([])));
        assert_eq!(came["licenses_suspended"], json!([gone["license_id"]]));
        let after = [&gone, &kept].map(|license| version(app, license));
        assert!(after[1].0 > before[1].0, "{before:?} {after:?}");
        app.read_changes();
        assert_eq!(refusal(app, &product, &gone).as_deref(), Some("blocked"));
        assert_eq!(refusal(app, &product, &kept), None);
    }

    /// Where a license went on after the copy, nobody can tell whether the vendor meant it to.
    fn what_went_on_after_the_copy_waits_for_the_vendor(app: &TestApp) {
        let (product, gone) = sell(app, &json!({ "max_devices": 3 }));
        let lowered = app.issue(&product, &json!({ "max_devices": 3 }));
        activate(app, &product, &gone);
        sign(app);
        app.keep_state();
        app.clock.advance(60);
        post(app, &gone, "/revoke");
        sign(app);
        let file = fetch(app, &product);
        restore(app);
        app.api("PATCH", &at(&gone, ""), &json!({ "max_devices": 4 })).expect(200);
        // What this database took back by itself is no word of the snapshot's.
        app.api("PATCH", &at(&lowered, ""), &json!({ "max_devices": 2 })).expect(200);
        let came = import(app, &file).expect(200);
        assert_eq!(came["licenses_suspended"], json!([gone["license_id"]]));
        app.read_changes();
        assert_eq!(refusal(app, &product, &gone).as_deref(), Some("blocked"));
        assert_eq!(refusal(app, &product, &lowered), None);
        // The vendor decides, once.
        post(app, &gone, "/resume");
        let again = import_anew(app, &file);
        app.read_changes();
        assert_eq!(refusal(app, &product, &gone), None, "{}", again.json());
    }

    /// A customer changes machines and buys less: that lists the same as a revocation does. What nobody revoked can go on.
    fn what_was_perhaps_only_lessened_is_not_gone_for_good(app: &TestApp) {
        let (product, license) = sell(app, &json!({ "max_devices": 3 }));
        activate(app, &product, &license);
        let devices = app.api("GET", &format!("/api/v1/devices?license_id={}", text(&license["license_id"])), &json!(null));
        let device = text(&devices.expect(200)["items"][0]["device_id"]).to_owned();
        sign(app);
        app.keep_state();
        app.clock.advance(60);
        app.api("PATCH", &at(&license, ""), &json!({ "max_devices": 2 })).expect(200);
        app.api("POST", &format!("/api/v1/devices/{device}/release"), &json!({})).expect(200);
        sign(app);
        let file = fetch(app, &product);
        restore(app);
        let came = import(app, &file).expect(200);
        assert_eq!((&came["licenses_suspended"], &came["failed"]), (&json!([license["license_id"]]), &json!([])), "{came}");
        app.read_changes();
        assert_eq!(refusal(app, &product, &license).as_deref(), Some("blocked"));
        post(app, &license, "/resume");
        app.read_changes();
        assert_eq!(refusal(app, &product, &license), None);
    }

    /// A machine without a network would take the listed one as revoked, online or not.
    fn a_license_that_goes_on_is_signed_anew_where_its_version_is_listed(app: &TestApp) {
        let (product, lessened) = sell(app, &json!({ "max_devices": 3 }));
        activate(app, &product, &lessened);
        sign(app);
        app.keep_state();
        app.clock.advance(60);
        app.api("PATCH", &at(&lessened, ""), &json!({ "max_devices": 1 })).expect(200);
        sign(app);
        let file = fetch(app, &product);
        restore(app);
        let came = import(app, &file).expect(200);
        assert_eq!(came["licenses_suspended"], json!([lessened["license_id"]]));
        let stopped = version(app, &lessened);
        app.api("PATCH", &at(&lessened, ""), &json!({ "label": "asked for" })).expect(200);
        assert_eq!(version(app, &lessened), stopped, "a suspended one has no right that has to be proved");
        assert!(lists(app, &product, stopped.1));
        post(app, &lessened, "/resume");
        let resumed = version(app, &lessened);
        assert!(resumed.0 > stopped.0, "{stopped:?} {resumed:?}");
        assert!(!lists(app, &product, resumed.1), "what is handed out now counts offline, too");
        // Once is enough, and the vendor's word stands.
        post(app, &lessened, "/resume");
        assert_eq!(version(app, &lessened), resumed);
        import_anew(app, &file);
        app.read_changes();
        assert_eq!((refusal(app, &product, &lessened), version(app, &lessened)), (None, resumed));
    }

    /// A license that was sold after the copy drew a slot that another one had had.
    fn a_license_that_got_a_listed_slot_since_is_signed_anew(app: &TestApp) {
        let (product, _) = sell(app, &json!({}));
        sign(app);
        app.keep_state();
        let lost = app.issue(&product, &json!({}));
        let slot = version(app, &lost).1;
        app.clock.advance(60);
        post(app, &lost, "/revoke");
        sign(app);
        let file = fetch(app, &product);
        restore(app);
        let fresh = app.issue(&product, &json!({}));
        let (id, (first, drawn)) = (text(&fresh["license_id"]), version(app, &fresh));
        let block = slot >> 20;
        app.meddle(&format!("UPDATE slots SET slot = {slot}, block = {block} WHERE license_id = '{id}'"));
        app.meddle(&format!(
            "UPDATE licenses SET conditions = REPLACE(conditions, '\"slot\":{drawn}', '\"slot\":{slot}') WHERE license_id = '{id}'"
        ));
        let came = import(app, &file).expect(200);
        assert_eq!(came["licenses_suspended"], json!([]));
        let (next, drawn) = version(app, &fresh);
        assert!(next > first && drawn != slot, "{next} {drawn}");
        app.read_changes();
        assert_eq!(refusal(app, &product, &fresh), None);
        assert!(!lists(app, &product, drawn));
    }
}
