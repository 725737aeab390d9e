//! schemathesis, which we did not write, reads our OpenAPI document and attacks every operation in it.
#![expect(clippy::disallowed_methods, reason = "the tool reads a file and writes one")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use sealgate_artifact::{DeviceRequest, Operation};
use sealgate_authority::Limits;
use sealgate_testkit::{Engine, TestApp, TestDevice, stage};
use serde_json::{Value, json};

use crate::program::beside_python;

/// Random requests for each operation, besides the staged one and the edges of every schema.
const EXAMPLES: &str = "20";

/// The document with a request for each operation that will succeed once: identifiers are not to be guessed.
fn with_examples(app: &TestApp) -> Value {
    let mut document = app.document();
    for operation in app.operations() {
        let staged = stage(app, &app.owner(), &operation.id);
        let described = &mut document["paths"][&operation.path][operation.method.to_lowercase()];
        if let Some(id) = &staged.id {
            described["parameters"][0]["example"] = id.clone().into();
        }
        if !staged.body.is_null() {
            described["requestBody"]["content"]["application/json"]["example"] = staged.body.clone();
        } else if !described["requestBody"].is_null() {
            described["requestBody"]["content"]["application/json"]["example"] = json!({});
        }
        // Schemathesis sends an example of every parameter that has one; a list takes one of its filters.
        if let Some((name, value)) = staged.query.trim_start_matches('?').split_once('=') {
            let parameters = described["parameters"].as_array_mut().expect("parameters");
            let named = parameters.iter_mut().find(|p| p["name"] == name).expect("is documented");
            named["example"] = value.into();
        }
    }
    let editor = app.create_app("Validated");
    let license = app.issue(&editor, &json!({ "max_devices": "unlimited" }));
    let question = TestApp::question(&editor, &license, "desk", &"0".repeat(32));
    let path = format!("/api/v1/apps/{}", editor["app_id"].as_str().expect("text"));
    app.api("PATCH", &path, &json!({ "danger_lifetime_files": true })).expect(200);
    let counted = app.issue(&editor, &json!({}));
    let told = app.validate(&TestApp::question(&editor, &license, "desk", &"1".repeat(32))).expect(200);
    let payload = sealgate_artifact::decode_base64(told["payload"].as_str().expect("text"), "payload");
    let payload: Value = serde_json::from_slice(&payload.expect("base64")).expect("JSON");
    let session = json!({
        "appId": editor["app_id"], "sessionToken": payload["sessionToken"], "hwid": "desk", "nonce": "2".repeat(32),
    });
    let mut report = TestApp::question(&editor, &license, "stolen", &"3".repeat(32));
    report["revokeLicense"] = json!(false);
    let build = app.build(&editor);
    let key = license["license_key"].as_str().expect("text");
    let device = TestDevice::default();
    let online = device.question(&build, key, 5, &[]);
    let release = DeviceRequest { operation: Operation::Release, ..device.request(&build, key, 6) };
    let release = device.sign(&release, &[]);
    app.ask_online(&device.question(&build, key, 7, &[])).expect(200);
    let (admitted, leaving, beating) = (TestDevice::default(), TestDevice::default(), TestDevice::default());
    let activate = admitted.wish(&build, key, (8, &admitted.sealing()), (None, &[]));
    let deactivate = DeviceRequest { operation: Operation::Deactivate, ..leaving.request(&build, key, 9) };
    let deactivate = leaving.sign(&deactivate, &[]);
    let state = beating.activate(app, &build, key, 10).expect_admitted();
    let heartbeat = state.question(&beating, &state.next(app.clock.seconds(), &[]));
    document["paths"]["/api/v1/trust"]["get"]["parameters"][0]["example"] = build.trust.tenant.clone().into();
    for (path, example) in [
        ("/api/v1/validate", serde_json::to_value(online).expect("a question")),
        ("/api/v1/release", serde_json::to_value(release).expect("a question")),
        ("/api/v1/activate", serde_json::to_value(activate).expect("a question")),
        ("/api/v1/deactivate", serde_json::to_value(deactivate).expect("a question")),
        ("/api/v1/heartbeat", serde_json::to_value(heartbeat).expect("a question")),
        ("/auth/validate", question),
        ("/auth/heartbeat", session),
        ("/auth/selfban", report),
        ("/auth/offline/activate", TestApp::question(&editor, &counted, "desk", &"4".repeat(32))),
    ] {
        document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"] = example;
    }
    document
}

