//! Every exit code of the contract, with the failure that a program reads on standard error.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use serde_json::json;

use crate::program::{run, sealgate};
use crate::vendor::{Vendor, text};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";
const NOBODYS_KEY: &str = "000G-40R4-0M30-E209-185G-R38E-1YRB";

#[test]
fn a_malformed_request_is_2() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let issue = |more: &[&str]| {
        vendor.run(&[&["license", "issue", "--json", "--app", text(&app["app_id"])], more].concat())
    };
    for more in [["--label", &*"x".repeat(129)], ["--expires", "2020-01-01"], ["--expires", "31.1.2027"]] {
        let failure = issue(&more).refused(2, "malformed_request");
        assert!(failure["request_id"].is_string(), "the server refused it: {failure}");
    }
    for more in [
        ["--expires", ""],
        ["--expires", "tomorrow"],
        ["--max-devices", "0"],
        ["--count", "1001"],
        ["--count", "none"],
    ] {
        let failure = issue(&more).refused(2, "malformed_request");
        assert!(failure["request_id"].is_null() && failure["fix"].is_string(), "{failure}");
    }
    vendor.run(&["--json", "license", "show", "ABCD"]).refused(2, "license_key_malformed");
    let mistyped = "000G-40R4-0M30-E209-185G-R38E-1YRC";
    vendor.run(&["--json", "license", "show", mistyped]).refused(2, "license_key_mistyped");
    vendor.run(&["--json", "app", "show", "Editor"]).refused(2, "id_malformed");
}

#[test]
fn what_does_not_exist_is_3() {
    let vendor = Vendor::new();
    let out = vendor.path("a.license");
    for arguments in [
        &["license", "show", NOBODY][..],
        &["license", "show", NOBODYS_KEY],
        &["license", "revoke", NOBODYS_KEY],
        &["license", "file", NOBODY, "-o", &out],
        &["license", "issue", "--app", NOBODY],
        &["app", "show", NOBODY],
    ] {
        let failure = vendor.run(&[arguments, &["--json"]].concat()).refused(3, "not_found");
        assert!(failure["request_id"].is_string(), "{arguments:?}: {failure}");
    }
    for (arguments, list) in [
        (&["license", "show", NOBODYS_KEY][..], "license list"),
        (&["app", "show", NOBODY], "app list"),
        (&["release", "show", NOBODY], "release list"),
        (&["release", "revoke", NOBODY, "--yes"], "release list"),
        (&["activation", "show", NOBODY], "activation list"),
        (&["activation", "list", "--license", "external:nobody"], "license list"),
        (&["device", "show", NOBODY], "device list"),
        (&["customer", "show", "nobody"], "customer list"),
    ] {
        let failure = vendor.run(&[arguments, &["--json"]].concat()).refused(3, "not_found");
        let fix = failure["fix"].as_str().unwrap_or_default();
        assert!(fix.contains(&format!("`sealgate {list}`")), "{arguments:?}: {failure}");
    }
    assert!(!std::path::Path::new(&out).exists(), "no file for a license that does not exist");
}

#[test]
fn a_taken_name_and_the_file_of_a_revoked_license_are_4() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    vendor.run(&["--json", "app", "create", "Editor"]).refused(4, "name_taken");

    let license = vendor.license(&app, &[]);
    let id = text(&license["license_id"]);
    vendor.json(&["license", "revoke", id]);
    let out = vendor.path("a.license");
    vendor.run(&["--json", "license", "file", id, "-o", &out]).refused(4, "license_revoked");
    assert!(!std::path::Path::new(&out).exists());
}

#[test]
fn a_bad_file_is_65() {
    let vendor = Vendor::new();
    let bad = vendor.path("bad.license");
    vendor.run(&["--json", "inspect", &bad]).refused(65, "file_unreadable");
    for (bytes, code) in [("", "json_invalid"), ("{}", "envelope_invalid"), ("[1.5]", "json_invalid")] {
        std::fs::write(&bad, bytes).expect("written");
        vendor.run(&["--json", "inspect", &bad]).refused(65, code);
    }
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let nowhere = vendor.path("no/such/folder");
    let file = ["--json", "license", "file", text(&license["license_id"]), "-o", &nowhere];
    vendor.run(&file).refused(65, "file_unreadable");
}

