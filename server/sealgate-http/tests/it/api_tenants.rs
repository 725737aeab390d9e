//! Tenants (`spec/http.md` §3.8).

use sealgate_testkit::{TestApp, User, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_failed, assert_problem, nonce, payload};

fn id_of(app: &TestApp, name: &str) -> String {
    let list = app.api("GET", "/api/v1/tenants", &json!(null)).expect(200);
    let found =
        list["items"].as_array().expect("a list").iter().find(|t| t["name"] == name).expect("is listed");
    found["tenant_id"].as_str().expect("text").to_owned()
}

fn sell(vendor: &User, order: &Value) -> (Value, Value) {
    let editor = vendor.make("/api/v1/apps", &json!({ "name": "Editor" }));
    let mut body = json!({ "app_id": editor["app_id"] });
    for (name, value) in order.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let license = vendor.make("/api/v1/licenses", &body)["licenses"][0].clone();
    (editor, license)
}

on_both_engines! {
    fn a_tenant_sells_under_keys_of_its_own(app: &TestApp) {
        let acme = app.tenant("Acme");
        let (editor, license) = sell(&acme, &json!({}));
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        let theirs = acme.api("GET", &format!("/api/v1/apps/{}/trust", editor["app_id"].as_str().expect("text")), &json!(null));
        let mine = app.create_app("Editor");
        let mine = app.api("GET", &format!("/api/v1/apps/{}/trust", mine["app_id"].as_str().expect("text")), &json!(null));
        let (theirs, mine) = (theirs.expect(200), mine.expect(200));
        assert_eq!(theirs["roots"], mine["roots"], "one installation");
        assert_ne!(theirs["tenant_keyset"], mine["tenant_keyset"]);
        assert_ne!(theirs["tenant"], mine["tenant"]);
    }

    fn two_tenants_do_not_share_a_name(app: &TestApp) {
        app.tenant("Acme");
        let again = app.api("POST", "/api/v1/tenants", &json!({ "name": "Acme" }));
        assert_problem(&again, 409, "name_taken");
        let keys = app.data().join("keys").read_dir().expect("the keystore").count();
        assert_problem(&app.api("POST", "/api/v1/tenants", &json!({ "name": "" })), 400, "malformed_request");
        assert_eq!(app.data().join("keys").read_dir().expect("the keystore").count(), keys);
    }

    fn a_suspended_tenant_is_refused_until_it_is_resumed(app: &TestApp) {
        let acme = app.tenant("Acme");
        let (editor, license) = sell(&acme, &json!({ "max_devices": "unlimited" }));
        let question = |n| TestApp::question(&editor, &license, "desk", &nonce(n));
        payload(&app.validate(&question(1)));
        let path = format!("/api/v1/tenants/{}", id_of(app, "Acme"));

        let suspended = app.api("POST", &format!("{path}/suspend"), &json!(null)).expect(200);
        assert!(suspended["suspended_at"].is_string());
        assert_problem(&acme.api("GET", "/api/v1/apps", &json!(null)), 403, "tenant_suspended");
        assert_failed(&app.validate(&question(2)), 403, "app_disabled");
        let mut without_app = question(3);
        without_app.as_object_mut().expect("an object").retain(|name, _| !name.starts_with("app"));
        assert_failed(&app.validate(&without_app), 403, "app_disabled");

        app.api("POST", &format!("{path}/resume"), &json!(null)).expect(200);
        acme.api("GET", "/api/v1/apps", &json!(null)).expect(200);
        payload(&app.validate(&question(4)));
        assert_eq!(app.count("audit WHERE action IN ('tenant.suspended', 'tenant.resumed')"), 2);
    }

    fn nobody_locks_himself_out(app: &TestApp) {
        let path = format!("/api/v1/tenants/{}/suspend", id_of(app, "default"));
        assert_problem(&app.api("POST", &path, &json!(null)), 400, "malformed_request");
        app.api("GET", "/api/v1/apps", &json!(null)).expect(200);
    }

    fn without_offline_no_license_file_is_handed_out(app: &TestApp) {
        let acme = app.tenant("Acme");
        let (_, license) = sell(&acme, &json!({}));
        let file = format!("/api/v1/licenses/{}/file", license["license_id"].as_str().expect("text"));
        let tenant = format!("/api/v1/tenants/{}", id_of(app, "Acme"));
        acme.api("GET", &file, &json!(null)).expect(200);
        app.api("PATCH", &tenant, &json!({ "offline": false })).expect(200);
        assert_problem(&acme.api("GET", &file, &json!(null)), 409, "offline_disabled");
        app.api("PATCH", &tenant, &json!({ "offline": true })).expect(200);
        acme.api("GET", &file, &json!(null)).expect(200);
    }
}
