//! What `--json` prints: one shape for each kind of verb, as the guide says.

use std::collections::{BTreeMap, BTreeSet};

use sealgate_testkit::{Build, TestApp, TestDevice, request};
use serde_json::{Value, json};

use crate::vendor::{Vendor, names, text};

const GUIDE: &str = include_str!("../../../../docs/book/commands.md");

/// Run elsewhere: they serve until they are stopped, or need another server.
const ELSEWHERE: [(&str, &str); 10] = [
    ("serve", "start.rs"),
    ("demo", "demo.rs"),
    ("token recover", "recover.rs"),
    ("login", "login.rs"),
    ("logout", "login.rs"),
    ("profile list", "login.rs"),
    ("profile show", "login.rs"),
    ("profile use", "login.rs"),
    ("server approve", "roles.rs"),
    ("server revoke", "roles.rs"),
];

/// Every verb but those, in an order in which each can be run, with its arguments. A word in braces stands for something that is there.
const RUN: &[&str] = &[
    "app list",
    "app show {app}",
    "app update {app} --require-secret on",
    "app rotate-secret {app}",
    "app disable {other-app}",
    "app enable {other-app}",
    "app rotate-key {other-app} --yes",
    "app create Third",
    "app vars set {app} a=1",
    "app vars get {app}",
    "plan list",
    "plan show {plan}",
    "plan update {plan} --feature sso",
    "plan create --app {app} --name Large --tier licensed",
    "customer list",
    "customer show {ada}",
    "customer create Bob",
    "customer update {ada} --company Engines",
    "license list",
    "license show {license}",
    "license issue --app {app} --no-plan --count 2",
    "license key {license} --reveal",
    "license vars set {license} a=1",
    "license vars get {license}",
    "license update {license} --label L",
    "license file {license} -o {folder}/a.license --with-trust",
    "license authforge-file {license} --any --expires +1d -o {folder}/a.authforge",
    "license export -o {folder}/licenses.csv",
    "license import {folder}/new.csv --app {app} --no-plan -o {folder}/keys.csv",
    "activation list",
    "activation show {activation}",
    "activation chain {activation}",
    "activation reanchor {activation} --yes",
    "device list",
    "device show {device}",
    "device update {device} --metadata {folder}/notes.json",
    "device release {device}",
    "license reset-devices {license}",
    "license rekey {license} --yes",
    "license renew {license} --expires +1y --yes",
    "license suspend {license}",
    "license resume {license}",
    "license revoke {license}",
    "license renew --app {app} --expires +1y --yes",
    "license suspend --app {app} --yes",
    "license resume --app {app} --yes",
    "license revoke --app {app} --yes",
    "license resign --all --yes",
    "customer merge {twin} {ada} --yes",
    "customer forget {ada} --yes",
    "release list",
    "release show {release}",
    "release mark --version 1 --signer s {folder}/notes.json",
    "release publish --app {app} --version 2 --target linux/x86_64 {folder}/notes.json",
    "release revoke {release} --yes",
    "manifest list",
    "manifest submit {approved} {folder}/new.csv",
    "manifest approve {approved} --all --yes",
    "manifest revoke {approved} --all --yes",
    "manifest reject {approved} --all --yes",
    "access allow --app {app} --hwid desk",
    "access deny --app {app} --ip 192.0.2.1",
    "access list",
    "access remove --app {app} --hwid desk",
    "credits grant --app {app} 5",
    "credits show --app {app}",
    "events",
    "tenant create Acme",
    "tenant list",
    "tenant show Acme",
    "tenant suspend Acme",
    "tenant resume Acme",
    "tenant offline off Acme",
    "token create --scope apps:read",
    "token list",
    "token revoke {token}",
    "server list",
    "server accept-clock --yes",
    "job list",
    "offline snapshot --sign -o {folder}/all.sgsnap",
    "offline import-snapshot {folder}/all.sgsnap --yes",
    "offline export {approved} --pool 1 --valid-until +1d -o {folder}/a.sglic",
    "offline respond {folder}/a.sgreq --license {asked} -o {folder}/b.sglic",
    "offline list {approved}",
    "offline show {bundle}",
    "offline file {bundle} -o {folder}/c.sglic",
    "keys export --app {other-app} -o {folder}/other.json",
    "offline verify {folder}/a.sglic --trust {folder}/other.json",
    "offline revoke-bundle {bundle} --yes",
    "keys list",
    "keys export --app {app} -o {folder}/trust.json",
    "verify {folder}/a.license --trust {folder}/trust.json",
    "inspect {folder}/a.license",
    "keys rotate",
    "keys revoke {issuer} --yes",
    "keys share -o {folder}/runtime",
    "keys renew-sessions",
    "audit list",
    "audit export -o {folder}/audit.jsonl",
    "audit verify {folder}/audit.jsonl",
    "doctor --server",
    "check-config {folder}/sealgate.toml",
    "man -o {folder}/man",
    "completions bash",
];

