//! Bundles for machines without a network (`spec/http.md` §3.23).

use sealgate_artifact::{LicenseHint, encode_base64};
use sealgate_testkit::container::{Container, EntryName, Purpose};
use sealgate_testkit::{Build, TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_problem, sell};

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// A vendor's license and what a build of its app pins.
struct Sold<'a> {
    app: &'a TestApp,
    license: Value,
    build: Build,
    path: String,
}

impl<'a> Sold<'a> {
    fn new(app: &'a TestApp, order: &Value) -> Self {
        let (editor, license) = sell(app, order);
        let path = format!("/api/v1/licenses/{}/bundles", text(&license["license_id"]));
        Self { app, license, build: app.build(&editor), path }
    }

    fn hint(&self) -> LicenseHint {
        LicenseHint::of_key(text(&self.license["license_key"]))
    }

    fn request(&self, device: &TestDevice, hint: Option<LicenseHint>, n: u32) -> String {
        encode_base64(&device.request_file(&device.offline_request(&self.build, hint, n)))
    }

    fn pool(&self) -> Value {
        self.app.api("POST", &self.path, &json!({ "pool": 1, "valid_until": "30d" })).expect(201)
    }
}

fn bundle(made: &Value, rest: &str) -> String {
    format!("/api/v1/bundles/{}{rest}", text(&made["bundle_id"]))
}

