//! What the program finds out when something does not work. Each line of the source's troubleshooting is a test below.

mod grace;
mod key;
mod network;
mod tamper;

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::program::{Machine, Outcome, Vendor, run};

/// The names of the checks that failed, and their codes.
fn failed(outcome: &Outcome) -> Vec<(String, String)> {
    let told: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{e}: {outcome:?}"));
    let checks =
        told["checks"].as_array().expect("a list").iter().filter(|check| check["ok"] == json!(false));
    let failed: Vec<(String, String)> = checks
        .map(|check| {
            assert!(check["fix"].is_string(), "{check}");
            (
                check["name"].as_str().expect("a name").to_owned(),
                check["code"].as_str().expect("a code").to_owned(),
            )
        })
        .collect();
    assert_eq!(outcome.exit, Some(i32::from(!failed.is_empty())), "{outcome:?}");
    assert_eq!(told["ok"], failed.is_empty(), "{outcome:?}");
    failed
}

/// What one check says. It names what is wrong and what to do wherever it is not well.
fn said(outcome: &Outcome, name: &str) -> Value {
    let told: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{e}: {outcome:?}"));
    let checks = told["checks"].as_array().expect("a list");
    let check = checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {told}"));
    let is_well = check["severity"] == "ok";
    assert_eq!(check["ok"], json!(check["severity"] != "error"), "{check}");
    assert_eq!(check["code"].is_null() && check["fix"].is_null(), is_well, "{check}");
    check.clone()
}

/// Severity and code.
fn found(outcome: &Outcome, name: &str) -> (String, String) {
    let check = said(outcome, name);
    let word = |field: &str| check[field].as_str().unwrap_or_default().to_owned();
    (word("severity"), word("code"))
}

fn is(severity: &str, code: &str) -> (String, String) {
    (severity.to_owned(), code.to_owned())
}

/// Everything that a check says, in one text.
fn words(check: &Value) -> String {
    check.to_string()
}

fn names(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    wanted.iter().map(|(name, code)| ((*name).to_owned(), (*code).to_owned())).collect()
}

#[test]
fn a_machine_that_works_passes_every_check() {
    let vendor = Vendor::new();
    let machine = vendor.machine();
    let none = names(&[("license", "not_activated"), ("heartbeat", "not_activated")]);
    assert_eq!(failed(&machine.run("doctor")), none);
    let policy = json!({ "heartbeat": { "interval": 3600, "grace": 86_400 } });
    machine.activate(&vendor.issue(&json!({ "policy": policy }))).json();
    assert_eq!(failed(&machine.run("doctor")), names(&[("heartbeat", "check_failed")]));
    machine.run("heartbeat").json();
    assert_eq!(failed(&machine.run("doctor")), []);
}

#[test]
fn each_check_finds_its_fault() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    machine.activate(&license).json();
    machine.run("heartbeat").json();
    let faults: [(&str, &str, &str); 3] = [
        ("doctor --server http://127.0.0.1:9", "server", "server_unreachable"),
        ("doctor --server http://192.0.2.1", "server", "config_invalid"),
        ("doctor --server ftp://a", "server", "config_invalid"),
    ];
    for (words, name, code) in faults {
        assert_eq!(failed(&machine.run(words)), names(&[(name, code)]), "{words}");
    }
    // Another vendor's server at this address.
    let other = Vendor::new();
    let outcome = machine.run(&format!("doctor --server {}", other.server.url));
    assert_eq!(failed(&outcome).len(), 1, "{outcome:?}");
    assert_eq!(failed(&machine.run_at("-3d", "doctor"))[0].0, "clock");

    std::fs::write(machine.state().join("licenses/license.json"), "{}").expect("written");
    assert_eq!(failed(&machine.run("doctor"))[0].0, "license");
    machine.activate(&license).json();
    vendor.change(&license, "revoke");
    machine.run("heartbeat").refused(1, "revoked");
    let status = machine.tell("status").ok();
    assert!(status.contains("in grace") && !status.contains("without another heartbeat"), "{status}");
    assert_eq!(failed(&machine.run("doctor")), names(&[("license", "revoked")]));
    assert!(
        failed(&machine.run_at("+25h", "doctor")).contains(&("license".to_owned(), "revoked".to_owned()))
    );
}

#[test]
fn a_state_that_others_may_write_is_refused() {
    let vendor = Vendor::new();
    let machine = vendor.machine();
    machine.activate(&vendor.issue(&json!({}))).json();
    let state = machine.state();
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o777)).expect("set");
    assert_eq!(failed(&machine.run("doctor")), names(&[("state", "file_unreadable")]));
    machine.run("status").refused(65, "file_unreadable");
}

#[test]
fn without_trust_nothing_else_is_looked_at() {
    let machine = Machine::new_empty();
    let mut command = std::process::Command::new(crate::program::SGLIC);
    let outcome = run(command.env_clear().args(["doctor", "--json", "--state"]).arg(machine.state()));
    assert_eq!(failed(&outcome), names(&[("trust", "trust_missing")]));
}
