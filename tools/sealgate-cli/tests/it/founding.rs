//! Two processes that want the same data directory, or the same key, on PostgreSQL.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use sealgate_testkit::{Engine, TestDatabase, request};
use serde_json::{Value, json};

use crate::program::{run, sealgate};
use crate::server::Server;
use crate::vendor::text;

/// Founding races that are run.
const ROUNDS: usize = 5;

/// A database, and a folder for data directories.
struct Place {
    url: String,
    dir: tempfile::TempDir,
    _database: TestDatabase,
}

impl Place {
    fn new() -> Self {
        let database = TestDatabase::create(Engine::Postgres);
        let url = database.postgres_url().expect("PostgreSQL");
        Self { url, dir: tempfile::tempdir().expect("a temporary directory"), _database: database }
    }

    fn data(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn start(&self, name: &str) -> Server {
        Server::start_with(&self.data(name), &["--database", &self.url, "--origin", "https://one.example"])
    }

    /// A start that must fail: its exit code and its log.
    fn refused(&self, name: &str, role: &str) -> (Option<i32>, String) {
        let data = self.data(name);
        let (url, origin) = (&self.url, "https://two.example");
        let serve =
            ["serve", "--listen", "127.0.0.1:0", "--database", url, "--origin", origin, "--role", role];
        let outcome = run(sealgate(&serve).arg("--data").arg(data));
        (outcome.exit, outcome.stderr)
    }

    fn json(&self, server: &str, arguments: &[&str]) -> Value {
        let data = self.data("data");
        let global = ["--json", "--url", server, "--data", data.to_str().expect("UTF-8")];
        run(&mut sealgate(&[&global, arguments].concat())).json()
    }

    /// Issues a license, and returns a question about it.
    fn sell(&self, server: &str) -> Value {
        let app = self.json(server, &["app", "create", "Editor"]);
        let issued = self.json(server, &["license", "issue", "--app", text(&app["app_id"])]);
        json!({
            "appId": app["app_id"], "appSecret": app["app_secret"], "hwid": "desk", "nonce": "0".repeat(32),
            "licenseKey": issued["licenses"][0]["license_key"],
        })
    }
}

fn validate(server: &str, question: &Value) {
    request("POST", &format!("{server}/auth/validate"), None, question).expect(200);
}

/// Starts two servers at once: where the one that serves listens, it, and what the other one said.
fn race(place: &Place) -> (String, Child, String) {
    let start = || {
        let data = place.data("data");
        let mut command = sealgate(&["serve", "--listen", "127.0.0.1:0", "--database", &place.url, "--data"]);
        command.arg(data).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    };
    // A line where it listens, or nothing when it has ended.
    let heard = |mut child: Child| {
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        while stdout.read_line(&mut line).expect("is read") > 0 && !line.contains("http://") {}
        child.stdout = Some(stdout.into_inner());
        (line, child)
    };
    let children = [start(), start()];
    let [a, b] = std::thread::scope(|scope| {
        children.map(|child| scope.spawn(move || heard(child))).map(|heard| heard.join().expect("is heard"))
    });
    let ((line, winner), (nothing, mut loser)) = if a.0.is_empty() { (b, a) } else { (a, b) };
    assert_eq!(nothing, "", "only one of them may serve");
    let mut said = String::new();
    loser.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert_eq!(loser.wait().expect("it ended").code(), Some(78), "{said}");
    let url = line.split_once("http://").expect("one of them serves").1;
    let address: String = url.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
    (format!("http://{}", address.trim_end_matches('.')), winner, said)
}

fn stop(mut server: Child) {
    let sent = std::process::Command::new("kill").arg(server.id().to_string()).status();
    assert!(sent.expect("kill runs").success());
    assert_eq!(server.wait().expect("it ends").code(), Some(0));
}

#[test]
fn of_two_first_starts_at_once_one_founds_and_what_it_sold_stays_good() {
    for _ in 0..ROUNDS {
        let place = Place::new();
        let (url, winner, said) = race(&place);
        assert!(said.contains("data_in_use"), "{said}");
        let question = place.sell(&url);
        validate(&url, &question);
        stop(winner);

        let again = place.start("data");
        validate(&again.url, &question);
        assert_eq!(again.stop().0, Some(0));
    }
}

#[test]
fn a_second_server_on_a_directory_in_use_is_refused_on_postgresql() {
    let place = Place::new();
    let first = place.start("data");
    let (exit, said) = place.refused("data", "all");
    assert_eq!((exit, said.contains("data_in_use")), (Some(78), true), "{said}");
    let servers = place.json(&first.url, &["server", "list"]);
    assert_eq!(servers[0]["origins"], json!(["https://one.example"]), "{servers}");
    assert_eq!(first.stop().0, Some(0));
}

#[test]
fn a_copied_directory_beside_the_live_one_takes_nothing_over() {
    let place = Place::new();
    let first = place.start("data");
    copy(&place.data("data"), &place.data("copy"));
    let servers = place.json(&first.url, &["server", "list"]);
    let id = text(&servers[0]["server_id"]);
    // Also without the server's key: the keys that it would make would lie in the copy alone.
    std::fs::remove_file(place.data("copy").join(format!("keys/{id}.key"))).expect("is there");
    std::thread::scope(|scope| {
        let (place, other) = (&place, place.data("other"));
        copy(&place.data("data"), &other);
        for (name, role) in [("copy", "all"), ("other", "authority")] {
            scope.spawn(move || {
                let (exit, said) = place.refused(name, role);
                assert_eq!((exit, said.contains("data_in_use")), (Some(78), true), "{said}");
                assert!(said.contains("keys share"), "it says what to do: {said}");
            });
        }
    });
    let servers = place.json(&first.url, &["server", "list"]);
    assert_eq!(servers[0]["origins"], json!(["https://one.example"]), "{servers}");
    assert_eq!(servers.as_array().map(Vec::len), Some(1), "{servers}");
    assert_eq!(first.stop().0, Some(0));
}

#[test]
fn a_copied_runtime_beside_the_live_one_takes_nothing_over() {
    let place = Place::new();
    let first = place.start("data");
    let shared = place.data("runtime");
    run(sealgate(&["keys", "share", "-o"]).arg(&shared).arg("--data").arg(place.data("data"))).ok();
    let runtime = ["--database", &*place.url, "--role", "runtime", "--origin", "https://two.example"];
    let second = Server::start_with(&shared, &runtime);
    copy(&shared, &place.data("copy"));
    let (exit, said) = place.refused("copy", "runtime");
    assert_eq!((exit, said.contains("data_in_use")), (Some(78), true), "{said}");
    let servers = place.json(&first.url, &["server", "list"]);
    let found = servers.as_array().into_iter().flatten().find(|s| s["status"] == "waiting");
    let id = text(&found.expect("it is known")["server_id"]);
    assert!(said.contains(&format!("keys/{id}.key")), "it says what to do: {said}");

    // As it says: then it is a server of its own.
    std::fs::remove_file(place.data("copy").join(format!("keys/{id}.key"))).expect("is there");
    let third = ["--database", &*place.url, "--role", "runtime", "--origin", "https://three.example"];
    let third = Server::start_with(&place.data("copy"), &third);
    let servers = place.json(&first.url, &["server", "list"]);
    let mut origins: Vec<_> =
        servers.as_array().into_iter().flatten().map(|s| s["origins"][0].clone()).collect();
    origins.sort_by_key(Value::to_string);
    assert_eq!(origins, ["https://one.example", "https://three.example", "https://two.example"]);
    assert_eq!((third.stop().0, second.stop().0, first.stop().0), (Some(0), Some(0), Some(0)));
}

#[test]
fn after_a_kill_the_same_directory_and_a_copy_of_it_start_again() {
    let place = Place::new();
    let mut first = place.start("data");
    first.kill();
    let mut again = place.start("data");
    copy(&place.data("data"), &place.data("copy"));
    again.kill();
    assert_eq!(place.start("copy").stop().0, Some(0), "the other one is gone");
}

/// A start that fails must not leave a directory that nothing can be shared into.
#[test]
fn a_runtime_that_starts_too_early_does_not_spoil_its_directory() {
    let place = Place::new();
    let authority = place.start("data");
    let data = place.data("runtime");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--role", "runtime", "--database", &place.url, "--data"];
    let outcome = run(sealgate(&serve).arg(&data));
    assert!(outcome.exit == Some(78) && outcome.stderr.contains("keys share"), "{outcome:?}");
    let share = || {
        let mut command = sealgate(&["keys", "share", "--json", "-o"]);
        run(command.arg(&data).arg("--data").arg(place.data("data"))).json()
    };
    place.sell(&authority.url);
    let added: u64 = std::thread::scope(|scope| {
        let shares = [(); 3].map(|()| scope.spawn(share));
        shares.map(|share| share.join().expect("is shared")["added"].as_u64().expect("a count")).iter().sum()
    });
    assert_eq!(added, 6, "each key and secret once, however many share at once");
    let runtime = Server::start_with(&data, &["--role", "runtime", "--database", &place.url]);
    assert_eq!((runtime.stop().0, authority.stop().0), (Some(0), Some(0)));
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.expect("cp runs").success());
}
