//! A server whose database came back older takes its newest snapshot over (`spec/revocation.md` §7.3, §7.4).

use sealgate_artifact::encode_base64;
use sealgate_testkit::{Answer, TakenOver, TestApp, TestDevice, on_both_engines, request};
use serde_json::{Value, json};

use crate::support::{assert_problem, nonce, sell};

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

pub(crate) fn at(license: &Value, deed: &str) -> String {
    format!("/api/v1/licenses/{}{deed}", text(&license["license_id"]))
}

pub(crate) fn sign(app: &TestApp) -> Value {
    crate::snapshots::sign(app)["snapshot"].clone()
}

pub(crate) fn fetch(app: &TestApp, product: &Value) -> Vec<u8> {
    let url = format!("{}/api/v1/snapshot?app_id={}", app.url, text(&product["app_id"]));
    let answer = request("GET", &url, None, &json!(null));
    assert_eq!(answer.status, 200);
    answer.bytes
}

pub(crate) fn import(app: &TestApp, file: &[u8]) -> Answer {
    import_from(app, file, "the service desk's stick")
}

/// The same file from somewhere else: that is not the same request.
pub(crate) fn import_anew(app: &TestApp, file: &[u8]) -> Answer {
    import_from(app, file, "another stick")
}

fn import_from(app: &TestApp, file: &[u8], source: &str) -> Answer {
    let body = json!({ "file": encode_base64(file), "source": source });
    app.api("POST", "/api/v1/snapshots/import", &body)
}

/// Why the license is refused to a device; `None` if it is not.
pub(crate) fn refusal(app: &TestApp, product: &Value, license: &Value) -> Option<String> {
    let fresh =
        nonce(u32::try_from(app.count("audit") * 1_000 + app.clock.seconds() % 1_000).expect("small"));
    let answer = app.validate(&TestApp::question(product, license, "desk", &fresh));
    answer.json()["error"].as_str().map(str::to_owned)
}

/// The newest rows of the audit log about imports.
fn records(app: &TestApp) -> Vec<Value> {
    let rows = app.api("GET", "/api/v1/audit", &json!(null)).expect(200);
    let rows = rows["items"].as_array().expect("a list").clone();
    let is_import = |row: &Value| ["snapshot.imported", "snapshot.refused"].contains(&text(&row["action"]));
    let with_detail = |row: Value| {
        let detail: Value = serde_json::from_str(text(&row["detail"])).expect("JSON");
        json!({ "action": row["action"], "actor": row["actor"], "detail": detail })
    };
    rows.into_iter().filter(is_import).map(with_detail).collect()
}

