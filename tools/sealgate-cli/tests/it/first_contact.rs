//! What a server says of itself when it starts, what it tells whoever starts the first one, and what it does not start with.

use std::path::Path;
use std::process::Command;

use sealgate_testkit::{DATABASE_PASSWORD, Engine, TestDatabase};
use serde_json::Value;

use crate::program::{Outcome, run, sealgate};
use crate::server::Server;
use crate::vendor::text;

const SERVE: [&str; 4] = ["serve", "--listen", "127.0.0.1:0", "--data"];

/// The line of a log of JSON that a start is told in.
fn told(log: &str) -> Value {
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut found: Vec<Value> = lines.filter(|line| line["fields"]["message"] == "starting").collect();
    assert_eq!(found.len(), 1, "{log}");
    found.remove(0)["fields"].take()
}

fn words<'a>(fields: &'a Value, name: &str) -> Vec<&'a str> {
    text(&fields[name]).split(' ').collect()
}

#[test]
fn a_start_is_told_in_one_line_for_people_and_for_programs() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    let server = Server::start_with(&data, &["--log", "json"]);
    let url = server.url.clone();
    let fields = told(&server.stop().1);
    let here = url.strip_prefix("http://").expect("a URL");
    let port = here.split_once(':').expect("a port").1;
    assert_eq!(text(&fields["version"]), env!("CARGO_PKG_VERSION"));
    assert_eq!((text(&fields["role"]), text(&fields["listen"])), ("all", here));
    assert_eq!(words(&fields, "origins"), [url.clone(), format!("http://localhost:{port}")]);
    assert_eq!(text(&fields["data"]), data.display().to_string());
    assert_eq!(text(&fields["database"]), format!("SQLite {}", data.join("sealgate.db").display()));
    assert_eq!(text(&fields["data_from"]), "flag");
    let kept = |ids: Vec<&str>| ids.iter().all(|id| data.join("keys").join(format!("{id}.key")).is_file());
    for (name, count) in [("server_keys", 1), ("authority_keys", 2), ("root_keys", 1)] {
        assert_eq!(words(&fields, name).len(), count, "{fields}");
        assert!(kept(words(&fields, name)), "{fields}");
    }

    let mut again = sealgate(&["serve", "--listen", "127.0.0.1:0"]);
    let (_, log) = Server::launch(again.env("SEALGATE_DATA", "data").current_dir(dir.path())).stop();
    let line = log.lines().find(|line| line.contains("starting")).unwrap_or_else(|| panic!("{log}"));
    let place = dir.path().canonicalize().expect("there").join("data");
    for part in [
        format!("version=\"{}\"", env!("CARGO_PKG_VERSION")),
        format!("data={}", place.display()),
        "data_from=environment".to_owned(),
        format!("server_keys={}", text(&fields["server_keys"])),
    ] {
        assert!(line.contains(&part), "{part}: {line}");
    }
}

#[test]
fn a_start_shows_where_its_database_is_and_no_password() {
    let database = TestDatabase::create(Engine::Postgres);
    let url = database.postgres_url().expect("PostgreSQL");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let [authority, runtime] = ["authority", "runtime"].map(|name| dir.path().join(name));
    let more = ["--log", "json", "--database", &url, "--role"];
    let (_, log) = Server::start_with(&authority, &[&more[..], &["authority"]].concat()).stop();
    assert!(!log.contains(DATABASE_PASSWORD), "{log}");
    let fields = told(&log);
    let (_, place) = url.split_once('@').expect("a user");
    assert_eq!(text(&fields["database"]), format!("PostgreSQL {place}"));
    assert_eq!((text(&fields["origins"]), text(&fields["server_keys"])), ("none", "none"));
    run(sealgate(&["keys", "share", "--data"]).arg(&authority).arg("-o").arg(&runtime)).ok();
    let (_, log) = Server::start_with(&runtime, &[&more[..], &["runtime"]].concat()).stop();
    let fields = told(&log);
    assert_eq!((text(&fields["role"]), text(&fields["root_keys"])), ("runtime", "none"));
    assert!(!log.contains(DATABASE_PASSWORD), "{log}");
}

#[test]
fn the_first_start_says_what_to_do_next_and_that_works() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("my data");
    let server = Server::start(&data);
    server.line_with(&data.join("admin.token").display().to_string());
    let export = server.line_with("export SEALGATE_URL=");
    let create = server.line_with("sealgate app create");
    let shell = |line: &str| {
        let program = Path::new(crate::program::SEALGATE).parent().expect("a folder").display().to_string();
        let script = format!("PATH={program}:/usr/bin:/bin; {export}\n{line}");
        run(Command::new("sh").env_clear().args(["-ec", &script])).ok()
    };
    shell(&create);
    shell(&server.line_with("sealgate license issue"));
    shell(&server.line_with("sealgate doctor"));
    assert_eq!(server.stop().0, Some(0));

    let quiet = [&["--json"][..], &["--quiet"]];
    for (n, more) in quiet.into_iter().enumerate() {
        let data = dir.path().join(n.to_string());
        let mut command = sealgate(&SERVE);
        command.arg(&data).args(more).args(["--log", "json"]);
        if more == ["--json"] {
            let server = Server::launch(&mut command);
            server.signal("TERM");
            assert!(!server.wait().1.contains("SEALGATE_DATA"));
        }
    }
    // Who has started it before knows.
    let again = Server::start(&data);
    again.signal("TERM");
    let log = again.wait().1;
    assert!(!log.contains("first start"), "{log}");
}

