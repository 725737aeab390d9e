//! Devices, their release, and what a license has left of it (`spec/http.md` §3.10).

use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_failed, assert_problem, nonce, payload, refused_without_effect, sell};

const DAY: u64 = 24 * 60 * 60;

fn license_path(license: &Value, verb: &str) -> String {
    format!("/api/v1/licenses/{}{verb}", license["license_id"].as_str().expect("text"))
}

/// Devices of a license, the oldest first.
fn devices(app: &TestApp, license: &Value) -> Vec<Value> {
    let path = format!("/api/v1/devices?license_id={}", license["license_id"].as_str().expect("text"));
    let mut devices =
        app.api("GET", &path, &json!(null)).expect(200)["items"].as_array().expect("a list").clone();
    devices.reverse();
    devices
}

fn release(app: &TestApp, device: &Value, wish: &Value) -> sealgate_testkit::Answer {
    app.api("POST", &format!("/api/v1/devices/{}/release", device["device_id"].as_str().expect("text")), wish)
}

/// An app with a license of so many seats, each taken.
fn full(app: &TestApp, seats: u32) -> (Value, Value) {
    let (editor, license) = sell(app, &json!({ "max_devices": seats }));
    for n in 0..seats {
        payload(&app.validate(&TestApp::question(&editor, &license, &format!("device-{n}"), &nonce(n))));
        app.clock.advance(1);
    }
    (editor, license)
}

