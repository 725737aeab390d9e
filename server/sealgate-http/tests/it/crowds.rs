//! What one tenant asks for very often, or has very much of, holds nobody else up.

use std::sync::{Mutex, mpsc};
use std::thread;

use sealgate_testkit::{Answer, Engine, TestApp, User, on_both_engines};
use serde_json::json;

use crate::support::{assert_problem, sell};

fn rotate(user: &User, key_use: &str) -> Answer {
    user.api("POST", "/api/v1/keys/rotate", &json!({ "use": key_use }))
}

/// While one change of a tenant's keys is under way, others do not queue up behind it.
#[test]
fn a_second_change_of_a_tenants_keys_is_refused_at_once() {
    let app = TestApp::start(Engine::Postgres);
    let acme = app.tenant("Acme");
    let (told, answers) = mpsc::channel();
    let answers = Mutex::new(answers);
    let answer = || answers.lock().expect("sound").recv().expect("an answer");
    thread::scope(|scope| {
        app.while_locked("keysets", || {
            for _ in 0..8 {
                let (told, acme) = (told.clone(), acme.clone());
                scope.spawn(move || told.send(rotate(&acme, "issuer")).expect("is heard"));
            }
            for _ in 1..8 {
                assert_problem(&answer(), 503, "unavailable");
            }
        });
        answer().expect(200);
    });
    assert_eq!(app.count("audit WHERE action = 'key.rotated'"), 1, "refused without effect");
    rotate(&acme, "issuer").expect(200);
}

on_both_engines! {
    fn the_installations_keys_change_while_tenants_change_theirs(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let tenants = ["Acme", "Other"].map(|name| app.tenant(name));
        let server = app.texts("SELECT server_key FROM servers");
        assert_eq!(server.len(), 1);
        thread::scope(|scope| {
            let busy: Vec<_> = tenants.iter().flat_map(|user| [user; 4]).map(|user| {
                scope.spawn(move || (0..6).map(|_| rotate(user, "issuer").status).collect::<Vec<_>>())
            }).collect();
            let owner = app.owner();
            for n in 0..3 {
                rotate(&owner, "authority").expect(200);
                app.tenant(&format!("Tenant {n}"));
            }
            for rotations in busy {
                let all = rotations.join().expect("asks");
                assert!(all.iter().all(|status| [200, 503].contains(status)), "{all:?}");
            }
        });
        let signing = "signing_keys WHERE key_use = 'issuer' AND state = 'active'";
        assert_eq!(app.count(signing), 6);
        assert_eq!(app.count("tenants WHERE issuer_key IN (SELECT public_key FROM signing_keys WHERE state = 'active')"), 6);
        let chain = app.chain(&editor, &license);
        assert!(chain.judge(app.clock.seconds()).is_ok());
    }

    fn a_tenant_with_very_many_apps_is_suspended_in_a_word(app: &TestApp) {
        let acme = app.tenant("Acme");
        let editor = acme.make("/api/v1/apps", &json!({ "name": "Editor" }));
        let license = acme.make("/api/v1/licenses", &json!({ "app_id": editor["app_id"] }))["licenses"][0].clone();
        let question = TestApp::question(&editor, &license, "pc", "00000000000000000000000000000001");
        app.validate(&question).expect(200);
        app.meddle(
            "INSERT INTO apps (app_id, tenant_id, name, secret_hash, public_key, next_public_key, variables, require_secret, \
             lifetime_files, list_reported_addresses, created_at) \
             WITH RECURSIVE ns (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM ns WHERE n < 5000) \
             SELECT '01926a3b-0000-7000-8000-' || CAST(100000000000 + n AS TEXT), tenant_id, 'app ' || CAST(n AS TEXT), \
             secret_hash, public_key, next_public_key, variables, require_secret, lifetime_files, list_reported_addresses, \
             created_at FROM apps, ns",
        );
        let tenant = app.texts("SELECT tenant_id FROM tenants WHERE name = 'Acme'").remove(0);
        let ask = |verb: &str| app.api("POST", &format!("/api/v1/tenants/{tenant}/{verb}"), &json!(null)).expect(200);
        ask("suspend");
        assert_ne!(app.validate(&question).status, 200, "what is kept in memory knows it");
        ask("resume");
        app.validate(&question).expect(200);
        assert_eq!(app.count("changes WHERE LENGTH(subjects) > 1000"), 0, "it does not name each");
    }

    fn a_server_loses_all_of_very_many_certificates(app: &TestApp) {
        app.meddle(
            "INSERT INTO tenants (tenant_id, name, issuer_key, offline, created_at) \
             WITH RECURSIVE ns (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM ns WHERE n < 6000) \
             SELECT '01926a3b-0000-7000-8000-' || CAST(100000000000 + n AS TEXT), 'tenant ' || CAST(n AS TEXT), issuer_key, \
             offline, created_at FROM tenants, ns",
        );
        // One that nothing certifies meanwhile.
        let key = "CASE SUBSTR(server_key, 1, 1) WHEN 'A' THEN 'B' ELSE 'A' END || SUBSTR(server_key, 2)";
        app.meddle(&format!("INSERT INTO servers (server_key, origins, created_at) SELECT {key}, origins, 1 FROM servers"));
        app.meddle(&format!(
            "INSERT INTO server_certificates (server_key, tenant_id, signer, origins, expires_at, envelope) \
             SELECT {key}, t.tenant_id, '', '', 1, token_hash FROM servers s, tenants t, tokens WHERE s.created_at <> 1"
        ));
        let list = app.api("GET", "/api/v1/servers", &json!(null)).expect(200);
        let waiting = list["items"].as_array().expect("a list").iter().find(|server| server["status"] == "waiting");
        let id = waiting.expect("is listed")["server_id"].as_str().expect("text");
        app.api("POST", &format!("/api/v1/servers/{id}/revoke"), &json!({})).expect(200);
        assert_eq!(app.count("server_certificates WHERE signer = ''"), 0);
    }
}
