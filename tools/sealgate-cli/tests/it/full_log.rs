//! A log that cannot be written: nothing else may suffer from that.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use sealgate_testkit::{Engine, TestDatabase, on_postgres, request};
use serde_json::json;

use crate::program::sealgate;
use crate::server::Server;

#[test]
fn a_server_whose_log_is_on_a_full_disk_survives_an_error_of_its_database() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = TestDatabase::create(engine);
        let dir = tempfile::tempdir().expect("a temporary directory");
        let data = dir.path().join("data");
        let mut command = sealgate(&["-v", "serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(&data);
        if let Some(url) = database.postgres_url() {
            command.env("SEALGATE_DATABASE", url);
        }
        let full = OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
        let server = Server::launch_with_log(&mut command, Stdio::from(full));
        let token = std::fs::read_to_string(data.join("admin.token")).expect("the owner's token");
        let create = |name: &str| {
            let url = format!("{}/api/v1/apps", server.url);
            request("POST", &url, Some(token.trim()), &json!({ "name": name })).status
        };
        assert_eq!(create("before"), 201);
        let meddle = |statement: &str| match database.postgres_url() {
            Some(url) => on_postgres(&url, statement).expect("is changed"),
            None => sealgate_testkit::on_sqlite(&data.join("sealgate.db"), statement),
        };
        // Every group of writes fails, and the log is told.
        meddle("ALTER TABLE change_counter RENAME TO hidden");
        assert!(create("refused") >= 500);
        meddle("ALTER TABLE hidden RENAME TO change_counter");
        assert_eq!(create("after"), 201);
        request("GET", &format!("{}/readyz", server.url), None, &json!(null)).expect(200);
        assert_eq!(server.stop().0, Some(0));
    }
}

#[test]
fn a_server_whose_standard_output_is_on_a_full_disk_serves_and_says_where_in_its_log() {
    for more in [&[][..], &["--json"]] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let full = OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
        let mut command = sealgate(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(dir.path().join("data")).args(more).stdout(full).stderr(Stdio::piped());
        let mut server = command.spawn().expect("it starts");
        let log = BufReader::new(server.stderr.take().expect("piped"));
        let line = log.lines().map_while(Result::ok).find(|line| line.contains("listening on"));
        let line = line.expect("it is said");
        let address = line.split_once("http://").expect("a URL").1.split([',', ' ']).next().expect("a word");
        let ready = request("GET", &format!("http://{address}/readyz"), None, &json!(null));
        server.kill().and_then(|()| server.wait()).expect("it ends");
        ready.expect(200);
    }
}

#[test]
fn a_server_whose_files_may_not_grow_refuses_changes_and_lives() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, log) = (dir.path().join("data"), dir.path().join("log"));
    let log = OpenOptions::new().create(true).append(true).open(log).expect("a log");
    let mut command = sealgate(&["-v", "serve", "--listen", "127.0.0.1:0", "--data"]);
    let server = Server::launch_with_log(command.arg(&data), Stdio::from(log));
    let token = std::fs::read_to_string(data.join("admin.token")).expect("the owner's token");
    let create = |name: &str| {
        let url = format!("{}/api/v1/apps", server.url);
        request("POST", &url, Some(token.trim()), &json!({ "name": name })).status
    };
    assert_eq!(create("before"), 201);
    // The system would end a process that does not take its signal.
    server.may_write_files_of("4096");
    for _ in 0..20 {
        assert_eq!(create("refused"), 503);
    }
    server.may_write_files_of("unlimited");
    assert_eq!(create("after"), 201);
    request("GET", &format!("{}/readyz", server.url), None, &json!(null)).expect(200);
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn a_server_whose_log_nobody_reads_goes_on() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    let (unread, log) = std::io::pipe().expect("a pipe");
    let mut command = sealgate(&["-v", "-v", "serve", "--listen", "127.0.0.1:0", "--data"]);
    let server = Server::launch_with_log(command.arg(&data), Stdio::from(log));
    drop(command);
    let token = std::fs::read_to_string(data.join("admin.token")).expect("the owner's token");
    // A line or more each, and a pipe that holds 64 KiB.
    let tail = "x".repeat(200);
    for n in 0..1500 {
        let url = format!("{}/api/v1/apps/{n}/{tail}", server.url);
        assert_eq!(request("GET", &url, None, &json!(null)).status, 404);
    }
    let url = format!("{}/api/v1/apps", server.url);
    request("POST", &url, Some(token.trim()), &json!({ "name": "after" })).expect(201);
    assert_eq!(server.stop().0, Some(0));
    drop(unread);
}
