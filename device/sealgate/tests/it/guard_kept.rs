//! What becomes of a guard whose state was deleted, edited, copied from another machine, or replaced by an older copy: line T3 of
//! `docs/assurance.md`, "The catalogue of the guard". For each: the rights, and what is told.

use std::sync::Arc;

use sealgate::guard::{Lack, Standing};
use sealgate::{BeatSaid, MemoryStore, Store};
use sealgate_artifact::LicenseId;
use serde_json::{Value, json};

use crate::authority::{DAY, NOW, key};
use crate::guard::{Machine, heard, lack};
use crate::told::{says, told};

const HOUR: u64 = 3_600;

fn kept(machine: &Machine) -> Vec<u8> {
    machine.store.load().expect("memory").expect("a state")
}

fn put(machine: &Machine, state: &[u8]) {
    let now = machine.store.load().expect("memory");
    assert!(machine.store.replace(now.as_deref(), state).expect("memory"));
}

/// The state as whoever owns the machine may change it.
fn edit(machine: &Machine, change: impl FnOnce(&mut Value)) {
    let mut state: Value = serde_json::from_slice(&kept(machine)).expect("JSON");
    change(&mut state);
    put(machine, state.to_string().as_bytes());
}

/// A machine whose rights fell for silence, at the deadline.
fn fallen() -> Machine {
    let machine = Machine::new(Some(heard()));
    drop(machine.start());
    machine.cut();
    machine.pass(DAY);
    assert_eq!(lack(&machine.start()), Some(Lack::Unheard));
    machine
}

/// Deleted: the device is another one. It has what is free, is told so, and gets rights by being activated anew.
#[test]
fn a_state_that_was_deleted_is_a_new_machine() {
    let fallen = fallen();
    let machine = Machine { store: Arc::new(MemoryStore::new()), ..fallen };
    let (guard, lines) = told(|| machine.start());
    assert_eq!(lack(&guard), Some(Lack::NoLicense), "deleting the reason deletes the license");
    says(&lines, "INFO", &["[License] ", "The tier is Free. (license_missing)"]);
    assert_eq!(guard.counters().license(), 1);
    machine.mend();
    machine.client().activate(&key()).expect("admitted");
    assert_eq!(machine.start().state().standing, Standing::Licensed, "a server's word of today");
}

/// Edited so that it does not read: free, and the log says that it does not read. What nobody read is not overwritten.
#[test]
fn a_state_that_was_damaged_is_told_and_left_alone() {
    let machine = Machine::new(Some(heard()));
    drop(machine.start());
    let whole = kept(&machine);
    for damaged in [&whole[..whole.len() - 1], b"{}", b"", b"\xff"] {
        put(&machine, damaged);
        let (guard, lines) = told(|| machine.start());
        assert_eq!((lack(&guard), guard.state().is_kept), (Some(Lack::NoLicense), false));
        says(&lines, "WARN", &["[License] what is kept cannot be read"]);
        says(&lines, "WARN", &["[License] what is held does not count"]);
        drop(guard);
        assert!(kept(&machine) == damaged, "nothing is written over it");
    }
    put(&machine, &whole);
    assert_eq!(lack(&machine.start()), None);
}

/// Edited where it is signed: it does not verify, and gives nothing. The log says which part.
#[test]
fn what_is_signed_cannot_be_edited() {
    let longer = |carrier: &mut Value| {
        let envelope = if carrier["payload"].is_null() { &mut carrier["statement"] } else { carrier };
        let payload = envelope["payload"].as_str().expect("base64");
        let bytes = sealgate_artifact::decode_base64(payload, "payload").expect("base64");
        let text = String::from_utf8(bytes).expect("JSON").replacen("18", "19", 1);
        envelope["payload"] = sealgate_artifact::encode_base64(text.as_bytes()).into();
    };
    for (part, says_what) in [("license", "license"), ("proof", "activation proof")] {
        let machine = Machine::new(Some(heard()));
        drop(machine.start());
        edit(&machine, |state| longer(&mut state["activated"][part]));
        machine.cut();
        let (guard, lines) = told(|| machine.start());
        assert_eq!(lack(&guard), Some(Lack::NoLicense), "{part}");
        says(&lines, "WARN", &["[License] what is held does not count", says_what]);
        machine.mend();
        assert_eq!(lack(&machine.start()), None, "{part}: a server sends it again, as it was signed");
    }
}

/// Edited where it is not signed: the last admission counts as it was signed, so nobody gains an hour.
#[test]
fn a_deadline_follows_from_what_is_signed() {
    for forged in [
        json!({ "floor": 0, "doubted": [], "latch": null, "unheard_at": null }),
        json!({ "floor": NOW + DAY, "doubted": [], "latch": null, "unheard_at": NOW + 20 * HOUR }),
        Value::Null,
    ] {
        let machine = fallen();
        edit(&machine, |state| state["guarded"] = forged.clone());
        let (guard, lines) = told(|| machine.start());
        assert_eq!(lack(&guard), Some(Lack::Unheard), "{forged}");
        says(&lines, "WARN", &["[License] ", "(grace_over)"]);
    }
}

