//! `sealgate demo`.

use std::path::Path;

use serde_json::Value;

use crate::program::{run, sealgate};
use crate::server::Server;

const STEPS: usize = 12;

fn is_empty(dir: &Path) -> bool {
    std::fs::read_dir(dir).expect("there").next().is_none()
}

#[test]
fn the_demo_tells_its_steps_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let told = run(sealgate(&["demo", "--exit"]).env("TMPDIR", dir.path())).ok();
    let steps = told.lines().filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()));
    // The last line counts them.
    assert_eq!(steps.count(), STEPS + 1, "{told}");
    for (number, step) in told.lines().take(STEPS).enumerate() {
        assert!(step.trim_start().starts_with(&format!("{}. ", number + 1)), "{step}");
    }
    for word in ["server_untrusted", "nonce_mismatch", "device_limit", "revoked", "12 steps in"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(is_empty(dir.path()), "a temporary directory is left behind");
}

/// No client asks an address that stands for all: the certificate names one that is asked, and the demo's own clients check that.
#[test]
fn a_demo_that_listens_everywhere_certifies_an_origin_of_this_machine() {
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let told = run(&mut sealgate(&["demo", "--exit", "--listen", listen])).ok();
        let first = told.lines().next().expect("a step");
        assert!(first.contains("a real server listens on http://127.0.0.1:"), "{listen}: {told}");
        assert!(!told.contains("0.0.0.0") && !told.contains("[::]"), "{listen}: {told}");
    }
}

#[test]
fn a_program_reads_a_step_a_line() {
    let told = run(&mut sealgate(&["demo", "--exit", "--json"])).ok();
    let steps: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(steps.len(), STEPS);
    for (number, step) in steps.iter().enumerate() {
        assert_eq!(step["step"], number + 1);
        assert!(step["sentence"].is_string() && step["micros"].is_u64(), "{step}");
    }
}

#[test]
fn the_demo_stays_up_until_it_is_stopped_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = Server::launch(sealgate(&["demo"]).env("TMPDIR", dir.path()));
    let export = server.line_with("export SEALGATE_URL=");
    let data = export.rsplit_once("SEALGATE_DATA=").expect("a directory").1.to_owned();
    let list = ["app", "list", "--json", "--url", &server.url, "--data", &data];
    assert_eq!(run(&mut sealgate(&list)).json()[0]["name"], "Demo app");

    server.signal("INT");
    assert_eq!(server.wait().0, Some(0));
    assert!(is_empty(dir.path()), "a temporary directory is left behind");
}

#[test]
fn a_demo_that_is_stopped_in_its_middle_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = Server::launch(sealgate(&["demo"]).env("TMPDIR", dir.path()));
    // The first step has just been told.
    assert_eq!(server.stop().0, Some(0));
    assert!(is_empty(dir.path()), "a temporary directory is left behind");
}

#[test]
fn a_demo_that_fails_says_why_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let told = run(sealgate(&["demo", "--exit", "--listen", &address, "--json"]).env("TMPDIR", dir.path()));
    told.refused(78, "config_invalid");
    assert!(is_empty(dir.path()), "a temporary directory is left behind");
}
