//! `POST /auth/offline/activate` and files made by the vendor (`spec/http.md` §2.10, §3.14).

use sealgate_artifact::{PublicKey, UnixSeconds, encode_base64};
use sealgate_authforge::{FileRefusal, Here, LicenseFile};
use sealgate_testkit::{Answer, TestApp, is_signed_by, on_both_engines};
use serde_json::{Value, json};

use crate::support::{
    ask, assert_failed, assert_problem, change, nonce, payload, refused_without_effect, sell, state, with,
};

/// The vendor accepts that such files cannot be revoked.
fn allow(app: &TestApp, editor: &Value) {
    let path = format!("/api/v1/apps/{}", editor["app_id"].as_str().expect("text"));
    app.api("PATCH", &path, &json!({ "danger_lifetime_files": true })).expect(200);
}

fn activate(app: &TestApp, editor: &Value, license: &Value, hwid: &str, n: u32) -> Answer {
    ask(app, "offline/activate", &TestApp::question(editor, license, hwid, &nonce(n)))
}

fn open(app: &TestApp, editor: &Value, file: &Value, hwid: &str) -> Result<LicenseFile, FileRefusal> {
    let key = PublicKey::parse(editor["public_key"].as_str().expect("text")).expect("a public key");
    let now = UnixSeconds::new(app.clock.seconds()).expect("in range");
    let here = Here { app_id: editor["app_id"].as_str().expect("text"), hwid, now };
    let file = LicenseFile::unopened(file.as_str().expect("text"))?;
    file.open(&[key], verify, &here).map(|file| file.get().clone())
}

fn verify(key: &PublicKey, text: &[u8], signature: &[u8]) -> bool {
    let text = std::str::from_utf8(text).expect("ASCII");
    is_signed_by(&encode_base64(key.as_bytes()), text, &encode_base64(signature))
}

fn make(app: &TestApp, license: &Value, wish: &Value) -> Answer {
    change(app, license, "authforge-file", wish)
}

