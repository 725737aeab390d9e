//! Seats: each distinct device takes one, once (`spec/http.md` §2.3).

use sealgate_testkit::on_both_engines;
use serde_json::json;

use crate::support::{assert_failed, nonce, payload, sell, state};

on_both_engines! {
    fn a_full_license_refuses_the_next_device_and_keeps_the_first(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let ask = |hwid, n| app.validate(&TestApp::question(&editor, &license, hwid, &nonce(n)));
        assert_eq!(payload(&ask("first", 1))["hwidCount"], 1);
        let before = state(app);
        assert_failed(&ask("second", 2), 403, "hwid_mismatch");
        assert_failed(&ask("FIRST", 3), 403, "hwid_mismatch");
        assert_failed(&ask("first ", 4), 403, "hwid_mismatch");
        assert_eq!(state(app), before);
        assert_eq!(payload(&ask("first", 5))["hwidCount"], 1);
    }

    fn two_seats_take_two_devices(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let ask = |hwid, n| app.validate(&TestApp::question(&editor, &license, hwid, &nonce(n)));
        assert_eq!(payload(&ask("first", 1))["hwidCount"], 1);
        assert_eq!(payload(&ask("second", 2))["hwidCount"], 2);
        assert_failed(&ask("third", 3), 403, "hwid_mismatch");
        assert_eq!(payload(&ask("first", 4))["hwidCount"], 2);
        assert_eq!((app.count("devices"), app.count("events WHERE kind = 'device_bound'")), (2, 2));
    }

    fn an_uncounted_license_takes_and_records_every_device(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": "unlimited" }));
        // More than are kept in memory, and each of them twice.
        for n in 0..140 {
            let hwid = format!("device-{}", n % 70);
            app.validate(&TestApp::question(&editor, &license, &hwid, &nonce(n))).expect(200);
        }
        assert_eq!((app.count("devices"), app.count("events WHERE kind = 'device_bound'")), (70, 70));
    }

    fn many_counted_devices_keep_their_seats_too(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 66 }));
        let ask = |n: u32, round| {
            app.validate(&TestApp::question(&editor, &license, &format!("device-{n}"), &nonce(n + round)))
        };
        for n in 0..66 {
            assert_eq!(payload(&ask(n, 0))["hwidCount"], n + 1);
        }
        assert_failed(&ask(66, 0), 403, "hwid_mismatch");
        assert_eq!(payload(&ask(65, 1000))["hwidCount"], 66);
    }

    fn seats_are_counted_per_license(app: &TestApp) {
        let (editor, one) = sell(app, &json!({}));
        let other = app.issue(&editor, &json!({}));
        for license in [&one, &other] {
            let told = payload(&app.validate(&TestApp::question(&editor, license, "desk", &nonce(1))));
            assert_eq!(told["hwidCount"], 1);
        }
        assert_eq!(app.count("devices"), 2);
    }

    fn a_device_may_be_called_anything_printable(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": "unlimited" }));
        let longest = "é".repeat(64);
        for (n, hwid) in (0..).zip(["x", "' OR 1=1 --", "%_\\", "\u{202e}界", "\"nonce\":\"0\"", &longest]) {
            let told = payload(&app.validate(&TestApp::question(&editor, &license, hwid, &nonce(n))));
            assert_eq!(told["hwid"], hwid);
        }
        assert_eq!(app.count("devices"), 6);
    }
}
