//! The flags that go everywhere, and standard output that nobody reads.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::process::Command;

use serde_json::Value;

use crate::program::{run, sealgate};
use crate::vendor::{Vendor, text};

#[test]
fn global_flags_go_before_between_and_after_the_verb() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    let data = vendor.data();
    let (url, data) = (&*vendor.server.url, data.to_str().expect("UTF-8"));
    let flags = ["--json", "--url", url, "--data", data];
    let orders = [
        [&flags[..], &["app", "list"]].concat(),
        [&["app"], &flags[..], &["list"]].concat(),
        [&["app", "list"], &flags[..]].concat(),
        [&["--json", "app", "--url", url, "list", "--data", data][..]].concat(),
    ];
    for order in orders {
        assert_eq!(run(&mut sealgate(&order)).json()[0]["name"], "Editor", "{order:?}");
    }
}

#[test]
fn the_environment_names_server_and_token_and_flags_win_over_it() {
    let vendor = Vendor::new();
    let token = std::fs::read_to_string(vendor.data().join("admin.token")).expect("the owner's token");
    let list = |url: &str, token: &str, arguments: &[&str]| {
        run(sealgate(arguments).env("SEALGATE_URL", url).env("SEALGATE_TOKEN", token))
    };
    let (url, token) = (&*vendor.server.url, token.trim());
    list(url, token, &["app", "list", "--json"]).json();
    list("http://127.0.0.1:1", token, &["app", "list", "--json", "--url", url]).json();
    list(url, "wrong", &["app", "list", "--json", "--token", token]).json();
    list(url, token, &["app", "list", "--json", "--token", "wrong"]).refused(77, "token_invalid");
    // A token is named more precisely than a directory that has one.
    vendor.run(&["app", "list", "--json", "--token", "wrong"]).refused(77, "token_invalid");
}

#[test]
fn quiet_prints_nothing_but_errors() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    assert_eq!(vendor.run(&["app", "list", "--quiet"]).ok(), "");
    let told = vendor.run(&["app", "create", "Editor", "-q"]);
    assert_eq!(told.exit, Some(4));
    assert!(told.stderr.contains("(name_taken)"), "{told:?}");
    assert_eq!(
        vendor.json(&["app", "list", "-q"])[0]["name"],
        "Editor",
        "asked for by a program, it is printed"
    );
}

#[test]
fn what_is_shown_only_once_is_shown_to_the_quiet_too() {
    let vendor = Vendor::new();
    let alone = |arguments: &[&str]| {
        let told = vendor.run(&[arguments, &["-q"]].concat()).ok();
        let words: Vec<&str> = told.split_whitespace().collect();
        assert_eq!(words.len(), 1, "{arguments:?}: {told:?}");
        words[0].to_owned()
    };
    let secret = alone(&["app", "create", "Editor"]);
    let id = text(&vendor.json(&["app", "list"])[0]["app_id"]).to_owned();
    assert_ne!(alone(&["app", "rotate-secret", &id]), secret);
    for made in [&["token", "create", "--scope", "apps:read"][..], &["tenant", "create", "Acme"]] {
        let token = alone(made);
        run(&mut sealgate(&["app", "list", "--json", "--url", &vendor.server.url, "--token", &token])).json();
    }
    let key = alone(&["license", "issue", "--app", &id]);
    assert_eq!(alone(&["license", "key", &key, "--reveal"]), key);
    let new = alone(&["license", "rekey", &key, "--yes"]);
    assert_eq!(vendor.json(&["license", "show", &new])["status"], "active");
    let several = vendor.run(&["license", "issue", "--app", &id, "--count", "3", "-q"]).ok();
    assert_eq!((several.lines().count(), several.contains(' ')), (3, false), "{several}");
}

#[test]
fn no_verb_breaks_where_the_environment_names_the_server() {
    for verb in crate::help::verbs() {
        // These two work for themselves.
        if verb.is_empty() || ["serve", "demo"].contains(&&*verb[0]) {
            continue;
        }
        let words: Vec<&str> = verb.iter().map(String::as_str).collect();
        let mut bare = sealgate(&words);
        bare.env("SEALGATE_URL", "http://127.0.0.1:1").env("SEALGATE_DATA", "/nowhere");
        let told = run(bare.env("SEALGATE_TOKEN", "t"));
        assert!(matches!(told.exit, Some(0 | 2 | 65 | 69 | 77 | 78)), "{verb:?}: {told:?}");
        assert!(!told.stderr.contains("panicked"), "{verb:?}: {told:?}");
    }
    for of in ["license", "app"] {
        let nobody = [of, "vars", "--json", "--url", "http://127.0.0.1:1"];
        run(sealgate(&nobody).env("SEALGATE_DATA", "/nowhere")).refused(2, "malformed_request");
    }
}

