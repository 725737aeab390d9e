//! Heartbeats that go on until a signal.

use std::io::{BufRead, BufReader};
use std::process::Command;

use serde_json::{Value, json};

use crate::program::{Vendor, finish, signal, start};

#[test]
fn a_watch_ends_with_a_last_heartbeat() {
    let vendor = Vendor::new();
    let policy = json!({ "heartbeat": { "interval": 3600, "grace": 7200 }, "seat": "lease" });
    let license = vendor.issue(&json!({ "max_devices": 1, "policy": policy }));
    let machine = vendor.machine();
    machine.run("heartbeat --watch").refused(4, "not_activated");
    machine.activate(&license).json();
    for name in ["TERM", "INT"] {
        let mut watch = start(&mut machine.command("heartbeat --watch"));
        let mut lines = BufReader::new(watch.stdout.take().expect("piped")).lines();
        let mut next = || -> Value {
            let line = lines.next().expect("a line").expect("UTF-8");
            serde_json::from_str(&line).expect("JSON")
        };
        machine.run("heartbeat").ok();
        if name == "TERM" {
            assert_eq!(next()["said"], "admitted");
        }
        signal(watch.id(), name);
        let mut last = next();
        while let Some(Ok(line)) = lines.next() {
            last = serde_json::from_str(&line).expect("JSON");
        }
        assert_eq!(last["said"], "admitted");
        assert_eq!(finish(watch).ok(), "");
    }
}

/// Whoever started it did not want it to end with the terminal.
#[test]
fn a_signal_that_was_to_be_ignored_is() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    machine.activate(&license).json();
    let watch = machine.command("heartbeat --watch");
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(watch.get_program()).args(watch.get_args());
    shell.env_clear().envs(watch.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut watch = start(&mut shell);
    let mut lines = BufReader::new(watch.stdout.take().expect("piped")).lines();
    lines.next().expect("a line").expect("UTF-8");
    signal(watch.id(), "HUP");
    signal(watch.id(), "TERM");
    // Two signals that it heard would have ended it at once.
    assert_eq!(finish(watch).exit, Some(0));
}
