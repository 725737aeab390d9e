//! Authority and runtime as two processes on one database: the second answers, and can make nothing.

use std::path::Path;
use std::process::Command;

use sealgate_artifact::{KeyUse, Outcome as Decided, PublicKey};
use sealgate_testkit::{Build, Engine, TestDatabase, TestDevice, request, send};
use sealgate_wire::{OnlineAnswer, OnlineQuestion, Trust};
use serde_json::{Value, json};

use crate::program::{Outcome, SEALGATE, run, run_with_input, sealgate};
use crate::server::Server;
use crate::vendor::text;

/// The Authority with its data, a place for the runtime's, and the database that they share.
pub(crate) struct Vendor {
    authority: Server,
    /// The database, as its owner opens it.
    pub(crate) database: String,
    dir: tempfile::TempDir,
    _database: TestDatabase,
}

impl Vendor {
    pub(crate) fn new() -> Self {
        let database = TestDatabase::create(Engine::Postgres);
        let url = database.postgres_url().expect("PostgreSQL");
        let dir = tempfile::tempdir().expect("a temporary directory");
        let more = ["--role", "authority", "--database", &url];
        let authority = Server::start_with(&dir.path().join("authority"), &more);
        Self { authority, database: url, dir, _database: database }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let (url, data) = (&self.authority.url, self.path("authority"));
        let global = ["--json", "--url", url, "--data", &data];
        run(&mut sealgate(&[&global, arguments].concat())).json()
    }

    /// The same for a person to read.
    fn tell(&self, arguments: &[&str]) -> Outcome {
        let (url, data) = (&self.authority.url, self.path("authority"));
        run(&mut sealgate(&[&["--url", url, "--data", &data], arguments].concat()))
    }

    pub(crate) fn share(&self) -> Value {
        self.json(&["keys", "share", "-o", &self.path("runtime")])
    }

    pub(crate) fn url_of_authority(&self) -> &str {
        &self.authority.url
    }

    pub(crate) fn start_runtime(&self) -> Server {
        self.start_runtime_on(&self.database)
    }

    /// The same as another user of the database.
    pub(crate) fn start_runtime_on(&self, database: &str) -> Server {
        self.start_runtime_with(database, &[])
    }

    fn start_runtime_with(&self, database: &str, more: &[&str]) -> Server {
        let more = [&["--role", "runtime", "--database", database], more].concat();
        Server::start_with(Path::new(&self.path("runtime")), &more)
    }

    /// A build of the app that asks the runtime.
    pub(crate) fn build(&self, app: &Value, runtime: &Server) -> Build {
        let file = self.path("trust.json");
        self.json(&["keys", "export", "--app", text(&app["app_id"]), "-o", &file]);
        let trust: Trust =
            serde_json::from_slice(&std::fs::read(file).expect("is there")).expect("a trust.json");
        Build { trust, origin: runtime.url.clone() }
    }
}

pub(crate) fn ask(runtime: &Server, question: &OnlineQuestion) -> sealgate_testkit::Answer {
    let body = serde_json::to_vec(question).expect("a question");
    send("POST", &format!("{}/api/v1/validate", runtime.url), None, &body)
}

pub(crate) fn now() -> u64 {
    use sealgate_authority::ports::{Clock, System};
    System.unix_millis() / 1000
}

