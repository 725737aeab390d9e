//! What a license itself says about its buyer (`spec/license.md` §2.10, `spec/http.md` §3.2).

use sealgate_artifact::decode_base64;
use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::customers::{at, customer};
use crate::support::{refused_without_effect, sell};

fn path(license: &Value) -> String {
    format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"))
}

fn shown(app: &TestApp, license: &Value) -> Value {
    app.api("GET", &path(license), &json!(null)).expect(200)
}

/// What the license's file says.
fn signed(app: &TestApp, license: &Value) -> Value {
    let file = app.api("GET", &format!("{}/file", path(license)), &json!(null)).expect(200);
    let payload = decode_base64(file["payload"].as_str().expect("text"), "payload").expect("base64");
    serde_json::from_slice::<Value>(&payload).expect("JSON")["licensee"].take()
}

/// Both of them say this.
#[track_caller]
fn says(app: &TestApp, license: &Value, licensee: &Value) {
    assert_eq!(&shown(app, license)["licensee"], licensee);
    assert_eq!(&signed(app, license), licensee);
}

on_both_engines! {
    fn a_license_says_what_its_order_says(app: &TestApp) {
        let licensee = json!({ "name": "Ada L.", "company": "Engines", "email": "ada@example.com" });
        let (editor, license) = sell(app, &json!({ "licensee": licensee, "count": 2 }));
        says(app, &license, &licensee);
        for nothing in [json!({}), json!({ "licensee": null }), json!({ "licensee": {} })] {
            says(app, &app.issue(&editor, &nothing), &json!(null));
        }
    }

    fn changing_it_signs_a_new_version_and_null_takes_it_away(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        for (n, licensee) in (2..).zip([json!({ "name": "Ada" }), json!({ "company": "Engines" }), json!(null)]) {
            let changed = app.api("PATCH", &path(&license), &json!({ "licensee": licensee })).expect(200);
            assert_eq!(changed["licensee"], licensee);
            says(app, &license, &licensee);
            assert_eq!(app.count("license_statements"), n);
        }
        let before = shown(app, &license)["version"].clone();
        app.api("PATCH", &path(&license), &json!({ "licensee": {} })).expect(200);
        assert_eq!(shown(app, &license)["version"], before, "it said nothing");
    }

    fn a_plan_takes_it_from_the_customer_when_the_license_is_issued(app: &TestApp) {
        let editor = app.create_app("Editor");
        let plan = json!({ "app_id": editor["app_id"], "name": "Pro", "tier": "licensed", "files": true, "licensee": ["name", "email"] });
        let plan = app.owner().make("/api/v1/plans", &plan);
        assert_eq!(plan["licensee"], json!(["name", "email"]));
        let ada = customer(app, &json!({ "name": "Ada", "company": "Engines", "email": "ada@example.com" }));
        let order = |more: Value| {
            let mut order = json!({ "plan_id": plan["plan_id"], "customer_id": ada["customer_id"] });
            order.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            app.issue(&editor, &order)
        };
        let license = order(json!({}));
        says(app, &license, &json!({ "name": "Ada", "email": "ada@example.com" }));
        says(app, &order(json!({ "licensee": { "company": "Other" } })), &json!({ "company": "Other" }));
        says(app, &order(json!({ "licensee": null })), &json!(null));
        app.api("PATCH", &at(&ada, ""), &json!({ "name": "Ada L.", "email": "" })).expect(200);
        says(app, &license, &json!({ "name": "Ada", "email": "ada@example.com" }));
        says(app, &order(json!({})), &json!({ "name": "Ada L." }));
        let plan_path = format!("/api/v1/plans/{}", plan["plan_id"].as_str().expect("text"));
        assert!(app.api("PATCH", &plan_path, &json!({ "licensee": [] })).expect(200).get("licensee").is_none());
        says(app, &order(json!({})), &json!(null));
        for bad in [json!(["name", "name"]), json!(["phone"]), json!("name")] {
            refused_without_effect(app, ("PATCH", &plan_path, &json!({ "licensee": bad })), 400, "malformed_request");
        }
    }

    fn what_cannot_be_signed_is_refused(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        for bad in [
            json!({ "name": "" }), json!({ "name": "x".repeat(129) }), json!({ "company": "a\u{85}b" }), json!({ "email": "a\n" }),
            json!({ "phone": "1" }), json!("Ada"),
        ] {
            refused_without_effect(app, ("PATCH", &path(&license), &json!({ "licensee": bad })), 400, "malformed_request");
            let order = json!({ "app_id": editor["app_id"], "licensee": bad });
            refused_without_effect(app, ("POST", "/api/v1/licenses", &order), 400, "malformed_request");
        }
        let longest = json!({ "name": "x".repeat(128), "company": "é".repeat(64), "email": "y".repeat(128) });
        app.api("PATCH", &path(&license), &json!({ "licensee": longest })).expect(200);
        says(app, &license, &longest);
    }
}
