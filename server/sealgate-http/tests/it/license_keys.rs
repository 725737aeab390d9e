//! License keys: shown again, and exchanged (`spec/http.md` §3.2).

use sealgate_testkit::{Engine, TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::online::{code, decide};
use crate::support::{
    ask, assert_failed, assert_problem, nonce, payload, refused_without_effect, sell, session, with,
};

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn at(license: &Value, verb: &str) -> String {
    format!("/api/v1/licenses/{}/{verb}", text(&license["license_id"]))
}

fn rekey(app: &TestApp, license: &Value) -> Value {
    let shown = app.api("POST", &at(license, "rekey"), &json!({})).expect(200);
    with(license, "license_key", shown["license_key"].clone())
}

on_both_engines! {
    fn a_key_is_shown_again_to_who_may_and_the_log_says_so(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        let shown = app.api("POST", &at(&license, "reveal-key"), &json!(null));
        assert_eq!(shown.header("cache-control"), Some("no-store"));
        let shown = shown.expect(200);
        assert_eq!(shown, json!({ "license_id": license["license_id"], "license_key": license["license_key"] }));
        assert_eq!(app.count("audit WHERE action = 'license.key_shown'"), 1);
        let logged = app.texts("SELECT detail FROM audit UNION ALL SELECT subject FROM audit");
        assert!(logged.iter().all(|line| !line.contains(text(&license["license_key"]))), "{logged:?}");
        let owner = app.owner();
        for scope in ["licenses:read", "licenses:write"] {
            let refused = owner.with_scopes(&[scope]).api("POST", &at(&license, "reveal-key"), &json!(null));
            assert_problem(&refused, 403, "scope_missing");
        }
        owner.with_scopes(&["license-keys:read"]).api("POST", &at(&license, "reveal-key"), &json!(null)).expect(200);
        assert_problem(&app.tenant("Twin").api("POST", &at(&license, "reveal-key"), &json!(null)), 404, "not_found");
        assert_eq!(app.count("audit WHERE action = 'license.key_shown'"), 2);
    }

    fn a_new_key_keeps_seats_and_sessions_and_the_old_one_is_refused_on_every_way(app: &TestApp) {
        let (editor, old) = sell(app, &json!({ "max_devices": 2 }));
        let path = format!("/api/v1/apps/{}", text(&editor["app_id"]));
        app.api("PATCH", &path, &json!({ "danger_lifetime_files": true })).expect(200);
        let (build, desk) = (app.build(&editor), TestDevice::default());
        assert_eq!(code(&decide(app, &build, &desk, text(&old["license_key"]), 1)), "allowed");
        let theirs = session(app, &editor, &old, "their desk", 2);
        // Both ways to name the license by its id are known to the server before.
        assert_eq!(code(&decide(app, &build, &desk, text(&old["license_id"]), 11)), "allowed");
        payload(&ask(app, "heartbeat", &with(&theirs, "nonce", nonce(12).into())));
        let before = app.api("GET", &at(&old, ""), &json!(null));
        let new = rekey(app, &old);
        assert_ne!(new["license_key"], old["license_key"]);
        app.clock.advance(1);

        let denied = decide(app, &build, &desk, text(&old["license_key"]), 3);
        assert_eq!(code(&denied), "license_key_replaced");
        let question = |license: &Value, n| TestApp::question(&editor, license, "their desk", &nonce(n));
        assert_failed(&app.validate(&question(&old, 4)), 410, "revoked");
        assert_failed(&ask(app, "offline/activate", &question(&old, 5)), 410, "revoked");
        let mut nameless = question(&old, 6);
        nameless.as_object_mut().expect("an object").retain(|name, _| name != "appId" && name != "appSecret");
        app.api("PATCH", &path, &json!({ "require_secret": false })).expect(200);
        app.clock.advance(2);
        assert_failed(&app.validate(&nameless), 410, "revoked");
        app.api("PATCH", &path, &json!({ "require_secret": true })).expect(200);
        app.clock.advance(2);
        assert_failed(&app.validate(&nameless), 401, "invalid_app");

        // Who was in stays in.
        assert_eq!(code(&decide(app, &build, &desk, text(&old["license_id"]), 7)), "allowed", "by the license's id");
        assert_eq!(code(&decide(app, &build, &desk, text(&new["license_key"]), 8)), "allowed");
        payload(&ask(app, "heartbeat", &with(&theirs, "nonce", nonce(9).into())));
        payload(&app.validate(&question(&new, 10)));
        assert_eq!(app.count("devices"), 2, "no seat more");
        assert_eq!(before.status, app.api("GET", &at(&old, ""), &json!(null)).status);
        assert_eq!(app.count("events WHERE kind = 'license_key_replaced'"), 1);
        assert_eq!(app.count("audit WHERE action = 'license.key_replaced'"), 1);
        let shown = app.api("POST", &at(&old, "reveal-key"), &json!(null)).expect(200);
        assert_eq!(shown["license_key"], new["license_key"]);
    }

    fn a_former_key_finds_its_license_for_the_vendor_alone(app: &TestApp) {
        let (editor, first) = sell(app, &json!({}));
        let second = rekey(app, &first);
        let replaced_at = app.clock.seconds();
        app.clock.advance(9);
        let third = rekey(app, &second);
        let find = |license: &Value| app.api("POST", "/api/v1/licenses/lookup", &json!({ "license_key": license["license_key"] }));
        let at = |seconds| json!(sealgate_artifact::UnixSeconds::new(seconds).expect("in range").to_string());
        for (license, replaced) in [(&first, Some(at(replaced_at))), (&second, Some(at(replaced_at + 9))), (&third, None)] {
            let found = find(license).expect(200);
            assert_eq!((&found["license_id"], found.get("key_replaced_at")), (&first["license_id"], replaced.as_ref()));
        }
        let lookup = json!({ "license_key": first["license_key"] });
        assert_problem(&app.tenant("Twin").api("POST", "/api/v1/licenses/lookup", &lookup), 404, "not_found");
        // To another app, a former key is as unknown as any.
        let viewer = app.create_app("Viewer");
        let other = TestApp::question(&viewer, &first, "desk", &nonce(1));
        assert_failed(&app.validate(&other), 401, "invalid_key");
        assert_failed(&app.validate(&TestApp::question(&editor, &first, "desk", &nonce(2))), 410, "revoked");
    }

    fn a_license_is_found_by_the_name_that_the_vendor_gave_it(app: &TestApp) {
        let (_, license) = sell(app, &json!({ "external_id": "order 1042" }));
        let find = |body: &serde_json::Value| app.api("POST", "/api/v1/licenses/lookup", body);
        let named = json!({ "external_id": "order 1042" });
        assert_eq!(find(&named).expect(200)["license_id"], license["license_id"]);
        assert_problem(&app.tenant("Twin").api("POST", "/api/v1/licenses/lookup", &named), 404, "not_found");
        assert_problem(&find(&json!({ "external_id": "order 104" })), 404, "not_found");
        let both = json!({ "external_id": "order 1042", "license_key": license["license_key"] });
        for neither_or_both in [json!({}), both] {
            assert_problem(&find(&neither_or_both), 400, "malformed_request");
        }
    }

    fn a_repeated_exchange_is_one_and_gives_the_same_key(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        let owner = app.owner();
        let ask = || owner.api_once("POST", &at(&license, "rekey"), &json!({ "reason": "leaked" }), "leak-1").expect(200);
        assert_eq!(ask(), ask());
        assert_eq!(app.count("former_keys"), 1);
        for scopes in [&["licenses:write"][..], &["license-keys:read"], &["licenses:read", "licenses:write"]] {
            assert_problem(&owner.with_scopes(scopes).api("POST", &at(&license, "rekey"), &json!({})), 403, "scope_missing");
        }
        app.api("POST", &at(&license, "revoke"), &json!({})).expect(200);
        refused_without_effect(app, ("POST", &at(&license, "rekey"), &json!({})), 409, "license_revoked");
    }

    fn a_license_has_had_a_hundred_keys_at_most(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        let apps = (0..99).map(|n| format!("SELECT '{n}' AS app")).collect::<Vec<_>>().join(" UNION ALL ");
        app.meddle(&format!(
            "INSERT INTO former_keys (key_hash, app_id, tenant_id, license_id, replaced_at)
             SELECT key_hash, app, tenant_id, license_id, 1 FROM licenses, ({apps}) AS apps"
        ));
        assert_eq!(app.count("former_keys"), 99);
        rekey(app, &license);
        refused_without_effect(app, ("POST", &at(&license, "rekey"), &json!({})), 409, "limit_reached");
        assert_eq!(app.count("former_keys"), 100);
    }

    fn a_device_with_a_lasting_file_gets_one_with_the_new_key(app: &TestApp) {
        let (editor, old) = sell(app, &json!({}));
        let path = format!("/api/v1/apps/{}", text(&editor["app_id"]));
        app.api("PATCH", &path, &json!({ "danger_lifetime_files": true })).expect(200);
        let activate = |license: &Value, hwid: &str, n| ask(app, "offline/activate", &TestApp::question(&editor, license, hwid, &nonce(n)));
        let first = activate(&old, "desk", 1).expect(201);
        let new = rekey(app, &old);
        app.clock.advance(1);
        assert_failed(&activate(&old, "desk", 2), 410, "revoked");
        let second = activate(&new, "desk", 3).expect(201);
        assert_eq!(second["fileName"], format!("{}.authforge", text(&new["license_key"])));
        assert_ne!(second["file"], first["file"]);
        assert_failed(&activate(&new, "lap", 4), 403, "offline_activation_limit_reached");
        assert_eq!(app.count("lifetime_files"), 1, "no file for another device");
    }
}

#[test]
fn every_server_refuses_a_former_key_within_a_second() {
    let first = TestApp::start(Engine::Postgres);
    let second = first.start_runtime();
    let (editor, old) = sell(&first, &json!({ "max_devices": 2 }));
    first.share_keys_with(&second);
    second.read_changes();
    let question = |license: &Value, n| TestApp::question(&editor, license, "desk", &nonce(n));
    payload(&second.validate(&question(&old, 1)));
    let theirs = session(&second, &editor, &old, "desk", 2);
    payload(&ask(&second, "heartbeat", &with(&theirs, "nonce", nonce(3).into())));
    let new = rekey(&first, &old);
    second.read_changes();
    for (n, server) in [(10, &first), (20, &second)] {
        assert_failed(&server.validate(&question(&old, n)), 410, "revoked");
        payload(&server.validate(&question(&new, n + 1)));
    }
    payload(&ask(&second, "heartbeat", &with(&theirs, "nonce", nonce(30).into())));
}
