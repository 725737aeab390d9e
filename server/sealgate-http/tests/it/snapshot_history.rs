//! What a server may not give out any more once it took a snapshot over that it does not remember (`spec/revocation.md` §7.3).

use sealgate_artifact::UnixSeconds;
use sealgate_testkit::{Build, TakenOver, TestActivation, TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::snapshot_imports::{at, fetch, import, import_anew, sign, text};
use crate::snapshots::run_jobs;
use crate::support::{assert_problem, sell};

fn revoke(app: &TestApp, license: &Value) {
    app.api("POST", &at(license, "/revoke"), &json!({})).expect(200);
}

/// The database comes back as it was kept, and ten minutes go by.
fn restore(app: &TestApp) {
    app.go_back();
    app.clock.advance(600);
    app.read_changes();
}

fn activate(app: &TestApp, build: &Build, license: &Value) -> (TestDevice, TestActivation) {
    let device = TestDevice::default();
    let state = device.activate(app, build, text(&license["license_key"]), 0).expect_admitted();
    (device, state)
}

/// What the device hears once it shows what it holds.
fn show(app: &TestApp, build: &Build, (device, state): (&TestDevice, &mut TestActivation)) -> String {
    let question = state.question(device, &state.next(app.clock.seconds(), &[]));
    let shown = state.showing(&question);
    state.send(app, build, &shown).code().to_owned()
}

/// The blocks from which slots are drawn.
fn open_blocks(app: &TestApp) -> Vec<String> {
    app.texts("SELECT CAST(block AS TEXT) FROM slot_blocks WHERE is_full = 0 ORDER BY block")
}

fn block_of_newest(app: &TestApp, license: &Value) -> String {
    let id = text(&license["license_id"]);
    app.texts(&format!("SELECT CAST(MAX(block) AS TEXT) FROM slots WHERE license_id = '{id}'"))[0].clone()
}

fn keys(app: &TestApp, key_use: &str, state: &str) -> Vec<String> {
    let keys = app.api("GET", "/api/v1/keys", &json!(null)).expect(200);
    let keys = keys["items"].as_array().expect("keys").iter();
    let found = keys.filter(|key| key["use"] == key_use && key["state"] == state);
    found.map(|key| text(&key["keyid"]).to_owned()).collect()
}

on_both_engines! {
    /// 0 slots given out twice, although the server that came back has signed a newer snapshot by itself.
    fn blocks_close_whatever_was_signed_meanwhile(app: &TestApp) {
        let (product, _) = sell(app, &json!({}));
        sign(app);
        app.keep_state();
        app.clock.advance(60);
        let lost = app.issue(&product, &json!({}));
        revoke(app, &lost);
        sign(app);
        let file = fetch(app, &product);
        restore(app);
        // What the server closes by itself, it closes now.
        run_jobs(app);
        let gone = app.issue(&product, &json!({}));
        revoke(app, &gone);
        let newer = sign(app);
        assert_eq!(open_blocks(app), ["1"]);
        let came = import(app, &file).expect(200);
        assert!(came["version"].as_u64() < newer["version"].as_u64(), "{came} {newer}");
        assert_eq!(open_blocks(app), Vec::<String>::new());
        let fresh = app.issue(&product, &json!({}));
        assert_eq!(block_of_newest(app, &fresh), "2");
        // Its own ones close nothing, and the same one closes nothing again.
        app.clock.advance(60);
        revoke(app, &fresh);
        sign(app);
        import(app, &fetch(app, &product));
        assert_problem(&import_anew(app, &file), 400, "version_rollback");
        assert_eq!(open_blocks(app), ["2"]);
    }

    /// A block of which the snapshot lists nothing was opened, too, and its slots were given out.
    fn blocks_without_anything_listed_are_known(app: &TestApp) {
        let (product, _) = sell(app, &json!({}));
        sign(app);
        app.keep_state();
        app.clock.advance(60);
        app.meddle("UPDATE slot_blocks SET is_full = 1");
        let lost = app.issue(&product, &json!({}));
        assert_eq!(block_of_newest(app, &lost), "1");
        sign(app);
        let file = fetch(app, &product);
        restore(app);
        import(app, &file).expect(200);
        assert_eq!(open_blocks(app), Vec::<String>::new());
        let fresh = app.issue(&product, &json!({}));
        assert_eq!(block_of_newest(app, &fresh), "2", "block 1 was in use");
        // Its shard goes on: the next snapshot names it.
        app.clock.advance(24 * 60 * 60);
        assert_eq!(sign(app)["shards"], 3);
        let count = "shards s WHERE NOT EXISTS (SELECT 1 FROM slot_blocks b WHERE b.app_id = s.app_id AND b.block = s.block)";
        assert_eq!(app.count(count), 0);
    }

    /// A server that notices by itself that its database came back older gives nothing out from the blocks of before.
    fn blocks_close_when_the_database_is_seen_to_go_back(app: &TestApp) {
        let (product, _) = sell(app, &json!({}));
        sign(app);
        app.keep_state();
        app.issue(&product, &json!({}));
        restore(app);
        app.clock.advance(120);
        run_jobs(app);
        assert_eq!(open_blocks(app), Vec::<String>::new());
        app.issue(&product, &json!({}));
        app.clock.advance(120);
        run_jobs(app);
        assert_eq!(open_blocks(app), ["1"], "once");
    }

    /// A lost rotation is carried on: what the retired keys sign is refused by whoever saw the lost keysets.
    fn keysets_go_on_from_those_of_the_snapshot(app: &TestApp) {
        let (product, license) = sell(app, &json!({}));
        let build = app.build(&product);
        sign(app);
        app.keep_state();
        app.clock.advance(60);
        let before: Vec<_> = ["snapshot", "issuer"].iter().flat_map(|key_use| keys(app, key_use, "active")).collect();
        for key_use in ["snapshot", "issuer"] {
            app.api("POST", "/api/v1/keys/rotate", &json!({ "use": key_use })).expect(200);
        }
        revoke(app, &license);
        sign(app);
        let file = fetch(app, &product);
        let held = TakenOver::default().next(&build.trust, &file, app.clock.seconds()).expect("is believed");
        restore(app);
        let came = import(app, &file).expect(200);
        let retired: Vec<_> = came["keys_retired"].as_array().expect("keys").iter().map(|key| text(key).to_owned()).collect();
        assert_eq!(came["failed"], json!([]));
        assert!(before.iter().all(|key| retired.contains(key)), "{before:?} {retired:?}");
        app.clock.advance(60);
        sign(app);
        let after = held.next(&build.trust, &fetch(app, &product), app.clock.seconds());
        assert!(after.is_ok(), "{:?}", after.err());
        // The file is believed after that, too.
        assert_problem(&import_anew(app, &file), 400, "version_rollback");
    }

    /// What had ended and was forgotten is not listed for good again by an old snapshot; what is new in it is.
    fn what_was_forgotten_stays_so(app: &TestApp) {
        let (product, lasting) = sell(app, &json!({}));
        let end = app.clock.seconds() + 7 * 24 * 60 * 60;
        let ending = app.issue(&product, &json!({ "expires_at": UnixSeconds::new(end).expect("in range").to_string() }));
        for license in [&lasting, &ending] {
            revoke(app, license);
        }
        sign(app);
        let old = fetch(app, &product);
        let listed = app.count("slots WHERE listed_at IS NOT NULL");
        app.meddle("UPDATE slot_blocks SET is_full = 1");
        app.clock.advance(100 * 24 * 60 * 60);
        run_jobs(app);
        assert!(app.count("slots WHERE listed_at IS NOT NULL") < listed, "forgotten");
        sign(app);
        assert_problem(&import(app, &old), 400, "version_rollback");
        assert!(app.count("slots WHERE listed_at IS NOT NULL") < listed, "not listed for good");
    }

    /// A device's proof in a block that was opened in the lost time can be taken back, too.
    fn a_shown_proof_has_its_block_known(app: &TestApp) {
        let (product, license) = sell(app, &json!({}));
        let build = app.build(&product);
        sign(app);
        app.keep_state();
        app.meddle("UPDATE slot_blocks SET is_full = 1");
        let (device, mut state) = activate(app, &build, &license);
        restore(app);
        assert_eq!(show(app, &build, (&device, &mut state)), "admitted");
        assert_eq!(app.count("slot_blocks WHERE is_full = 1 AND block = 1"), 1);
        revoke(app, &license);
        // The server's own job may have begun before that, and signs once a minute.
        for _ in 0..2 {
            app.clock.advance(60);
            sign(app);
        }
        let listed = TakenOver::default().next(&build.trust, &fetch(app, &product), app.clock.seconds());
        let listed = listed.expect("is believed").listed;
        assert!(listed.iter().any(|((_, block), slots)| *block == 1 && !slots.is_empty()), "{listed:?}");
    }

    /// Where its slot was given to something else meanwhile, the device gets a proof with one of its own.
    fn a_shown_proof_without_a_slot_of_its_own_is_followed_by_another(app: &TestApp) {
        let (product, license) = sell(app, &json!({}));
        let other = app.issue(&product, &json!({}));
        let build = app.build(&product);
        app.keep_state();
        let (device, mut state) = activate(app, &build, &license);
        let slot = app.texts("SELECT CAST(slot AS TEXT) FROM slots WHERE activation_id IS NOT NULL")[0].clone();
        restore(app);
        let to = text(&other["license_id"]);
        app.meddle(&format!(
            "UPDATE slots SET slot = {slot} WHERE license_id = '{to}' AND activation_id IS NULL"
        ));
        assert_eq!(show(app, &build, (&device, &mut state)), "admitted");
        let own = app.texts("SELECT CAST(slot AS TEXT) FROM slots WHERE activation_id IS NOT NULL");
        assert!(own.len() == 1 && own[0] != slot, "{own:?} {slot}");
    }

    /// Also where that was revoked meanwhile, and is another version of the same license.
    fn a_shown_proof_whose_slot_another_statement_has_is_not_taken_back_with_it(app: &TestApp) {
        let (product, license) = sell(app, &json!({ "max_devices": 3 }));
        app.api("PATCH", &at(&license, ""), &json!({ "max_devices": 2 })).expect(200);
        let build = app.build(&product);
        app.keep_state();
        let (device, mut state) = activate(app, &build, &license);
        let slot = app.texts("SELECT CAST(slot AS TEXT) FROM slots WHERE activation_id IS NOT NULL")[0].clone();
        restore(app);
        assert_eq!(app.count("slots WHERE listed_at IS NOT NULL"), 1);
        app.meddle(&format!("UPDATE slots SET slot = {slot} WHERE listed_at IS NOT NULL"));
        assert_eq!(show(app, &build, (&device, &mut state)), "admitted");
        let own = app.texts("SELECT CAST(slot AS TEXT) FROM slots WHERE activation_id IS NOT NULL");
        assert!(own.len() == 1 && own[0] != slot, "{own:?} {slot}");
    }

    /// A proof of a license that was revoked before the device showed it is listed as the others are.
    fn a_shown_proof_of_a_revoked_license_is_listed(app: &TestApp) {
        let (product, license) = sell(app, &json!({}));
        let build = app.build(&product);
        app.keep_state();
        let (device, mut state) = activate(app, &build, &license);
        restore(app);
        revoke(app, &license);
        app.read_changes();
        assert_eq!(show(app, &build, (&device, &mut state)), "revoked");
        assert_eq!(app.count("slots WHERE activation_id IS NOT NULL AND listed_at IS NOT NULL"), 1);
    }

    /// Whoever has a stolen key winds versions up to their end; revoking it winds them back.
    fn versions_of_a_revoked_key_count_no_more(app: &TestApp) {
        const END: u64 = (1 << 53) - 1;
        let (product, license) = sell(app, &json!({}));
        revoke(app, &license);
        sign(app);
        app.meddle(&format!("UPDATE shards SET version = {END}"));
        app.meddle(&format!("UPDATE snapshot_ids SET version = {END}"));
        let key = keys(app, "snapshot", "active")[0].clone();
        app.clock.advance(60);
        app.api("POST", &format!("/api/v1/keys/{key}/revoke"), &json!({})).expect(200);
        let signed = sign(app);
        assert!(signed["version"].as_u64().is_some_and(|version| version < END), "{signed}");
        assert_eq!(app.count(&format!("shards WHERE version < {END}")), 1);
        let taken = TakenOver::default().next(&app.build(&product).trust, &fetch(app, &product), app.clock.seconds());
        assert!(taken.is_ok(), "{:?}", taken.err());
    }

    /// What a tenant's import ends for all tenants, the installation's owner finds in the own log.
    fn what_concerns_all_is_in_the_owners_log(app: &TestApp) {
        app.clock.advance(1);
        let other = app.tenant("Other");
        let product = other.make("/api/v1/apps", &json!({ "name": "Theirs" }));
        // The server's own job may sign for it just now.
        while other.api("POST", "/api/v1/snapshots", &json!({})).status == 503 {}
        app.keep_state();
        app.clock.advance(60);
        let key = keys(app, "authority", "next")[0].clone();
        app.api("POST", &format!("/api/v1/keys/{key}/revoke"), &json!({})).expect(200);
        while other.api("POST", "/api/v1/snapshots", &json!({})).status == 503 {}
        let file = fetch(app, &product);
        restore(app);
        let body = json!({ "file": sealgate_artifact::encode_base64(&file) });
        let came = other.api("POST", "/api/v1/snapshots/import", &body).expect(200);
        assert_eq!((&came["keys_revoked"], &came["failed"]), (&json!([key]), &json!([])));
        assert_eq!(app.count(&format!("audit WHERE action = 'key.revoked' AND subject = '{key}'")), 2);
    }

    /// The audit log says that an import began, and what came of it.
    fn an_import_is_recorded_when_it_begins_and_when_it_ends(app: &TestApp) {
        let (product, license) = sell(app, &json!({}));
        revoke(app, &license);
        sign(app);
        import(app, &fetch(app, &product)).expect(200);
        import(app, b"no container");
        let count = |action: &str| app.count(&format!("audit WHERE action = 'snapshot.{action}'"));
        assert_eq!(["import_begun", "imported", "refused", "import_failed"].map(count), [2, 1, 1, 0]);
    }
}
