//! Requests that are sent several times at once under one name: one is carried out, and all get its answer, also where its
//! effect would have the others refused (`spec/http.md` §3.7).

use std::sync::Barrier;

use sealgate_testkit::{Answer, Staged, TestApp, User, on_both_engines, stage};
use serde_json::{Value, json};

use crate::support::{assert_problem, nonce, payload, sell};

const TWINS: usize = 8;
const ROUNDS: usize = 3;

/// What all of them are told.
#[track_caller]
fn told(asker: &User, (method, path, body): (&str, &str, &Value), name: &str) -> Answer {
    let start = Barrier::new(TWINS);
    let mut answers: Vec<Answer> = std::thread::scope(|scope| {
        let ask = || {
            start.wait();
            asker.api_once(method, path, body, name)
        };
        let twins: Vec<_> = (0..TWINS).map(|_| scope.spawn(ask)).collect();
        twins.into_iter().map(|twin| twin.join().expect("gets an answer")).collect()
    });
    let first = answers.remove(0);
    assert!((200..300).contains(&first.status), "{method} {path}: {first:?}");
    for answer in answers {
        assert_eq!(
            (answer.status, &answer.bytes),
            (first.status, &first.bytes),
            "{method} {path}: {answer:?}"
        );
    }
    first
}

/// A license with so many seats, each taken, and its devices.
fn full(app: &TestApp, seats: u32) -> (Value, Vec<Value>) {
    let (editor, license) = sell(app, &json!({ "max_devices": seats }));
    for n in 0..seats {
        payload(&app.validate(&TestApp::question(&editor, &license, &format!("device-{n}"), &nonce(n))));
    }
    let path = format!("/api/v1/devices?license_id={}", license["license_id"].as_str().expect("text"));
    let devices =
        app.api("GET", &path, &json!(null)).expect(200)["items"].as_array().expect("a list").clone();
    (license, devices)
}

on_both_engines! {
    fn twins_of_every_operation_get_the_answer_of_the_one(app: &TestApp) {
        let (owner, document) = (app.owner(), app.document());
        let takes_a_name = |path: &str, method: &str| {
            let parameters = document["paths"][path][method.to_lowercase()]["parameters"].as_array().into_iter().flatten();
            parameters.into_iter().any(|p| p["name"] == "Idempotency-Key")
        };
        let mut asked = 0;
        for operation in app.operations().into_iter().filter(|o| takes_a_name(&o.path, &o.method)) {
            for round in 0..ROUNDS {
                let staged: Staged = stage(app, &owner, &operation.id);
                let (audit, url) = (app.count("audit"), staged.url(&operation));
                told(&owner, (&operation.method, &url, &staged.body), &format!("{}-{round}", operation.id));
                assert_eq!(app.count("audit"), audit + 1, "{operation:?}");
                asked += 1;
            }
        }
        assert_eq!(asked, 26 * ROUNDS);
    }

    fn twins_of_an_order_with_an_external_id_get_the_same_licenses(app: &TestApp) {
        let editor = app.create_app("Editor");
        for round in 0..ROUNDS {
            let order = json!({ "app_id": editor["app_id"], "external_id": format!("order-{round}") });
            told(&app.owner(), ("POST", "/api/v1/licenses", &order), &format!("n-{round}"));
        }
        assert_eq!(app.count("licenses"), ROUNDS as u64);
        // Under another name it is another request.
        let order = json!({ "app_id": editor["app_id"], "external_id": "order-0" });
        let other = app.owner().api_once("POST", "/api/v1/licenses", &order, "another").expect(409);
        assert_eq!(other["code"], "external_id_taken");
    }

    fn twins_at_a_limit_get_the_answer_of_the_one_that_reached_it(app: &TestApp) {
        let owner = app.owner();
        // Only the first of them finds these devices.
        let (license, devices) = full(app, 2);
        let path = format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"));
        let smaller = json!({ "max_devices": 1, "release": [devices[0]["device_id"]], "override_allowance": true });
        assert_eq!(told(&owner, ("PATCH", &path, &smaller), "n-1").json()["devices_used"], 1);
        let release = format!("/api/v1/devices/{}/release", devices[1]["device_id"].as_str().expect("text"));
        told(&owner, ("POST", &release, &json!({})), "n-2");
        assert_eq!((app.count("devices"), app.count("releases")), (0, 2));
        // A balance takes one grant more, and no second one.
        let editor = app.create_app("Viewer");
        let credits = format!("/api/v1/apps/{}/credits", editor["app_id"].as_str().expect("text"));
        app.api("POST", &credits, &json!({ "amount": 1 })).expect(200);
        app.meddle("UPDATE apps SET credits = 999999999999 WHERE credits = 1");
        told(&owner, ("POST", &credits, &json!({ "amount": 1 })), "n-3");
        assert_problem(&app.api("POST", &credits, &json!({ "amount": 1 })), 409, "limit_reached");
        // The tenant may have one token more.
        let hash = if app.data().join("sealgate.db").exists() { "RANDOMBLOB(32)" } else { "SHA256(CONVERT_TO(CAST(n AS TEXT), 'UTF8'))" };
        let made = app.count("tokens");
        app.meddle(&format!(
            "INSERT INTO tokens (token_id, tenant_id, name, token_hash, scopes, created_at) \
             WITH RECURSIVE ns (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM ns WHERE n < 999 - {made}) \
             SELECT '02926a3b-0000-7000-8000-' || CAST(100000000000 + n AS TEXT), tenant_id, 'made', {hash}, 'apps:read', 1 \
             FROM tenants, ns"
        ));
        let wish = json!({ "scopes": ["apps:read"] });
        told(&owner, ("POST", "/api/v1/tokens", &wish), "n-4");
        assert_problem(&owner.api("POST", "/api/v1/tokens", &wish), 409, "limit_reached");
        assert_eq!(app.count("tokens"), 1_000);
    }
}
