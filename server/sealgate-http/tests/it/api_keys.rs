//! `/api/v1/keys`: rotation and revocation as builds and licenses in the field live through them (`spec/keys.md` §7).

use std::path::Path;

use sealgate_artifact::{KeyUse, PublicKey};
use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_problem, names, refused_without_effect, sell};

fn keys(app: &TestApp) -> Vec<Value> {
    let listed = app.api("GET", "/api/v1/keys", &json!(null)).expect(200);
    listed["items"].as_array().expect("a list").clone()
}

fn rotate(app: &TestApp, key_use: &str) {
    app.api("POST", "/api/v1/keys/rotate", &json!({ "use": key_use })).expect(200);
}

fn revoke(app: &TestApp, keyid: &Value) -> Value {
    let path = format!("/api/v1/keys/{}/revoke", keyid.as_str().expect("text"));
    app.api("POST", &path, &json!({ "reason": "drill" })).expect(200)
}

/// The ids of the keys of that use and state.
fn of(app: &TestApp, key_use: &str, state: &str) -> Vec<Value> {
    let fits = |key: &Value| key["use"] == key_use && key["state"] == state;
    keys(app).into_iter().filter(fits).map(|key| key["keyid"].clone()).collect()
}

fn code(found: Result<[String; 3], String>) -> String {
    found.map_or_else(|code| code, |_| "ok".to_owned())
}

/// While that file is not there.
#[expect(clippy::disallowed_methods, reason = "the key store's files are what is tested")]
fn without(file: &Path, act: impl FnOnce()) {
    let away = file.with_extension("away");
    std::fs::rename(file, &away).expect("is there");
    act();
    std::fs::rename(&away, file).expect("is there");
}

