//! Access lists decide whom an app answers (`spec/http.md` §2.7, §3.11).

use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_failed, assert_problem, nonce, payload, refused_without_effect, sell};

fn add(app: &TestApp, editor: &Value, entry: &Value) -> Value {
    let mut wish = json!({ "app_id": editor["app_id"] });
    for (name, value) in entry.as_object().expect("an object") {
        wish[name] = value.clone();
    }
    app.api("POST", "/api/v1/access", &wish).expect(201)
}

fn remove(app: &TestApp, entry: &Value) {
    app.api("DELETE", &format!("/api/v1/access/{}", entry["entry_id"].as_str().expect("text")), &json!(null))
        .expect(200);
}

on_both_engines! {
    fn a_denied_device_is_blocked_at_once_and_admitted_at_once_again(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 5 }));
        let question = |hwid, n| TestApp::question(&editor, &license, hwid, &nonce(n));
        payload(&app.validate(&question("desk", 1)));
        let entry = add(app, &editor, &json!({ "effect": "deny", "hwid": "desk", "reason": "stolen" }));
        assert_eq!((&entry["hwid"], &entry["reason"], entry.get("ip")), (&json!("desk"), &json!("stolen"), None));
        assert_failed(&app.validate(&question("desk", 2)), 403, "blocked");
        payload(&app.validate(&question("lap", 3)));
        remove(app, &entry);
        payload(&app.validate(&question("desk", 4)));
    }

    fn an_address_is_denied_by_its_block(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let question = |n| TestApp::question(&editor, &license, "desk", &nonce(n));
        let elsewhere = add(app, &editor, &json!({ "effect": "deny", "ip": "192.0.2.0/24" }));
        payload(&app.validate(&question(1)));
        let here = add(app, &editor, &json!({ "effect": "deny", "ip": "127.0.0.0/8" }));
        assert_failed(&app.validate(&question(2)), 403, "blocked");
        remove(app, &here);
        add(app, &editor, &json!({ "effect": "allow", "ip": "10.0.0.0/8" }));
        assert_failed(&app.validate(&question(3)), 403, "blocked");
        add(app, &editor, &json!({ "effect": "allow", "ip": "127.0.0.1" }));
        payload(&app.validate(&question(4)));
        remove(app, &elsewhere);
        assert_eq!(app.count("access_entries"), 2);
    }

    fn an_entry_ends_and_never_reaches_another_app(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let viewer = app.create_app("Viewer");
        let other = app.issue(&viewer, &json!({}));
        let end = sealgate_wire::Timestamp(sealgate_artifact::UnixSeconds::new(app.clock.seconds() + 60).expect("in range"));
        add(app, &editor, &json!({ "effect": "deny", "hwid": "desk", "expires_at": end.to_string() }));
        payload(&app.validate(&TestApp::question(&viewer, &other, "desk", &nonce(1))));
        assert_failed(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(2))), 403, "blocked");
        app.clock.advance(60);
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(3))));
    }

    fn lists_come_before_all_that_is_known_of_a_license(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let entry = add(app, &editor, &json!({ "effect": "deny", "hwid": "desk" }));
        let path = format!("/api/v1/licenses/{}/revoke", license["license_id"].as_str().expect("text"));
        app.api("POST", &path, &json!({})).expect(200);
        let question = TestApp::question(&editor, &license, "desk", &nonce(1));
        assert_failed(&app.validate(&question), 403, "blocked");
        let mut unknown = question.clone();
        unknown["licenseKey"] = json!("x");
        assert_failed(&app.validate(&unknown), 403, "blocked");
        let mut bare = question.clone();
        (bare["appId"], bare["appSecret"]) = (json!(null), json!(null));
        assert_failed(&app.validate(&bare), 403, "blocked");
        remove(app, &entry);
        assert_failed(&app.validate(&question), 410, "revoked");
    }

    fn an_entry_that_has_ended_makes_room_for_the_same(app: &TestApp) {
        let editor = app.create_app("Editor");
        let end = sealgate_wire::Timestamp(sealgate_artifact::UnixSeconds::new(app.clock.seconds() + 60).expect("in range"));
        let entry = json!({ "effect": "deny", "hwid": "desk", "expires_at": end.to_string() });
        add(app, &editor, &entry);
        let again = json!({ "app_id": editor["app_id"], "effect": "deny", "hwid": "desk" });
        assert_problem(&app.api("POST", "/api/v1/access", &again), 409, "name_taken");
        app.clock.advance(60);
        app.api("POST", "/api/v1/access", &again).expect(201);
        assert_eq!(app.count("access_entries"), 1);
    }

    fn what_no_entry_can_be_is_refused(app: &TestApp) {
        let editor = app.create_app("Editor");
        let good = json!({ "app_id": editor["app_id"], "effect": "deny", "ip": "192.0.2.0/24" });
        app.api("POST", "/api/v1/access", &good).expect(201);
        assert_problem(&app.api("POST", "/api/v1/access", &good), 409, "name_taken");
        for (name, value) in [
            ("effect", json!("maybe")), ("ip", json!("192.0.2.1/24")), ("ip", json!("x")), ("ip", json!("192.0.2.0/33")),
            ("hwid", json!("desk")), ("ip", json!(null)), ("reason", json!("x".repeat(257))),
            ("expires_at", json!("2020-01-01T00:00:00Z")), ("expires_at", json!("tomorrow")),
        ] {
            let mut wish = good.clone();
            wish[name] = value;
            refused_without_effect(app, ("POST", "/api/v1/access", &wish), 400, "malformed_request");
        }
        for hwid in [String::new(), "x".repeat(129), "a\u{7}".to_owned()] {
            let wish = json!({ "app_id": editor["app_id"], "effect": "deny", "hwid": hwid });
            refused_without_effect(app, ("POST", "/api/v1/access", &wish), 400, "malformed_request");
        }
    }
}
