//! `kill -9` at many moments: one activation, one seat, and the program works afterwards.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::program::{Vendor, finish_within, start, start_with_input, text};

const ROUNDS: u32 = 15;

#[test]
fn an_activation_that_is_killed_is_one_activation() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let began = Instant::now();
    vendor.machine().activate(&license).json();
    let whole = began.elapsed();
    for round in 0..ROUNDS {
        let license = vendor.issue(&json!({ "max_devices": 1 }));
        let machine = vendor.machine();
        let child =
            start_with_input(&mut machine.command("activate --key -"), &text(&license["license_key"]));
        let _ = finish_within(child, moment(whole, round));
        let activated = machine.activate(&license).json();
        assert_eq!((&activated["generation"], vendor.devices(&license)), (&json!(1), 1), "round {round}");
        machine.run("verify").json();
        assert_eq!(machine.run("heartbeat").json()["said"], "admitted", "round {round}");
    }
}

#[test]
fn a_heartbeat_that_is_killed_costs_nothing() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({ "max_devices": 1 }));
    let machine = vendor.machine();
    machine.activate(&license).json();
    let began = Instant::now();
    machine.run("heartbeat").json();
    let whole = began.elapsed();
    for round in 0..ROUNDS {
        let _ = finish_within(start(&mut machine.command("heartbeat")), moment(whole, round));
        assert_eq!(machine.run("heartbeat").json()["said"], "admitted", "round {round}");
        machine.run("verify").json();
    }
    let status = machine.run("status").json();
    assert_eq!((&status["generation"], vendor.devices(&license)), (&json!(1), 1));
}

/// Spread over a whole run.
fn moment(whole: Duration, round: u32) -> Duration {
    whole * (round + 1) / (ROUNDS + 1)
}