#[test]
fn a_runtime_answers_once_it_was_approved_and_serves_nothing_of_the_vendors() {
    let vendor = Vendor::new();
    let app = vendor.json(&["app", "create", "Editor"]);
    let issued = vendor.json(&["license", "issue", "--app", text(&app["app_id"]), "--max-devices", "2"]);
    let license = &issued["licenses"][0];
    assert_eq!(vendor.share()["added"], 6, "two keys of the app and four secrets");
    assert_eq!(vendor.share()["added"], 0, "nothing is missing any more");
    let runtime = vendor.start_runtime();
    let (build, desk) = (vendor.build(&app, &runtime), TestDevice::default());
    let question = desk.question(&build, text(&license["license_key"]), 1, &[]);
    assert_eq!(ask(&runtime, &question).status, 503, "nobody vouches for it yet");

    let servers = vendor.json(&["server", "list"]);
    assert_eq!((servers.as_array().map(Vec::len), &servers[0]["status"]), (Some(1), &json!("waiting")));
    let id = text(&servers[0]["server_id"]);
    assert_eq!(vendor.json(&["server", "approve", id, "--yes"])["status"], "approved");
    let answer = ask(&runtime, &question);
    let answer: OnlineAnswer = serde_json::from_slice(&answer.bytes).expect("an answer");
    let decision = build.judge(&question, &answer, now()).expect("is to be believed");
    assert!(matches!(decision.outcome, Decided::Allowed { .. }), "{decision:?}");
    let hwid = json!({
        "appId": app["app_id"], "appSecret": app["app_secret"], "licenseKey": license["license_key"],
        "hwid": "desk", "nonce": "0".repeat(32),
    });
    request("POST", &format!("{}/auth/validate", runtime.url), None, &hwid).expect(200);

    let token = std::fs::read_to_string(vendor.path("authority/admin.token")).expect("is there");
    let api = |server: &Server| {
        request("GET", &format!("{}/api/v1/apps", server.url), Some(token.trim()), &json!(null))
    };
    assert_eq!((api(&vendor.authority).status, api(&runtime).status), (200, 404));
    let wire = request("POST", &format!("{}/auth/validate", vendor.authority.url), None, &hwid);
    assert_eq!(wire.status, 404, "the Authority answers no running software");
    assert_eq!(ask(&vendor.authority, &question).status, 404);
    for server in [&vendor.authority, &runtime] {
        request("GET", &format!("{}/readyz", server.url), None, &json!(null)).expect(200);
    }

    assert_eq!(vendor.json(&["server", "revoke", id, "--reason", "stolen"])["status"], "revoked");
    assert_eq!(vendor.json(&["license", "show", text(&license["license_id"])])["devices_used"], 2);
    assert_eq!(runtime.stop().0, Some(0));
}

#[test]
fn a_runtime_holds_none_of_the_vendors_keys_and_does_not_start_with_one() {
    let vendor = Vendor::new();
    vendor.json(&["app", "create", "Editor"]);
    vendor.share();
    let uses = |name: &str| -> Vec<String> {
        let keys = std::fs::read_dir(vendor.path(name))
            .expect("a keystore")
            .map(|file| file.expect("a file").path());
        let mut uses: Vec<String> = keys
            .filter(|path| path.extension().is_some_and(|e| e == "key") && !path.ends_with("unlock.key"))
            .map(|path| {
                let file: Value =
                    serde_json::from_slice(&std::fs::read(path).expect("is read")).expect("JSON");
                text(&file["use"]).to_owned()
            })
            .collect();
        uses.sort();
        uses.dedup();
        uses
    };
    assert_eq!(vendor.start_runtime().stop().0, Some(0));
    assert_eq!(uses("runtime/keys"), ["activation", "app", "server"]);
    assert_eq!(uses("authority/keys"), ["app", "authority", "issuer", "root", "snapshot", "update"]);

    let has = |name: &str, secret: &str| Path::new(&vendor.path(name)).join("keys").join(secret).is_file();
    for secret in ["token-pepper-v1.secret", "license-key-display-v1.secret", "answers-v1.secret"] {
        assert_eq!((has("authority", secret), has("runtime", secret)), (true, false), "{secret}");
    }

    for role in ["authority", "all"] {
        let data = vendor.path("runtime");
        let serve = ["serve", "--listen", "127.0.0.1:0", "--data", &data, "--role", role];
        let outcome = run(&mut sealgate(&[&serve[..], &["--database", &vendor.database]].concat()));
        assert!(
            outcome.stderr.contains("key_missing") && outcome.stderr.contains("--role runtime"),
            "{outcome:?}"
        );
        assert!(!has("runtime", "token-pepper-v1.secret"), "it became no Authority");
    }
    assert_eq!(vendor.json(&["server", "list"])[0]["status"], "waiting", "nobody approved it");

    let issuer = std::fs::read_dir(vendor.path("authority/keys"))
        .expect("a keystore")
        .map(|file| file.expect("a file"));
    let issuer = issuer.filter(|file| {
        std::fs::read_to_string(file.path()).is_ok_and(|text| text.contains("\"use\": \"issuer\""))
    });
    let issuer = issuer.map(|file| file.path()).next().expect("an issuer");
    let there = Path::new(&vendor.path("runtime/keys")).join(issuer.file_name().expect("a name"));
    std::fs::copy(issuer, there).expect("is copied");
    let data = vendor.path("runtime");
    let start = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data",
        &data,
        "--role",
        "runtime",
        "--database",
        &vendor.database,
    ];
    let outcome = run(&mut sealgate(&start));
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("key_misuse") && outcome.stderr.contains("issuer"), "{outcome:?}");
    let refused =
        run(&mut sealgate(&["--json", "keys", "share", "--data", &vendor.path("authority"), "-o", &data]));
    assert!(refused.stderr.contains("key_misuse"), "it is not put beside one either: {refused:?}");
}