on_both_engines! {
    fn a_file_has_a_name_a_type_and_the_keys_that_were_asked_for(app: &TestApp) {
        let sold = Sold::new(app, &json!({}));
        let made = sold.pool();
        for (query, carries) in [
            ("", &[EntryName::Bundle, EntryName::Root, EntryName::Keyset, EntryName::TenantKeyset][..]),
            ("?keys=all", &[EntryName::Bundle, EntryName::Root, EntryName::Keyset, EntryName::TenantKeyset]),
            ("?keys=tenant", &[EntryName::Bundle, EntryName::TenantKeyset]),
            ("?keys=none", &[EntryName::Bundle]),
        ] {
            let answer = app.api("GET", &bundle(&made, &format!("/file{query}")), &json!(null));
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
            let begin = &text(&sold.license["license_id"])[..8];
            let named = format!("attachment; filename=\"license-{begin}.sglic\"");
            assert_eq!(answer.header("content-disposition"), Some(&*named));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            let container = Container::read(&answer.bytes).expect("a container");
            assert_eq!(container.purpose(), Purpose::License);
            let names: Vec<EntryName> = container.entries().iter().map(|entry| entry.name).collect();
            assert_eq!(names, carries, "{query}");
            assert_eq!(app.api("GET", &bundle(&made, &format!("/file{query}")), &json!(null)).bytes, answer.bytes);
        }
        for query in ["?keys=some", "?keys=", "?key=all"] {
            assert_problem(&app.api("GET", &bundle(&made, &format!("/file{query}")), &json!(null)), 400, "malformed_request");
        }
        let reads = app.owner().with_scopes(&["offline:read"]);
        assert_problem(&reads.api("GET", &bundle(&made, "/file"), &json!(null)), 403, "scope_missing");
        reads.api("GET", &bundle(&made, ""), &json!(null)).expect(200);

        app.api("POST", &bundle(&made, "/revoke"), &json!({})).expect(200);
        assert_problem(&app.api("GET", &bundle(&made, "/file"), &json!(null)), 409, "license_revoked");
        app.clock.advance(31 * 86_400);
        assert_eq!(app.api("GET", &bundle(&made, ""), &json!(null)).expect(200)["live"], false);
        let license = app.issue(&json!({ "app_id": sold.build.trust.app }), &json!({}));
        let later = format!("/api/v1/licenses/{}/bundles", text(&license["license_id"]));
        let later = app.api("POST", &later, &json!({ "pool": 1, "valid_until": "30d" })).expect(201);
        app.clock.advance(30 * 86_400);
        assert_problem(&app.api("GET", &bundle(&later, "/file"), &json!(null)), 404, "not_found");
    }

    fn an_export_that_is_sent_again_under_its_name_takes_no_more_seats(app: &TestApp) {
        let sold = Sold::new(app, &json!({ "max_devices": 3 }));
        let wish = json!({ "pool": 2, "valid_until": "30d" });
        let export = || app.owner().api_once("POST", &sold.path, &wish, "export-1").expect(201);
        let made = export();
        assert_eq!(export(), made);
        let license = format!("/api/v1/licenses/{}", text(&sold.license["license_id"]));
        assert_eq!(app.api("GET", &license, &json!(null)).expect(200)["pool_seats"], 2);
        // Without a name it is another one, and there is no room for it.
        assert_problem(&app.api("POST", &sold.path, &wish), 409, "device_limit");
        let listed = app.api("GET", &sold.path, &json!(null)).expect(200);
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
        // The request itself names an answer: it takes no other name.
        let request = json!({ "request": sold.request(&TestDevice::default(), Some(sold.hint()), 1), "valid_until": "30d" });
        let named = app.owner().api_once("POST", "/api/v1/offline/respond", &request, "respond-1");
        assert_problem(&named, 400, "malformed_request");
        let respond = || app.api("POST", "/api/v1/offline/respond", &request).expect(200);
        assert_eq!(respond(), respond());
    }

    fn a_file_that_is_no_request_is_refused(app: &TestApp) {
        let sold = Sold::new(app, &json!({}));
        let device = TestDevice::default();
        let genuine = device.request_file(&device.offline_request(&sold.build, Some(sold.hint()), 1));
        let mut forged = device.offline_request(&sold.build, Some(sold.hint()), 2);
        forged.device_key = TestDevice::default().key;
        let mut theirs = device.offline_request(&sold.build, Some(sold.hint()), 3);
        theirs.tenant = sealgate_artifact::TenantId::from_bytes([9; 16]);
        let mut changed = genuine.clone();
        *changed.last_mut().expect("bytes") ^= 1;
        let made = sold.pool();
        let bundle = app.api("GET", &bundle(&made, "/file"), &json!(null)).bytes;
        for (file, code) in [
            (encode_base64(&genuine[..genuine.len() - 1]), "container_truncated"),
            (encode_base64(&changed), "container_damaged"),
            (encode_base64(b"{}"), "container_unknown"),
            (encode_base64(&bundle), "kind_unexpected"),
            (encode_base64(&device.request_file(&forged)), "signature_invalid"),
            (encode_base64(&device.request_file(&theirs)), "wrong_tenant"),
            ("no base64!".to_owned(), "malformed_request"),
            (encode_base64(&vec![0; 20_000]), "malformed_request"),
        ] {
            let respond = app.api("POST", "/api/v1/offline/respond", &json!({ "request": file, "valid_until": "30d" }));
            assert_problem(&respond, 400, code);
            let export = app.api("POST", &sold.path, &json!({ "requests": [file], "valid_until": "30d" }));
            assert_problem(&export, 400, code);
        }
        let many = vec![encode_base64(&genuine); 257];
        let refused = app.api("POST", &sold.path, &json!({ "requests": many, "valid_until": "30d" }));
        assert_problem(&refused, 400, "malformed_request");
        let twin = app.tenant("Twin");
        let foreign = twin.api("POST", "/api/v1/offline/respond", &json!({ "request": encode_base64(&genuine) }));
        assert_problem(&foreign, 400, "wrong_tenant");
    }

    fn what_may_not_leave_is_refused_with_its_reason(app: &TestApp) {
        let trial = sell_from(app, &json!({ "trial": { "days": 14, "per": "device" } }));
        let shut = sell_from(app, &json!({}));
        let strict = sell_from(app, &json!({ "files": true, "policy": { "integrity": "required" } }));
        let short = sell_from(app, &json!({ "offline": { "days": 30 } }));
        let ask = |license: &Value, wish: Value| {
            app.api("POST", &format!("/api/v1/licenses/{}/bundles", text(&license["license_id"])), &wish)
        };
        let device = |sold: &Sold| json!([sold.request(&TestDevice::default(), None, 1)]);
        for license in [&trial, &shut, &strict, &short] {
            assert_problem(&ask(license, json!({ "pool": 1, "valid_until": "30d" })), 409, "offline_disabled");
        }
        let sold = Sold::new(app, &json!({ "max_devices": 2, "expires_at": "90d" }));
        let own = |wish: Value| ask(&sold.license, wish);
        assert_problem(&own(json!({ "pool": 3, "valid_until": "30d" })), 409, "limit_reached");
        assert_problem(&own(json!({ "pool": 1, "valid_until": "91d" })), 409, "outlives_license");
        assert_problem(&own(json!({ "pool": 1, "valid_until": "2001-01-01" })), 400, "malformed_request");
        assert_problem(&own(json!({ "pool": 1, "requests": device(&sold) })), 400, "malformed_request");
        assert_problem(&own(json!({})), 400, "malformed_request");
        // As late as the license allows.
        let made = own(json!({ "requests": device(&sold) })).expect(201);
        let license = app.api("GET", &format!("/api/v1/licenses/{}", text(&sold.license["license_id"])), &json!(null));
        assert_eq!(made["valid_until"], license.expect(200)["expires_at"]);
        let path = format!("/api/v1/licenses/{}", text(&sold.license["license_id"]));
        app.api("POST", &format!("{path}/suspend"), &json!({})).expect(200);
        assert_problem(&own(json!({ "pool": 1 })), 409, "blocked");
        assert_problem(&app.api("GET", &bundle(&made, "/file"), &json!(null)), 409, "blocked");
        app.api("POST", &format!("{path}/revoke"), &json!({})).expect(200);
        assert_problem(&own(json!({ "pool": 1 })), 409, "license_revoked");
        assert_eq!(app.count("audit WHERE action = 'offline_bundle_exported'"), 1);
        assert!(app.count("audit WHERE action = 'offline_export_refused'") >= 6);
    }

    fn a_license_that_only_says_offline_goes_into_bundles(app: &TestApp) {
        let license = sell_from(app, &json!({ "offline": { "days": 30, "pool": 1 } }));
        let path = format!("/api/v1/licenses/{}", text(&license["license_id"]));
        app.api("POST", &format!("{path}/bundles"), &json!({ "pool": 1, "valid_until": "30d" })).expect(201);
        assert_problem(&app.api("GET", &format!("{path}/file"), &json!(null)), 409, "offline_disabled");
    }
}

/// A license from a plan with these terms.
fn sell_from(app: &TestApp, terms: &Value) -> Value {
    let editor = app.create_app(&format!("App {terms}").chars().take(60).collect::<String>());
    let mut plan = json!({ "app_id": editor["app_id"], "name": "Field", "tier": "licensed" });
    plan.as_object_mut().expect("an object").extend(terms.as_object().expect("an object").clone());
    let plan = app.api("POST", "/api/v1/plans", &plan).expect(201);
    app.issue(&editor, &json!({ "plan_id": plan["plan_id"] }))
}
