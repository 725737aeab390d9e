//! The committed OpenAPI document is the one that the server answers: a change to the API is seen in review.

use std::collections::BTreeSet;
use std::path::Path;

use sealgate_testkit::{Engine, TestApp, request};
use serde_json::{Value, json};

const HOW: &str =
    "`cargo xtask codegen` writes spec/openapi.json anew; look at what changed before you commit it";

fn committed() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/openapi.json");
    #[expect(clippy::disallowed_methods, reason = "reads the committed document")]
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}: {HOW}", file.display()));
    serde_json::from_str(&text).expect("JSON")
}

/// Where two values differ, as a path with both sides.
fn differences(path: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            for name in names {
                let side = |value: &Value| value.get(name).cloned().unwrap_or(Value::Null);
                differences(&format!("{path}/{name}"), &side(old), &side(new), found);
            }
        }
        _ if old == new => {}
        _ => found.push(format!("{path}: {old} is committed, {new} is true")),
    }
}

#[test]
fn the_committed_document_is_current() {
    let current = serde_json::from_str(&sealgate_http::openapi()).expect("JSON");
    let mut found = vec![];
    differences("", &committed(), &current, &mut found);
    assert!(found.is_empty(), "{HOW}:\n{}", found.join("\n"));
}

#[test]
fn the_server_answers_the_committed_document_to_anyone() {
    let app = TestApp::start(Engine::Sqlite);
    let answer = request("GET", &format!("{}/api/v1/openapi.json", app.url), None, &json!(null));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.expect(200), committed(), "{HOW}");
}

/// Every operation that needs a token, as `METHOD path`, with its description.
fn operations() -> Vec<(String, Value)> {
    let document = committed();
    let paths = document["paths"].as_object().expect("paths").iter();
    let all = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").iter();
        methods.map(move |(method, about)| (format!("{} {path}", method.to_uppercase()), about.clone()))
    });
    all.filter(|(_, about)| about["security"] == json!([{ "token": [] }])).collect()
}

/// What `spec/http.md` §3 sets in bold: methods, each with the next path; `…` stands for the path before up to its id.
fn specified(spec: &str) -> BTreeSet<String> {
    let (mut found, mut methods, mut is_done, mut before) = (BTreeSet::new(), vec![], true, String::new());
    let bold = spec.split("**").skip(1).step_by(2);
    for word in bold.flat_map(|bold| bold.split('`').skip(1).step_by(2)).flat_map(str::split_whitespace) {
        if word.bytes().all(|byte| byte.is_ascii_uppercase()) {
            if std::mem::take(&mut is_done) {
                methods.clear();
            }
            methods.push(word);
            continue;
        }
        let (begin, _) = before.split_once('}').unwrap_or_default();
        let path = word.split('?').next().expect("a path").replace('…', &format!("{begin}}}"));
        found.extend(methods.iter().map(|method| format!("{method} {path}")));
        (before, is_done) = (path, true);
    }
    found
}

/// `spec/http.md` §3 names exactly the operations that there are.
#[test]
fn the_spec_says_what_each_operation_is_for() {
    let spec = include_str!("../../../../spec/http.md");
    let section = spec.split("\n## ").find(|section| section.starts_with("3 ")).expect("§3");
    let (_, section) = section.split_once("### 3.1").expect("§3.1");
    let operations: BTreeSet<String> = operations().into_iter().map(|(name, _)| name).collect();
    assert!(operations.len() >= 50);
    assert_eq!(specified(section), operations);
}

/// `spec/http.md` §3.3 lists exactly the scopes that there are.
#[test]
fn the_spec_says_what_each_scope_allows() {
    let spec = include_str!("../../../../spec/http.md");
    let section = spec.split("### 3.3 ").nth(1).and_then(|rest| rest.split("\n#").next()).expect("§3.3");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').nth(1).expect("a cell"));
    let listed: BTreeSet<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    let scopes: BTreeSet<&str> = sealgate_control::Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    assert_eq!(listed, scopes);
}

/// Operations whose scope does not follow from method and path, each on purpose.
const OTHER_SCOPES: [(&str, &str); 22] = [
    // The key travels in the body.
    ("look_up_license", "licenses:read"),
    ("reveal_license_key", "license-keys:read"),
    ("reveal_license_keys", "license-keys:read"),
    ("grant_credits", "credits:write"),
    ("reset_devices", "devices:write"),
    // Activations are of devices, approvals are of releases.
    ("list_activations", "devices:read"),
    ("show_activation", "devices:read"),
    ("activation_chain", "devices:read"),
    ("reanchor_activation", "devices:write"),
    ("publish_release", "releases:write"),
    ("list_approvals", "releases:read"),
    ("submit_modules", "releases:write"),
    ("approve_modules", "releases:write"),
    ("reject_modules", "releases:write"),
    // Bundles are a matter of their own.
    ("export_bundle", "offline:write"),
    ("list_bundles", "offline:read"),
    ("show_bundle", "offline:read"),
    ("bundle_file", "offline:read"),
    ("revoke_bundle", "offline:write"),
    // What they list are licenses and their proofs.
    ("sign_snapshot", "licenses:write"),
    ("list_snapshots", "licenses:read"),
    // It takes back licenses, keys and servers.
    ("import_snapshot", "keys:write"),
];

/// What every token may ask, whatever its scopes.
const OF_ANY_TOKEN: [&str; 1] = ["GET /api/v1/token"];

#[test]
fn a_read_needs_a_scope_that_reads_and_a_change_one_that_writes() {
    let all = operations();
    let (of_any, all): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, about)| about["x-scope"].is_null());
    assert_eq!(of_any.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), OF_ANY_TOKEN);
    for (name, about) in all {
        let thing = name.split('/').nth(3).expect("what it is about");
        let verb = if name.starts_with("GET ") { "read" } else { "write" };
        let usual = match thing {
            "tenants" | "servers" | "clock" | "jobs" => "installation".to_owned(),
            _ => format!("{thing}:{verb}"),
        };
        let other = OTHER_SCOPES.into_iter().find(|(id, _)| about["operationId"] == *id);
        assert_eq!(about["x-scope"], other.map_or(&*usual, |(_, scope)| scope), "{name}");
    }
}

#[test]
fn a_difference_is_named() {
    let (mut found, old) = (vec![], json!({ "a": { "b": 1, "c": [2] }, "d": 3 }));
    differences("", &old, &json!({ "a": { "b": 1, "c": [4] }, "e": 5 }), &mut found);
    assert_eq!(
        found,
        [
            "/a/c: [2] is committed, [4] is true",
            "/d: 3 is committed, null is true",
            "/e: null is committed, 5 is true",
        ]
    );
}