/// Approves a server on a terminal of its own, with no result to be seen: `script` copies what the person sees there.
fn quietly(vendor: &Vendor, id: &str, answer: &str) -> Outcome {
    let line = format!("{SEALGATE} --quiet server approve {id} > /dev/null");
    let mut script = Command::new("script");
    script.env_clear().args(["-qec", &line, "/dev/null"]).env("TERM", "xterm");
    script.env("SEALGATE_URL", vendor.url_of_authority()).env("SEALGATE_DATA", vendor.path("authority"));
    run_with_input(&mut script, answer)
}

/// Whoever can write where a server says that it is found must not get a certificate for that place.
#[test]
fn an_approval_holds_for_the_origins_that_it_was_given_for() {
    let vendor = Vendor::new();
    vendor.json(&["app", "create", "Editor"]);
    vendor.share();
    let start = |origin: &str| vendor.start_runtime_with(&vendor.database, &["--origin", origin]).stop().0;
    let status = || {
        let server = vendor.json(&["server", "list"])[0].clone();
        (text(&server["server_id"]).to_owned(), text(&server["status"]).to_owned(), server["origins"].clone())
    };
    assert_eq!(start("https://here.example"), Some(0));
    let (id, ..) = status();
    let asked = vendor.tell(&["server", "approve", &id]);
    assert!(asked.exit == Some(78) && asked.stderr.contains("--yes"), "nobody is there to ask: {asked:?}");
    assert!(asked.stderr.contains("https://here.example"), "it is shown before anybody is asked: {asked:?}");
    let seen = quietly(&vendor, &id, "n\n");
    assert!(seen.exit == Some(1) && seen.stdout.contains("https://here.example"), "{seen:?}");
    assert!(seen.stdout.contains("nothing was changed") && !seen.stdout.contains("--yes"), "{seen:?}");
    assert_eq!(status().1, "waiting");
    assert!(vendor.tell(&["server", "approve", &id, "--yes"]).ok().contains("approved"));
    for (origin, expected) in [
        ("https://here.example", "approved"),
        ("https://there.example", "waiting"),
        ("https://here.example", "approved"),
        ("https://there.example", "waiting"),
    ] {
        assert_eq!(start(origin), Some(0));
        assert_eq!(status(), (id.clone(), expected.to_owned(), json!([origin])));
    }
    vendor.json(&["server", "approve", &id, "--yes"]);
    assert_eq!(status().1, "approved");
    vendor.json(&["server", "revoke", &id, "--reason", "gone"]);
    assert_eq!((start("https://here.example"), status().1), (Some(0), "revoked".to_owned()));
}

