//! A database that came back older: devices go on, and what was revoked in between is revoked again.

use std::collections::BTreeSet;

use sealgate_testkit::{TestActivation, TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::support::sell;

const DEVICES: u32 = 50;
const MINUTE: u64 = 60;

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn id(license: &Value) -> String {
    text(&license["license_id"]).to_owned()
}

fn at(license: &Value, deed: &str) -> String {
    format!("/api/v1/licenses/{}{deed}", id(license))
}

fn revoke(app: &TestApp, license: &Value) {
    app.api("POST", &at(license, "/revoke"), &json!({ "reason": "refunded" })).expect(200);
}

/// Which licenses are revoked.
fn revoked(app: &TestApp) -> BTreeSet<String> {
    app.texts("SELECT license_id FROM licenses WHERE revoked_at IS NOT NULL").into_iter().collect()
}

/// Every version that was ever signed of a license.
fn versions(app: &TestApp) -> BTreeSet<String> {
    let rows = "SELECT license_id || ' ' || CAST(version AS TEXT) FROM license_statements";
    app.texts(rows).into_iter().collect()
}

/// The published issuer that signs later, and another server that waits.
fn others(app: &TestApp) -> (String, String) {
    let keys = app.api("GET", "/api/v1/keys", &Value::Null).expect(200);
    let next = keys["items"]
        .as_array()
        .expect("keys")
        .iter()
        .find(|key| key["use"] == "issuer" && key["state"] == "next");
    let key = TestDevice::default().key;
    app.meddle(&format!(
        "INSERT INTO servers (server_key, origins, created_at) VALUES ('{key}', 'http://other.example', 4000000000)"
    ));
    let server = key.id(sealgate_artifact::KeyUse::Server).to_string();
    (text(&next.expect("one is published")["keyid"]).to_owned(), server)
}

on_both_engines! {
    fn devices_go_on_and_revocations_come_back(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": DEVICES }));
        let build = app.build(&editor);
        let [kept, gone] = [(); 2].map(|()| app.issue(&editor, &json!({})));
        let (key, server) = others(app);
        revoke(app, &kept);
        let mut desks: Vec<(TestDevice, TestActivation)> = (0..DEVICES).map(|n| {
            let device = TestDevice::default();
            let state = device.activate(app, &build, text(&license["license_key"]), n).expect_admitted();
            (device, state)
        }).collect();
        let beat_all = |desks: &mut Vec<(TestDevice, TestActivation)>| {
            app.clock.advance(MINUTE);
            for (device, state) in desks {
                assert_eq!(state.beat(app, &build, device).code(), "admitted");
            }
        };
        beat_all(&mut desks);
        app.keep_state();

        // A few beats, changes and revocations, of which the copy knows nothing.
        for _ in 0..3 {
            beat_all(&mut desks);
        }
        app.api("PATCH", &at(&license, ""), &json!({ "tier": "enterprise" })).expect(200);
        beat_all(&mut desks);
        let late = app.issue(&editor, &json!({}));
        for license in [&gone, &late] {
            revoke(app, license);
        }
        let reason = json!({ "reason": "stolen" });
        app.api("POST", &format!("/api/v1/servers/{server}/revoke"), &reason).expect(200);
        app.api("POST", &format!("/api/v1/keys/{key}/revoke"), &reason).expect(200);
        let (export, before) = (app.export_audit(), versions(app));

        app.go_back();
        app.clock.advance(10 * MINUTE);
        app.read_changes();
        assert_eq!(revoked(app), BTreeSet::from([id(&kept)]));
        let copied = versions(app);
        for (device, state) in &mut desks {
            let question = state.question(device, &state.next(app.clock.seconds(), &[]));
            assert_eq!(state.send(app, &build, &question).code(), "state_wanted");
            assert_eq!(state.send(app, &build, &state.showing(&question)).code(), "admitted");
        }
        let came = app.reapply(&export).expect("it is this database's log");
        assert_eq!((came.licenses, came.servers, came.keys), (vec![id(&gone)], vec![server], vec![key]));
        assert_eq!((came.unknown, came.failed), (vec![id(&late)], vec![]));
        assert!(came.common > 0);
        assert_eq!(revoked(app), BTreeSet::from([id(&kept), id(&gone)]), "nothing else");
        assert_eq!(app.count("audit WHERE action = 'restore.revocations'"), 1);

        let again = app.reapply(&export).expect("the same log");
        assert_eq!((again.licenses.len(), again.servers.len(), again.keys.len()), (0, 0, 0));
        assert_eq!(app.count("audit WHERE action = 'restore.revocations'"), 1, "nothing was changed");

        app.api("PATCH", &at(&license, ""), &json!({ "tier": "free" })).expect(200);
        beat_all(&mut desks);
        assert_eq!(app.count("devices"), u64::from(DEVICES));
        let made = |now: &BTreeSet<String>| now.difference(&copied).cloned().collect::<BTreeSet<_>>();
        let (lost, again) = (made(&before), made(&versions(app)));
        assert!(!lost.is_empty() && !again.is_empty(), "{lost:?} {again:?}");
        assert!(lost.is_disjoint(&again), "a version was used twice: {lost:?} {again:?}");
    }

    fn a_log_of_another_database_or_one_that_was_changed_revokes_nothing(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let other = app.issue(&editor, &json!({}));
        revoke(app, &other);
        let export = app.export_audit();
        let refused = |export: &str| app.reapply(export).expect_err("is refused").to_string();
        for changed in [
            export.replace(&id(&other), &id(&license)),
            export.lines().skip(1).collect::<Vec<_>>().join("\n"),
            export.lines().enumerate().filter(|(n, _)| *n != 1).map(|(_, line)| line).collect::<Vec<_>>().join("\n"),
        ] {
            assert!(refused(&changed).contains("audit"), "{}", refused(&changed));
        }
        for no_log in ["", "{}", "nothing\n", export.lines().next().expect("a row")] {
            assert!(refused(no_log).contains("export"), "{}", refused(no_log));
        }
        // The same tenant's log in a database that began anew.
        app.meddle("UPDATE audit SET hash = (SELECT a.hash FROM audit a WHERE a.seq = 2) WHERE seq = 1");
        assert!(refused(&export).contains("audit"), "{}", refused(&export));
        assert_eq!(revoked(app), BTreeSet::from([id(&other)]));
    }
}