on_both_engines! {
    fn a_released_seat_is_free_for_another_device(app: &TestApp) {
        let (editor, license) = full(app, 1);
        let question = |hwid, n| TestApp::question(&editor, &license, hwid, &nonce(n));
        assert_failed(&app.validate(&question("other", 10)), 403, "hwid_mismatch");
        let device = devices(app, &license)[0].clone();
        assert_eq!((&device["identity"], &device["kind"]), (&json!("device-0"), &json!("hwid")));
        let released = release(app, &device, &json!({})).expect(200);
        assert_eq!(released["released"], json!([device["device_id"]]));
        assert_eq!((&released["devices_used"], &released["releases_left"]), (&json!(0), &json!(1)));
        payload(&app.validate(&question("other", 11)));
        assert_failed(&app.validate(&question("device-0", 12)), 403, "hwid_mismatch");
        let gone = format!("/api/v1/devices/{}", device["device_id"].as_str().expect("text"));
        refused_without_effect(app, ("GET", &gone, &json!(null)), 404, "not_found");
        assert_eq!(app.count("events WHERE kind = 'device_released' AND device = 'device-0'"), 1);
        assert_eq!(app.count("audit WHERE action = 'device.released'"), 1);
    }

    fn early_releases_run_out_and_come_back_after_a_year(app: &TestApp) {
        let (editor, license) = full(app, 1);
        let reset = license_path(&license, "/reset-devices");
        for n in 0..2 {
            app.api("POST", &reset, &json!({})).expect(200);
            payload(&app.validate(&TestApp::question(&editor, &license, &format!("again-{n}"), &nonce(20 + n))));
        }
        refused_without_effect(app, ("POST", &reset, &json!({})), 409, "allowance_spent");
        let forced = app.api("POST", &reset, &json!({ "override_allowance": true })).expect(200);
        assert_eq!((&forced["devices_used"], &forced["releases_left"]), (&json!(0), &json!(0)));
        assert_eq!(app.count("events WHERE kind = 'device_released'"), 3);
        // spec/http.md §3.10: to the end of the day.
        app.clock.advance(364 * DAY);
        payload(&app.validate(&TestApp::question(&editor, &license, "early", &nonce(29))));
        // Old events may be deleted meanwhile.
        assert_problem(&app.api("POST", &reset, &json!({})), 409, "allowance_spent");
        app.api("POST", &reset, &json!({ "override_allowance": true })).expect(200);
        app.clock.advance(366 * DAY);
        payload(&app.validate(&TestApp::question(&editor, &license, "later", &nonce(30))));
        assert_eq!(app.api("POST", &reset, &json!(null)).expect(200)["releases_left"], 1);
    }

    fn a_reset_frees_every_seat_and_none_of_another_license(app: &TestApp) {
        let (editor, license) = full(app, 3);
        let other = app.issue(&editor, &json!({}));
        payload(&app.validate(&TestApp::question(&editor, &other, "device-0", &nonce(9))));
        let released = app.api("POST", &license_path(&license, "/reset-devices"), &json!({})).expect(200);
        assert_eq!(released["released"].as_array().expect("a list").len(), 3);
        assert_eq!((devices(app, &license).len(), devices(app, &other).len()), (0, 1));
        let again = app.api("POST", &license_path(&license, "/reset-devices"), &json!({})).expect(200);
        assert_eq!(again["released"], json!([]));
        assert_eq!(app.count("audit WHERE action = 'license.devices_reset'"), 1, "nothing was done");
    }

    fn who_changes_a_license_releases_no_device_without_the_right_to(app: &TestApp) {
        let (_, license) = full(app, 2);
        let devices = devices(app, &license);
        let path = license_path(&license, "");
        let shop = app.owner().with_scopes(&["licenses:write"]);
        for wish in [
            json!({ "max_devices": 1, "release": [devices[0]["device_id"]] }),
            json!({ "max_devices": 1, "release": [devices[0]["device_id"]], "override_allowance": true }),
            json!({ "override_allowance": true }),
        ] {
            assert_problem(&shop.api("PATCH", &path, &wish), 403, "scope_missing");
            assert_problem(&shop.api_once("PATCH", &path, &wish, "n-1"), 403, "scope_missing");
        }
        assert_eq!(app.count("devices"), 2);
        shop.api("PATCH", &path, &json!({ "max_devices": 3 })).expect(200);
        let both = app.owner().with_scopes(&["licenses:write", "devices:write"]);
        both.api("PATCH", &path, &json!({ "max_devices": 1, "release": [devices[0]["device_id"]] })).expect(200);
        assert_eq!(app.count("devices"), 1);
    }

    fn fewer_seats_than_are_taken_needs_devices_to_release(app: &TestApp) {
        let (_, license) = full(app, 3);
        let path = license_path(&license, "");
        refused_without_effect(app, ("PATCH", &path, &json!({ "max_devices": 1 })), 409, "devices_in_use");
        let ids: Vec<Value> = devices(app, &license).iter().map(|d| d["device_id"].clone()).collect();
        let too_few = json!({ "max_devices": 1, "release": [ids[0]] });
        refused_without_effect(app, ("PATCH", &path, &too_few), 409, "devices_in_use");
        let foreign = json!({ "max_devices": 1, "release": [ids[0], "01926a3b-0000-7000-8000-000000000000"] });
        refused_without_effect(app, ("PATCH", &path, &foreign), 404, "not_found");
        let enough = json!({ "max_devices": 1, "release": [ids[0], ids[1]] });
        let changed = app.api("PATCH", &path, &enough).expect(200);
        assert_eq!((&changed["max_devices"], &changed["devices_used"]), (&json!(1), &json!(1)));
        assert_eq!(devices(app, &license)[0]["identity"], "device-2");
        assert_eq!(app.count("license_statements"), 2, "the new terms are signed");
    }

    fn more_seats_and_unlimited_ones_need_nothing(app: &TestApp) {
        let (editor, license) = full(app, 1);
        for (n, seats) in [(50, json!(2)), (51, json!("unlimited"))] {
            app.api("PATCH", &license_path(&license, ""), &json!({ "max_devices": seats })).expect(200);
            payload(&app.validate(&TestApp::question(&editor, &license, &format!("more-{n}"), &nonce(n))));
        }
        refused_without_effect(app, ("PATCH", &license_path(&license, ""), &json!({ "max_devices": 2 })), 409, "devices_in_use");
    }

    fn a_device_of_another_license_is_not_released_with_this_one(app: &TestApp) {
        let (editor, license) = full(app, 1);
        let other = app.issue(&editor, &json!({}));
        payload(&app.validate(&TestApp::question(&editor, &other, "elsewhere", &nonce(60))));
        let wish = json!({ "release": [devices(app, &other)[0]["device_id"]] });
        refused_without_effect(app, ("PATCH", &license_path(&license, ""), &wish), 404, "not_found");
    }
}
