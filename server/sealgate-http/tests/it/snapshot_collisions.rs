//! What an imported snapshot says nothing about, although it lists its slot (`spec/revocation.md` §7.5): statements that were signed
//! after the snapshot.

use sealgate_testkit::{Build, TestActivation, TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::snapshot_imports::{at, fetch, import, refusal, sign, text};
use crate::snapshots::run_jobs;
use crate::support::sell;

/// The database comes back as it was kept, and ten minutes go by.
fn restore(app: &TestApp) {
    app.go_back();
    app.clock.advance(600);
    app.read_changes();
}

fn signed(app: &TestApp, product: &Value) -> Vec<u8> {
    app.clock.advance(60);
    sign(app);
    fetch(app, product)
}

fn activate(app: &TestApp, build: &Build, license: &Value) -> (TestDevice, TestActivation) {
    let device = TestDevice::default();
    let state = device.activate(app, build, text(&license["license_key"]), 0).expect_admitted();
    (device, state)
}

/// All of the window that is free was given out and taken back.
fn list_the_whole_window(app: &TestApp, product: &Value) {
    let id = text(&product["app_id"]);
    app.meddle(&format!(
        "INSERT INTO slots (app_id, slot, block, tenant_id, listed_at) \
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1023) \
         SELECT app_id, i, 0, tenant_id, 5 FROM n, apps WHERE app_id = '{id}' ON CONFLICT (app_id, slot) DO NOTHING"
    ));
    app.meddle("UPDATE slot_blocks SET listings = listings + 1");
}

fn versions(app: &TestApp, license: &Value) -> u64 {
    app.count(&format!("slots WHERE version IS NOT NULL AND license_id = '{}'", text(&license["license_id"])))
}

on_both_engines! {
    /// A device that was activated after the restore, and drew a slot that the lost history had listed.
    fn a_device_that_got_a_listed_slot_since_keeps_its_seat(app: &TestApp) {
        let (product, license) = sell(app, &json!({ "max_devices": 3 }));
        let lessened = app.issue(&product, &json!({ "max_devices": 3 }));
        let build = app.build(&product);
        sign(app);
        app.keep_state();
        app.api("PATCH", &at(&lessened, ""), &json!({ "max_devices": 1 })).expect(200);
        list_the_whole_window(app, &product);
        let file = signed(app, &product);
        restore(app);
        // What the server closes by itself, it closes now; a whole copy of a data directory closes nothing.
        run_jobs(app);
        app.meddle("UPDATE slot_blocks SET is_full = 0");
        let (device, mut state) = activate(app, &build, &license);
        activate(app, &build, &lessened);
        let came = import(app, &file).expect(200);
        let slots = app.texts("SELECT CAST(slot AS TEXT) FROM slots WHERE activation_id IS NOT NULL");
        assert_eq!(app.count("slots WHERE activation_id IS NOT NULL AND listed_at IS NOT NULL"), 2, "{slots:?} {came}");
        assert_eq!((&came["devices_released"], &came["failed"]), (&json!([]), &json!([])), "{came}");
        assert_eq!(came["licenses_suspended"], json!([lessened["license_id"]]));
        // It gets a proof that counts offline, too.
        let before = state.said.slot;
        app.clock.advance(60);
        app.read_changes();
        assert_eq!(state.beat(app, &build, &device).code(), "admitted");
        assert!(state.said.slot.is_some() && state.said.slot != before, "{before:?}");
        assert_eq!(app.count("slots WHERE activation_id IS NOT NULL AND listed_at IS NULL"), 1);
    }

    /// What the import of one file left undone is done by the import of another, and judged by the first one.
    fn an_older_file_undoes_nothing_that_a_newer_one_listed(app: &TestApp) {
        let (product, license) = sell(app, &json!({ "max_devices": 3 }));
        let older = signed(app, &product);
        app.clock.advance(60);
        app.api("PATCH", &at(&license, ""), &json!({ "max_devices": 4 })).expect(200);
        let kept = versions(app, &license);
        app.keep_state();
        app.clock.advance(60);
        app.api("POST", &at(&license, "/revoke"), &json!({})).expect(200);
        let newer = signed(app, &product);
        restore(app);
        // It lists, and then breaks off.
        app.meddle("ALTER TABLE license_statements RENAME TO gone");
        let broken = import(app, &newer);
        app.meddle("ALTER TABLE gone RENAME TO license_statements");
        assert!(broken.status >= 500, "{}", broken.json());
        let again = import(app, &older);
        app.read_changes();
        assert_eq!(versions(app, &license), kept, "not signed anew: {} {}", broken.json(), again.json());
        assert_eq!(refusal(app, &product, &license).as_deref(), Some("blocked"));
    }
}