/// An end that a server told stands unsigned in the state. Whoever takes it and the reason out has what a silent machine has: until the signed
/// deadline, and the next answer says it again.
#[test]
fn an_end_that_was_edited_away_comes_back_with_the_next_answer() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    machine.pass(HOUR);
    machine.end("revoked", NOW + 2 * HOUR);
    guard.heartbeat().expect("answered");
    machine.pass(HOUR);
    assert_eq!(lack(&guard), Some(Lack::Ended("revoked".to_owned())));
    drop(guard);
    edit(&machine, |state| {
        state["guarded"]["latch"] = Value::Null;
        state["activated"]["ending"] = Value::Null;
    });
    let guard = machine.start();
    assert_eq!(lack(&guard), None, "until the server is asked, as if it had not been");
    let (beat, lines) = told(|| guard.heartbeat());
    assert!(matches!(beat.expect("answered").said, BeatSaid::Ended { .. }));
    assert_eq!(lack(&guard), Some(Lack::Ended("revoked".to_owned())));
    says(&lines, "WARN", &["[License] ", "Downgrading to Free tier. (revoked)"]);
    drop(guard);
    machine.cut();
    edit(&machine, |state| {
        state["guarded"]["latch"] = Value::Null;
        state["activated"]["ending"] = Value::Null;
    });
    machine.pass(DAY - 2 * HOUR);
    assert_eq!(lack(&machine.start()), Some(Lack::Unheard), "and no longer than the signed deadline");
}

/// Copied from another machine, whole: it is that device, and the server sees two of it. It has no more than the original had, and each hears
/// of it.
#[test]
fn a_state_of_another_machine_is_that_machine_and_is_seen() {
    let machine = Machine::new(Some(heard()));
    machine.start().heartbeat().expect("answered");
    let other = Machine {
        site: machine.site.clone(),
        store: Arc::new(MemoryStore::new()),
        clocks: machine.clocks.clone(),
    };
    assert!(other.store.replace(None, &kept(&machine)).expect("memory"));
    machine.pass(4 * HOUR);
    machine.start().heartbeat().expect("answered");
    // In the same second both would send the same bytes, and get the same answer.
    machine.pass(1);
    let copy = other.start();
    let (beat, lines) = told(|| copy.heartbeat());
    assert!(matches!(beat.expect("answered").said, BeatSaid::Refused { .. }));
    says(&lines, "WARN", &["[License] Heartbeat failed: nonce_replayed"]);
    assert!(copy.counters().license() > 1);
    machine.pass(20 * HOUR - 1);
    assert_eq!(lack(&copy), Some(Lack::Unheard));
}

/// Parts of another machine's state: its license and proof under this machine's key are no admission.
#[test]
fn parts_of_another_machines_state_give_nothing() {
    let (machine, other) = (Machine::new(Some(heard())), Machine::new(Some(heard())));
    drop((machine.start(), other.start()));
    other.cut();
    let theirs: Value = serde_json::from_slice(&kept(&machine)).expect("JSON");
    edit(&other, |state| state["activated"] = theirs["activated"].clone());
    let (guard, lines) = told(|| other.start());
    assert_eq!(lack(&guard), Some(Lack::NoLicense));
    says(&lines, "WARN", &["[License] what is held does not count", "of another device"]);
}

/// An older copy, the clock as it is: the deadline stands in it, and time has passed.
#[test]
fn an_older_copy_gives_nothing_by_an_honest_clock() {
    let machine = Machine::new(Some(heard()));
    drop(machine.start());
    let older = kept(&machine);
    machine.cut();
    machine.pass(DAY);
    drop(machine.start());
    put(&machine, &older);
    let (guard, lines) = told(|| machine.start());
    assert_eq!(lack(&guard), Some(Lack::Unheard));
    says(&lines, "WARN", &["[License] Heartbeat failed"]);
    says(&lines, "WARN", &["[License] ", "Downgrading to Free tier. (grace_over)"]);
}

/// An older copy and a clock that was set back to it: that time runs again, and no longer (`spec/guard.md` §2.6). The server sees the copy by
/// its nonce, and the program is told.
#[test]
fn an_older_copy_with_its_clock_runs_that_time_again_and_is_seen() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    guard.heartbeat().expect("answered");
    let older = kept(&machine);
    machine.pass(4 * HOUR);
    guard.heartbeat().expect("answered");
    drop(guard);
    machine.cut();
    machine.pass(DAY);
    assert_eq!(lack(&machine.start()), Some(Lack::Unheard));
    put(&machine, &older);
    machine.set_clock(-100_800);
    let guard = machine.start();
    assert_eq!(guard.state().standing, Standing::Licensed, "as it was then");
    machine.mend();
    let (beat, lines) = told(|| guard.heartbeat());
    assert!(matches!(beat.expect("answered").said, BeatSaid::Refused { .. }));
    says(&lines, "WARN", &["[License] Heartbeat failed: nonce_replayed"]);
    assert_eq!(lack(&guard), Some(Lack::Unheard), "and a server's time is the time");
}

/// `spec/guard.md` §4.2: whoever starts with another license for once lifts nothing of the first one's.
#[test]
fn a_start_with_another_license_forgets_no_reason_of_the_first() {
    let machine = Machine::unactivated(None);
    let first = machine.site.authority().license();
    let other = {
        let mut vendor = machine.site.authority().clone();
        vendor.license.license = LicenseId::from_bytes([99; 16]);
        vendor.license.expires_at = None;
        vendor.license()
    };
    let start = |license: &[u8]| {
        let guard = machine.client().guard().files(Some(license.to_vec()), None);
        guard.offline().without_threads().start().expect("it starts")
    };
    let fell = || machine.client().last_run().expect("it reads").fell;
    // A clock that goes on for as long as its program runs is believed.
    let guard = start(&first);
    machine.clocks.sleep(40 * DAY);
    guard.verify_integrity();
    assert_eq!(lack(&guard), Some(Lack::Expired));
    drop(guard);
    assert_eq!(fell().len(), 1);
    for _ in 0..2 {
        assert_eq!(lack(&start(&other)), None);
        assert_eq!(fell().iter().map(|it| it.lack.clone()).collect::<Vec<_>>(), [Lack::Expired]);
    }
    assert_eq!(lack(&start(&first)), Some(Lack::Expired));
}
