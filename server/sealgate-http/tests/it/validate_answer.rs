//! The signed answer of `POST /auth/validate` (`spec/http.md` §2.4, §2.6).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealgate_artifact::{KeyUse, PublicKey};
use sealgate_testkit::{is_signed_by, on_both_engines};
use serde_json::{Value, json};

use crate::support::{names, nonce, payload, payload_text, sell};

/// The order is part of the wire.
const FIELDS: [&str; 13] = [
    "sessionToken",
    "timestamp",
    "expiresIn",
    "nonce",
    "requestId",
    "licenseExpiresAt",
    "maxHwidSlots",
    "hwidCount",
    "unlimitedHwidSlots",
    "typ",
    "appId",
    "licenseId",
    "hwid",
];

/// Fails unless the object's fields are these, in this order.
#[track_caller]
fn assert_order(text: &str, fields: &[&str]) {
    let object: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(names(&object).len(), fields.len(), "{text}");
    let places: Vec<_> = fields.iter().map(|name| text.find(&format!("\"{name}\":"))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{text}");
}

on_both_engines! {
    fn the_answer_is_signed_by_the_apps_key_over_the_text_of_the_payload(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let answer = app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1)));
        assert_order(
            &String::from_utf8(answer.bytes.clone()).expect("UTF-8"),
            &["status", "valid", "payload", "signature", "keyId", "nonce"],
        );
        let body = answer.expect(200);
        assert_eq!((&body["status"], &body["valid"]), (&json!("success"), &json!(true)));
        assert_eq!(body["nonce"], nonce(1));
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let (key, payload, signature) =
            (text(&editor["public_key"]), text(&body["payload"]), text(&body["signature"]));
        assert!(is_signed_by(&key, &payload, &signature));
        assert!(!is_signed_by(&text(&editor["next_public_key"]), &payload, &signature));
        assert!(!is_signed_by(&key, &payload[1..], &signature));
        assert_eq!(body["keyId"], PublicKey::parse(&key).expect("a key").id(KeyUse::App).to_string());
    }

    fn a_counted_license_says_how_many_seats_there_are(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 3, "expires_at": "2028-01-01T00:00:00Z" }));
        app.validate(&TestApp::question(&editor, &license, "other", &nonce(1))).expect(200);
        let answer = app.validate(&TestApp::question(&editor, &license, "desk", &nonce(2)));
        let counted: Vec<&str> = FIELDS.into_iter().filter(|name| *name != "unlimitedHwidSlots").collect();
        assert_order(&payload_text(&answer), &counted);
        let told = payload(&answer);
        for (name, value) in [
            ("timestamp", json!("2027-01-15T08:00:00Z")),
            ("expiresIn", json!(app.clock.seconds() + 86_400)),
            ("nonce", json!(nonce(2))),
            ("requestId", json!(answer.request_id)),
            ("licenseExpiresAt", json!("2028-01-01T00:00:00Z")),
            ("maxHwidSlots", json!(3)),
            ("hwidCount", json!(2)),
            ("typ", json!("validate")),
            ("appId", editor["app_id"].clone()),
            ("licenseId", license["license_id"].clone()),
            ("hwid", json!("desk")),
        ] {
            assert_eq!(told[name], value, "{name}");
        }
    }

    fn an_uncounted_license_says_only_that(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": "unlimited" }));
        let answer = app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1)));
        let counted = ["maxHwidSlots", "hwidCount"];
        let uncounted: Vec<&str> = FIELDS.into_iter().filter(|name| !counted.contains(name)).collect();
        assert_order(&payload_text(&answer), &uncounted);
        let told = payload(&answer);
        assert_eq!((&told["unlimitedHwidSlots"], &told["licenseExpiresAt"]), (&json!(true), &json!(null)));
    }

    fn names_of_the_other_dialect_are_taken_too(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let answer = app.validate(&json!({
            "app_id": editor["app_id"], "app_secret": editor["app_secret"],
            "license_key": license["license_key"], "hwid": "desk", "nonce": nonce(1), "ttl_seconds": 7200,
        }));
        let told = payload(&answer);
        assert_eq!(told["appId"], editor["app_id"]);
        assert_eq!(told["expiresIn"], app.clock.seconds() + 7200);
    }

    fn without_an_app_id_the_app_follows_from_the_key(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let bare = json!({ "licenseKey": license["license_key"], "hwid": "desk", "nonce": nonce(1) });
        let answer = app.validate(&bare);
        assert_eq!(payload(&answer)["appId"], editor["app_id"]);
        let mut null = bare;
        for (name, value) in [
            ("appId", json!(null)), ("appSecret", json!("not looked at")), ("ttlSeconds", json!(null)),
            ("nonce", json!(nonce(2))), ("sdkVersion", json!({ "theirs": [1, 2.5, null] })),
        ] {
            null[name] = value;
        }
        assert_eq!(payload(&app.validate(&null))["licenseId"], license["license_id"]);
    }

    fn a_key_is_taken_as_the_customer_typed_it(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let key = license["license_key"].as_str().expect("text");
        let spellings = [key.to_lowercase(), key.replace('-', ""), format!(" {} ", key.replace('-', " "))];
        for (n, spelling) in (0..).zip(spellings) {
            let typed = json!({ "license_key": spelling });
            app.validate(&TestApp::question(&editor, &typed, "desk", &nonce(n))).expect(200);
        }
        assert_eq!(app.count("devices"), 1);
    }

    fn a_session_is_as_long_as_wished_within_its_limits(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let now = app.clock.seconds();
        let wishes = [(0, 3600), (3599, 3600), (3601, 3601), (604_800, 604_800), (604_801, 604_800)];
        for (n, (wish, granted)) in (0..).zip(wishes.into_iter().chain([(u64::MAX, 604_800)])) {
            let mut question = TestApp::question(&editor, &license, "desk", &nonce(n));
            question["ttlSeconds"] = json!(wish);
            assert_eq!(payload(&app.validate(&question))["expiresIn"], now + granted, "{wish}");
        }
    }

    fn a_session_never_outlives_its_license(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "expires_at": "2027-01-15T08:30:00Z" }));
        let told = payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        assert_eq!(told["expiresIn"], app.clock.seconds() + 1800);
    }

    fn a_session_token_has_two_parts_and_tells_its_end(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let told = payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        let token = told["sessionToken"].as_str().expect("text");
        let (body, mac) = token.split_once('.').expect("two parts");
        let body = URL_SAFE_NO_PAD.decode(body).expect("base64url without padding");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(body["exp"], told["expiresIn"]);
        assert_eq!(URL_SAFE_NO_PAD.decode(mac).expect("base64url without padding").len(), 16);
    }

    fn variables_stand_last_and_only_where_there_are_any(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let set = |path: String, variables: Value| app.api("PUT", &path, &json!({ "variables": variables })).expect(200);
        let app_path = format!("/api/v1/apps/{}/variables", editor["app_id"].as_str().expect("text"));
        let license_path = format!("/api/v1/licenses/{}/variables", license["license_id"].as_str().expect("text"));
        let tricky = json!({ "nonce": "0", "sessionToken": "\"}],", "on": true, "n": -3 });
        set(app_path, tricky.clone());
        set(license_path, json!({ "plan": "pro" }));
        let answer = app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1)));
        let told = payload(&answer);
        assert_eq!((&told["appVariables"], &told["licenseVariables"]), (&tricky, &json!({ "plan": "pro" })));
        let text = payload_text(&answer);
        let place = |what: &str| text.find(what).expect("is there");
        assert!(place("\"hwid\":\"desk\"") < place("\"appVariables\""));
        assert_eq!(place("\"nonce\":"), place(&format!("\"nonce\":\"{}\"", nonce(1))), "the first is ours");
        let path = format!("/api/v1/apps/{}/variables", editor["app_id"].as_str().expect("text"));
        app.api("PUT", &path, &json!({ "variables": {} })).expect(200);
        let told = payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(2))));
        assert_eq!(told.get("appVariables"), None);
    }

    /// The label is the vendor's own note.
    fn a_label_is_told_where_the_vendor_says_so(app: &TestApp) {
        let label = "Order 12, \"nonce\": \"0\"";
        let (editor, license) = sell(app, &json!({ "label": label, "expires_at": "2028-01-01T00:00:00Z" }));
        let path = format!("/api/v1/apps/{}", editor["app_id"].as_str().expect("text"));
        let in_file = || {
            let path = format!("/api/v1/licenses/{}/authforge-file", license["license_id"].as_str().expect("text"));
            let made = app.api("POST", &path, &json!({ "any": true })).expect(201);
            let (_, body) = made["file"].as_str().expect("text").split_once("\n\n").expect("headers");
            let body = body.split("\n-----").next().expect("a body").replace('\n', "");
            let payload = sealgate_artifact::decode_base64(&body, "payload").expect("base64");
            serde_json::from_slice::<Value>(&payload).expect("JSON").get("label").cloned()
        };
        assert_eq!(in_file(), None);
        let other = app.issue(&editor, &json!({}));
        let told = payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(1))));
        assert_eq!((told.get("licenseLabel"), told.get("sessionExpiresAt")), (None, None));

        let shown = app.api("PATCH", &path, &json!({ "show_labels": true })).expect(200);
        assert_eq!((&shown["show_labels"], &app.api("GET", &path, &json!(null)).expect(200)["show_labels"]), (&json!(true), &json!(true)));
        app.api("PUT", &format!("{path}/variables"), &json!({ "variables": { "motd": "hi" } })).expect(200);
        app.clock.advance(2);
        let answer = app.validate(&TestApp::question(&editor, &license, "desk", &nonce(2)));
        let (text, told) = (payload_text(&answer), payload(&answer));
        let mut fields = FIELDS.to_vec();
        fields.retain(|field| *field != "unlimitedHwidSlots");
        fields.insert(5, "sessionExpiresAt");
        fields.extend(["licenseLabel", "appVariables"]);
        assert_order(&text, &fields);
        assert_eq!((&told["licenseLabel"], &told["sessionExpiresAt"]), (&json!(label), &json!("2027-01-16T08:00:02Z")));
        assert_eq!(told["expiresIn"], app.clock.seconds() + 86_400);
        assert_eq!(in_file(), Some(json!(label)));
        // One without a label says when the session ends, and no more.
        let told = payload(&app.validate(&TestApp::question(&editor, &other, "desk", &nonce(3))));
        assert_eq!((told.get("licenseLabel"), &told["sessionExpiresAt"]), (None, &json!("2027-01-16T08:00:02Z")));

        app.api("PATCH", &path, &json!({ "show_labels": false })).expect(200);
        app.clock.advance(2);
        let told = payload(&app.validate(&TestApp::question(&editor, &license, "desk", &nonce(4))));
        assert_eq!((told.get("licenseLabel"), told.get("sessionExpiresAt")), (None, None));
    }

    fn a_usual_answer_with_variables_fits_a_kibibyte(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 999, "expires_at": "2028-01-20T08:00:00Z" }));
        for (kind, id, variables) in [
            ("apps", &editor["app_id"], json!({ "motd": "hello, you" })),
            ("licenses", &license["license_id"], json!({ "tier": "p", "seats": 5 })),
        ] {
            let path = format!("/api/v1/{kind}/{}/variables", id.as_str().expect("text"));
            app.api("PUT", &path, &json!({ "variables": variables })).expect(200);
        }
        let question = TestApp::question(&editor, &license, &"f".repeat(64), &nonce(u32::MAX));
        let answer = app.validate(&question);
        let told = payload(&answer);
        let bytes = told["appVariables"].to_string().len() + told["licenseVariables"].to_string().len();
        assert!(bytes >= 40, "{bytes} bytes of variables");
        assert!(answer.bytes.len() <= 1024, "{} bytes with {bytes} of variables", answer.bytes.len());
    }

    fn the_longest_usual_answer_fits_a_kibibyte(app: &TestApp) {
        let order = json!({ "max_devices": 1_000_000, "expires_at": "2027-01-20T08:00:00Z" });
        let (editor, license) = sell(app, &order);
        let mut question = TestApp::question(&editor, &license, &"f".repeat(64), &nonce(u32::MAX));
        question["ttlSeconds"] = json!(604_800);
        let answer = app.validate(&question);
        assert_eq!(answer.status, 200);
        assert!(answer.bytes.len() <= 1024, "{} bytes", answer.bytes.len());
    }
}