/// What is typed in another folder leads there, too.
#[test]
fn the_first_start_names_its_directory_whole() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut command = sealgate(&["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
    let server = Server::launch(command.current_dir(dir.path()));
    let whole = dir.path().canonicalize().expect("there").join("data");
    let export = server.line_with("export SEALGATE_URL=");
    assert!(export.ends_with(&format!("SEALGATE_DATA={}", whole.display())), "{export}");
}

fn refused(data: &Path, more: &[&str]) -> Outcome {
    let told = run(sealgate(&["serve", "--json", "--data"]).arg(data).args(more));
    assert!(!data.exists(), "nothing is made: {told:?}");
    told
}

#[test]
fn an_address_that_no_client_can_call_is_certified_for_nobody() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let failure = refused(&data, &["--listen", listen]).refused(78, "config_invalid");
        assert!(
            text(&failure["message"]).contains("origins") && text(&failure["fix"]).contains("--origin"),
            "{failure}"
        );
    }
    let mut command = sealgate(&[
        "serve",
        "--listen",
        "0.0.0.0:0",
        "--origin",
        "https://licenses.example.com",
        "--log",
        "json",
        "--data",
    ]);
    let (_, log) = Server::launch(command.arg(&data)).stop();
    assert_eq!(words(&told(&log), "origins"), ["https://licenses.example.com"]);
}

#[test]
fn roles_apart_need_a_database_that_can_be_shared() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for role in ["authority", "runtime"] {
        let failure = refused(&dir.path().join("data"), &["--role", role]).refused(78, "config_invalid");
        assert!(
            text(&failure["message"]).contains("PostgreSQL") && text(&failure["fix"]).contains("--role all"),
            "{failure}"
        );
    }
}

#[test]
fn a_variable_that_wins_over_the_file_is_said_to() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let [file, named, exported] = ["sealgate.toml", "named", "exported"].map(|name| dir.path().join(name));
    std::fs::write(&file, format!("listen = \"127.0.0.1:0\"\ndata = {:?}\n", named.display().to_string()))
        .expect("is written");
    let serve = |data: Option<&Path>| {
        let mut command = sealgate(&["serve", "--config"]);
        command.arg(&file);
        if let Some(data) = data {
            command.env("SEALGATE_DATA", data);
        }
        Server::launch(&mut command).stop().1
    };
    let log = serve(Some(&exported));
    let warning = format!("SEALGATE_DATA in the environment overrides data in {}", file.display());
    assert!(log.contains("WARN") && log.contains(&warning), "{log}");
    assert!(exported.is_dir() && !named.exists());
    let log = serve(None);
    assert!(!log.contains("overrides") && log.contains("data_from=file") && named.is_dir(), "{log}");
}

/// Everything below a folder, with what it holds.
fn everything(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = vec![];
    for entry in std::fs::read_dir(folder).expect("there") {
        let path = entry.expect("there").path();
        if path.is_dir() {
            found.push((path.clone(), vec![]));
            found.extend(everything(&path));
        } else {
            found.push((path.clone(), std::fs::read(&path).expect("is read")));
        }
    }
    found.sort();
    found
}

#[test]
fn where_the_keys_are_missing_nothing_is_written_before_that_is_said() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    assert_eq!(Server::start(&data).stop().0, Some(0));
    std::fs::rename(data.join("keys"), dir.path().join("keys")).expect("moved");
    let before = everything(&data);
    for _ in 0..2 {
        let failure = run(sealgate(&["--json", "serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data))
            .refused(78, "database_mismatch");
        assert!(text(&failure["message"]).contains(&data.join("keys").display().to_string()), "{failure}");
        assert!(text(&failure["fix"]).contains("restore keys/"), "{failure}");
        assert_eq!(everything(&data), before);
    }
    std::fs::rename(dir.path().join("keys"), data.join("keys")).expect("moved back");
    assert_eq!(Server::start(&data).stop().0, Some(0));

    let database = TestDatabase::create(Engine::Postgres);
    let url = database.postgres_url().expect("PostgreSQL");
    let [first, other] = ["first", "other"].map(|name| dir.path().join(name));
    assert_eq!(Server::start_with(&first, &["--database", &url]).stop().0, Some(0));
    refused(&other, &["--listen", "127.0.0.1:0", "--database", &url]).refused(78, "database_mismatch");
}