on_both_engines! {
    fn a_device_gets_one_file_and_the_same_again(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        allow(app, &editor);
        let first = activate(app, &editor, &license, "desk", 1);
        let body = first.clone().expect(201);
        assert_eq!((&body["status"], &body["replay"]), (&json!("success"), &json!(false)));
        assert_eq!(body["fileName"], format!("{}.authforge", license["license_key"].as_str().expect("text")));
        let file = open(app, &editor, &body["file"], "desk").expect("is valid");
        assert_eq!((json!(file.license_key), json!(file.jti)), (license["license_key"].clone(), body["jti"].clone()));
        assert_eq!((file.expires_at, file.license_expires_at), (None, Some(None)));
        assert_eq!(open(app, &editor, &body["file"], "lap"), Err(FileRefusal::HwidMismatch));

        app.clock.advance(1000);
        let path = format!("/api/v1/apps/{}/variables", editor["app_id"].as_str().expect("text"));
        app.api("PUT", &path, &json!({ "variables": { "new": 1 } })).expect(200);
        let again = activate(app, &editor, &license, "desk", 2).expect(200);
        assert_eq!(again, with(&body, "replay", json!(true)));
        assert_eq!((app.count("devices"), app.count("lifetime_files")), (1, 1));
    }

    fn a_reset_makes_no_room_for_another_file(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        allow(app, &editor);
        activate(app, &editor, &license, "desk", 1).expect(201);
        assert_failed(&activate(app, &editor, &license, "lap", 2), 403, "offline_activation_limit_reached");
        change(app, &license, "reset-devices", &json!({})).expect(200);
        assert_failed(&activate(app, &editor, &license, "lap", 3), 403, "offline_activation_limit_reached");
        activate(app, &editor, &license, "desk", 4).expect(200);
    }

    fn who_paid_for_a_validation_has_not_paid_for_a_file(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        allow(app, &editor);
        let credits = format!("/api/v1/apps/{}/credits", editor["app_id"].as_str().expect("text"));
        app.api("POST", &credits, &json!({ "amount": 1 })).expect(200);
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        assert_failed(&activate(app, &editor, &license, "desk", 1), 429, "no_credits");
        assert_eq!(app.count("lifetime_files"), 0);
        app.api("POST", &credits, &json!({ "amount": 1 })).expect(200);
        activate(app, &editor, &license, "desk", 1).expect(201);
        activate(app, &editor, &license, "desk", 1).expect(200);
        assert_eq!(app.api("GET", &credits, &json!(null)).expect(200), json!({ "balance": 0 }));
    }

    fn a_file_needs_a_seat(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        allow(app, &editor);
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        let before = state(app);
        assert_failed(&activate(app, &editor, &license, "lap", 2), 403, "hwid_mismatch");
        assert_eq!((state(app), app.count("lifetime_files")), (before, 0));
        activate(app, &editor, &license, "desk", 3).expect(201);
    }

    fn what_gets_no_file_is_told_why(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        assert_failed(&activate(app, &editor, &license, "desk", 1), 403, "offline_activation_disabled");
        allow(app, &editor);
        let ends = app.issue(&editor, &json!({ "expires_at": "2028-01-01T00:00:00Z" }));
        assert_failed(&activate(app, &editor, &ends, "desk", 2), 409, "offline_activation_requires_perpetual");
        let uncounted = app.issue(&editor, &json!({ "max_devices": "unlimited" }));
        assert_failed(&activate(app, &editor, &uncounted, "desk", 3), 409, "offline_activation_requires_seats");
        let unknown = json!({ "license_key": "x" });
        assert_failed(&activate(app, &editor, &unknown, "desk", 4), 401, "invalid_key");
        change(app, &license, "suspend", &json!({})).expect(200);
        assert_failed(&activate(app, &editor, &license, "desk", 5), 403, "blocked");
        change(app, &license, "revoke", &json!({})).expect(200);
        assert_failed(&activate(app, &editor, &license, "desk", 6), 410, "revoked");
        assert_eq!((app.count("devices"), app.count("lifetime_files")), (0, 0));
    }

    fn of_many_devices_as_many_as_there_are_seats_get_a_file(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 3 }));
        allow(app, &editor);
        let made: Vec<u16> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..32_u32)
                .map(|n| scope.spawn({
                    let (editor, license) = (&editor, &license);
                    move || activate(app, editor, license, &format!("device-{}", n % 16), n).status
                }))
                .collect();
            racers.into_iter().map(|racer| racer.join().expect("gets an answer")).collect()
        });
        assert_eq!(made.iter().filter(|status| **status == 201).count(), 3);
        assert_eq!((app.count("devices"), app.count("lifetime_files")), (3, 3));
    }

    fn no_file_lies_in_the_database_in_the_clear(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        allow(app, &editor);
        let body = activate(app, &editor, &license, "desk", 1).expect(201);
        let key = license["license_key"].as_str().expect("text").as_bytes();
        let files = app.data().read_dir().expect("the data").map(|file| file.expect("a file").path());
        #[expect(clippy::disallowed_methods, reason = "reads what the server wrote")]
        for file in files.filter(|file| file.is_file()) {
            let bytes = std::fs::read(&file).expect("is read");
            assert!(!bytes.windows(key.len()).any(|window| window == key), "{}", file.display());
            let line = body["file"].as_str().expect("text").lines().nth(7).expect("a line").as_bytes();
            assert!(!bytes.windows(line.len()).any(|window| window == line), "{}", file.display());
        }
    }

    fn a_vendor_makes_a_file_for_one_device_and_it_takes_a_seat(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "expires_at": "2028-01-01T00:00:00Z" }));
        let made = make(app, &license, &json!({ "hwid": "desk" })).expect(201);
        assert_eq!(made["expires_at"], "2028-01-01T00:00:00Z");
        let file = open(app, &editor, &made["file"], "desk").expect("is valid");
        assert_eq!(json!(file.license_key), license["license_key"]);
        assert_failed(&app.validate(&TestApp::question(&editor, &license, "lap", &nonce(1))), 403, "hwid_mismatch");
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(2))));
        assert_problem(&make(app, &license, &json!({ "hwid": "lap" })), 409, "device_limit");
        let sooner = make(app, &license, &json!({ "any": true, "expires_at": "2027-02-01T00:00:00Z" })).expect(201);
        open(app, &editor, &sooner["file"], "whatever").expect("counts everywhere");
        app.clock.advance(30 * 86_400);
        assert_eq!(open(app, &editor, &sooner["file"], "whatever"), Err(FileRefusal::Expired));
        assert_eq!(app.count("audit WHERE action = 'license.authforge_file_made'"), 2);
    }

    fn a_vendors_file_lasts_for_ever_only_where_that_was_accepted(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let path = format!("/api/v1/licenses/{}/authforge-file", license["license_id"].as_str().expect("text"));
        for wish in [json!({ "hwid": "desk" }), json!({ "hwid": "desk", "expires_at": null })] {
            refused_without_effect(app, ("POST", &path, &wish), 409, "offline_activation_disabled");
        }
        make(app, &license, &json!({ "hwid": "desk", "expires_at": "2027-06-01T00:00:00Z" })).expect(201);
        allow(app, &editor);
        let made = make(app, &license, &json!({ "hwid": "desk" })).expect(201);
        assert_eq!(made["expires_at"], json!(null));
    }

    fn a_file_that_cannot_be_is_refused(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "expires_at": "2028-01-01T00:00:00Z" }));
        let path = format!("/api/v1/licenses/{}/authforge-file", license["license_id"].as_str().expect("text"));
        for wish in [
            json!({}), json!({ "any": false }), json!({ "hwid": "desk", "any": true }), json!({ "hwid": "" }),
            json!({ "hwid": "x".repeat(129) }), json!({ "request": "no request" }),
            json!({ "hwid": "desk", "expires_at": null }), json!({ "hwid": "desk", "expires_at": "2028-01-01T00:00:01Z" }),
            json!({ "hwid": "desk", "expires_at": "2027-01-15T08:00:00Z" }),
        ] {
            refused_without_effect(app, ("POST", &path, &wish), 400, "malformed_request");
        }
        let strict = json!({ "app_id": editor["app_id"], "name": "Online", "tier": "licensed" });
        let plan = app.api("POST", "/api/v1/plans", &strict).expect(201);
        let online = app.issue(&editor, &json!({ "plan_id": plan["plan_id"], "expires_at": "2028-01-01T00:00:00Z" }));
        assert_problem(&make(app, &online, &json!({ "hwid": "desk" })), 409, "offline_disabled");
        change(app, &license, "revoke", &json!({})).expect(200);
        assert_problem(&make(app, &license, &json!({ "hwid": "desk" })), 409, "license_revoked");
    }

    fn an_app_may_demand_its_secret_always(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let bare = json!({ "licenseKey": license["license_key"], "hwid": "desk", "nonce": nonce(1) });
        payload(&app.validate(&bare));
        let path = format!("/api/v1/apps/{}", editor["app_id"].as_str().expect("text"));
        let shown = app.api("PATCH", &path, &json!({ "require_secret": true })).expect(200);
        assert_eq!((&shown["require_secret"], &shown["danger_lifetime_files"]), (&json!(true), &json!(false)));
        assert_failed(&app.validate(&with(&bare, "nonce", json!(nonce(2)))), 401, "invalid_app");
        payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(3))));
    }
}
