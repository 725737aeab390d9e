//! Every seat of a license is taken back, so many with each request (`spec/http.md` §3.10).

use sealgate_testkit::{Answer, Engine, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_problem, refused_without_effect, sell};

const AT_ONCE: usize = 500;

/// An app's license with so many seats, of which as many devices hold one, written behind the server's back; its row says
/// that there are `said`.
fn crowded(app: &TestApp, seats: u32, devices: usize, said: u64) -> String {
    let (_, license) = sell(app, &json!({ "max_devices": seats }));
    let device = "'hwid', 'device-' || CAST(100000 + n AS TEXT), \
                  '01926a3b-0000-7000-8000-' || CAST(100000000000 + n AS TEXT)";
    seat(app, &license, device, devices);
    app.meddle(&format!("UPDATE licenses SET devices_used = {said}"));
    license["license_id"].as_str().expect("text").to_owned()
}

fn seat(app: &TestApp, license: &Value, device: &str, devices: usize) {
    app.meddle(&format!(
        "INSERT INTO devices (license_id, kind, identity, device_id, tenant_id, first_seen) \
         WITH RECURSIVE ns (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM ns WHERE n < {devices}) \
         SELECT license_id, {device}, tenant_id, 1 FROM licenses, ns WHERE license_id = '{}'",
        license["license_id"].as_str().expect("text")
    ));
}

fn path(license: &str) -> String {
    format!("/api/v1/licenses/{license}/reset-devices")
}

fn forced(app: &TestApp, license: &str) -> Value {
    app.api("POST", &path(license), &json!({ "override_allowance": true })).expect(200)
}

fn released(answer: &Value) -> Vec<String> {
    let released = answer["released"].as_array().expect("a list");
    released.iter().map(|id| id.as_str().expect("text").to_owned()).collect()
}

/// Those who reset at the same time do not share a transaction: everybody else would wait for all of them.
#[test]
fn resets_at_once_take_turns() {
    let app = TestApp::start(Engine::Postgres);
    let editor = app.create_app("Editor");
    let licenses: Vec<Value> = (0..8).map(|_| app.issue(&editor, &json!({ "max_devices": 1000 }))).collect();
    for (n, license) in licenses.iter().enumerate() {
        let device = format!(
            "'hwid', 'device-' || n, '01926a3b-0000-7000-8000-' || ({} + n)",
            100_000_000_000 + n * 1000
        );
        seat(&app, license, &device, AT_ONCE);
    }
    app.meddle("UPDATE licenses SET devices_used = 500");
    std::thread::scope(|scope| {
        for license in &licenses {
            let path = path(license["license_id"].as_str().expect("text"));
            let app = &app;
            scope
                .spawn(move || assert_eq!(app.api("POST", &path, &json!({})).expect(200)["devices_used"], 0));
        }
    });
    // The transaction that wrote a row is written in the row.
    let together =
        "SELECT CAST(MAX(n) AS TEXT) FROM (SELECT COUNT(*) AS n FROM releases GROUP BY xmin::text) written";
    assert_eq!(app.texts(together), [AT_ONCE.to_string()]);
}

on_both_engines! {
    fn one_request_releases_five_hundred_and_says_how_many_are_left(app: &TestApp) {
        let license = crowded(app, 2000, 1200, 1200);
        let ids = app.texts("SELECT device_id FROM devices ORDER BY identity");
        let owner = app.owner();
        let reset = |name: &str| -> Answer { owner.api_once("POST", &path(&license), &json!({}), name) };
        let first = reset("step-1").expect(200);
        assert_eq!((&first["devices_used"], &first["releases_left"]), (&json!(700), &json!(3500)));
        assert_eq!(released(&first), ids[..AT_ONCE]);
        // The same step again is the same step.
        assert_eq!(reset("step-1").expect(200), first);
        assert_eq!(app.texts("SELECT device_id FROM devices ORDER BY identity"), ids[AT_ONCE..]);
        let second = reset("step-2").expect(200);
        assert_eq!((&second["devices_used"], released(&second).as_slice()), (&json!(200), &ids[AT_ONCE..2 * AT_ONCE]));
        let third = reset("step-3").expect(200);
        assert_eq!((&third["devices_used"], &third["releases_left"]), (&json!(0), &json!(2800)));
        assert_eq!(released(&third), ids[2 * AT_ONCE..]);
        assert_eq!(released(&reset("step-4").expect(200)), [""; 0]);
        assert_eq!((app.count("devices"), app.count("releases")), (0, 1200));
        assert_eq!(app.count("(SELECT DISTINCT device FROM events WHERE kind = 'device_released') told"), 1200);
        assert_eq!(app.count("audit WHERE action = 'license.devices_reset'"), 3);
    }

    fn the_allowance_must_do_for_all_of_them(app: &TestApp) {
        // 600 releases, which do for a first step.
        let license = crowded(app, 300, 700, 700);
        refused_without_effect(app, ("POST", &path(&license), &json!({})), 409, "allowance_spent");
        let first = forced(app, &license);
        assert_eq!((&first["devices_used"], &first["releases_left"]), (&json!(200), &json!(100)));
        refused_without_effect(app, ("POST", &path(&license), &json!({})), 409, "allowance_spent");
        assert_eq!(forced(app, &license)["devices_used"], 0);
    }

    fn rows_that_somebody_made_up_are_released_like_others(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        // Nothing of them can be read as a device, and nobody counted them.
        seat(app, &license, "'nonsense', 'loot-' || CAST(n AS TEXT), 'loot-' || CAST(n AS TEXT)", 600);
        let license = license["license_id"].as_str().expect("text");
        refused_without_effect(app, ("POST", &path(license), &json!({})), 409, "allowance_spent");
        let first = forced(app, license);
        assert_eq!((&first["devices_used"], released(&first).len()), (&json!(1), AT_ONCE), "at least one is left");
        let second = forced(app, license);
        assert_eq!((&second["devices_used"], released(&second).len()), (&json!(0), 100));
        assert_eq!(app.count("devices"), 0);
    }

    fn a_number_that_somebody_made_up_is_set_right(app: &TestApp) {
        let license = crowded(app, 10, 3, 4_611_686_018_427_387_904);
        let done = app.api("POST", &path(&license), &json!({})).expect(200);
        assert_eq!((&done["devices_used"], released(&done).len()), (&json!(0), 3));
        app.meddle("UPDATE licenses SET devices_used = 7");
        assert_eq!(app.api("POST", &path(&license), &json!({})).expect(200)["devices_used"], 0);
        assert_eq!(app.count("licenses WHERE devices_used = 0"), 1);
    }

    fn a_change_of_a_license_names_no_more_devices_than_that(app: &TestApp) {
        let license = crowded(app, 2000, AT_ONCE + 1, AT_ONCE as u64 + 1);
        let ids = app.texts("SELECT device_id FROM devices ORDER BY identity");
        let change = format!("/api/v1/licenses/{license}");
        let all = app.api("PATCH", &change, &json!({ "max_devices": 1, "release": ids }));
        assert_problem(&all, 400, "malformed_request");
        assert_eq!(app.count("devices"), AT_ONCE as u64 + 1);
        let wish = json!({ "max_devices": 1, "release": ids[1..], "override_allowance": true });
        assert_eq!(app.api("PATCH", &change, &wish).expect(200)["devices_used"], 1);
    }
}