on_both_engines! {
    /// 0 revocations forgotten.
    fn what_was_taken_back_stays_taken_back(app: &TestApp) {
        let (product, gone) = sell(app, &json!({ "max_devices": 3 }));
        let build = app.build(&product);
        let [kept, lessened, shared, file_only] = [(); 4].map(|()| app.issue(&product, &json!({ "max_devices": 3 })));
        let activate = |license: &Value| {
            let device = TestDevice::default();
            let state = device.activate(app, &build, text(&license["license_key"]), 0).expect_admitted();
            (device, state)
        };
        let _devices = [&gone, &kept, &lessened, &shared].map(activate);
        let devices = app.api("GET", &format!("/api/v1/devices?license_id={}", text(&shared["license_id"])), &json!(null));
        let desk = text(&devices.expect(200)["items"][0]["device_id"]).to_owned();
        sign(app);
        app.keep_state();

        let late = app.issue(&product, &json!({}));
        for license in [&gone, &late, &file_only] {
            app.api("POST", &at(license, "/revoke"), &json!({ "reason": "refunded" })).expect(200);
        }
        app.api("PATCH", &at(&lessened, ""), &json!({ "max_devices": 1 })).expect(200);
        app.api("POST", &format!("/api/v1/devices/{desk}/release"), &json!({})).expect(200);
        app.clock.advance(60);
        let before = sign(app);
        let file = fetch(app, &product);
        let listed = TakenOver::default().next(&build.trust, &file, app.clock.seconds()).expect("is believed").listed;

        app.go_back();
        app.clock.advance(600);
        app.read_changes();
        assert_eq!(refusal(app, &product, &gone), None, "the database forgot it");
        let came = import(app, &file).expect(200);
        assert_eq!((&came["version"], &came["revoked"]), (&before["version"], &before["revoked"]));
        // Nobody can tell what was revoked from what a change made less.
        let suspended = came["licenses_suspended"].as_array().expect("a list");
        assert_eq!(suspended.len(), 3);
        assert!([&gone, &lessened, &file_only].iter().all(|license| suspended.contains(&license["license_id"])), "{came}");
        // The other one had the license that was revoked: its proof is listed.
        let released = came["devices_released"].as_array().expect("a list");
        assert!(released.len() == 2 && released.contains(&json!(desk)), "{came}");
        assert_eq!(came["failed"], json!([]), "{came}");
        app.read_changes();
        assert_eq!(refusal(app, &product, &gone).as_deref(), Some("blocked"));
        assert_eq!(refusal(app, &product, &lessened).as_deref(), Some("blocked"));
        assert_eq!(refusal(app, &product, &file_only).as_deref(), Some("blocked"));
        assert_eq!(refusal(app, &product, &kept), None);

        // What the next snapshot lists is all of it, also of the license that nobody knows any more; and its version is higher.
        app.clock.advance(60);
        let after = sign(app);
        assert!(after["version"].as_u64() > before["version"].as_u64(), "{after} {before}");
        let file_after = fetch(app, &product);
        let again = import(app, &file_after).expect(200);
        let now = TakenOver::default().next(&build.trust, &file_after, app.clock.seconds()).expect("is believed").listed;
        for (place, slots) in &listed {
            let missing: Vec<_> = slots.iter().filter(|slot| !now[place].contains(slot)).collect();
            assert!(missing.is_empty(), "{place:?}: {missing:?}");
        }
        // A device that took the lost one over takes this one over, too.
        let held = TakenOver::default().next(&build.trust, &file, app.clock.seconds()).expect("is believed");
        held.next(&build.trust, &file_after, app.clock.seconds()).expect("is newer");

        // Nothing that was given out is given out again.
        let fresh = app.issue(&product, &json!({}));
        assert_eq!(app.count("slots"), app.count("(SELECT DISTINCT app_id, slot FROM slots) s"));
        assert_eq!(refusal(app, &product, &fresh), None);
        assert_eq!((&again["licenses_suspended"], &again["devices_released"]), (&json!([]), &json!([])));
        let records = records(app);
        assert_eq!(records.len(), 2);
        assert!(records.iter().all(|row| row["detail"]["source"] == "the service desk's stick"), "{records:?}");
        assert_eq!(records[1]["detail"]["version"], before["version"]);
        assert_eq!(records[1]["detail"]["sha256"], came["sha256"]);
        assert!(text(&records[0]["actor"]).starts_with("token:"), "{records:?}");
    }

    /// Each fault is its own outcome, is recorded, and changes nothing.
    fn what_is_no_snapshot_of_this_tenant_is_refused_and_recorded(app: &TestApp) {
        let (product, license) = sell(app, &json!({}));
        app.api("POST", &at(&license, "/revoke"), &json!({})).expect(200);
        sign(app);
        let older = fetch(app, &product);
        app.clock.advance(60);
        let second = app.issue(&product, &json!({}));
        app.api("POST", &at(&second, "/revoke"), &json!({})).expect(200);
        sign(app);
        let newest = fetch(app, &product);
        let other = app.tenant("Other");
        let theirs = other.make("/api/v1/apps", &json!({ "name": "Theirs" }));
        while other.api("POST", "/api/v1/snapshots", &json!({})).status == 503 {}
        let theirs = fetch(app, &theirs);
        let cut = newest[..newest.len() - 1].to_vec();
        let damaged: Vec<u8> = newest.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == newest.len() / 2)).collect();
        let state = || app.texts("SELECT CAST(COUNT(*) AS TEXT) || ' ' || CAST(COALESCE(MAX(version), 0) AS TEXT) FROM snapshots");
        let before = (state(), app.count("slots WHERE listed_at IS NOT NULL"));
        for (file, code) in [
            (&older, "version_rollback"),
            (&theirs, "wrong_tenant"),
            (&cut, "container_truncated"),
            (&damaged, "container_damaged"),
            (&b"no container".to_vec(), "container_unknown"),
        ] {
            // The rows of one millisecond stand in any order.
            app.clock.advance(1);
            assert_problem(&import(app, file), 400, code);
            let record = &records(app)[0];
            assert_eq!((&record["action"], &record["detail"]["code"]), (&json!("snapshot.refused"), &json!(code)));
        }
        assert_problem(&app.api("POST", "/api/v1/snapshots/import", &json!({ "file": "no base64" })), 400, "malformed_request");
        assert_eq!((state(), app.count("slots WHERE listed_at IS NOT NULL")), before);
        import(app, &newest).expect(200);
    }

    /// Keys and servers that the snapshot's keysets list as revoked.
    fn keys_and_servers_are_revoked_again(app: &TestApp) {
        let (product, _) = sell(app, &json!({}));
        let keys = app.api("GET", "/api/v1/keys", &json!(null)).expect(200);
        let next = keys["items"].as_array().expect("keys").iter().find(|key| key["use"] == "issuer" && key["state"] == "next");
        let key = text(&next.expect("one is published")["keyid"]).to_owned();
        sign(app);
        app.keep_state();
        app.clock.advance(60);
        app.api("POST", &format!("/api/v1/keys/{key}/revoke"), &json!({ "reason": "stolen" })).expect(200);
        sign(app);
        let file = fetch(app, &product);
        app.go_back();
        app.clock.advance(600);
        app.read_changes();
        let came = import(app, &file).expect(200);
        assert_eq!((&came["keys_revoked"], &came["failed"]), (&json!([key]), &json!([])));
        // A newer one is signed at once, and this one changes nothing any more.
        crate::snapshots::run_jobs(app);
        assert_problem(&import_anew(app, &file), 400, "version_rollback");
    }

    /// Whoever was told what came of an import may have been gone before he heard it.
    fn what_came_of_an_import_is_told_to_the_same_request_again(app: &TestApp) {
        let (product, license) = sell(app, &json!({}));
        sign(app);
        app.keep_state();
        app.clock.advance(60);
        app.api("POST", &at(&license, "/revoke"), &json!({})).expect(200);
        sign(app);
        let file = fetch(app, &product);
        let restore = || {
            app.go_back();
            app.clock.advance(600);
            app.read_changes();
        };
        restore();
        let came = import(app, &file).expect(200);
        assert_eq!(came["licenses_suspended"], json!([license["license_id"]]));
        crate::snapshots::run_jobs(app);
        assert_eq!(import(app, &file).expect(200), came);
        assert_eq!(records(app).len(), 1, "it was not imported again");
        // What is undone is done again.
        restore();
        assert_eq!(import(app, &file).expect(200), came);
        assert_eq!(records(app).len(), 1, "the first one's row was lost");
        app.read_changes();
        assert_eq!(refusal(app, &product, &license).as_deref(), Some("blocked"));
        // Later it is another request.
        crate::snapshots::run_jobs(app);
        app.clock.advance(60 * 60);
        assert_problem(&import(app, &file), 400, "version_rollback");
    }

    /// Versions do not run ahead of the minutes because somebody imports what this server signed; a file of what the database forgot makes
    /// the next one be signed at once.
    fn only_an_import_that_changes_something_has_the_next_one_signed_at_once(app: &TestApp) {
        let (product, license) = sell(app, &json!({}));
        crate::snapshots::run_jobs(app);
        app.keep_state();
        let due = || app.texts("SELECT CAST(due_at AS TEXT) FROM jobs WHERE name = 'sign_snapshots'");
        let before = due();
        for _ in 0..3 {
            let license = app.issue(&product, &json!({}));
            app.api("POST", &at(&license, "/revoke"), &json!({})).expect(200);
            app.clock.advance(10);
            import(app, &fetch(app, &product)).expect(200);
            assert_eq!(due(), before, "what was revoked meanwhile waits for its minute");
        }
        app.api("POST", &at(&license, "/revoke"), &json!({})).expect(200);
        app.clock.advance(60);
        sign(app);
        let file = fetch(app, &product);
        app.go_back();
        app.clock.advance(600);
        app.read_changes();
        crate::snapshots::run_jobs(app);
        let before = due();
        app.clock.advance(10);
        import(app, &file).expect(200);
        assert_ne!(due(), before, "at once");
    }
}
