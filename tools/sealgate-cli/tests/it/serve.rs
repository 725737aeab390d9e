//! How `sealgate serve` ends: well, and with everything it promised.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use sealgate_testkit::TestApp;
use serde_json::Value;

use crate::program::sealgate;
use crate::server::Server;
use crate::vendor::{Vendor, names, text};

#[test]
fn every_signal_that_asks_ends_the_server_well() {
    for signal in ["TERM", "INT"] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let server = Server::start(&dir.path().join("data"));
        server.signal(signal);
        assert_eq!(server.wait().0, Some(0), "{signal}");
    }
}

#[test]
fn a_stopped_server_has_kept_everything() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &["--label", "kept"]);
    let (list, id) = (vendor.json(&["app", "list"]), text(&license["license_id"]));
    let shown = vendor.json(&["license", "show", id]);
    let body = TestApp::question(&app, &license, "device-1", &"0a".repeat(16));
    let validate = |vendor: &Vendor| {
        let url = format!("{}/auth/validate", vendor.server.url);
        sealgate_testkit::request("POST", &url, None, &body).status
    };
    assert_eq!(validate(&vendor), 200);

    let again = vendor.restart();
    assert_eq!(again.json(&["app", "list"]), list);
    let shown_again = again.json(&["license", "show", text(&license["license_key"])]);
    assert_eq!((&shown_again["label"], &shown_again["created_at"]), (&shown["label"], &shown["created_at"]));
    assert_eq!(shown_again["devices_used"], 1);
    assert_eq!(validate(&again), 200);
}

#[test]
fn the_same_question_across_a_kill_has_one_effect() {
    let mut vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &["--max-devices", "2"]);
    vendor.json(&["credits", "grant", "--app", text(&app["app_id"]), "5"]);
    let body = TestApp::question(&app, &license, "device-1", &"0b".repeat(16));
    let ask = |vendor: &Vendor| {
        let url = format!("{}/auth/validate", vendor.server.url);
        sealgate_testkit::request("POST", &url, None, &body)
    };
    let first = ask(&vendor);
    assert_eq!(first.status, 200);
    assert_eq!(ask(&vendor).bytes, first.bytes, "identical, from one process");
    vendor.server.kill();
    vendor.server = Server::start(&vendor.data());
    assert_eq!(ask(&vendor).status, 200, "decided afresh");
    assert_eq!(vendor.json(&["license", "show", text(&license["license_id"])])["devices_used"], 1);
    assert_eq!(vendor.json(&["credits", "show", "--app", text(&app["app_id"])])["balance"], 4);
}

#[test]
fn a_killed_server_has_kept_what_it_answered() {
    let mut vendor = Vendor::new();
    let app = vendor.app("Editor");
    vendor.server.kill();
    let data = vendor.data();
    vendor.server = Server::start(&data);
    assert_eq!(vendor.json(&["app", "list"])[0]["app_id"], app["app_id"]);
}

#[test]
fn a_request_under_way_is_answered_before_the_server_ends() {
    let vendor = Vendor::new();
    let token = std::fs::read_to_string(vendor.data().join("admin.token")).expect("the owner's token");
    let body = r#"{"name":"Asked in time"}"#;
    let mut connection = connect(&vendor.server.url);
    let head = format!(
        "POST /api/v1/apps HTTP/1.1\r\nhost: sealgate\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        token.trim(),
        body.len()
    );
    connection.get_mut().write_all(head.as_bytes()).expect("the server reads");
    // The server asks for the body: the request is under way.
    assert_eq!(line(&mut connection), "HTTP/1.1 100 Continue");
    assert_eq!(line(&mut connection), "");

    vendor.server.signal("TERM");
    vendor.server.log_with("stopping");
    wait_until_nobody_gets_in(&vendor.server.url);
    connection.get_mut().write_all(body.as_bytes()).expect("the server still reads");

    assert_eq!(line(&mut connection), "HTTP/1.1 201 Created");
    let mut rest = String::new();
    connection.read_to_string(&mut rest).expect("the server closes");
    let (_, answer) = rest.split_once("\r\n\r\n").expect("a body");
    let app: Value = serde_json::from_str(answer).expect("JSON");

    let again = vendor.restart_after_end();
    assert_eq!(again.json(&["app", "list"])[0]["app_id"], app["app_id"]);
}