on_both_engines! {
    fn every_key_is_listed_with_its_place_in_life(app: &TestApp) {
        app.create_app("Editor");
        let listed = keys(app);
        let shown = ["keyid", "not_after", "not_before", "public_key", "scope", "state", "use"];
        assert!(listed.iter().all(|key| names(key) == shown));
        let mut lives: Vec<_> = listed.iter().map(|key| format!("{} {}", key["use"], key["state"])).collect();
        lives.sort();
        let expected = [
            r#""activation" "active""#, r#""app" "active""#, r#""app" "next""#, r#""authority" "active""#,
            r#""authority" "next""#, r#""issuer" "active""#, r#""issuer" "next""#, r#""root" "active""#,
            r#""snapshot" "active""#, r#""snapshot" "next""#, r#""update" "active""#, r#""update" "next""#,
        ];
        assert_eq!(lives, expected);
    }

    fn a_key_that_the_key_store_lacks_does_not_begin_to_sign(app: &TestApp) {
        let editor = app.create_app("Editor");
        let change = format!("/api/v1/apps/{}/rotate-key", editor["app_id"].as_str().expect("text"));
        let rotations = [
            ("issuer", ("/api/v1/keys/rotate", json!({ "use": "issuer" }))),
            ("authority", ("/api/v1/keys/rotate", json!({ "use": "authority" }))),
            ("snapshot", ("/api/v1/keys/rotate", json!({ "use": "snapshot" }))),
            ("app", (&*change, json!({}))),
        ];
        for (key_use, (path, wish)) in rotations {
            // As in a key store that comes from a copy of an earlier day.
            let next = of(app, key_use, "next")[0].as_str().expect("text").to_owned();
            without(&app.data().join(format!("keys/{next}.key")), || {
                refused_without_effect(app, ("POST", path, &wish), 409, "key_missing");
            });
            app.api("POST", path, &wish).expect(200);
            assert_eq!(of(app, key_use, "active"), [json!(next)]);
        }
    }

    fn a_build_that_never_hears_of_it_survives_one_rotation_of_the_issuer(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let before = app.chain(&editor, &license);
        rotate(app, "issuer");
        assert_eq!(of(app, "issuer", "active").len(), 1);
        let sold_later = app.chain(&editor, &app.issue(&editor, &json!({})));
        let now = app.clock.seconds();
        // The old keysets with the new license: its signer had been published as the next one.
        let mut offline = before.clone();
        offline.license.clone_from(&sold_later.license);
        assert_eq!(code(offline.judge(now)), "ok");
        // The old license under the new keysets: its signer is retired.
        assert_eq!(code(app.chain(&editor, &license).judge(now)), "ok");

        rotate(app, "issuer");
        offline.license = app.chain(&editor, &app.issue(&editor, &json!({}))).license;
        assert_eq!(code(offline.judge(now)), "signature_invalid", "two rotations need a newer keyset");
    }

    fn a_build_that_pins_the_first_root_follows_every_rotation(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let first = app.chain(&editor, &license);
        for key_use in ["authority", "root", "issuer", "root", "authority", "authority", "issuer", "root"] {
            rotate(app, key_use);
            let now = app.chain(&editor, &license);
            assert_eq!(code(now.judge(app.clock.seconds())), "ok", "pinned today, after {key_use}");
            assert_eq!(code(now.pinned_as(&first).judge(app.clock.seconds())), "ok", "pinned before, after {key_use}");
        }
        let last = app.chain(&editor, &license);
        assert_eq!(last.root_statements.len(), 4);
        let mut gap = last.pinned_as(&first);
        gap.root_statements.remove(1);
        assert_eq!(code(gap.judge(app.clock.seconds())), "version_gap");
        let mut cut = last.pinned_as(&first);
        cut.root_statements.truncate(1);
        assert_eq!(code(cut.judge(app.clock.seconds())), "signature_invalid", "the keyset is of later roots");
    }

    fn a_revoked_issuer_ends_what_it_signed_and_nothing_else(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let over = app.issue(&editor, &json!({ "expires_at": "2027-01-15T09:00:00Z" }));
        let taken_back = app.issue(&editor, &json!({}));
        let path = format!("/api/v1/licenses/{}/revoke", taken_back["license_id"].as_str().expect("text"));
        app.api("POST", &path, &json!({})).expect(200);
        app.clock.advance(7200);
        let before = app.chain(&editor, &license);
        let stolen = of(app, "issuer", "active")[0].clone();

        let done = revoke(app, &stolen);
        assert_eq!((&done["keyid"], &done["complete"]), (&stolen, &json!(true)));
        assert_eq!(done["dark"], json!([license["license_id"]]), "neither {over} nor one that was revoked");

        let after = app.chain(&editor, &license);
        let now = app.clock.seconds();
        assert_eq!(code(after.judge(now)), "ok");
        let mut dark = after.clone();
        dark.license.clone_from(&before.license);
        assert_eq!(code(dark.judge(now)), "signature_invalid");
        assert_eq!(of(app, "issuer", "revoked"), std::slice::from_ref(&stolen));
        assert_eq!((of(app, "issuer", "active").len(), of(app, "issuer", "next").len()), (1, 1));
        assert_eq!(app.count("audit WHERE action = 'key.revoked'"), 1);

        let again = revoke(app, &stolen);
        assert_eq!((&again["complete"], &again["dark"]), (&json!(true), &json!([])));
        assert_eq!(app.count("audit WHERE action = 'key.revoked'"), 1);
    }

    fn more_licenses_than_a_page_are_all_signed_anew(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        app.api("POST", "/api/v1/licenses", &json!({ "app_id": editor["app_id"], "count": 1000 })).expect(201);
        let stolen = of(app, "issuer", "active")[0].clone();
        let done = revoke(app, &stolen);
        assert_eq!(done["dark"].as_array().map(Vec::len), Some(1001));
        assert_eq!(app.count("license_statements"), 2002);
        assert_eq!(code(app.chain(&editor, &license).judge(app.clock.seconds())), "ok");
    }

    fn revoking_authority_and_root_leaves_the_chain_whole(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let first = app.chain(&editor, &license);
        for (key_use, state) in [("authority", "next"), ("authority", "active"), ("issuer", "next"), ("root", "active")] {
            revoke(app, &of(app, key_use, state)[0]);
            assert_eq!(of(app, key_use, "active").len(), 1, "{key_use} {state}");
            let now = app.chain(&editor, &license).pinned_as(&first);
            assert_eq!(code(now.judge(app.clock.seconds())), "ok", "{key_use} {state}");
        }
        // Whoever stole the authority cannot speak under today's keyset.
        let mut stolen = app.chain(&editor, &license);
        stolen.tenant_keyset.clone_from(&first.tenant_keyset);
        assert_eq!(code(stolen.judge(app.clock.seconds())), "signature_invalid");
    }

    fn racing_rotations_lose_no_key(app: &TestApp) {
        let (editor, _) = sell(app, &json!({}));
        std::thread::scope(|scope| {
            for n in 0..12 {
                scope.spawn(move || {
                    let wish = json!({ "use": if n % 3 == 0 { "authority" } else { "issuer" } });
                    // Who finds another one's under way is told so, and asks again.
                    while app.api("POST", "/api/v1/keys/rotate", &wish).status == 503 {}
                });
                scope.spawn(|| app.issue(&editor, &json!({})));
            }
        });
        assert_eq!((of(app, "issuer", "retired").len(), of(app, "issuer", "active").len()), (8, 1));
        assert_eq!((of(app, "authority", "retired").len(), of(app, "authority", "active").len()), (4, 1));
        assert_eq!(code(app.chain(&editor, &app.issue(&editor, &json!({}))).judge(app.clock.seconds())), "ok");
    }

    fn a_full_keyset_keeps_what_still_verifies_something(app: &TestApp) {
        let editor = app.create_app("Editor");
        // Beside them are two update keys, two snapshot keys and the key of one server.
        let sold: Vec<Value> = (0..9)
            .map(|_| {
                let license = app.issue(&editor, &json!({}));
                rotate(app, "issuer");
                license
            })
            .collect();
        app.issue(&editor, &json!({}));
        assert_problem(&app.api("POST", "/api/v1/keys/rotate", &json!({ "use": "issuer" })), 409, "keyset_full");
        for license in &sold {
            assert_eq!(code(app.chain(&editor, license).judge(app.clock.seconds())), "ok");
        }
    }

    fn any_number_of_keys_can_be_revoked(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let first = app.chain(&editor, &license);
        for n in 0..18 {
            app.clock.advance(1);
            for key_use in ["authority", "issuer"] {
                let stolen = of(app, key_use, "active")[0].clone();
                revoke(app, &stolen);
                assert!(of(app, key_use, "revoked").contains(&stolen), "{n}");
            }
        }
        let now = app.chain(&editor, &license).pinned_as(&first);
        assert_eq!(code(now.judge(app.clock.seconds())), "ok");
        let mut dark = now.clone();
        dark.license.clone_from(&first.license);
        assert_eq!(code(dark.judge(app.clock.seconds())), "signature_invalid", "its issuer is not listed any more");
    }

    /// `spec/keys.md` §5.10, §7.2.
    fn a_keyset_full_of_servers_has_room_once_nobody_believes_who_certified_them(app: &TestApp) {
        let servers: Vec<PublicKey> = (0..13).map(|n| PublicKey::from_bytes([n + 1; 32])).collect();
        for key in &servers {
            app.meddle(&format!("INSERT INTO servers (server_key, origins, created_at) VALUES ('{key}', 'http://a.example', 1)"));
        }
        let ask = |key: &PublicKey, what: &str, body: &Value| {
            let id = key.id(KeyUse::Server);
            app.api("POST", &format!("/api/v1/servers/{id}/{what}"), body)
        };
        for key in &servers {
            ask(key, "approve", &json!({ "origins": ["http://a.example"] })).expect(200);
        }
        for key in &servers[..10] {
            ask(key, "revoke", &json!({})).expect(200);
        }
        let (last, seconds) = (&servers[10], app.clock.seconds());
        for _ in 0..2 {
            assert_problem(&ask(last, "revoke", &json!({})), 409, "keyset_full");
            app.clock.advance(1);
            revoke(app, &of(app, "authority", "active")[0]);
        }
        ask(last, "revoke", &json!({})).expect(200);
        let listed = |key| app.count(&format!("signing_keys WHERE public_key = '{key}'"));
        // One made room for the authority that was revoked last, and one for this server.
        assert_eq!((listed(last), servers[..10].iter().map(listed).sum::<u64>()), (1, 8));

        // Only those who were revoked before: the authority that certifies now is believed.
        app.meddle(&format!("UPDATE signing_keys SET ended_at = {} WHERE key_use = 'server'", seconds + 1));
        ask(&servers[11], "revoke", &json!({})).expect(200);
        assert_eq!(of(app, "authority", "revoked"), Vec::<Value>::new(), "what was revoked makes room");
        assert_problem(&ask(&servers[12], "revoke", &json!({})), 409, "keyset_full");
    }

    fn unknown_keys_and_uses_are_refused(app: &TestApp) {
        let editor = app.create_app("Editor");
        let before = keys(app);
        for unknown in ["00".repeat(16), "x".to_owned(), editor["app_id"].as_str().expect("text").to_owned()] {
            let answer = app.api("POST", &format!("/api/v1/keys/{unknown}/revoke"), &json!({}));
            assert_problem(&answer, 404, "not_found");
        }
        let app_key = before.iter().find(|key| key["use"] == "app").expect("one")["keyid"].clone();
        let path = format!("/api/v1/keys/{}/revoke", app_key.as_str().expect("text"));
        assert_problem(&app.api("POST", &path, &json!({})), 404, "not_found");
        for key_use in ["app", "server", "Issuer", ""] {
            let answer = app.api("POST", "/api/v1/keys/rotate", &json!({ "use": key_use }));
            assert_problem(&answer, 400, "malformed_request");
        }
        assert_eq!(keys(app), before);
    }
}
