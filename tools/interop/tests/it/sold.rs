//! What a vendor sells reaches the program: over both wires, and in the file.

use sealgate::{Feature, Limit, Variable, VariableValue, verify_license_file};
use sealgate_testkit::{TestApp, TestDevice, on_both_engines, statement_id};
use sealgate_wire::OnlineAnswer;
use serde_json::{Value, json};

use crate::rust_sdk::text;
use crate::sdk::Program;

/// Eight features, two of them with values, two limits and a licensee.
fn sell(app: &TestApp, users: u64) -> (Value, Value) {
    let product = app.create_app("Editor");
    let features = json!([
        { "name": "export" }, { "name": "sso", "value": "okta" }, { "name": "sync" }, { "name": "api" },
        { "name": "audit" }, { "name": "themes" }, { "name": "backup" }, { "name": "support", "value": "gold" },
    ]);
    let wish = json!({
        "app_id": product["app_id"], "name": "Pro", "tier": "enterprise", "max_devices": 2, "duration": "1y", "files": true,
        "features": features, "limits": [{ "name": "projects", "value": 10 }, { "name": "users", "value": users }],
    });
    let plan = app.api("POST", "/api/v1/plans", &wish).expect(201);
    let licensee =
        json!({ "name": "Ada Lovelace", "company": "Analytical Engines", "email": "ada@example.com" });
    let license = app.issue(&product, &json!({ "plan_id": plan["plan_id"], "licensee": licensee }));
    (product, license)
}

fn set_variables(app: &TestApp, path: &str, variables: &Value) {
    app.api("PUT", &format!("{path}/variables"), &json!({ "variables": variables })).expect(200);
}

fn of_app(product: &Value) -> String {
    format!("/api/v1/apps/{}", text(&product["app_id"]))
}

fn of_license(license: &Value) -> String {
    format!("/api/v1/licenses/{}", text(&license["license_id"]))
}

/// The signed payload of an answer on AuthForge's wire.
fn payload(app: &TestApp, (product, license): (&Value, &Value), nonce: &str) -> (Value, usize) {
    let hwid = "0123456789abcdef".repeat(4);
    let answer = app.validate(&TestApp::question(product, license, &hwid, nonce));
    let bytes = answer.bytes.len();
    let body = answer.expect(200);
    let payload = sealgate_artifact::decode_base64(&text(&body["payload"]), "payload").expect("base64");
    (serde_json::from_slice(&payload).expect("JSON"), bytes)
}

on_both_engines! {
    fn values_limits_and_variables_reach_our_sdk(app: &TestApp) {
        let (product, license) = sell(app, (1 << 53) - 1);
        set_variables(app, &of_app(&product), &json!({ "region": "eu", "motd": "hello" }));
        set_variables(app, &of_license(&license), &json!({ "region": "us", "beta": true, "n": -3, "rate": 0.25 }));
        let program = Program::build(app, &product).install();
        let got = program.validate_license(&text(&license["license_key"])).expect("allowed");

        assert_eq!(got.feature("sso").value(), Some("okta"));
        assert_eq!((got.feature("export").is_granted(), got.feature("export").value()), (true, None));
        assert_eq!((got.feature("none").is_granted(), got.feature("none").value()), (false, None));
        assert_eq!(got.features().len(), 8);
        assert_eq!(got.features()[7], Feature { name: "support".to_owned(), value: Some("gold".to_owned()) });
        assert_eq!((got.limit("projects"), got.limit("users"), got.limit("none")), (Some(10), Some((1 << 53) - 1), None));
        assert_eq!(got.limits()[0], Limit { name: "projects".to_owned(), value: 10 });
        let said = |name| got.variable(name).cloned();
        let words = |text: &str| Some(VariableValue::Text(text.to_owned()));
        assert_eq!((said("region"), said("motd")), (words("us"), words("hello")), "the license's own comes first");
        assert_eq!((said("beta"), said("n")), (Some(VariableValue::Flag(true)), Some(VariableValue::Number(-3))));
        assert_eq!(said("rate"), words("0.25"), "numbers in statements are whole");

        // What the app says changes without a new license, and within the next question.
        set_variables(app, &of_app(&product), &json!({}));
        let got = program.validate_license(&text(&license["license_key"])).expect("allowed");
        assert_eq!((got.variable("motd"), got.variables().len()), (None, 4));
    }

    fn they_stand_in_the_file(app: &TestApp) {
        let (product, license) = sell(app, 25);
        set_variables(app, &of_app(&product), &json!({ "motd": "hello" }));
        set_variables(app, &of_license(&license), &json!({ "region": "us" }));
        let file = app.api("GET", &format!("{}/file", of_license(&license)), &Value::Null).bytes;
        let trust = app.api("GET", &format!("{}/trust", of_app(&product)), &Value::Null).bytes.leak();
        let now = sealgate::UnixSeconds::new(app.clock.seconds()).expect("in range");
        let got = verify_license_file(trust, &file, now).expect("valid");
        assert_eq!((got.feature("sso").value(), got.limit("projects")), (Some("okta"), Some(10)));
        let region = Variable { name: "region".to_owned(), value: VariableValue::Text("us".to_owned()) };
        assert_eq!(got.variables(), [region], "the app's variables come with a server's answer only");
    }

    fn values_and_limits_reach_published_clients_as_variables(app: &TestApp) {
        let (product, license) = sell(app, 25);
        let (got, bytes) = payload(app, (&product, &license), &"0".repeat(32));
        let sold = json!({ "sso": "okta", "support": "gold", "projects": 10, "users": 25 });
        assert_eq!(got["licenseVariables"], sold);
        assert!(bytes <= 1_024, "{bytes} bytes");
        // Where a client holds what the answer rests on, a native one is short, too.
        let (build, device) = (app.build(&product), TestDevice::default());
        let ask = |n, holds: &[String]| {
            app.ask_online(&device.question(&build, &text(&license["license_key"]), n, holds)).bytes
        };
        let first: OnlineAnswer = serde_json::from_slice(&ask(1, &[])).expect("an answer");
        let parts = [&first.certificate, &first.keyset, &first.tenant_keyset, &first.license];
        let held = parts.map(|part| statement_id(part.as_deref().expect("is there")));
        let bytes = ask(2, &held).len();
        assert!(bytes <= 1_536, "{bytes} bytes");
        // A variable of that name is what the vendor means.
        set_variables(app, &of_license(&license), &json!({ "projects": "many", "region": "us" }));
        let (got, _) = payload(app, (&product, &license), &"1".repeat(32));
        let sold = json!({ "sso": "okta", "support": "gold", "projects": "many", "region": "us", "users": 25 });
        assert_eq!(got["licenseVariables"], sold);
    }
}
