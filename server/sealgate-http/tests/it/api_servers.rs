//! Lists of servers into which somebody else wrote, and approvals of what was seen (`spec/http.md` §3.15).

use sealgate_artifact::{KeyUse, PublicKey};
use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::assert_problem;

/// A server that somebody made up, first seen before all others.
fn key(n: u32) -> PublicKey {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    PublicKey::from_bytes(bytes)
}

fn make_up(app: &TestApp, count: u32) {
    let rows: Vec<String> = (0..count).map(|n| format!("('{}', 'http://made.up', 1)", key(n))).collect();
    app.meddle(&format!("INSERT INTO servers (server_key, origins, created_at) VALUES {}", rows.join(", ")));
}

fn id(key: PublicKey) -> String {
    key.id(KeyUse::Server).to_string()
}

on_both_engines! {
    fn what_was_decided_is_listed_first_and_every_server_once(app: &TestApp) {
        make_up(app, 30);
        let revoked = id(key(7));
        app.api("POST", &format!("/api/v1/servers/{revoked}/revoke"), &json!({})).expect(200);
        let (mut listed, mut url): (Vec<Value>, _) = (vec![], "/api/v1/servers?limit=4".to_owned());
        loop {
            let page = app.api("GET", &url, &json!(null)).expect(200);
            let items = page["items"].as_array().expect("a list");
            assert!(items.len() <= 4, "{page}");
            listed.extend(items.iter().cloned());
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            url = format!("/api/v1/servers?limit=4&cursor={cursor}");
        }
        let status: Vec<&str> = listed.iter().filter_map(|server| server["status"].as_str()).collect();
        assert_eq!((&status[..3], listed.len()), (&["revoked", "approved", "waiting"][..], 31));
        let mut ids: Vec<&str> = listed.iter().filter_map(|server| server["server_id"].as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 31, "each once");
        for n in [0, 7, 29] {
            let shown = app.api("GET", &format!("/api/v1/servers/{}", id(key(n))), &json!(null)).expect(200);
            assert_eq!(shown["public_key"], json!(key(n).to_string()));
        }
        assert_problem(&app.api("GET", &format!("/api/v1/servers/{}", id(key(30))), &json!(null)), 404, "not_found");
        for cursor in ["servers.decided.1", "servers.other.x.00", "servers", "apps.1"] {
            let url = format!("/api/v1/servers?cursor={cursor}");
            assert_problem(&app.api("GET", &url, &json!(null)), 400, "malformed_request");
        }
    }

    fn an_approval_is_refused_if_the_origins_are_not_those_that_were_seen(app: &TestApp) {
        make_up(app, 1);
        let path = format!("/api/v1/servers/{}", id(key(0)));
        let seen = app.api("GET", &path, &json!(null)).expect(200)["origins"].clone();
        let approve = |origins: &Value| app.api("POST", &format!("{path}/approve"), &json!({ "origins": origins }));
        app.meddle("UPDATE servers SET origins = 'http://thief.example' WHERE origins = 'http://made.up'");
        assert_problem(&approve(&seen), 409, "origins_changed");
        assert_eq!(app.api("GET", &path, &json!(null)).expect(200)["status"], "waiting");
        assert_eq!(app.count("audit"), 0);
        assert_problem(&app.api("POST", &format!("{path}/approve"), &json!({})), 400, "malformed_request");
        app.meddle("UPDATE servers SET origins = 'http://made.up' WHERE origins = 'http://thief.example'");
        assert_eq!(approve(&seen).expect(200)["status"], "approved");
        assert_eq!(app.texts("SELECT detail FROM audit"), [json!({ "origins": seen }).to_string()]);
    }

    fn origins_that_no_certificate_can_name_are_not_approved(app: &TestApp) {
        make_up(app, 2);
        let path = |n| format!("/api/v1/servers/{}", id(key(n)));
        let approve = |n| {
            let seen = app.api("GET", &path(n), &json!(null)).expect(200)["origins"].clone();
            app.api("POST", &format!("{}/approve", path(n)), &json!({ "origins": seen }))
        };
        for origins in ["no address", "http://made.up http://made.up", "http://made.up/path", "ftp://made.up"] {
            app.meddle(&format!("UPDATE servers SET origins = '{origins}' WHERE origins LIKE '%made.up%'"));
            let refused = approve(0);
            assert_problem(&refused, 400, "malformed_request");
            assert!(refused.json()["message"].as_str().is_some_and(|why| why.contains("origins")));
            assert_eq!(app.api("GET", &path(0), &json!(null)).expect(200)["status"], "waiting", "{origins}");
            app.meddle(&format!("UPDATE servers SET origins = 'http://made.up' WHERE origins = '{origins}'"));
        }
        assert_eq!(approve(1).expect(200)["status"], "approved");
    }

    fn a_server_that_cannot_be_certified_keeps_no_other_from_it(app: &TestApp) {
        make_up(app, 2);
        let bad = "http://made.up/path";
        app.meddle(&format!("UPDATE servers SET origins = '{bad}' WHERE server_key = '{}'", key(0)));
        app.meddle(&format!(
            "INSERT INTO server_decisions (server_key, origins, approved_at) VALUES ('{}', '{bad}', 1)",
            key(0)
        ));
        let path = format!("/api/v1/servers/{}/approve", id(key(1)));
        let approved = app.api("POST", &path, &json!({ "origins": ["http://made.up"] })).expect(200);
        assert_eq!(approved["status"], "approved");
        assert_eq!(app.count(&format!("server_certificates WHERE server_key = '{}'", key(1))), 1);
    }
}