#[test]
fn no_server_is_69() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let url = format!("http://{free}");
    let told = run(&mut sealgate(&["--url", &url, "--token", "t", "app", "list", "--json"]));
    let failure = told.refused(69, "server_unreachable");
    assert!(text(&failure["message"]).contains(&url) && text(&failure["fix"]).contains("sealgate serve"));
}

/// Somebody who answers one request so, whatever it is. Returns where.
fn answering(status: &str, body: &str) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    let other = std::thread::spawn(move || {
        let (connection, _) = listener.accept().expect("the program connects");
        let mut reader = BufReader::new(connection);
        let mut line = String::from("…");
        while !line.trim().is_empty() {
            line.clear();
            reader.read_line(&mut line).expect("a request");
        }
        reader.into_inner().write_all(answer.as_bytes()).expect("the program listens");
    });
    (url, other)
}

#[test]
fn a_server_of_another_kind_is_69() {
    let (url, other) = answering("200 OK", "hello");
    let told = run(&mut sealgate(&["--url", &url, "--token", "t", "app", "list", "--json"]));
    other.join().expect("it answered");
    told.refused(69, "answer_invalid");
}

/// Neither by what went wrong, nor by its code or the name of the request.
#[test]
fn a_refusal_cannot_steer_the_terminal() {
    let steering = r"a\u001b[2J\u009b\u202eb";
    let problem = json!({ "code": "CODE", "message": "WHY", "request_id": "NAME" }).to_string();
    let problem = ["CODE", "WHY", "NAME"].iter().fold(problem, |text, word| text.replace(word, steering));
    for more in [&[][..], &["--json"]] {
        let (url, other) = answering("409 Conflict", &problem);
        let told = run(sealgate(&["--url", &url, "--token", "t", "app", "list"]).args(more));
        other.join().expect("it answered");
        assert_eq!((told.exit, &*told.stdout), (Some(1), ""), "{told:?}");
        let steers = |c: char| c != '\n' && c.is_control() || c == '\u{202e}';
        assert!(!told.stderr.contains(steers) && told.stderr.matches("[2J").count() == 3, "{told:?}");
    }
}

#[test]
fn a_missing_or_wrong_token_is_77() {
    let vendor = Vendor::new();
    vendor.run(&["--json", "--token", "sgt_wrong", "app", "list"]).refused(77, "token_invalid");
    let nowhere = vendor.path("nowhere");
    vendor.run(&["--json", "--data", &nowhere, "app", "list"]).refused(77, "token_invalid");
    let failure = run(&mut sealgate(&["app", "list", "--json"])).refused(77, "token_invalid");
    assert!(text(&failure["fix"]).contains("SEALGATE_TOKEN"), "{failure}");
}

#[test]
fn an_unusable_configuration_is_78() {
    run(&mut sealgate(&["serve", "--json"])).refused(78, "config_invalid");
    let told = run(&mut sealgate(&["app", "list", "--url", "localhost", "--token", "t", "--json"]));
    told.refused(78, "config_invalid");
}

#[test]
fn people_read_the_same_with_code_fix_and_request() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    let told = vendor.run(&["app", "create", "Editor"]);
    assert_eq!((told.exit, &*told.stdout), (Some(4), ""));
    let lines: Vec<&str> = told.stderr.lines().collect();
    assert!(lines[0].starts_with("error: ") && lines[0].ends_with(" (name_taken)"), "{told:?}");
    assert_eq!(lines[1], "  fix: choose another name");
    assert!(lines[2].starts_with("  request: "), "{told:?}");
    assert_eq!(lines.len(), 3);

    let told = run(&mut sealgate(&["app", "list"]));
    assert!(told.stderr.contains("(token_invalid)\n  fix: give --token"), "{told:?}");
}