/// Nor must whoever can write with what a server signs have that key listed.
#[test]
fn an_approval_holds_for_the_activation_key_that_was_seen() {
    let vendor = Vendor::new();
    vendor.json(&["app", "create", "Editor"]);
    vendor.share();
    let start = || vendor.start_runtime_with(&vendor.database, &["--origin", "https://here.example"]).stop();
    let server = || vendor.json(&["server", "list"])[0].clone();
    let id_of = |server: &Value| {
        let key = PublicKey::parse(text(&server["activation_key"])).expect("a key");
        key.id(KeyUse::Activation).to_string()
    };
    let listed = || -> Vec<(String, String)> {
        let keys = vendor.json(&["keys", "list"]);
        let of = keys.as_array().into_iter().flatten().filter(|key| key["use"] == "activation");
        let mut of: Vec<_> =
            of.map(|key| (text(&key["keyid"]).to_owned(), text(&key["state"]).to_owned())).collect();
        of.sort();
        of
    };
    let both = |(a, of_a): (&String, &str), (b, of_b): (&String, &str)| {
        let mut both = [(a.clone(), of_a.to_owned()), (b.clone(), of_b.to_owned())];
        both.sort();
        both
    };
    let (exit, log) = start();
    let first = id_of(&server());
    assert!(exit == Some(0) && log.contains(&first), "the log says what to compare: {log}");
    assert_eq!(listed(), [], "it waits");
    let id = text(&server()["server_id"]).to_owned();
    assert!(vendor.tell(&["server", "approve", &id, "--yes"]).ok().contains(&first));
    assert_eq!(listed(), [(first.clone(), "active".to_owned())]);

    std::fs::remove_file(vendor.path(&format!("runtime/keys/{first}.key"))).expect("is there");
    assert_eq!(start().0, Some(0));
    let second = id_of(&server());
    assert_ne!(second, first);
    assert_eq!(
        (&server()["status"], &server()["activation_approved_at"]),
        (&json!("approved"), &json!(null))
    );
    let told = vendor.tell(&["server", "list"]).ok();
    assert!(told.contains(&format!("{second} (to be approved)")), "{told}");
    assert_eq!(listed(), [(first.clone(), "active".to_owned())]);
    vendor.json(&["server", "approve", &id, "--yes"]);
    assert_eq!(listed(), both((&first, "retired"), (&second, "active")));

    vendor.json(&["server", "revoke", &id, "--reason", "stolen"]);
    assert_eq!(listed(), both((&first, "revoked"), (&second, "revoked")));
    std::fs::remove_file(vendor.path(&format!("runtime/keys/{id}.key"))).expect("is there");
    assert_eq!(start().0, Some(0));
    let servers = vendor.json(&["server", "list"]);
    let third = servers.as_array().into_iter().flatten().find(|server| server["status"] == "waiting");
    assert_ne!(id_of(third.expect("a new server")), second, "with keys of its own");
}

#[test]
fn a_runtime_founds_nothing() {
    let database = TestDatabase::create(Engine::Postgres);
    let url = database.postgres_url().expect("PostgreSQL");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data").to_str().expect("UTF-8").to_owned();
    let start =
        ["serve", "--listen", "127.0.0.1:0", "--data", &data, "--role", "runtime", "--database", &url];
    let outcome = run(&mut sealgate(&start));
    assert_eq!(outcome.exit, Some(78), "{outcome:?}");
    assert!(outcome.stderr.contains("keys share"), "{outcome:?}");
}

#[test]
fn an_origin_that_no_client_could_compare_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().to_str().expect("UTF-8");
    for origin in
        ["licenses.example.com", "https://licenses.example.com/", "https://Licenses.example.com", "ftp://x"]
    {
        let outcome = run(&mut sealgate(&["serve", "--data", data, "--origin", origin]));
        assert_eq!(outcome.exit, Some(78), "{origin}: {outcome:?}");
        assert!(outcome.stderr.contains("not an origin"), "{outcome:?}");
    }
}
