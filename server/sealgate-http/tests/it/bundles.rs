//! Bundles from the vendor's side: made, answered, downloaded, taken back (`spec/offline.md` §5).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sealgate_artifact::{Code, LicenseHint, LicenseId, Machines, StatementId, UnixSeconds};
use sealgate_testkit::{Answer, Build, TestApp, TestDevice, entries, is_for, on_both_engines};
use serde_json::{Value, json};

use crate::bundle_seats::{asks, id, order};
use crate::support::{assert_problem, sell};

const DAY: u64 = 24 * 60 * 60;

fn sold(app: &TestApp) -> (Build, Value) {
    let (editor, license) = sell(app, &json!({ "max_devices": 10 }));
    (app.build(&editor), license)
}

fn respond(app: &TestApp, file: &str, more: &Value) -> Answer {
    let mut body = json!({ "request": file });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    app.api("POST", "/api/v1/offline/respond", &body)
}

fn hinted(device: &TestDevice, build: &Build, hint: LicenseHint, n: u32) -> String {
    STANDARD.encode(device.request_file(&device.offline_request(build, Some(hint), n)))
}

fn file(app: &TestApp, bundle: &Value, keys: &str) -> Answer {
    let bundle = bundle["bundle_id"].as_str().expect("an id");
    app.api("GET", &format!("/api/v1/bundles/{bundle}/file?keys={keys}"), &Value::Null)
}

fn revoke(app: &TestApp, bundle: &Value) -> Answer {
    let bundle = bundle["bundle_id"].as_str().expect("an id");
    app.api("POST", &format!("/api/v1/bundles/{bundle}/revoke"), &json!({ "reason": "a lost stick" }))
}

fn problem(answer: &Answer, code: &str) {
    assert_problem(answer, answer.status, code);
}

