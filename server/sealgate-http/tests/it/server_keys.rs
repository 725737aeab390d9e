//! The keys that sign activation proofs, and those that sign releases, as tenants' keysets list them (`spec/keys.md` §7.5).
#![expect(clippy::disallowed_methods, reason = "a test may spoil files of its own")]

use sealgate_artifact::{KeyUse, PublicKey, decode_base64};
use sealgate_testkit::{Answer, TestApp, TestDevice, User, on_both_engines};
use serde_json::{Value, json};

use crate::support::assert_problem;

/// A tenant with an app, through whose trust.json its keyset is seen.
struct Vendor {
    user: User,
    app: String,
}

impl Vendor {
    fn of(user: User) -> Self {
        let app = user.make("/api/v1/apps", &json!({ "name": "Editor" }))["app_id"]
            .as_str()
            .expect("text")
            .to_owned();
        Self { user, app }
    }

    fn keyset(&self) -> Value {
        let trust =
            self.user.api("GET", &format!("/api/v1/apps/{}/trust", self.app), &json!(null)).expect(200);
        let payload = trust["tenant_keyset"]["payload"].as_str().expect("text");
        serde_json::from_slice(&decode_base64(payload, "payload").expect("base64")).expect("JSON")
    }

    /// The keys of that use in the published keyset, with their states.
    fn listed(&self, key_use: &str) -> Vec<(String, String)> {
        let keys = self.keyset()["keys"].as_array().expect("keys").clone();
        let text = |key: &Value, name: &str| key[name].as_str().expect("text").to_owned();
        let of = keys.iter().filter(|key| key["use"] == key_use);
        of.map(|key| (text(key, "public_key"), text(key, "state"))).collect()
    }

    fn state(&self, key: &Server) -> Option<String> {
        let listed =
            self.listed("activation").into_iter().find(|(listed, _)| *listed == key.activation.to_string());
        listed.map(|(_, state)| state)
    }

    fn keys(&self, key_use: &str) -> Vec<(String, String)> {
        let listed = self.user.api("GET", "/api/v1/keys", &json!(null)).expect(200);
        let keys = listed["items"].as_array().expect("a list").iter().filter(|key| key["use"] == key_use);
        let text = |key: &Value, name: &str| key[name].as_str().expect("text").to_owned();
        keys.map(|key| (text(key, "keyid"), text(key, "state"))).collect()
    }

    fn revoke_key(&self, keyid: &str) -> Answer {
        self.user.api("POST", &format!("/api/v1/keys/{keyid}/revoke"), &json!({}))
    }

    fn rotate(&self, key_use: &str) -> Answer {
        self.user.api("POST", "/api/v1/keys/rotate", &json!({ "use": key_use }))
    }
}

/// A server of role `runtime`, as it lists itself.
struct Server {
    key: PublicKey,
    activation: PublicKey,
}

impl Server {
    fn id(&self) -> String {
        self.key.id(KeyUse::Server).to_string()
    }

    fn activation_id(&self) -> String {
        self.activation.id(KeyUse::Activation).to_string()
    }

    fn listed(app: &TestApp) -> Self {
        let server = Self { key: TestDevice::default().key, activation: TestDevice::default().key };
        app.meddle(&format!(
            "INSERT INTO servers (server_key, origins, created_at, activation_key) \
             VALUES ('{}', 'http://a.example', 1, '{}')",
            server.key, server.activation
        ));
        server
    }

    /// The one that shares its process with the Authority.
    fn own(app: &TestApp) -> Self {
        let servers = app.api("GET", "/api/v1/servers", &json!(null)).expect(200);
        let key =
            |name: &str| PublicKey::parse(servers["items"][0][name].as_str().expect("text")).expect("a key");
        Self { key: key("public_key"), activation: key("activation_key") }
    }

    fn show(&self, app: &TestApp) -> Value {
        app.api("GET", &format!("/api/v1/servers/{}", self.id()), &json!(null)).expect(200)
    }

    fn approve(&self, app: &TestApp) -> Answer {
        let seen = json!({ "origins": ["http://a.example"], "activation_key": self.activation.to_string() });
        app.api("POST", &format!("/api/v1/servers/{}/approve", self.id()), &seen)
    }

