//! Audit and event rows: there once a change is acknowledged, and in no other case.

use sealgate_testkit::on_both_engines;
use serde_json::{Value, json};

use crate::support::{assert_failed, assert_problem, nonce, payload, state};

const AUDIT: &str = "SELECT action || ' ' || subject || ' ' || request_id FROM audit ORDER BY audit_id";
const EVENTS: &str = "SELECT kind || ' ' || license_id || ' ' || COALESCE(device, '-') || ' ' || request_id \
                      FROM events WHERE kind <> 'validated' ORDER BY event_id";

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

on_both_engines! {
    fn every_change_is_recorded_under_the_name_of_its_request(app: &TestApp) {
        let created = app.api("POST", "/api/v1/apps", &json!({ "name": "Editor" }));
        let editor = created.json();
        app.clock.advance(1);
        let issued = app.api("POST", "/api/v1/licenses", &json!({ "app_id": editor["app_id"] }));
        let license = issued.json()["licenses"][0].clone();
        app.clock.advance(1);
        let bound = app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1)));
        app.clock.advance(1);
        let path = format!("/api/v1/licenses/{}/revoke", text(&license["license_id"]));
        let revoked = app.api("POST", &path, &json!({}));
        revoked.clone().expect(200);

        let (editor, license) = (text(&editor["app_id"]), text(&license["license_id"]));
        let name = |answer: &sealgate_testkit::Answer| answer.request_id.clone().expect("a name");
        assert_eq!(app.texts(AUDIT), [
            format!("app.created {editor} {}", name(&created)),
            format!("license.issued {editor} {}", name(&issued)),
            format!("license.revoked {license} {}", name(&revoked)),
        ]);
        assert_eq!(payload(&bound)["requestId"], name(&bound));
        assert_eq!(app.texts(EVENTS), [
            format!("license_issued {license} - {}", name(&issued)),
            format!("device_bound {license} desk {}", name(&bound)),
            format!("license_revoked {license} - {}", name(&revoked)),
        ]);
    }

    fn what_cannot_be_recorded_does_not_happen(app: &TestApp) {
        let editor = app.create_app("Editor");
        let license = app.issue(&editor, &json!({}));
        let before = state(app);
        let path = format!("/api/v1/licenses/{}/revoke", text(&license["license_id"]));
        for table in ["audit", "events"] {
            app.meddle(&format!("ALTER TABLE {table} RENAME TO elsewhere"));
            let order = json!({ "app_id": editor["app_id"], "count": 3 });
            assert_problem(&app.api("POST", "/api/v1/licenses", &order), 500, "system_error");
            assert_problem(&app.api("POST", &path, &json!({})), 500, "system_error");
            if table == "events" {
                let question = TestApp::question(&editor, &license, "desk", &nonce(1));
                assert_failed(&app.validate(&question), 500, "system_error");
            }
            app.meddle(&format!("ALTER TABLE elsewhere RENAME TO {table}"));
            assert_eq!(state(app), before, "without {table}");
        }
        app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))).expect(200);
        app.api("POST", &path, &json!({})).expect(200);
    }

    fn looking_records_nothing(app: &TestApp) {
        let editor = app.create_app("Editor");
        let license = app.issue(&editor, &json!({}));
        let key = json!({ "license_key": license["license_key"] });
        let recorded = || (app.count("audit"), app.count("events"));
        let before = recorded();
        let (one, of) = (text(&license["license_id"]), text(&editor["app_id"]));
        for path in [
            "/api/v1/apps".to_owned(),
            "/api/v1/licenses".to_owned(),
            format!("/api/v1/apps/{of}"),
            format!("/api/v1/apps/{of}/trust"),
            format!("/api/v1/licenses/{one}"),
            format!("/api/v1/licenses/{one}/file"),
        ] {
            app.api("GET", &path, &json!(null)).expect(200);
        }
        app.api("POST", "/api/v1/licenses/lookup", &key).expect(200);
        assert_eq!(recorded(), before);
    }

    fn records_survive_a_restart_with_everything_else(app: &mut TestApp) {
        let editor = app.create_app("Editor");
        let license = app.issue(&editor, &json!({}));
        app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))).expect(200);
        let before = (app.texts(AUDIT), app.texts(EVENTS), app.count("devices"));
        app.restart();
        assert_eq!((app.texts(AUDIT), app.texts(EVENTS), app.count("devices")), before);
        assert_eq!(app.api("GET", "/api/v1/licenses", &json!(null)).expect(200)["items"][0]["devices_used"], 1);
    }
}
