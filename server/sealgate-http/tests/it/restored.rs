//! A database that came back older: devices go on, and what was revoked in between is revoked again.

use std::collections::BTreeSet;

use sealgate_artifact::Envelope;
use sealgate_testkit::{Build, TestActivation, TestApp, TestDevice, on_both_engines, statement_id};
use serde_json::{Value, json};

use crate::support::{envelopes, sell};

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

/// The names of all statements in the database that say how things are: of licenses, of keys and of servers.
fn statements(app: &TestApp) -> BTreeSet<String> {
    let tables = ["license_statements", "roots", "keysets", "server_certificates"];
    let id = |envelope: Vec<u8>| Envelope::decode(&envelope).expect("an envelope").id().to_string();
    tables.iter().flat_map(|table| envelopes(app, table)).map(id).collect()
}

/// What was signed after the copy was made and is lost, and what was signed after it came back, are different things.
#[track_caller]
fn assert_none_twice(copied: &BTreeSet<String>, [lost, again]: [&BTreeSet<String>; 2]) {
    let made = |now: &BTreeSet<String>| now.difference(copied).cloned().collect::<BTreeSet<_>>();
    let (lost, again) = (made(lost), made(again));
    assert!(!lost.is_empty() && !again.is_empty(), "{lost:?} {again:?}");
    assert!(lost.is_disjoint(&again), "used twice: {lost:?} {again:?}");
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

/// Devices that are activated, and the names of all that was answered to their heartbeats.
struct Site<'a> {
    app: &'a TestApp,
    build: Build,
    desks: Vec<(TestDevice, TestActivation)>,
    answers: Vec<String>,
}

impl<'a> Site<'a> {
    fn new(app: &'a TestApp, build: Build, license: &Value) -> Self {
        let activate = |n| {
            let device = TestDevice::default();
            let state = device.activate(app, &build, text(&license["license_key"]), n).expect_admitted();
            (device, state)
        };
        let desks = (0..DEVICES).map(activate).collect();
        Self { app, build, desks, answers: vec![] }
    }

    fn beat_all(&mut self) {
        self.app.clock.advance(MINUTE);
        for (device, state) in &mut self.desks {
            let beaten = state.beat(self.app, &self.build, device);
            assert_eq!(beaten.code(), "admitted");
            self.answers.push(statement_id(&beaten.reply.answer));
        }
    }

    /// The server wants to see what the devices hold, and goes on from there.
    fn show_all(&mut self) {
        let Self { app, build, desks, answers } = self;
        for (device, state) in desks {
            let question = state.question(device, &state.next(app.clock.seconds(), &[]));
            for (question, code) in
                [(state.showing(&question), "admitted"), (question, "state_wanted")].into_iter().rev()
            {
                let beaten = state.send(app, build, &question);
                assert_eq!(beaten.code(), code);
                answers.push(statement_id(&beaten.reply.answer));
            }
        }
    }

    /// The names of the proofs that the devices hold.
    fn proofs(&self) -> BTreeSet<String> {
        self.desks.iter().map(|(_, state)| state.id.to_string()).collect()
    }
}

on_both_engines! {
    fn devices_go_on_and_revocations_come_back(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": DEVICES }));
        let build = app.build(&editor);
        let [kept, gone] = [(); 2].map(|()| app.issue(&editor, &json!({})));
        let (key, server) = others(app);
        revoke(app, &kept);
        let mut site = Site::new(app, build, &license);
        let mut proofs = site.proofs();
        site.beat_all();
        app.keep_state();

        // A few beats, changes and revocations, of which the copy knows nothing.
        for _ in 0..3 {
            site.beat_all();
        }
        app.api("PATCH", &at(&license, ""), &json!({ "tier": "enterprise" })).expect(200);
        site.beat_all();
        let late = app.issue(&editor, &json!({}));
        for license in [&gone, &late] {
            revoke(app, license);
        }
        let reason = json!({ "reason": "stolen" });
        app.api("POST", &format!("/api/v1/servers/{server}/revoke"), &reason).expect(200);
        app.api("POST", &format!("/api/v1/keys/{key}/revoke"), &reason).expect(200);
        let (export, before, signed) = (app.export_audit(), versions(app), statements(app));
        proofs.extend(site.proofs());

        app.go_back();
        app.clock.advance(10 * MINUTE);
        app.read_changes();
        assert_eq!(revoked(app), BTreeSet::from([id(&kept)]));
        let (copied, left) = (versions(app), statements(app));
        site.show_all();
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
        site.beat_all();
        assert_eq!(app.count("devices"), u64::from(DEVICES));
        assert_none_twice(&copied, [&before, &versions(app)]);
        assert_none_twice(&left, [&signed, &statements(app)]);
        let (all, renewed) = (site.answers.len(), site.proofs());
        let different: BTreeSet<String> = site.answers.into_iter().collect();
        assert_eq!((different.len(), all), (all, 8 * DEVICES as usize), "an answer was signed twice");
        assert_eq!((proofs.len(), renewed.len()), (2 * DEVICES as usize, DEVICES as usize));
        assert!(proofs.is_disjoint(&renewed), "a proof was signed twice");
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