on_both_engines! {
    fn a_request_is_answered_once(app: &TestApp) {
        let (build, license) = sold(app);
        let device = TestDevice::default();
        let key = license["license_key"].as_str().expect("a key");
        let first = hinted(&device, &build, LicenseHint::of_key(key), 1);
        let made = respond(app, &first, &json!({ "valid_until": "30d" })).expect(200);
        let bytes = file(app, &made, "all").bytes;
        let again = respond(app, &first, &json!({ "valid_until": "10d" })).expect(200);
        assert_eq!((&again["bundle_id"], &again["statement_id"]), (&made["bundle_id"], &made["statement_id"]));
        assert_eq!(file(app, &again, "all").bytes, bytes, "byte for byte");
        assert_eq!(order(app, &license, &json!({ "requests": [first] })).expect(201)["bundle_id"], made["bundle_id"]);

        let bundle = build.bundle(&file(app, &made, "all").bytes, app.clock.seconds()).expect("is believed");
        let request = StatementId::parse(made["request"].as_str().expect("an id")).expect("an id");
        assert_eq!(is_for(&bundle, device.key, Some(request)), Ok(()));
        assert_eq!(is_for(&bundle, device.key, None), Err(Code::NonceMismatch));
        assert_eq!(is_for(&bundle, TestDevice::default().key, Some(request)), Err(Code::DeviceNotNamed));

        // A later one of the same machine is a refresh: it joins the line, and takes no seat.
        let second = hinted(&device, &build, LicenseHint::Id(LicenseId::parse(id(&license)).expect("an id")), 2);
        let refreshed = respond(app, &second, &json!({})).expect(200);
        assert_eq!((&refreshed["line"], &refreshed["replaces"]), (&made["line"], &made["bundle_id"]));
        assert_ne!(refreshed["bundle_id"], made["bundle_id"]);
        assert!(refreshed["serial"].as_u64() > made["serial"].as_u64(), "{refreshed}");
        assert_eq!(app.count("devices"), 1);
        let until = app.clock.seconds() + 365 * DAY;
        let latest = UnixSeconds::new(until).expect("a time").to_string();
        assert_eq!(refreshed["valid_until"], json!(latest), "as late as it may");

        app.clock.advance(30 * DAY);
        problem(&respond(app, &first, &json!({})), "request_spent");
        problem(&file(app, &made, "all"), "not_found");
        let listed = app.api("GET", &format!("/api/v1/licenses/{}/bundles", id(&license)), &Value::Null).expect(200);
        let items = listed["items"].as_array().expect("a list");
        let live: Vec<&Value> = items.iter().filter(|item| item["live"] == true).map(|item| &item["bundle_id"]).collect();
        assert_eq!((items.len(), live), (2, vec![&refreshed["bundle_id"]]));
    }

    fn a_request_finds_its_license(app: &TestApp) {
        let (build, license) = sold(app);
        let editor = json!({ "app_id": build.trust.app });
        let other = app.issue(&editor, &json!({}));
        let device = TestDevice::default();
        let key = |license: &Value| LicenseHint::of_key(license["license_key"].as_str().expect("a key"));
        let hint = |license: &Value| LicenseHint::Id(LicenseId::parse(id(license)).expect("an id"));
        let of = |answer: Answer| answer.expect(200)["license_id"].clone();

        assert_eq!(of(respond(app, &hinted(&device, &build, key(&license), 1), &json!({}))), license["license_id"]);
        assert_eq!(of(respond(app, &hinted(&device, &build, hint(&license), 2), &json!({}))), license["license_id"]);
        let nameless = asks(&device, &build, 3);
        problem(&respond(app, &nameless, &json!({})), "malformed_request");
        assert_eq!(of(respond(app, &nameless, &json!({ "license_id": id(&other) }))), other["license_id"]);
        let named = hinted(&device, &build, hint(&license), 4);
        problem(&respond(app, &named, &json!({ "license_id": id(&other) })), "not_found");
        problem(&order(app, &other, &json!({ "requests": [named] })), "not_found");
        let unknown = hinted(&device, &build, LicenseHint::of_key("000G-40R4-0M30-E209-185G-R38E-1YRB"), 5);
        problem(&respond(app, &unknown, &json!({})), "not_found");
        problem(&respond(app, &unknown, &json!({ "license_id": id(&license) })), "not_found");

        // A new key is found by its digest, and the former one no more.
        let path = format!("/api/v1/licenses/{}/rekey", id(&license));
        let rekeyed = app.api("POST", &path, &json!({})).expect(200);
        problem(&respond(app, &hinted(&device, &build, key(&license), 6), &json!({})), "not_found");
        assert_eq!(of(respond(app, &hinted(&device, &build, key(&rekeyed), 7), &json!({}))), license["license_id"]);

        // A license that was issued before requests named any.
        app.meddle("DELETE FROM key_digests");
        let late = hinted(&device, &build, key(&rekeyed), 8);
        problem(&respond(app, &late, &json!({})), "not_found");
        app.clock.advance(DAY);
        app.run_jobs();
        assert_eq!(of(respond(app, &late, &json!({}))), license["license_id"]);
        assert_eq!(app.count("key_digests"), 2);

        // Another app's request is none for this license.
        let viewer = app.build(&app.create_app("Viewer"));
        problem(&respond(app, &hinted(&device, &viewer, key(&rekeyed), 9), &json!({})), "not_found");
        problem(&respond(app, &asks(&device, &viewer, 10), &json!({ "license_id": id(&license) })), "not_found");
    }

    fn a_key_from_elsewhere_names_its_license_too(app: &TestApp) {
        let editor = app.create_app("Editor");
        let build = app.build(&editor);
        let foreign = "QWER7-TYUI3-OPAS9-DFGH2-JKLZ5";
        let rows = json!({ "app_id": editor["app_id"], "rows": [{ "name": "row-1", "license_key": foreign }] });
        let imported = app.api("POST", "/api/v1/licenses/import", &rows).expect(200);
        let asked = hinted(&TestDevice::default(), &build, LicenseHint::of_key(foreign), 1);
        let made = respond(app, &asked, &json!({})).expect(200);
        assert_eq!(made["license_id"], imported["rows"][0]["license_id"]);
    }

    fn what_a_bundle_says(app: &TestApp) {
        let policy = json!({ "heartbeat": { "interval": 3_600, "grace": 86_400 }, "seat": "lease", "fail": "hard" });
        let terms = json!({ "max_devices": 20, "policy": policy, "expires_at": "200d", "offline": { "days": 90, "pool": 4 } });
        let (editor, license) = sell(app, &terms);
        let (build, devices) = (app.build(&editor), (0..12).map(|_| TestDevice::default()).collect::<Vec<_>>());
        let files: Vec<String> = devices.iter().map(|device| asks(device, &build, 1)).collect();
        let made = order(app, &license, &json!({ "requests": files })).expect(201);
        let bundle = build.bundle(&file(app, &made, "all").bytes, app.clock.seconds()).expect("is believed");
        let said = bundle.get();
        assert_eq!(bundle.id().to_string(), made["statement_id"].as_str().expect("an id"));
        assert_eq!(said.ends_at().get(), app.clock.seconds() + 90 * DAY);
        assert_eq!((said.request, said.line, said.serial), (None, None, made["serial"].as_u64().expect("a number")));
        assert!(devices.iter().all(|device| said.is_for(&device.key)) && said.machines.count() == 12);
        let policy = said.terms.conditions.policy.as_ref().expect("what is left of it");
        assert!(policy.heartbeat.is_none() && policy.seat.is_none() && policy.fail.is_some());
        assert_eq!(Some(said.terms.version), license_of(app, &license)["version"].as_u64());
        let shown = app.api("GET", &format!("/api/v1/bundles/{}", made["bundle_id"].as_str().expect("an id")), &Value::Null);
        assert_eq!(shown.expect(200)["device_keys"].as_array().map(Vec::len), Some(12));

        let pool = order(app, &license, &json!({ "pool": 4, "valid_until": "10d" })).expect(201);
        let pooled = build.bundle(&file(app, &pool, "all").bytes, app.clock.seconds()).expect("is believed");
        assert_eq!(pooled.get().machines, Machines::Pool(4));
        // Keys travel as far as the machine lacks them.
        let parts = |keys| entries(&file(app, &pool, keys).bytes);
        assert_eq!((parts("all"), parts("tenant"), parts("none")), (4, 2, 1));
        let replaced = json!({ "replaces": made["bundle_id"], "valid_until": "20d" });
        let again = order(app, &license, &replaced).expect(201);
        assert_eq!((&again["machines"], &again["line"]), (&json!(12), &made["bundle_id"]));
        assert_eq!(again["serial"].as_u64(), pool["serial"].as_u64().map(|serial| serial + 1), "serials rise");
    }

    fn a_bundle_says_what_was_taken_back_before_it(app: &TestApp) {
        let (build, license) = sold(app);
        let pool = |machines: u64| order(app, &license, &json!({ "pool": machines, "valid_until": "30d" })).expect(201);
        let first = pool(1);
        let slot = build.bundle(&file(app, &first, "all").bytes, app.clock.seconds()).expect("is believed").get().terms.conditions.slot;
        let revoked = revoke(app, &first).expect(200);
        assert!(revoked["revoked_at"].is_string() && revoked["live"] == true, "{revoked}");
        assert_eq!(revoke(app, &first).expect(200)["revoked_at"], revoked["revoked_at"], "once");
        assert_eq!(app.count("audit WHERE action = 'offline_bundle_revoked'"), 1);
        assert_eq!(app.count("slots WHERE bundle_id IS NOT NULL AND listed_at IS NOT NULL"), 1);
        problem(&file(app, &first, "all"), "license_revoked");
        let shown = license_of(app, &license);
        assert_eq!((&shown["pool_seats"], &shown["devices_used"]), (&json!(1), &json!(0)), "its seat stays");

        let second = build.bundle(&file(app, &pool(2), "all").bytes, app.clock.seconds()).expect("is believed");
        assert_eq!(Some(&*second.get().revoked), slot.as_slice().get(..));
        let path = format!("/api/v1/licenses/{}/revoke", id(&license));
        app.api("POST", &path, &json!({})).expect(200);
        assert_eq!(app.count("slots WHERE bundle_id IS NOT NULL AND listed_at IS NOT NULL"), 2);
        problem(&order(app, &license, &json!({ "pool": 1 })), "license_revoked");
        assert_eq!(app.count("audit WHERE action = 'offline_export_refused'"), 1);
        assert_eq!(app.count("audit WHERE action = 'offline_bundle_exported'"), 2);
        assert_eq!(app.count("events WHERE kind = 'offline_bundle_exported'"), 2);
    }

    fn what_no_bundle_is_made_of(app: &TestApp) {
        let (build, license) = sold(app);
        let pool = |license: &Value, until: &str| order(app, license, &json!({ "pool": 1, "valid_until": until }));
        let editor = json!({ "app_id": build.trust.app });
        problem(&pool(&license, "366d"), "outlives_license");
        problem(&pool(&license, "2000-01-01"), "malformed_request");
        let short = app.issue(&editor, &json!({ "expires_at": "10d" }));
        problem(&pool(&short, "11d"), "outlives_license");
        let bound_only = app.issue(&editor, &json!({ "offline": { "days": 20 } }));
        problem(&pool(&bound_only, "1d"), "offline_disabled");
        let checked = app.issue(&editor, &json!({ "policy": { "integrity": "required" } }));
        problem(&pool(&checked, "1d"), "offline_disabled");
        app.api("POST", &format!("/api/v1/licenses/{}/suspend", id(&short)), &json!({})).expect(200);
        problem(&pool(&short, "1d"), "blocked");
        let plan = json!({ "app_id": build.trust.app, "name": "Online", "tier": "licensed", "files": false });
        let plan = app.api("POST", "/api/v1/plans", &plan).expect(201);
        let online = app.issue(&editor, &json!({ "plan_id": plan["plan_id"] }));
        problem(&pool(&online, "1d"), "offline_disabled");
        assert_eq!((app.count("bundles"), app.count("audit WHERE action = 'offline_export_refused'")), (0, 6));
        // What does not fit together is a fault of the request.
        let device = TestDevice::default();
        for body in [
            json!({}),
            json!({ "mode": "pool" }),
            json!({ "mode": "pool", "requests": [asks(&device, &build, 1)], "pool": 1 }),
            json!({ "mode": "bound", "pool": 1 }),
            json!({ "requests": [asks(&device, &build, 1), asks(&device, &build, 2)] }),
            json!({ "requests": ["AAAA!"] }),
            json!({ "pool": 0 }),
        ] {
            problem(&order(app, &license, &body), "malformed_request");
        }
        problem(&order(app, &license, &json!({ "pool": 1, "replaces": id(&license) })), "not_found");
        let tenant = app.texts("SELECT tenant_id FROM apps").remove(0);
        app.api("PATCH", &format!("/api/v1/tenants/{tenant}"), &json!({ "offline": false })).expect(200);
        problem(&pool(&license, "1d"), "offline_disabled");
        assert_eq!(app.count("bundles"), 0);
    }

    fn a_bundle_outlasts_the_key_that_signed_it_unless_that_is_revoked(app: &TestApp) {
        let (build, license) = sold(app);
        let made = order(app, &license, &json!({ "pool": 1, "valid_until": "30d" })).expect(201);
        let keys = app.api("GET", "/api/v1/keys?limit=200", &Value::Null).expect(200);
        let is_issuer = |key: &&Value| key["use"] == "issuer" && key["state"] == "active";
        let issuer = keys["items"].as_array().expect("a list").iter().find(is_issuer).expect("one");
        app.api("POST", "/api/v1/keys/rotate", &json!({ "use": "issuer" })).expect(200);
        build.bundle(&file(app, &made, "all").bytes, app.clock.seconds()).expect("is believed");
        let path = format!("/api/v1/keys/{}/revoke", issuer["keyid"].as_str().expect("an id"));
        let revoked = app.api("POST", &path, &json!({})).expect(200);
        assert_eq!(revoked["dark_bundles"], json!([made["bundle_id"]]));
    }

    fn what_nobody_needs_of_ended_bundles_goes(app: &TestApp) {
        let (build, license) = sold(app);
        let device = TestDevice::default();
        let asked = asks(&device, &build, 1);
        let first = order(app, &license, &json!({ "requests": [asked], "valid_until": "10d" })).expect(201);
        order(app, &license, &json!({ "replaces": first["bundle_id"], "valid_until": "10d" })).expect(201);
        app.clock.advance(49 * DAY);
        app.run_jobs();
        assert_eq!((app.count("bundles WHERE statement IS NULL"), app.count("bundle_devices")), (0, 2));
        assert_eq!((app.count("devices"), license_of(app, &license)["devices_used"].as_u64()), (0, Some(0)));
        app.clock.advance(2 * DAY);
        app.run_jobs();
        assert_eq!((app.count("bundles WHERE statement IS NULL"), app.count("bundle_devices")), (2, 1));
        problem(&respond(app, &asked, &json!({ "license_id": id(&license) })), "request_spent");
    }

    fn the_same_request_at_once_has_one_answer(app: &TestApp) {
        let (build, license) = sold(app);
        let asked = asks(&TestDevice::default(), &build, 1);
        let body = json!({ "license_id": id(&license) });
        let start = std::sync::Barrier::new(16);
        let answers: Vec<Value> = std::thread::scope(|scope| {
            let ask = || {
                start.wait();
                respond(app, &asked, &body).expect(200)
            };
            let racers: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
            racers.into_iter().map(|racer| racer.join().expect("gets an answer")).collect()
        });
        assert!(answers.iter().all(|answer| answer["bundle_id"] == answers[0]["bundle_id"]));
        assert_eq!((app.count("bundles"), app.count("devices")), (1, 1));
    }

    fn whoever_is_forgotten_stands_in_no_bundle_any_more(app: &TestApp) {
        let customer = app.api("POST", "/api/v1/customers", &json!({ "name": "Ada" })).expect(201);
        let editor = app.create_app("Editor");
        let order_of = json!({ "customer_id": customer["customer_id"], "licensee": { "name": "Ada" } });
        let (named, other) = (app.issue(&editor, &order_of), app.issue(&editor, &json!({})));
        let made = order(app, &named, &json!({ "pool": 1 })).expect(201);
        let kept = order(app, &other, &json!({ "pool": 1 })).expect(201);
        let path = format!("/api/v1/customers/{}/forget", customer["customer_id"].as_str().expect("an id"));
        app.api("POST", &path, &json!({})).expect(200);
        problem(&file(app, &made, "all"), "not_found");
        assert_eq!(file(app, &kept, "all").status, 200);
    }
}

fn license_of(app: &TestApp, license: &Value) -> Value {
    app.api("GET", &format!("/api/v1/licenses/{}", id(license)), &Value::Null).expect(200)
}
