//! Standard output on a full disk: nothing is lost that was shown only once, and no failure is a crash.

use std::fs::OpenOptions;

use serde_json::Value;

use crate::paste::pasted;
use crate::program::Outcome;
use crate::vendor::{Vendor, text};

fn full() -> std::fs::File {
    OpenOptions::new().write(true).open("/dev/full").expect("a full disk")
}

/// The run, whose output nobody gets.
fn lost(vendor: &Vendor, arguments: &[&str]) -> Outcome {
    let spawned = vendor.sealgate(arguments).stdout(full()).stderr(std::process::Stdio::piped()).spawn();
    let output = spawned.and_then(std::process::Child::wait_with_output).expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Outcome { exit: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn count(vendor: &Vendor, list: &[&str]) -> usize {
    vendor.json(list).as_array().expect("a list").len()
}

#[test]
fn what_is_shown_only_once_is_shown_again_by_the_command_that_the_error_names() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    let key = vendor.license(&vendor.json(&["app", "show", "editor"]), &[]);
    let id = text(&key["license_id"]).to_owned();
    for (arguments, list, more) in [
        (&["app", "create", "Ada's N"][..], &["app", "list"][..], 1),
        (&["app", "rotate-secret", "editor", "--keep-hours", "1"], &["app", "list"], 0),
        (
            &["license", "issue", "--app", "editor", "--label", "a b", "--count", "150"],
            &["license", "list"],
            150,
        ),
        (&["license", "rekey", &id, "--reason", "lost.", "--yes"], &["license", "list"], 0),
        (&["license", "key", &id, "--reveal"], &["license", "list"], 0),
        (
            &["token", "create", "--scope", "licenses:read", "--name", "n", "--expires", "+9d"],
            &["token", "list"],
            1,
        ),
        (&["token", "create", "--preset", "shop"], &["token", "list"], 1),
        (&["tenant", "create", "Acme & N"], &["tenant", "list"], 1),
    ] {
        for form in [&[][..], &["--json"], &["--quiet"]] {
            let before = count(&vendor, list);
            let arguments = [arguments, form].concat();
            // No two apps or tenants have one name.
            let numbered: Vec<String> =
                arguments.iter().map(|word| word.replace('N', &before.to_string())).collect();
            let arguments: Vec<&str> = numbered.iter().map(String::as_str).collect();
            let told = lost(&vendor, &arguments);
            assert_eq!(told.exit, Some(65), "{arguments:?}: {told:?}");
            assert!(told.stderr.contains("standard output: No space left on device"), "{told:?}");
            assert!(told.stderr.contains("file_unreadable") && !told.stderr.contains("panicked"), "{told:?}");
            let again = pasted(&vendor, &told.stderr, &["--json"]);
            let shown: Value = again.json();
            let secret = ["app_secret", "token", "admin_token", "license_key"].iter().find_map(|name| {
                shown.get(*name).or_else(|| shown["licenses"].as_array()?.last()?.get(*name))?.as_str()
            });
            assert!(secret.is_some_and(|secret| secret.len() > 20), "{arguments:?}: {shown}");
            assert_eq!(count(&vendor, list), before + more, "{arguments:?}: it was done once");
        }
    }
}

#[test]
fn whatever_is_printed_fails_in_words_on_a_full_disk() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let (file, _) = vendor.file(&license, "editor.license");
    for arguments in [
        &["license", "list"][..],
        &["license", "list", "--count"],
        &["license", "export", "-o", "-"],
        &["license", "file", text(&license["license_id"]), "-o", "-"],
        &["inspect", &file],
        &["inspect", &file, "--json"],
        &["verify", &file, "--trust", &format!("{file}.trust")],
        &["doctor", "--server"],
        &["completions", "bash"],
        &["demo", "--exit"],
        &["--help"],
        &["license", "issue", "--help"],
        &["--version"],
        &["license", "suspend", text(&license["license_id"])],
    ] {
        let told = lost(&vendor, arguments);
        let is_told = told.stderr.contains("No space left on device") && !told.stderr.contains("panicked");
        assert!(told.exit == Some(65) && is_told, "{arguments:?}: {told:?}");
    }
    assert_eq!(vendor.json(&["license", "show", text(&license["license_id"])])["status"], "suspended");
    // A reader that has seen enough is no failure.
    let (read, write) = std::io::pipe().expect("a pipe");
    drop(read);
    let told = vendor.sealgate(&["license", "list"]).stdout(write).output().expect("it runs");
    assert_eq!((told.status.code(), &*told.stderr), (Some(0), &b""[..]));
}

#[test]
fn a_failure_that_comes_first_stays_the_failure() {
    let vendor = Vendor::new();
    let told = lost(&vendor, &["license", "show", "00000000-0000-7000-8000-000000000000"]);
    assert!(told.exit == Some(3) && !told.stderr.contains("standard output"), "{told:?}");
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &[]);
    let over = vendor.license(&app, &[]);
    vendor.json(&["license", "revoke", text(&over["license_id"])]);
    let [license, over] = [&license, &over].map(|license| text(&license["license_id"]));
    let told = lost(&vendor, &["license", "suspend", license, over, "--yes"]);
    assert!(told.exit == Some(4) && told.stderr.contains("; standard output: No space"), "{told:?}");
}

/// Where a question cannot be shown, nobody answers it.
#[test]
fn a_question_that_cannot_be_shown_changes_nothing() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let line =
        format!("{} license rekey {} 2>/dev/full", crate::program::SEALGATE, text(&license["license_id"]));
    let mut script = std::process::Command::new("script");
    script.env_clear().args(["-qec", &line, "/dev/null"]).env("TERM", "xterm");
    script.env("SEALGATE_URL", &vendor.server.url).env("SEALGATE_DATA", vendor.data());
    let told = crate::program::run_with_input(&mut script, "y\n");
    assert_eq!(told.exit, Some(1), "{told:?}");
    let key = vendor.json(&["license", "key", text(&license["license_id"]), "--reveal"]);
    assert_eq!(key["license_key"], license["license_key"]);
}
