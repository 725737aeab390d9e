//! A device is a kind and a name. A `hwid` may be spelled like a device key; it is still another device
//! (`spec/online.md` §7.5).

use sealgate_testkit::{Build, TestApp, TestDevice, on_both_engines};
use sealgate_wire::OnlineAnswer;
use serde_json::{Value, json};

use crate::support::{assert_failed, nonce, payload, sell};

/// More devices than the server keeps in memory for one license.
const NOT_CACHED: u32 = 66;

/// What the server tells a device with a key: the seats in use, or the code of a denial.
fn decide(app: &TestApp, build: &Build, device: &TestDevice, license: &Value, n: u32) -> Result<u64, String> {
    use sealgate_artifact::Outcome;
    let question = device.question(build, license["license_key"].as_str().expect("text"), n, &[]);
    let answer: OnlineAnswer =
        serde_json::from_value(app.ask_online(&question).expect(200)).expect("an answer");
    let decision = build.judge(&question, &answer, app.clock.seconds()).expect("is to be believed");
    match decision.outcome {
        Outcome::Allowed { .. } => Ok(decision.devices_used.expect("is counted")),
        Outcome::Denied { code, .. } => Err(code),
    }
}

/// Binds so many other devices.
fn fill(app: &TestApp, editor: &Value, license: &Value, devices: u32) {
    for n in 0..devices {
        app.validate(&TestApp::question(editor, license, &format!("other-{n}"), &nonce(n))).expect(200);
    }
}

on_both_engines! {
    fn a_hwid_spelled_like_a_bound_key_takes_a_seat_of_its_own(app: &TestApp) {
        for others in [0, NOT_CACHED] {
            let editor = app.create_app(&format!("Editor {others}"));
            let license = app.issue(&editor, &json!({ "max_devices": others + 1 }));
            let (build, device) = (app.build(&editor), TestDevice::default());
            fill(app, &editor, &license, others);
            assert_eq!(decide(app, &build, &device, &license, 1_000), Ok(u64::from(others) + 1));
            assert_eq!(decide(app, &build, &device, &license, 1_001), Ok(u64::from(others) + 1), "is in memory now");
            let spelled = TestApp::question(&editor, &license, &device.key.to_string(), &nonce(1_002));
            assert_failed(&app.validate(&spelled), 403, "hwid_mismatch");
        }
    }

    fn a_key_spelled_like_a_bound_hwid_takes_a_seat_of_its_own(app: &TestApp) {
        for others in [0, NOT_CACHED] {
            let editor = app.create_app(&format!("Editor {others}"));
            let license = app.issue(&editor, &json!({ "max_devices": others + 1 }));
            let (build, device) = (app.build(&editor), TestDevice::default());
            fill(app, &editor, &license, others);
            let spelled = TestApp::question(&editor, &license, &device.key.to_string(), &nonce(1_000));
            assert_eq!(payload(&app.validate(&spelled))["hwidCount"], others + 1);
            assert_eq!(payload(&app.validate(&spelled))["hwidCount"], others + 1, "is in memory now");
            assert_eq!(decide(app, &build, &device, &license, 1_001), Err("device_limit".to_owned()));
        }
    }

    fn a_session_of_a_hwid_does_not_live_on_the_seat_of_a_key(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let (build, device) = (app.build(&editor), TestDevice::default());
        let spelled = TestApp::question(&editor, &license, &device.key.to_string(), &nonce(1));
        let session = payload(&app.validate(&spelled))["sessionToken"].clone();
        assert_eq!(decide(app, &build, &device, &license, 2), Ok(2));
        release(app, &license, "hwid");
        fill(app, &editor, &license, 1);
        let beat = json!({
            "appId": editor["app_id"], "sessionToken": session, "hwid": device.key.to_string(), "nonce": nonce(3),
        });
        let answer = sealgate_testkit::request("POST", &format!("{}/auth/heartbeat", app.url), None, &beat);
        assert_failed(&answer, 403, "hwid_mismatch");
    }
}

/// Takes the seat of the license's one device of that kind back.
fn release(app: &TestApp, license: &Value, kind: &str) {
    let path = format!("/api/v1/devices?license_id={}", license["license_id"].as_str().expect("text"));
    let devices = app.api("GET", &path, &json!(null)).expect(200);
    let of_kind = devices["items"].as_array().expect("a list").iter().find(|device| device["kind"] == kind);
    let id = of_kind.expect("there is one")["device_id"].as_str().expect("text");
    app.api("POST", &format!("/api/v1/devices/{id}/release"), &json!({ "override_allowance": true }))
        .expect(200);
}