/// What the guide says: each verb with its kind.
fn kinds() -> BTreeMap<String, String> {
    let table = GUIDE.split("| kind | printed | verbs |").nth(1).expect("the guide has a table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with("| "));
    let mut kinds = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        for verb in cells[2].split(", ").map(|verb| verb.trim_matches('`').to_owned()) {
            let before = kinds.insert(verb.clone(), cells[0].to_owned());
            assert_eq!(before, None, "{verb} is there twice");
        }
    }
    kinds
}

/// The verbs that do something, and are no group of others.
fn verbs() -> BTreeSet<String> {
    let all: Vec<String> = crate::help::verbs().iter().map(|verb| verb.join(" ")).collect();
    let is_group =
        |verb: &str| verb.is_empty() || all.iter().any(|other| other.starts_with(&format!("{verb} ")));
    all.iter().filter(|verb| !is_group(verb)).cloned().collect()
}

/// Whether this is what the kind prints.
fn fits(kind: &str, line: &str, printed: &str) -> bool {
    let json =
        || -> Value { serde_json::from_str(printed).unwrap_or_else(|e| panic!("{line}: {e}: {printed}")) };
    let is_object = |value: &Value| value.is_object() && value.get("done").is_none();
    match kind {
        "list" => json().is_array(),
        "many" if line.contains("--app") => names(&json()) == ["done", "failed"],
        "show" | "change" | "many" => is_object(&json()),
        "order" => names(&json()) == ["licenses"],
        "file" => json()["file"].is_string(),
        "text" => serde_json::from_str::<Value>(printed).is_err(),
        _ => false,
    }
}

