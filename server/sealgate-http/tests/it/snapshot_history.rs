//! What a server may not give out any more once it took a snapshot over that it does not remember (`spec/revocation.md` §7.3).

use sealgate_artifact::UnixSeconds;
use sealgate_testkit::{TakenOver, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::snapshot_imports::{at, fetch, import, sign, text};
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
        let gone = app.issue(&product, &json!({}));
        revoke(app, &gone);
        let newer = sign(app);
        let came = import(app, &file).expect(200);
        assert!(came["version"].as_u64() < newer["version"].as_u64(), "{came} {newer}");
        assert_eq!(open_blocks(app), Vec::<String>::new());
        let fresh = app.issue(&product, &json!({}));
        assert_eq!(block_of_newest(app, &fresh), "1");
        // Its own ones close nothing, and the same one closes nothing again.
        app.clock.advance(60);
        revoke(app, &fresh);
        sign(app);
        import(app, &fetch(app, &product)).expect(200);
        assert_problem(&import(app, &file), 400, "version_rollback");
        assert_eq!(open_blocks(app), ["1"]);
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
        assert_eq!(open_blocks(app), ["0"]);
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
        assert_eq!(open_blocks(app), ["0"]);
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
        assert_problem(&import(app, &file), 400, "version_rollback");
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
