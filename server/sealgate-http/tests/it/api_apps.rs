//! `/api/v1/apps`: what callers get (`spec/http.md` §3.1).

use sealgate_artifact::decode_base64;
use sealgate_testkit::on_both_engines;
use serde_json::{Value, json};

use crate::support::{names, raw};

on_both_engines! {
    fn a_new_app_answers_its_keys_and_its_secret_once(app: &TestApp) {
        let created = app.api("POST", "/api/v1/apps", &json!({ "name": "Editor" })).expect(201);
        let shown = ["app_id", "app_secret", "next_public_key", "public_key", "public_key_spki", "slug"];
        assert_eq!(names(&created), shown);
        let key = |name: &str| decode_base64(created[name].as_str().expect("text"), "key").expect("base64");
        assert_eq!((key("public_key").len(), key("next_public_key").len()), (32, 32));
        assert_ne!(key("public_key"), key("next_public_key"));
        let spki = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", &*key("public_key")].concat();
        assert_eq!(key("public_key_spki"), spki);
        assert!(created["app_secret"].as_str().expect("text").len() >= 43, "256 bits and a prefix");

        let path = format!("/api/v1/apps/{}", created["app_id"].as_str().expect("text"));
        for seen in [
            app.api("GET", &path, &json!(null)).expect(200),
            app.api("GET", "/api/v1/apps", &json!(null)).expect(200)["items"][0].clone(),
        ] {
            let switches = ["danger_lifetime_files", "list_reported_addresses", "require_secret", "show_labels"];
            let shown = ["app_id", "created_at", "name", "next_public_key", "public_key", "public_key_spki", "slug"];
            let mut all = [&switches[..], &shown].concat();
            all.sort_unstable();
            assert_eq!(names(&seen), all);
            assert!(switches.iter().all(|name| seen[name] == false), "nothing dangerous is on from the start");
            assert_eq!((&seen["name"], &seen["created_at"]), (&json!("Editor"), &json!("2027-01-15T08:00:00Z")));
            for name in ["app_id", "public_key", "next_public_key", "public_key_spki"] {
                assert_eq!(seen[name], created[name]);
            }
        }
    }

    fn two_apps_share_nothing(app: &TestApp) {
        let (a, b) = (app.create_app("A"), app.create_app("B"));
        for name in names(&a) {
            assert_ne!(a[name], b[name], "{name}");
        }
    }

    fn names_may_be_as_long_and_as_foreign_as_documented(app: &TestApp) {
        for name in ["x".to_owned(), "界".repeat(64), "a b".to_owned(), "ع \u{1f511}".to_owned()] {
            let made = app.create_app(&name);
            let path = format!("/api/v1/apps/{}", made["app_id"].as_str().expect("text"));
            assert_eq!(app.api("GET", &path, &json!(null)).expect(200)["name"], *name);
        }
    }

    fn trust_names_what_a_build_pins(app: &TestApp) {
        let editor = app.create_app("Editor");
        let path = format!("/api/v1/apps/{}/trust", editor["app_id"].as_str().expect("text"));
        let trust = app.api("GET", &path, &json!(null)).expect(200);
        assert_eq!(names(&trust), ["app", "keyset_chain", "root_version", "roots", "tenant", "tenant_keyset", "threshold"]);
        assert_eq!((&trust["app"], &trust["threshold"]), (&editor["app_id"], &json!(1)));
        let length = |list: &Value| list.as_array().expect("a list").len();
        assert_eq!((length(&trust["roots"]), length(&trust["keyset_chain"])), (1, 2));
        for envelope in [&trust["keyset_chain"][0], &trust["keyset_chain"][1], &trust["tenant_keyset"]] {
            assert_eq!(names(envelope), ["payload", "payloadType", "signatures"]);
        }
    }

    fn a_request_is_named_by_the_server_alone(app: &TestApp) {
        let ids: Vec<_> = (0..3).map(|_| app.api("GET", "/api/v1/apps", &json!(null)).request_id).collect();
        assert!(ids.iter().all(|id| id.as_deref().is_some_and(|id| id.len() == 22)), "{ids:?}");
        assert!(ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
        let answer = raw(app, b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: mine\r\n\r\n");
        assert!(answer.contains("x-request-id: ") && !answer.contains("mine"), "{answer}");
    }
}
