//! A password that was written in the wrong way, or into the wrong place, is repeated by nothing, at any verbosity.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use crate::program::{Outcome, run, sealgate};

/// What no output may hold; the second part follows a character that should have been encoded.
const PARTS: [&str; 2] = ["hunter", "zwei"];
const VERBOSITIES: [&[&str]; 5] = [&["-q"], &[], &["-v"], &["-vv"], &["-vv", "--json"]];

/// Database URLs whose passwords are not encoded, and some that have a password where none belongs.
fn wrong_urls() -> Vec<String> {
    let between = ["?", "=1?a=", "/", "#", "@x/", "?sslmode=require&", "%", "\t", " ", "?options=", "%ff"];
    let password = |between: &str| format!("postgres://u:{}{between}{}@127.0.0.1:1/d", PARTS[0], PARTS[1]);
    let mut urls: Vec<String> = between.into_iter().map(password).collect();
    urls.push("postgres://u@127.0.0.1:1/d?passwd=hunter-zwei".to_owned());
    urls.push("host=127.0.0.1 port=1 password=hunter-zwei".to_owned());
    urls.push("postgres://u:12?zwei@127.0.0.1:1/hunter".to_owned());
    urls
}

fn is_silent_about_it(outcome: &Outcome) {
    assert_eq!(outcome.exit, Some(78), "{outcome:?}");
    let said = outcome.stdout.clone() + &outcome.stderr;
    for part in PARTS {
        assert!(!said.contains(part), "{part}: {outcome:?}");
    }
}

fn serve(data: &Path, verbosity: &[&str], more: &[&str]) -> std::process::Command {
    let mut command = sealgate(&["serve", "--listen", "127.0.0.1:0"]);
    command.arg("--data").arg(data).args(verbosity).args(more);
    command
}

#[test]
fn a_password_that_is_not_encoded_is_refused_and_not_repeated() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, file) = (dir.path().join("data"), dir.path().join("a.toml"));
    let path = file.to_str().expect("UTF-8");
    for url in wrong_urls() {
        std::fs::write(&file, format!("database = {url:?}\n")).expect("written");
        for verbosity in VERBOSITIES {
            let outcome = run(serve(&data, verbosity, &[]).env("SEALGATE_DATABASE", &url));
            is_silent_about_it(&outcome);
            assert!(outcome.stderr.contains("percent-encode"), "it says what to do: {outcome:?}");
        }
        for verbosity in [&["-q"][..], &["-vv"]] {
            is_silent_about_it(&run(&mut serve(&data, verbosity, &["--database", &url])));
            is_silent_about_it(&run(&mut serve(&data, verbosity, &["--config", path])));
        }
        is_silent_about_it(&run(&mut sealgate(&["check-config", path])));
    }
    assert!(!data.exists(), "refused before anything is made");
}

/// An option that nobody knows would be passed over: `sslmod=verify-full` would then verify nobody.
#[test]
fn an_option_of_the_database_that_is_not_known_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let url = "postgres://u@127.0.0.1:1/d?sslmod=verify-full";
    let failure = run(&mut serve(&dir.path().join("data"), &["--json"], &["--database", url]))
        .refused(78, "config_invalid");
    assert!(failure["message"].as_str().is_some_and(|m| m.contains("option")), "{failure}");
}

/// Percent-encoded, every byte arrives: the server that is asked for does not exist, and nothing else is wrong.
#[test]
fn an_encoded_password_is_taken() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let url = "postgres://u:hunter%3F%23%2F%40%25zwei@127.0.0.1:1/d?sslmode=prefer";
    for verbosity in VERBOSITIES {
        let outcome = run(&mut serve(&dir.path().join("data"), verbosity, &["--database", url]));
        is_silent_about_it(&outcome);
        assert!(outcome.stderr.contains("database_unusable"), "{outcome:?}");
    }
}

#[test]
fn a_password_that_is_no_text_is_not_repeated() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let url = OsString::from_vec(b"postgres://u:hunter\xe4zwei@127.0.0.1:1/d".to_vec());
    for by_flag in [true, false] {
        let mut command = serve(&dir.path().join("data"), &["-vv"], &[]);
        if by_flag {
            command.arg("--database").arg(&url);
        } else {
            command.env("SEALGATE_DATABASE", &url);
        }
        let outcome = run(&mut command);
        assert_eq!(outcome.exit, Some(2), "{outcome:?}");
        for part in PARTS {
            assert!(!outcome.stderr.contains(part), "{outcome:?}");
        }
    }
}

/// In the place of another value, or in a file that does not read.
#[test]
fn a_password_in_the_wrong_place_is_not_repeated() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("a.toml");
    let path = file.to_str().expect("UTF-8");
    for config in [
        "origins = [\"https://u:hunter-zwei@a.example.com\"]",
        "trusted_proxies = [\"http://u:hunter-zwei@10.0.0.1\"]",
        "database = postgres://u:hunter-zwei@h/d",
        "database = \"postgres://u:hunter-zwei@h/d",
        "database = [\"postgres://u:hunter-zwei@h/d\"]",
        "database: \"postgres://u:hunter-zwei@h/d\"",
        "database = \"postgres://u:hunter\\zwei@h/d\"",
        "role = \"postgres://u:hunter-zwei@h/d\"",
        "listen = \"postgres://u:hunter-zwei@h/d\"",
        "log = \"postgres://u:hunter-zwei@h/d\"",
        "limits = \"postgres://u:hunter-zwei@h/d\"",
        "\"postgres://u:hunter-zwei@h/d\" = 1",
    ] {
        std::fs::write(&file, format!("{config}\n")).expect("written");
        for verbosity in [&[][..], &["-vv"]] {
            is_silent_about_it(&run(&mut serve(&dir.path().join("data"), verbosity, &["--config", path])));
        }
        is_silent_about_it(&run(&mut sealgate(&["check-config", path])));
    }
}

/// The driver reads these by itself.
#[test]
fn what_the_driver_reads_by_itself_is_not_logged() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let passwords = dir.path().join("pgpass");
    std::fs::write(&passwords, "127.0.0.1:1:d:u:hunter\\zwei\nhunter:zwei\n").expect("written");
    for verbosity in VERBOSITIES {
        let mut command =
            serve(&dir.path().join("data"), verbosity, &["--database", "postgres://u@127.0.0.1:1/d"]);
        is_silent_about_it(&run(command.env("PGPASSFILE", &passwords)));
        is_silent_about_it(&run(command.env("PGPASSWORD", "hunter-zwei").env("PGOPTIONS", "-c hunter=zwei")));
    }
}