fn run(app: &TestApp, folder: &Path) -> Value {
    let (schema, report) = (folder.join("openapi.json"), folder.join("report.har"));
    std::fs::write(&schema, with_examples(app).to_string()).expect("is written");
    let output = Command::new(beside_python("schemathesis"))
        .current_dir(folder)
        .args(["run", "--no-color", "--seed", "1", "--phases", "examples,coverage,fuzzing", "-n", EXAMPLES])
        .args(["--checks", "not_a_server_error,status_code_conformance,response_schema_conformance"])
        .args(["--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off"])
        .args(["--url", &app.url, "--header", &format!("Authorization: Bearer {}", app.token)])
        .args(["--report", "har", "--output-sanitize", "false", "--report-har-path"])
        .args([&report, &schema])
        .output()
        .expect("schemathesis starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&std::fs::read(report).expect("a report")).expect("JSON")
}

/// The operation that a request went to.
fn template<'a>(
    paths: &'a BTreeMap<String, Vec<String>>,
    method: &str,
    path: &str,
) -> Option<(&'a str, String)> {
    let fits = |template: &str| {
        let (a, b): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
        a.len() == b.len() && a.iter().zip(&b).all(|(t, p)| t.starts_with('{') || t == p)
    };
    // A path without a parameter is nearer than one with.
    let mut fitting: Vec<&String> = paths.keys().filter(|template| fits(template)).collect();
    fitting.sort_by_key(|template| template.contains('{'));
    let method = method.to_lowercase();
    let nearest = fitting.into_iter().find(|template| paths[*template].contains(&method))?;
    Some((nearest, method))
}

#[test]
fn a_stranger_reads_the_document_and_finds_what_it_says() {
    // The tool guesses without end, from one address.
    let app = TestApp::start_with_limits(Engine::Sqlite, Limits::danger_off());
    let folder = tempfile::tempdir().expect("a temporary directory");
    let report = run(&app, folder.path());
    let document = app.document();
    let methods = |value: &Value| value.as_object().expect("methods").keys().cloned().collect::<Vec<_>>();
    let paths: BTreeMap<String, Vec<String>> =
        document["paths"].as_object().expect("paths").iter().map(|(k, v)| (k.clone(), methods(v))).collect();

    let mut answered: BTreeMap<(String, String), [u32; 2]> = BTreeMap::new();
    for (path, methods) in &paths {
        for method in methods {
            answered.insert((path.clone(), method.clone()), [0, 0]);
        }
    }
    for entry in report["log"]["entries"].as_array().expect("entries") {
        let url = entry["request"]["url"].as_str().expect("a URL").strip_prefix(&app.url).unwrap_or_default();
        let path = url.split('?').next().unwrap_or_default();
        let status = entry["response"]["status"].as_u64().unwrap_or(0);
        let method = entry["request"]["method"].as_str().expect("a method");
        if let Some((path, method)) = template(&paths, method, path) {
            let counts = answered.get_mut(&(path.to_owned(), method)).expect("is documented");
            counts[usize::from((200..300).contains(&status))] += 1;
        }
    }
    let asked: u32 = answered.values().flatten().sum();
    println!("{} operations, {asked} requests", answered.len());
    for (operation, [other, good]) in &answered {
        println!("{operation:?}: {good} of {} answered with 2xx", other + good);
    }
    // The tool forgets every customer of the examples before it comes to these; other tests change and merge.
    answered.remove(&("/api/v1/customers/{customer_id}".to_owned(), "patch".to_owned()));
    answered.remove(&("/api/v1/customers/{customer_id}/merge".to_owned(), "post".to_owned()));
    // The server signs newer snapshots before the tool comes to the one of the example; other tests import.
    answered.remove(&("/api/v1/snapshots/import".to_owned(), "post".to_owned()));
    let never: Vec<_> = answered.iter().filter(|(_, [_, good])| *good == 0).collect();
    assert!(never.is_empty(), "never answered with 2xx: {never:?}");
}