#[test]
fn a_mistake_in_the_arguments_is_2_for_people_and_programs() {
    for mistake in [
        &["--bogus"][..],
        &["bogus"],
        &["app", "create"],
        &["app", "create", "a", "b"],
        &["plan", "create"],
        &["license", "file", "x"],
        &["license", "import", "x.csv", "-o", "-"],
        &["verify"],
        &["verify", "f", "--root", "AAAA"],
        &["verify", "f", "--threshold", "2"],
        &["verify", "f", "--root", "AAAA", "--trust", "t"],
        &["serve", "--listen", "here"],
        &["-q", "-v", "app", "list"],
        &["app"],
    ] {
        let told = run(&mut sealgate(mistake));
        assert_eq!((told.exit, &*told.stdout), (Some(2), ""), "{mistake:?}");
        assert!(told.stderr.contains("Usage:") || told.stderr.contains("--help"), "{mistake:?}: {told:?}");
        for with_json in [[&["--json"], mistake].concat(), [mistake, &["--json"]].concat()] {
            let failure = run(&mut sealgate(&with_json)).refused(2, "malformed_request");
            assert!(!text(&failure["message"]).contains('\n'), "{failure}");
        }
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let (file, _) = vendor.file(&license, "a.license");
    for arguments in [&["license", "list"][..], &["license", "list", "--json"], &["inspect", &file]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = vendor.sealgate(arguments).stdout(writer).output().expect("it runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*complaint), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn text_from_outside_cannot_steer_the_terminal() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    vendor.run(&["access", "deny", "--app", text(&app["app_id"]), "--hwid", "gpj\u{202e}.exe"]).ok();
    let license = vendor.license(&app, &[]);
    vendor.run(&["license", "update", text(&license["license_id"]), "--feature", "gpj\u{202e}.exe"]).ok();
    for arguments in [&["access", "list"][..], &["license", "show", text(&license["license_id"])]] {
        let told = vendor.run(arguments).ok();
        assert!(told.contains("\\u{202e}") && !told.contains('\u{202e}'), "{told:?}");
    }
    assert_eq!(vendor.json(&["access", "list"])[0]["hwid"], "gpj\u{202e}.exe", "a program gets it as it is");
}

#[test]
fn a_license_file_goes_where_it_is_told() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let (key, path) = (text(&license["license_key"]), vendor.path("a.license"));
    let told = vendor.run(&["license", "file", key, "--output", &path]).ok();
    let bytes = std::fs::read(&path).expect("written");
    assert_eq!(told, format!("wrote {path} ({} bytes)\n", bytes.len()));
    assert!(!std::path::Path::new(&format!("{path}.trust")).exists(), "not asked for");

    let report = vendor.json(&["license", "file", key, "-o", &path, "--with-trust"]);
    assert_eq!(report["license_id"], license["license_id"]);
    assert_eq!((&report["file"], &report["bytes"]), (&Value::from(&*path), &Value::from(bytes.len())));
    assert_eq!(report["trust"], format!("{path}.trust"));
    let listed = vendor.run(&["inspect", &path]).ok();
    assert_eq!(
        listed.lines().nth(2).map(|line| line.contains("license: what a customer bought")),
        Some(true)
    );
}

#[test]
fn a_license_file_is_written_into_a_pipe_and_does_not_replace_it() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let (id, pipe, path) = (text(&license["license_id"]), vendor.path("pipe"), vendor.path("a.license"));
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("it runs").success());
    // Open for both, so that nobody waits for the other end.
    let mut reader = OpenOptions::new().read(true).write(true).open(&pipe).expect("a pipe");

    vendor.run(&["license", "file", id, "-o", &pipe]).ok();
    vendor.run(&["license", "file", id, "-o", &path]).ok();

    assert!(std::fs::metadata(&pipe).expect("there").file_type().is_fifo());
    let expected = std::fs::read(path).expect("written");
    let mut passed = vec![0; expected.len()];
    reader.read_exact(&mut passed).expect("all of it");
    assert_eq!(passed, expected);
}