    fn revoke(&self, app: &TestApp) -> Answer {
        app.api("POST", &format!("/api/v1/servers/{}/revoke", self.id()), &json!({}))
    }

    /// What whoever has a runtime's database user can do to the row of any server.
    fn report(&self, app: &TestApp, activation: &str) {
        app.meddle(&format!(
            "UPDATE servers SET activation_key = '{activation}' WHERE server_key = '{}'",
            self.key
        ));
    }
}

fn three(app: &TestApp) -> [Vendor; 3] {
    [app.owner(), app.tenant("Acme"), app.tenant("Zeta")].map(Vendor::of)
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what may be absent")]
fn active() -> Option<String> {
    Some("active".to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what may be absent")]
fn revoked() -> Option<String> {
    Some("revoked".to_owned())
}

fn states(keys: &[(String, String)]) -> Vec<&str> {
    let mut states: Vec<&str> = keys.iter().map(|(_, state)| state.as_str()).collect();
    states.sort_unstable();
    states
}

on_both_engines! {
    fn the_first_start_lists_the_keys_of_its_server_and_of_its_tenant(app: &TestApp) {
        let (own, vendors) = (Server::own(app), three(app));
        assert!(own.show(app)["activation_approved_at"].is_string());
        for vendor in &vendors {
            assert_eq!(vendor.listed("activation"), [(own.activation.to_string(), "active".to_owned())]);
            for own in ["update", "snapshot"] {
                assert_eq!(states(&vendor.listed(own)), ["active", "active"]);
                assert_eq!(states(&vendor.keys(own)), ["active", "next"]);
            }
            assert_eq!(vendor.keys("activation"), [(own.activation_id(), "active".to_owned())]);
        }
        for own in ["update", "snapshot"] {
            assert!(vendors[0].listed(own).iter().all(|key| !vendors[1].listed(own).contains(key)), "of their own");
        }
        let before = vendors.each_ref().map(Vendor::keyset);
        app.run_jobs();
        assert_eq!(vendors.each_ref().map(Vendor::keyset), before, "nothing is missing");
    }

    fn a_database_from_before_gets_the_keys_at_the_next_start(app: &mut TestApp) {
        let (own, vendors) = (Server::own(app), three(app));
        for statement in [
            "DELETE FROM listed_activation_keys", "DELETE FROM activation_keys", "UPDATE servers SET activation_key = NULL",
            "DELETE FROM signing_keys WHERE key_use IN ('update', 'snapshot')",
        ] {
            app.meddle(statement);
        }
        std::fs::remove_file(app.data().join(format!("keys/{}.key", own.activation_id()))).expect("is there");
        let before = vendors.each_ref().map(|vendor| vendor.keyset()["version"].as_u64().expect("a number"));
        app.restart();
        let now = Server::own(app);
        assert!(now.key == own.key && now.activation != own.activation);
        let vendors = vendors.map(|vendor| Vendor { user: User { url: app.url.clone(), ..vendor.user }, ..vendor });
        for (vendor, before) in vendors.iter().zip(before) {
            assert_eq!(vendor.listed("activation"), [(now.activation.to_string(), "active".to_owned())]);
            for own in ["update", "snapshot"] {
                assert_eq!(states(&vendor.keys(own)), ["active", "next"]);
            }
            assert_eq!(vendor.keyset()["version"].as_u64(), Some(before + 1), "published once");
        }
    }

    fn an_approved_server_is_listed_and_a_revoked_one_is_revoked_in_every_keyset(app: &TestApp) {
        let own = Server::own(app);
        let (server, vendors) = (Server::listed(app), three(app));
        app.run_jobs();
        assert_eq!(vendors.each_ref().map(|vendor| vendor.state(&server)), [None, None, None], "it waits");
        assert_eq!(server.show(app)["activation_key"], server.activation.to_string());
        server.approve(app).expect(200);
        assert_eq!(vendors.each_ref().map(|vendor| vendor.state(&server)), [active(), active(), active()]);
        let later = Vendor::of(app.tenant("Later"));
        assert_eq!(later.state(&server), active(), "also of a tenant that is made later");

        // Half of it was done when the process died.
        let version = vendors[1].keyset()["version"].clone();
        assert_eq!(server.revoke(app).expect(200)["status"], "revoked");
        app.meddle(&format!(
            "UPDATE listed_activation_keys SET state = 'active', ended_at = NULL WHERE public_key = '{}' \
             AND scope = (SELECT tenant_id FROM tenants WHERE name = 'Zeta')", server.activation
        ));
        server.revoke(app).expect(200);
        assert_eq!(app.count("listed_activation_keys WHERE state = 'revoked'"), 4, "asking again goes on");
        for vendor in vendors.iter().chain([&later]) {
            assert_eq!(vendor.state(&server), revoked());
            assert_eq!(vendor.state(&own), active(), "no other");
        }
        assert_ne!(vendors[1].keyset()["version"], version);
        let version = vendors[1].keyset()["version"].clone();
        server.revoke(app).expect(200);
        app.run_jobs();
        assert_eq!(vendors[1].keyset()["version"], version, "it is done");
        assert_eq!(Vendor::of(app.tenant("Latest")).state(&server), None, "it does not come back");
        assert_problem(&server.approve(app), 409, "server_revoked");
    }

    fn a_key_that_nobody_saw_is_not_listed_whoever_reports_it(app: &TestApp) {
        let (server, vendors) = (Server::listed(app), three(app));
        server.approve(app).expect(200);
        let other = Server { key: server.key, activation: TestDevice::default().key };
        server.report(app, &other.activation.to_string());
        app.run_jobs();
        assert_eq!(vendors.each_ref().map(|vendor| vendor.state(&other)), [None, None, None]);
        let shown = server.show(app);
        assert_eq!((&shown["status"], &shown["activation_approved_at"]), (&json!("approved"), &json!(null)));
        assert_eq!(app.count(&format!("server_certificates WHERE server_key = '{}'", server.key)), 3, "it goes on answering");
        assert_problem(&server.approve(app), 409, "origins_changed");
        let without = json!({ "origins": ["http://a.example"] });
        app.api("POST", &format!("/api/v1/servers/{}/approve", server.id()), &without).expect(200);
        assert_eq!(vendors[0].state(&other), None, "who approves the origins alone did not see it");

        other.approve(app).expect(200);
        for vendor in &vendors {
            assert_eq!((vendor.state(&other), vendor.state(&server)), (active(), Some("retired".to_owned())));
        }
        assert!(server.show(app)["activation_approved_at"].is_string());
        server.report(app, &server.activation.to_string());
        assert_problem(&server.approve(app), 400, "malformed_request");
        // Whoever stole the server may have both.
        server.revoke(app).expect(200);
        for vendor in &vendors {
            assert_eq!((vendor.state(&other), vendor.state(&server)), (revoked(), revoked()));
        }
    }

    fn a_key_with_another_use_is_not_approved(app: &TestApp) {
        let (server, vendor) = (Server::listed(app), Vendor::of(app.owner()));
        let (own, next) = (Server::own(app), Server::listed(app));
        let issuer = vendor.listed("issuer")[0].0.clone();
        let weak = PublicKey::from_bytes({ let mut one = [0; 32]; one[0] = 1; one }).to_string();
        for taken in [issuer, own.activation.to_string(), own.key.to_string(), server.key.to_string(), weak, "no key".to_owned()] {
            server.report(app, &taken);
            let seen = json!({ "origins": ["http://a.example"], "activation_key": taken });
            let path = format!("/api/v1/servers/{}/approve", server.id());
            assert_problem(&app.api("POST", &path, &seen), 400, "malformed_request");
            assert_eq!(server.show(app)["status"], "waiting");
        }
        assert_eq!(server.show(app)["activation_key"], json!(null), "what is no key is not shown as one");
        // Nor does a made-up server keep another one from being approved by reporting its key.
        server.report(app, &next.activation.to_string());
        next.approve(app).expect(200);
        server.revoke(app).expect(200);
        assert_eq!((vendor.state(&next), vendor.listed("activation").len()), (active(), 2));
        let thief = Server { key: next.activation, activation: TestDevice::default().key };
        app.meddle(&format!(
            "INSERT INTO servers (server_key, origins, created_at, activation_key) VALUES ('{}', 'http://a.example', 1, '{}')",
            thief.key, thief.activation
        ));
        assert_problem(&thief.approve(app), 400, "malformed_request");
    }

    fn a_keyset_without_room_breaks_nothing_else(app: &TestApp) {
        let (own, vendor) = (Server::own(app), Vendor::of(app.owner()));
        let servers: Vec<Server> = (0..8).map(|_| Server::listed(app)).collect();
        let (last, fitting) = servers.split_last().expect("some");
        for server in fitting {
            server.approve(app).expect(200);
        }
        for _ in 0..2 {
            assert_problem(&last.approve(app), 409, "keyset_full");
        }
        assert_eq!(last.show(app)["status"], "approved");
        assert_eq!(app.count(&format!("server_certificates WHERE server_key = '{}'", last.key)), 1);
        assert_eq!(vendor.listed("activation").len(), 8, "two entries are left for stolen keys");
        let late = Vendor::of(app.tenant("Late"));
        assert_eq!((late.listed("activation").len(), late.listed("snapshot").len()), (8, 2));
        let stolen = vendor.keys("issuer")[0].0.clone();
        assert_eq!(vendor.revoke_key(&stolen).expect(200)["complete"], true);
        vendor.rotate("update").expect(200);

        app.clock.advance(1);
        fitting[0].revoke(app).expect(200);
        app.run_jobs();
        assert_eq!((late.state(last), late.state(&own)), (active(), active()), "what was revoked makes room");
    }

    fn a_tenant_revokes_a_servers_key_for_itself_alone_and_it_stays_so(app: &TestApp) {
        let (own, [owner, acme, _]) = (Server::own(app), three(app));
        acme.revoke_key(&own.activation_id()).expect(200);
        app.run_jobs();
        assert_eq!((acme.state(&own), owner.state(&own)), (revoked(), active()));
        assert_eq!(acme.keys("activation"), [(own.activation_id(), "revoked".to_owned())]);
        assert_eq!(app.count("audit WHERE action = 'key.revoked'"), 1);
        // Not even where there is no room: the server is approved, and its key would be listed anew.
        let servers: Vec<Server> = (0..7).map(|_| Server::listed(app)).collect();
        for server in &servers {
            server.approve(app).expect(200);
        }
        assert_problem(&Server::listed(app).approve(app), 409, "keyset_full");
        assert_eq!(acme.state(&own), revoked());
    }

    fn keys_of_a_tenants_own_are_rotated_and_revoked_by_it(app: &TestApp) {
        let [owner, acme, _] = three(app);
        let others = owner.keyset();
        let of = |keys: &[(String, String)], state: &str| {
            keys.iter().filter(|key| key.1 == state).map(|key| key.0.clone()).collect::<Vec<_>>()
        };
        for own in ["update", "snapshot"] {
            let before = acme.keys(own);
            acme.rotate(own).expect(200);
            let now = acme.keys(own);
            assert_eq!((of(&now, "active"), of(&now, "retired")), (of(&before, "next"), of(&before, "active")));
            assert_eq!(of(&now, "next").len(), 1);
            for state in ["next", "active"] {
                let stolen = of(&acme.keys(own), state)[0].clone();
                let done = acme.revoke_key(&stolen).expect(200);
                assert_eq!((&done["complete"], &done["dark"]), (&json!(true), &json!([])));
                let now = acme.keys(own);
                assert!(of(&now, "revoked").contains(&stolen), "{state}");
                assert_eq!((of(&now, "next").len(), of(&now, "active").len()), (1, 1));
                acme.revoke_key(&stolen).expect(200);
            }
            assert_eq!(states(&acme.listed(own)), ["active", "active", "retired", "revoked", "revoked"]);
        }
        assert_eq!(owner.keyset(), others, "those of other tenants stay");
        assert_problem(&acme.rotate("activation"), 400, "malformed_request");
        for n in 0..20 {
            app.clock.advance(1);
            for own in ["update", "snapshot"] {
                assert_eq!(acme.rotate(own).status, 200, "{n}: former ones make room");
            }
        }
    }

    /// `spec/keys.md` §7.5: what servers took before there were snapshot keys stays theirs, and a stolen issuer can be replaced.
    fn a_keyset_that_servers_filled_before_gets_snapshot_keys_once_there_is_room(app: &TestApp) {
        let vendor = Vendor::of(app.owner());
        let servers: Vec<Server> = (0..7).map(|_| Server::listed(app)).collect();
        for server in &servers {
            server.approve(app).expect(200);
        }
        // At once, before a job makes the keys again.
        let mut statements = vec!["DELETE FROM signing_keys WHERE key_use = 'snapshot'".to_owned()];
        for server in [Server::listed(app), Server::listed(app)] {
            statements.extend([
                format!("INSERT INTO server_decisions (server_key, origins, approved_at) VALUES ('{}', 'http://a.example', 1)", server.key),
                format!("INSERT INTO activation_keys (public_key, server_key, approved_at) VALUES ('{}', '{}', 1)", server.activation, server.key),
                format!(
                    "INSERT INTO listed_activation_keys (scope, public_key, state, published_at) \
                     SELECT scope, '{}', 'active', 1 FROM keysets WHERE scope <> 'installation'", server.activation
                ),
            ]);
        }
        app.meddle(&format!("BEGIN; {}; COMMIT", statements.join("; ")));
        app.run_jobs();
        assert_eq!((vendor.keys("activation").len(), vendor.keys("snapshot").len()), (10, 0));
        let sold = vendor.user.make("/api/v1/licenses", &json!({ "app_id": vendor.app }));
        let stolen = vendor.keys("issuer").into_iter().find(|key| key.1 == "active").expect("one signs").0;
        let done = vendor.revoke_key(&stolen).expect(200);
        assert_eq!((&done["complete"], &done["dark"]), (&json!(true), &json!([sold["licenses"][0]["license_id"]])));
        assert_eq!(vendor.keys("snapshot").len(), 0);

        for server in &servers[..2] {
            app.clock.advance(5);
            server.revoke(app).expect(200);
        }
        app.clock.advance(5);
        app.run_jobs();
        assert_eq!(states(&vendor.keys("snapshot")), ["active", "next"]);
        assert_eq!(vendor.keyset()["keys"].as_array().map(Vec::len), Some(14), "two entries are left for stolen keys");
    }

    /// The key is revoked in the change that replaces it, so that it leaves where there is no room.
    fn a_stolen_snapshot_key_is_replaced_in_a_full_keyset(app: &TestApp) {
        let vendor = Vendor::of(app.owner());
        for server in (0..7).map(|_| Server::listed(app)).collect::<Vec<_>>() {
            server.approve(app).expect(200);
        }
        for _ in 0..2 {
            vendor.user.make("/api/v1/licenses", &json!({ "app_id": vendor.app }));
            vendor.rotate("issuer").expect(200);
        }
        vendor.user.make("/api/v1/licenses", &json!({ "app_id": vendor.app }));
        assert_problem(&vendor.rotate("issuer"), 409, "keyset_full");
        let before = vendor.keys("snapshot");
        let of = |state: &str| before.iter().find(|key| key.1 == state).expect("one").0.clone();
        assert_eq!(vendor.revoke_key(&of("active")).expect(200)["complete"], true);
        let now = vendor.keys("snapshot");
        assert_eq!(states(&now), ["active", "next"]);
        assert!(now.contains(&(of("next"), "active".to_owned())));
    }

    /// `spec/revocation.md` §5.4: readers refuse what a retired key signed after the keyset that retired it.
    fn a_keyset_is_not_older_than_what_its_retired_keys_signed(app: &TestApp) {
        let vendor = Vendor::of(app.owner());
        let issued_at = || vendor.keyset()["issued_at"].as_u64().expect("a time");
        vendor.user.make("/api/v1/licenses", &json!({ "app_id": vendor.app }));
        let signed_at = app.clock.seconds();
        // Another server's clock, or this one's after a time server set it: too little for a doubt.
        app.clock.set_by(-240);
        vendor.rotate("issuer").expect(200);
        assert_eq!(issued_at(), signed_at);
        vendor.rotate("snapshot").expect(200);
        assert_eq!(issued_at(), signed_at, "nor is a later one");
        app.clock.advance(600);
        vendor.rotate("update").expect(200);
        assert_eq!(issued_at(), app.clock.seconds());
    }
}