#[test]
fn every_verb_has_one_kind_in_the_guide_and_is_run() {
    let kinds = kinds();
    let named: BTreeSet<String> = kinds.keys().cloned().collect();
    assert_eq!(named, verbs());
    let run = |verb: &String| {
        RUN.iter().any(|line| *line == verb || line.starts_with(&format!("{verb} ")))
            || ELSEWHERE.iter().any(|(other, _)| other == verb)
    };
    assert_eq!(named.iter().filter(|verb| !run(verb)).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn every_verb_prints_what_its_kind_prints() {
    let vendor = Vendor::new();
    let things = things(&vendor);
    let kinds = kinds();
    for line in RUN {
        let words: Vec<String> = line.split(' ').map(|word| filled(word, &things)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let known = (1..=3).rev().filter_map(|n| kinds.get(&words[..n.min(words.len())].join(" ")));
        let kind = known.into_iter().next().unwrap_or_else(|| panic!("{line} has no kind"));
        let told = vendor.run(&[&words, &["--json"][..]].concat());
        assert_eq!(told.exit, Some(0), "{line}: {told:?}");
        assert!(fits(kind, line, &told.stdout), "{line} is no {kind}: {}", told.stdout);
    }
}

fn filled(word: &str, things: &BTreeMap<&str, String>) -> String {
    let Some((before, rest)) = word.split_once('{') else { return word.to_owned() };
    let (name, after) = rest.split_once('}').expect("closed");
    format!("{before}{}{after}", things[name])
}

/// What the verbs are tried on.
fn things(vendor: &Vendor) -> BTreeMap<&'static str, String> {
    let id = |value: &Value, name: &str| text(&value[name]).to_owned();
    let (app, other) = (vendor.app("Editor"), vendor.app("Viewer"));
    let app_id = id(&app, "app_id");
    let plan = vendor.json(&["plan", "create", "--app", &app_id, "--name", "Pro", "--tier", "licensed"]);
    let [ada, twin] =
        ["Ada", "Twin"].map(|name| id(&vendor.json(&["customer", "create", name]), "customer_id"));
    let license = vendor.license(&app, &["--expires", "+30d"]);
    let question = TestApp::question(&app, &license, "device-1", &"0a".repeat(16));
    request("POST", &format!("{}/auth/validate", vendor.server.url), None, &question).expect(200);
    let device = id(&vendor.json(&["device", "list"])[0], "device_id");
    activates(vendor, &app);
    let activation = id(&vendor.json(&["activation", "list"])[0], "activation_id");
    let token = id(&vendor.json(&["token", "create", "--scope", "apps:read"]), "token_id");
    let keys = vendor.json(&["keys", "list"]);
    let mut keys = keys.as_array().expect("a list").iter();
    let issuer = keys.find(|key| key["use"] == "issuer" && key["state"] == "active").expect("one");
    std::fs::write(vendor.path("notes.json"), "{}").expect("written");
    std::fs::write(vendor.path("new.csv"), "label\nOrder 1\n").expect("written");
    std::fs::write(vendor.path("sealgate.toml"), "listen = \"127.0.0.1:0\"\n").expect("written");
    let notes = vendor.path("notes.json");
    let release = ["release", "publish", "--app", &app_id, "--version", "1", "--target", "any", &notes];
    let release = id(&vendor.json(&release), "release_id");
    // Every license of the app is revoked on the way.
    let approved = id(&vendor.license(&other, &[]), "license_id");
    let bundled = id(&vendor.license(&other, &[]), "license_id");
    let bundle = ["offline", "export", &bundled, "--pool", "1", "--valid-until", "+1d", "-o"];
    let bundle = vendor.json(&[&bundle[..], &[&vendor.path("made.sglic")]].concat());
    asks(vendor, &other);
    BTreeMap::from([
        ("bundle", id(&bundle, "bundle_id")),
        ("asked", id(&vendor.license(&other, &[]), "license_id")),
        ("release", release),
        ("approved", approved),
        ("app", app_id),
        ("other-app", id(&other, "app_id")),
        ("plan", id(&plan, "plan_id")),
        ("ada", ada),
        ("twin", twin),
        ("license", id(&license, "license_id")),
        ("device", device),
        ("activation", activation),
        ("token", token),
        ("issuer", id(issuer, "keyid")),
        ("folder", vendor.path("").trim_end_matches('/').to_owned()),
    ])
}

/// What a build of the app pins.
fn build(vendor: &Vendor, app: &Value) -> Build {
    let file = vendor.path("trust.json");
    vendor.json(&["keys", "export", "--app", text(&app["app_id"]), "-o", &file]);
    let trust = serde_json::from_slice(&std::fs::read(file).expect("is there")).expect("a trust.json");
    Build { trust, origin: vendor.server.url.clone() }
}

/// A machine without a network asks, and names no license.
fn asks(vendor: &Vendor, app: &Value) {
    let device = TestDevice::default();
    let request = device.offline_request(&build(vendor, app), None, 1);
    std::fs::write(vendor.path("a.sgreq"), device.request_file(&request)).expect("written");
}

/// A device is admitted to a license of its own.
fn activates(vendor: &Vendor, app: &Value) {
    let license = vendor.license(app, &[]);
    let build = build(vendor, app);
    let device = TestDevice::default();
    let question = device.wish(&build, text(&license["license_key"]), (1, &device.sealing()), (None, &[]));
    request("POST", &format!("{}/api/v1/activate", vendor.server.url), None, &json!(question)).expect(200);
}

#[test]
fn a_list_that_is_empty_says_so_and_what_to_do() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let id = text(&app["app_id"]);
    let nobody = "00000000-0000-7000-8000-000000000000";
    let nothing = [
        (&["plan", "list"][..], "`sealgate plan create"),
        (&["customer", "list"], "`sealgate customer create"),
        (&["license", "list"], "`sealgate license issue"),
        (&["license", "list", "--label", "x"], "no licenses match"),
        (&["device", "list"], "no devices"),
        (&["access", "list"], "`sealgate access deny`"),
        (&["events", "--request", nobody], "no events match"),
    ];
    for (verb, words) in nothing {
        assert_eq!(vendor.json(verb), serde_json::json!([]), "{verb:?}");
        let told = vendor.run(verb);
        assert_eq!((told.exit, &*told.stdout), (Some(0), ""), "{verb:?}");
        assert!(told.stderr.contains(words) && told.stderr.lines().count() == 1, "{verb:?}: {told:?}");
        assert_eq!(vendor.run(&[verb, &["-q"]].concat()).ok(), "");
    }
    assert_eq!(vendor.json(&["app", "vars", "get", id]), serde_json::json!({}));
    let told = vendor.run(&["app", "vars", "get", id]);
    assert!(told.stdout.is_empty() && told.stderr.starts_with("no values; "), "{told:?}");
}
