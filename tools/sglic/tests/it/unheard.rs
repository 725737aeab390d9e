//! The whole way of a machine that no network reaches: each step runs in a network namespace without a route, by files alone, and under
//! strace, which sees every socket.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::bundles::{machine, put};
use crate::program::{Machine, Outcome, SGLIC, Vendor, read, run, text};

/// Runs the program where there is no network, and asserts that it asks for none.
fn unheard(machine: &Machine, words: &str) -> Outcome {
    let trace = machine.path("trace");
    let command = machine.command(words);
    let mut alone = Command::new("unshare");
    // Not pairs of sockets within the process: signals come by one.
    let calls = "trace=socket,connect,bind,listen,accept,accept4,sendto,sendmsg";
    alone.args(["--user", "--map-root-user", "--net", "strace", "-f", "-qq", "-e", calls, "-o"]);
    alone.arg(&trace).arg(SGLIC).args(command.get_args());
    alone.env_clear().env("PATH", "/usr/bin:/bin").env("SGLIC_SERVER", "").stdin(Stdio::null());
    let outcome = run(&mut alone);
    let seen = String::from_utf8(read(&trace)).expect("text");
    assert_eq!(seen, "", "{words} opened a socket");
    outcome
}

/// Asks, and answers what the vendor made of it.
fn bundle_for(vendor: &Vendor, machine: &Machine, license: &Value) -> Value {
    let id = text(&license["license_id"]);
    let file = machine.path("machine.sgreq").display().to_string();
    unheard(machine, &format!("request --license {id} --yes -o {file}")).json();
    vendor.respond(&read(&machine.path("machine.sgreq")))
}

fn taken(machine: &Machine, bundle: &[u8]) -> Outcome {
    let file = put(machine, "vendor.sglic", bundle);
    let outcome = unheard(machine, &format!("activate {} --yes", file.display()));
    // The stick is needed no more.
    std::fs::remove_file(file).expect("it was there");
    outcome
}

fn state(machine: &Machine) -> String {
    text(&unheard(machine, "status").json()["state"])
}

#[test]
fn request_answer_activation_refresh_and_revocation_by_files_alone() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({ "max_devices": 1 }));
    let machine = machine(&vendor);
    let first = bundle_for(&vendor, &machine, &license);
    taken(&machine, &vendor.bundle_file(&first)).json();
    assert_eq!((state(&machine), vendor.devices(&license)), ("active".to_owned(), 1));

    // A full license can be refreshed: the machine counts once.
    let second = bundle_for(&vendor, &machine, &license);
    assert_eq!(second["line"], first["line"]);
    let file = vendor.bundle_file(&second);
    taken(&machine, &file).json();
    assert_eq!((state(&machine), vendor.devices(&license)), ("active".to_owned(), 1));
    assert_eq!(unheard(&machine, "verify").json()["state"], "active");

    // What the vendor takes back is refused after a snapshot was imported, and not before.
    let path = format!("/api/v1/bundles/{}/revoke", text(&second["bundle_id"]));
    vendor.server.api("POST", &path, &json!({})).expect(200);
    assert_eq!(state(&machine), "active");
    let snapshot = put(&machine, "vendor.sgsnap", &vendor.snapshot());
    unheard(&machine, &format!("import {}", snapshot.display())).json();
    assert_eq!(state(&machine), "revoked");
    taken(&machine, &file).refused(1, "revoked");

    // The next bundle lets the machine go on.
    let third = bundle_for(&vendor, &machine, &license);
    taken(&machine, &vendor.bundle_file(&third)).json();
    assert_eq!(state(&machine), "active");
}
