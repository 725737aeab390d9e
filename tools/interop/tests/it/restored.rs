//! Our own SDK against a server whose database came back from a backup.

use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::rust_sdk::text;
use crate::sdk::Program;

const DAY: u64 = 24 * 60 * 60;

/// The license's row and statements as a backup would bring them back.
struct Backup {
    license: String,
    version: String,
    row: String,
}

impl Backup {
    fn of(app: &TestApp, license: &Value) -> Self {
        let id = text(&license["license_id"]);
        let one = |column: &str| {
            app.texts(&format!("SELECT {column} FROM licenses WHERE license_id = '{id}'"))[0].clone()
        };
        let version = one("CAST(version AS TEXT)");
        let statement = if app.data().join("sealgate.db").exists() {
            format!("X'{}'", one("HEX(statement_id)"))
        } else {
            format!("'\\x{}'", one("ENCODE(statement_id, 'hex')"))
        };
        Self {
            license: id,
            row: format!("version = {version}, statement_id = {statement}, expires_at = NULL"),
            version,
        }
    }

    fn restore(&self, app: &TestApp) {
        let Self { license, version, row } = self;
        app.meddle(&format!(
            "DELETE FROM license_statements WHERE license_id = '{license}' AND version > {version}"
        ));
        app.meddle(&format!("UPDATE licenses SET {row} WHERE license_id = '{license}'"));
        // So that the server, which goes on, reads it again.
        app.owner()
            .api("PATCH", &format!("/api/v1/licenses/{license}"), &json!({ "label": "restored" }))
            .expect(200);
    }
}

on_both_engines! {
    fn who_saw_a_newer_version_than_the_backup_has_is_served_again_once_all_are_signed_again(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        let key = text(&license["license_key"]);
        let desk = Program::build(app, &product).install();
        desk.validate_license(&key).expect("valid");
        let backup = Backup::of(app, &license);
        app.clock.advance(DAY);
        let renew = format!("/api/v1/licenses/{}/renew", text(&license["license_id"]));
        app.api("POST", &renew, &json!({ "expires_at": "2037-01-31T00:00:00Z" })).expect(200);
        desk.validate_license(&key).expect("valid");

        app.clock.advance(DAY);
        backup.restore(app);
        let refused = desk.validate_license(&key).expect_err("older than what was seen");
        assert_eq!(refused.code(), "version_rollback");
        let resigned = app.api("POST", "/api/v1/licenses/resign", &json!({})).expect(200);
        assert_eq!(resigned, json!({ "resigned": 1 }));
        assert_eq!(desk.validate_license(&key).expect("served again").expires_at(), None);
        assert_eq!(app.count("audit WHERE action = 'licenses.resigned'"), 1);
        assert_eq!(app.count("events WHERE kind = 'license_resigned'"), 1);
    }

    fn every_license_in_force_is_signed_again_and_an_interrupted_run_goes_on(app: &TestApp) {
        let product = app.create_app("Editor");
        let issue = || {
            // One after the other: their ids begin with the time.
            app.clock.advance(1);
            text(&app.issue(&product, &json!({}))["license_id"])
        };
        let ids = [(); 4].map(|()| issue());
        let change = |id: &str, verb: &str| {
            app.api("POST", &format!("/api/v1/licenses/{id}/{verb}"), &json!({})).expect(200);
        };
        change(&ids[1], "suspend");
        change(&ids[2], "revoke");
        let versions = || -> Vec<u64> {
            let shown = ids.iter().map(|id| app.api("GET", &format!("/api/v1/licenses/{id}"), &json!(null)).expect(200));
            shown.map(|license| license["version"].as_u64().expect("a number")).collect()
        };
        let before = versions();
        app.clock.advance(DAY);
        let ask = |wish: &Value| app.api("POST", "/api/v1/licenses/resign", wish);
        assert_eq!(ask(&json!({ "after": ids[0] })).expect(200), json!({ "resigned": 2 }));
        let now = app.clock.seconds() / 60;
        assert_eq!(versions(), [before[0], now, before[2], now]);
        assert_eq!(ask(&json!({})).expect(200), json!({ "resigned": 3 }));
        assert_eq!(versions()[0], now);
        assert_eq!(ask(&json!({ "after": "no id" })).status, 404);
    }
}