#[test]
fn an_idle_connection_does_not_keep_the_server_up() {
    let vendor = Vendor::new();
    let mut connection = connect(&vendor.server.url);
    connection
        .get_mut()
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: sealgate\r\n\r\n")
        .expect("the server reads");
    assert_eq!(line(&mut connection), "HTTP/1.1 200 OK");
    let (exit, log) = vendor.server.stop();
    assert_eq!(exit, Some(0));
    assert!(!log.contains("still under way"), "{log}");
}

#[test]
fn a_program_reads_where_the_server_listens() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    let server =
        Server::launch(sealgate(&["serve", "--json", "--listen", "127.0.0.1:0", "--data"]).arg(&data));
    // Each line of the log is JSON too, and none of it is coloured.
    let (exit, log) = server.stop();
    assert_eq!(exit, Some(0));
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(names(&entry).contains(&"level"), "{line}");
    }
    assert!(!log.is_empty());
}

#[test]
fn a_log_for_programs_is_json_by_flag_or_by_configuration_and_the_flag_wins() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, file) = (dir.path().join("data"), dir.path().join("sealgate.toml"));
    std::fs::write(&file, "log = \"json\"\n").expect("is written");
    let config = ["--config", file.to_str().expect("UTF-8")];
    let is_json = |more: &[&str]| {
        let (_, log) = Server::start_with(&data, more).stop();
        let entries: Vec<bool> = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).is_ok_and(|e| e["level"].is_string()))
            .collect();
        assert!(entries.len() > 1 && entries.iter().all(|entry| *entry == entries[0]), "{log}");
        entries[0]
    };
    assert!(!is_json(&[]));
    assert!(is_json(&["--log", "json"]));
    assert!(is_json(&config));
    assert!(!is_json(&[&config[..], &["--log", "text"]].concat()));
}

#[test]
fn a_trusted_proxys_word_on_an_address_is_taken_and_no_one_elses() {
    for (trusted, status) in [("127.0.0.1", 403), ("192.0.2.1", 200)] {
        let mut vendor = Vendor::new();
        let (data, file) = (vendor.data(), vendor.path("sealgate.toml"));
        std::fs::write(&file, format!("trusted_proxies = [\"{trusted}\"]\n")).expect("is written");
        vendor.server.kill();
        vendor.server = Server::start_with(&data, &["--config", &file]);
        let app = vendor.app("Editor");
        let license = vendor.license(&app, &[]);
        vendor.json(&["access", "deny", "--app", text(&app["app_id"]), "--ip", "203.0.113.0/24"]);
        let question = TestApp::question(&app, &license, "desk", &"0a".repeat(16)).to_string();
        let url = format!("{}/auth/validate", vendor.server.url);
        let headers = [("x-forwarded-for", "198.51.100.1, 203.0.113.5")];
        let answer = sealgate_testkit::send_with("POST", &url, None, &headers, question.as_bytes());
        assert_eq!(answer.status, status, "{trusted}: {}", String::from_utf8_lossy(&answer.bytes));
    }
}

#[test]
fn a_log_that_goes_to_a_file_has_no_colours() {
    let vendor = Vendor::new();
    let (_, log) = vendor.server.stop();
    assert!(log.contains("INFO") && !log.contains('\u{1b}'), "{log:?}");
}

fn connect(url: &str) -> BufReader<TcpStream> {
    let address = url.strip_prefix("http://").expect("a URL");
    BufReader::new(TcpStream::connect(address).expect("the server listens"))
}

/// Asks until the port is closed, which a stopping server does at once.
fn wait_until_nobody_gets_in(url: &str) {
    let address = url.strip_prefix("http://").expect("a URL");
    let refused = (0..100_000).any(|_| TcpStream::connect(address).is_err());
    assert!(refused, "a stopping server takes new connections");
}

fn line(connection: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    connection.read_line(&mut line).expect("a line");
    line.trim_end().to_owned()
}
