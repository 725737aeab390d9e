//! What devices say of themselves, and what the vendor notes about them (`spec/http.md` §3.10).

use sealgate_artifact::{AboutDevice, DeviceRequest, Word};
use sealgate_testkit::{TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::support::{ask, assert_problem, nonce, payload, sell, session, with};

const HOUR: u64 = 60 * 60;

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn devices(app: &TestApp, query: &str) -> Vec<Value> {
    let list = app.api("GET", &format!("/api/v1/devices{query}"), &json!(null)).expect(200);
    list["items"].as_array().expect("a list").clone()
}

fn said(device: &Value) -> [&Value; 4] {
    ["name", "platform", "product_version", "fingerprint"].map(|field| &device[field])
}

fn version(request: DeviceRequest, version: &str) -> DeviceRequest {
    let about = AboutDevice {
        name: Some("desk".to_owned()),
        platform: Some("linux x86_64".to_owned()),
        product_version: Some(version.to_owned()),
    };
    DeviceRequest { about, fingerprint: Word::parse("m-1"), ..request }
}

on_both_engines! {
    fn a_device_is_shown_as_it_says_and_when_it_was_seen(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 3 }));
        let (build, desk, lap) = (app.build(&editor), TestDevice::default(), TestDevice::default());
        let key = text(&license["license_key"]);
        let asks = |n, said: &str| app.ask_online(&desk.sign(&version(desk.request(&build, key, n), said), &[])).expect(200);
        asks(1, "4.1");
        app.clock.advance(1);
        app.ask_online(&lap.question(&build, key, 2, &[])).expect(200);
        let shown = |query: &str| devices(app, query);
        let is_desk = |device: &Value, said_version: &str| said(device) == [&json!("desk"), &json!("linux x86_64"), &json!(said_version), &json!("m-1")];
        assert!(is_desk(&shown("")[1], "4.1"), "with its seat: {:?}", shown(""));
        assert_eq!(said(&shown("")[0]), [&Value::Null; 4], "who says nothing");
        let first = shown("?fingerprint=m-1");
        assert_eq!(first.len(), 1);
        app.clock.advance(HOUR - 2);
        asks(3, "4.1");
        assert_eq!(shown("?fingerprint=m-1"), first, "not an hour later");
        asks(4, "4.2");
        let second = shown("?fingerprint=m-1");
        assert!(is_desk(&second[0], "4.2"), "another version is written at once: {second:?}");
        app.clock.advance(HOUR);
        asks(5, "4.2");
        let third = shown("?fingerprint=m-1");
        assert!(text(&third[0]["last_seen"]) > text(&second[0]["last_seen"]), "{third:?}");
        assert_eq!(shown("?fingerprint=m-2"), Vec::<Value>::new());
        let both = format!("/api/v1/devices?fingerprint=m-1&license_id={}", text(&license["license_id"]));
        assert_problem(&app.api("GET", &both, &json!(null)), 400, "malformed_request");
    }

    fn licenses_are_found_by_what_their_devices_call_themselves(app: &TestApp) {
        let (editor, first) = sell(app, &json!({ "max_devices": 3, "label": "a" }));
        let build = app.build(&editor);
        app.clock.advance(1);
        let second = app.issue(&editor, &json!({ "label": "b" }));
        app.clock.advance(1);
        let third = app.issue(&editor, &json!({ "label": "c" }));
        // Two of the first license have the same name; one device of AuthForge's clients is called so by its hwid.
        for (n, license) in [(1, &first), (2, &first), (3, &second)] {
            let device = TestDevice::default();
            let request = version(device.request(&build, text(&license["license_key"]), n), "4.1");
            app.ask_online(&device.sign(&request, &[])).expect(200);
        }
        payload(&app.validate(&TestApp::question(&editor, &third, "desk", &nonce(4))));
        let found = |query: &str| -> Vec<String> {
            let mut all = vec![];
            let mut url = format!("/api/v1/licenses?device={query}");
            loop {
                let page = app.api("GET", &url, &json!(null)).expect(200);
                let items = page["items"].as_array().expect("a list").iter();
                all.extend(items.map(|license| text(&license["label"]).to_owned()));
                let Some(cursor) = page["next_cursor"].as_str() else { return all };
                url = format!("/api/v1/licenses?device={query}&cursor={cursor}");
            }
        };
        for query in ["desk", "desk&limit=1", "desk&limit=2"] {
            assert_eq!(found(query), ["c", "b", "a"], "{query}");
        }
        assert_eq!(found("desk&label=a"), ["a"]);
        assert_eq!(found("Desk"), [""; 0], "exactly");
    }

    fn the_other_wire_says_only_when(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let going_on = session(app, &editor, &license, "desk", 1);
        let seen = || devices(app, "")[0]["last_seen"].clone();
        let first = seen();
        app.clock.advance(HOUR);
        payload(&ask(app, "heartbeat", &with(&going_on, "nonce", json!(nonce(2)))));
        assert!(text(&seen()) > text(&first));
        assert_eq!(said(&devices(app, "")[0]), [&Value::Null; 4]);
    }

    fn the_vendor_notes_what_it_likes_and_the_log_does_not_say_what(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))).expect(200);
        let device = devices(app, "")[0].clone();
        assert_eq!(device["metadata"], json!({}));
        let path = format!("/api/v1/devices/{}", text(&device["device_id"]));
        let notes = json!({ "room": "12", "tags": ["loan"] });
        let noted = app.api("PATCH", &path, &json!({ "metadata": notes })).expect(200);
        assert_eq!(noted["metadata"], notes);
        assert_eq!(app.api("PATCH", &path, &json!({})).expect(200)["metadata"], notes, "what is absent stays");
        for bad in [json!([]), json!("x"), json!({ "a": "x".repeat(16_384) })] {
            assert_problem(&app.api("PATCH", &path, &json!({ "metadata": bad })), 400, "malformed_request");
        }
        assert_eq!(app.count("audit WHERE action = 'device.updated'"), 1);
        assert_eq!(app.count("audit WHERE detail LIKE '%loan%'"), 0);
    }
}
