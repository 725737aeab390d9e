//! Seed 002, "Check grace period" and "Features still blocked after grace period": what a guarded program left behind. The program is
//! this test, with the SDK's guard on the machine's own state.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sealgate::guard::sensors::{Seen, Sensors};
use sealgate::guard::{Finding, Standing};
use sealgate::{Client, Clock, Guard, SystemClock, UnixSeconds};
use serde_json::{Value, json};

use super::{found, is, said, words};
use crate::program::{Machine, Vendor, read};

const DAY: u64 = 86_400;

/// This machine's clock, so far ahead.
struct Ahead(u64);

impl Clock for Ahead {
    fn now(&self) -> UnixSeconds {
        SystemClock.now().plus(self.0)
    }
}

/// The vendor's program, in a machine's folder.
fn program(machine: &Machine, server: &str, ahead: u64) -> sealgate::GuardBuilder {
    let client = Client::builder(read(&machine.path("trust.json")).leak())
        .server(server)
        .state_dir(machine.state())
        .machine_fingerprint()
        .clock(Ahead(ahead));
    Arc::new(client.build().expect("configured")).guard().without_threads()
}

fn started(machine: &Machine, server: &str, ahead: u64) -> Guard {
    program(machine, server, ahead).start().expect("it starts")
}

/// A program that activated itself wrote no files beside its state.
#[test]
fn the_state_of_a_program_that_activated_itself_is_enough() {
    let vendor = Vendor::new();
    let (machine, license) = (vendor.machine(), vendor.issue(&json!({ "policy": heard() })));
    let client = Client::builder(read(&machine.path("trust.json")).leak())
        .server(&vendor.server.url)
        .state_dir(machine.state())
        .machine_fingerprint();
    let client = client.build().expect("configured");
    client.activate(license["license_key"].as_str().expect("a key")).expect("admitted");
    // The first is due at once, and is not for `sglic` to send.
    let due = said(&machine.run("doctor"), "heartbeat");
    assert!(words(&due).contains("The program sends heartbeats itself"), "{due}");
    client.heartbeat().expect("answered");
    let outcome = machine.run("doctor");
    assert_eq!(super::failed(&outcome), [], "{outcome:?}");
    assert_eq!(found(&outcome, "license"), is("ok", ""));
    assert_eq!(machine.run("status").json()["proof"], Value::Null, "it wrote no file");
    let told = machine.run("verify");
    assert!(told.stderr.contains("sglic doctor --root DIR"), "{told:?}");
}

fn activated(vendor: &Vendor, policy: &Value) -> (Machine, Value) {
    let machine = vendor.machine();
    let license = vendor.issue(&json!({ "policy": policy }));
    machine.activate(&license).json();
    (machine, license)
}

fn heard() -> Value {
    json!({ "heartbeat": { "interval": 3600, "grace": DAY } })
}

/// Asks until the server's clock shows another second than at the last admission: before, an answer is no newer one.
fn admitted_later(machine: &Machine) {
    let until = || machine.run("status").json()["rights_until"].clone();
    let before = until();
    while until() == before {
        machine.run("heartbeat").json();
    }
}

/// Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

/// "Check grace period: still active?"
#[test]
fn a_grace_that_is_active_is_told_with_its_end() {
    let vendor = Vendor::new();
    let (machine, _) = activated(&vendor, &heard());
    let guard = started(&machine, NOWHERE, 0);
    assert!(guard.heartbeat().is_err());
    let Standing::Grace { until, .. } = guard.state().standing else { panic!("{:?}", guard.state()) };
    drop(guard);
    let outcome = machine.run("doctor");
    let heartbeat = words(&said(&outcome, "heartbeat"));
    assert!(heartbeat.contains(&format!("the grace period is active until {until}")), "{outcome:?}");
    assert_eq!(found(&outcome, "rights"), is("ok", ""), "nothing fell");
    // An answer ends it, in a later second than the question that reached nobody.
    admitted_later(&machine);
    admitted_later(&machine);
    let outcome = machine.run("doctor");
    assert!(!words(&said(&outcome, "heartbeat")).contains("grace period"), "{outcome:?}");
}

/// "Restart the application", "fix underlying issue, then restart".
#[test]
fn rights_that_fell_are_told_with_what_lifts_them() {
    let vendor = Vendor::new();
    let (machine, _) = activated(&vendor, &heard());
    let guard = started(&machine, NOWHERE, DAY + 60);
    let Standing::Free(lack) = guard.state().standing else { panic!("{:?}", guard.state()) };
    assert_eq!(lack.code().as_str(), "grace_over");
    drop(guard);
    let fell = machine.run("doctor");
    assert_eq!(found(&fell, "rights"), is("error", "grace_over"));
    let told = words(&said(&fell, "rights"));
    assert!(
        told.contains("an answer that admits this machine") && told.contains("sglic heartbeat"),
        "{told}"
    );
    admitted_later(&machine);
    let again = machine.run("doctor");
    assert_eq!(found(&again, "rights"), is("error", "grace_over"));
    let told = words(&said(&again, "rights"));
    assert!(
        told.contains("what lifts it is there since") && told.contains("Start the program again"),
        "{told}"
    );
    drop(started(&machine, &vendor.server.url, 0));
    assert_eq!(found(&machine.run("doctor"), "rights"), is("ok", ""));
}

/// A revoked license, whose grace is over.
#[test]
fn rights_that_the_server_ended_are_told_with_its_reason() {
    let vendor = Vendor::new();
    let (machine, license) = activated(&vendor, &heard());
    vendor.change(&license, "revoke");
    machine.run("heartbeat").refused(1, "revoked");
    let told = said(&machine.run("doctor"), "license");
    assert!(words(&told).contains("The license was revoked; everything works until"), "{told}");
    drop(started(&machine, NOWHERE, DAY + 60));
    let outcome = machine.run("doctor");
    assert_eq!(found(&outcome, "rights"), is("error", "revoked"), "{outcome:?}");
}

/// A machine whose debugger comes and goes.
#[derive(Clone)]
struct Debugger(Arc<AtomicBool>);

impl Sensors for Debugger {
    fn look(&self, _: &dyn Fn(&str) -> bool) -> Vec<Seen> {
        let is_there = self.0.load(Ordering::SeqCst);
        let finding = if is_there { Finding::Something } else { Finding::Nothing };
        vec![Seen { sensor: "debugger", finding, what: "a test says so".to_owned() }]
    }
}

#[test]
fn a_debugger_that_was_seen_is_told_until_a_clean_start() {
    let vendor = Vendor::new();
    let (machine, _) = activated(&vendor, &json!({ "anti_tamper": {} }));
    let debugger = Debugger(Arc::new(AtomicBool::new(true)));
    let start =
        || program(&machine, &vendor.server.url, 0).sensors(debugger.clone()).start().expect("it starts");
    drop(start());
    let outcome = machine.run("doctor");
    assert_eq!(found(&outcome, "rights"), is("error", "tamper_detected"));
    assert!(words(&said(&outcome, "rights")).contains("sensors find nothing"), "{outcome:?}");
    debugger.0.store(false, Ordering::SeqCst);
    drop(start());
    assert_eq!(found(&machine.run("doctor"), "rights"), is("ok", ""));
}
