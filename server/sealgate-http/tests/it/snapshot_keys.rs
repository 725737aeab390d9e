//! Keys and servers of the lost time: what an imported snapshot's keysets say of them stays so (`spec/revocation.md` §7.9).

use sealgate_artifact::{KeyUse, PublicKey, decode_base64};
use sealgate_testkit::{TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::snapshot_imports::{fetch, import, import_anew, sign, text};
use crate::snapshots::run_jobs;
use crate::support::{assert_problem, sell};

/// The database comes back as it was kept, and ten minutes go by.
fn restore(app: &TestApp) {
    app.go_back();
    app.clock.advance(600);
    app.read_changes();
}

fn server_id(key: PublicKey) -> String {
    key.id(KeyUse::Server).to_string()
}

/// A server of role `runtime` lists itself.
fn list_server(app: &TestApp, key: PublicKey) {
    app.meddle(&format!(
        "INSERT INTO servers (server_key, origins, created_at) VALUES ('{key}', 'http://a.example', 1) \
         ON CONFLICT (server_key) DO UPDATE SET origins = excluded.origins"
    ));
}

fn approve(app: &TestApp, key: PublicKey) -> sealgate_testkit::Answer {
    let seen = json!({ "origins": ["http://a.example"] });
    app.api("POST", &format!("/api/v1/servers/{}/approve", server_id(key)), &seen)
}

fn rotate(app: &TestApp, key_use: &str) {
    app.clock.advance(1);
    app.api("POST", "/api/v1/keys/rotate", &json!({ "use": key_use })).expect(200);
}

fn revoke(app: &TestApp, keyid: &str) {
    app.api("POST", &format!("/api/v1/keys/{keyid}/revoke"), &json!({ "reason": "stolen" })).expect(200);
}

/// The ids of the keys of that use in that state.
fn keys(app: &TestApp, key_use: &str, state: &str) -> Vec<String> {
    let keys = app.api("GET", "/api/v1/keys?limit=100", &json!(null)).expect(200);
    let keys = keys["items"].as_array().expect("keys").iter();
    let found = keys.filter(|key| key["use"] == key_use && key["state"] == state);
    found.map(|key| text(&key["keyid"]).to_owned()).collect()
}

/// The keys that the newest keysets list in that state: the installation's, and the tenant's.
fn listed(app: &TestApp, product: &Value, state: &str) -> Vec<String> {
    let trust =
        app.api("GET", &format!("/api/v1/apps/{}/trust", text(&product["app_id"])), &json!(null)).expect(200);
    let of_installation =
        trust["keyset_chain"].as_array().expect("a chain").last().expect("a keyset").clone();
    let mut listed = vec![];
    for keyset in [&of_installation, &trust["tenant_keyset"]] {
        let payload = decode_base64(text(&keyset["payload"]), "payload").expect("base64");
        let payload: Value = serde_json::from_slice(&payload).expect("JSON");
        let keys = payload["keys"].as_array().expect("keys").iter().filter(|key| key["state"] == state);
        listed.extend(keys.map(|key| {
            let key_use = KeyUse::parse(text(&key["use"])).expect("a use");
            PublicKey::parse(text(&key["public_key"])).expect("a key").id(key_use).to_string()
        }));
    }
    listed
}

/// Signs what is due, and gives the file.
fn signed(app: &TestApp, product: &Value) -> Vec<u8> {
    app.clock.advance(60);
    sign(app);
    fetch(app, product)
}

on_both_engines! {
    /// A server that was stolen has a certificate for up to a month, whether or not the database remembers the server.
    fn a_server_that_was_revoked_in_the_lost_time_stays_so(app: &TestApp) {
        let (product, _) = sell(app, &json!({}));
        let [waits, lost] = [(); 2].map(|()| TestDevice::default().key);
        list_server(app, waits);
        sign(app);
        app.keep_state();
        list_server(app, lost);
        for key in [waits, lost] {
            approve(app, key).expect(200);
            app.api("POST", &format!("/api/v1/servers/{}/revoke", server_id(key)), &json!({})).expect(200);
        }
        let file = signed(app, &product);
        restore(app);
        let came = import(app, &file).expect(200);
        let mut told: Vec<&str> = came["servers_revoked"].as_array().expect("a list").iter().map(text).collect();
        let mut ids = [waits, lost].map(server_id);
        told.sort_unstable();
        ids.sort_unstable();
        assert_eq!((told, &came["failed"]), (ids.iter().map(String::as_str).collect(), &json!([])));
        let revoked = listed(app, &product, "revoked");
        assert!(ids.iter().all(|id| revoked.contains(id)), "{revoked:?}");
        // It may come again, and nobody can approve it.
        list_server(app, lost);
        assert_problem(&approve(app, lost), 409, "server_revoked");
        run_jobs(app);
        assert_problem(&import_anew(app, &file), 400, "version_rollback");
    }

    /// What a thief signed with a key counts again only once a keyset lists the key as revoked.
    fn keys_that_were_made_and_revoked_in_the_lost_time_stay_so(app: &TestApp) {
        let (product, _) = sell(app, &json!({}));
        sign(app);
        app.keep_state();
        let mut gone = vec![];
        for key_use in ["snapshot", "issuer", "update", "authority"] {
            rotate(app, key_use);
            // It was made just now.
            let key = keys(app, key_use, "next")[0].clone();
            revoke(app, &key);
            gone.push(key);
        }
        let file = signed(app, &product);
        restore(app);
        let came = import(app, &file).expect(200);
        assert_eq!(came["failed"], json!([]));
        let told: Vec<&str> = came["keys_revoked"].as_array().expect("a list").iter().map(text).collect();
        let revoked = listed(app, &product, "revoked");
        assert!(gone.iter().all(|key| told.contains(&key.as_str()) && revoked.contains(key)), "{gone:?} {came} {revoked:?}");
        run_jobs(app);
        assert_problem(&import_anew(app, &file), 400, "version_rollback");
    }

    /// Licenses of the lost time are signed by a key that the database never had.
    fn lost_keys_are_listed_whatever_was_published_since(app: &TestApp) {
        let (product, _) = sell(app, &json!({}));
        sign(app);
        app.keep_state();
        let stolen = keys(app, "issuer", "active")[0].clone();
        for key_use in ["issuer", "issuer", "snapshot", "snapshot"] {
            rotate(app, key_use);
        }
        revoke(app, &stolen);
        let lost = [keys(app, "issuer", "active"), keys(app, "snapshot", "active")].concat();
        let file = signed(app, &product);
        restore(app);
        // Now its keyset is the newer one.
        rotate(app, "update");
        let came = import(app, &file).expect(200);
        assert!(came["keys_revoked"].as_array().expect("a list").contains(&json!(stolen)), "{came}");
        assert_eq!(came["failed"], json!([]));
        let retired = listed(app, &product, "retired");
        assert!(lost.iter().all(|key| retired.contains(key)), "{lost:?} {retired:?}");
        let told = came["keys_retired"].as_array().expect("a list");
        assert!(lost.iter().all(|key| told.contains(&json!(key))), "{lost:?} {came}");
        run_jobs(app);
        assert_problem(&import_anew(app, &file), 400, "version_rollback");
    }

    /// A revoked key makes room in time. No old file brings it back as one that is believed.
    fn what_left_the_keyset_does_not_come_back(app: &TestApp) {
        let (product, _) = sell(app, &json!({}));
        let stolen = keys(app, "issuer", "active")[0].clone();
        let old = signed(app, &product);
        revoke(app, &stolen);
        for _ in 0..14 {
            let next = keys(app, "issuer", "next")[0].clone();
            app.clock.advance(1);
            revoke(app, &next);
        }
        let all = |state: &str| listed(app, &product, state).contains(&stolen);
        assert!(!all("revoked"), "it made room");
        signed(app, &product);
        assert_problem(&import(app, &old), 400, "version_rollback");
        assert!(!["active", "retired", "revoked"].into_iter().any(all));
    }
}
