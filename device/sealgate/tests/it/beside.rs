//! Several processes of one program, whose guards keep what lasts in one place (`spec/guard.md` §4.5).

use std::sync::{Arc, Mutex};

use sealgate::Guard;
use sealgate::guard::{Finding, Lack, Standing};
use sealgate_artifact::{Heartbeat, Policy};

use crate::authority::DAY;
use crate::guard::{Machine, Told, heard, lack, watched};

const HOUR: u64 = 3_600;

fn with_sensors(machine: &Machine, told: &Told) -> Guard {
    machine.client().guard().without_threads().sensors(told.clone()).start().expect("it starts")
}

fn told(finding: Finding) -> Told {
    Told(Arc::new(Mutex::new(finding)))
}

/// One is tampered with, the other ends later. The next start cannot look, so that only what was left behind speaks.
#[test]
fn what_one_process_found_survives_the_others_end() {
    let machine = Machine::new(Some(watched(None)));
    let (seen, clean) = (told(Finding::Nothing), told(Finding::Nothing));
    let (one, other) = (with_sensors(&machine, &seen), with_sensors(&machine, &clean));
    *seen.0.lock().unwrap() = Finding::Something;
    assert_eq!(one.verify_integrity().standing, Standing::Free(Lack::Tampered));
    drop(one);
    machine.pass(HOUR);
    assert_eq!(other.state().standing, Standing::Licensed, "its own rights");
    drop(other);
    let blind = told(Finding::Unknown);
    assert_eq!(lack(&with_sensors(&machine, &blind)), Some(Lack::Tampered));
    assert_eq!(lack(&with_sensors(&machine, &clean)), None, "a clean start lifts it");
    assert_eq!(lack(&with_sensors(&machine, &blind)), None, "for good");
}

/// Each process found a reason of its own. What lifts the one does not lift the other.
#[test]
fn two_reasons_are_lifted_each_for_itself() {
    let machine = Machine::new(Some(watched(None)));
    let (seen, clean) = (told(Finding::Nothing), told(Finding::Nothing));
    let (one, other) = (with_sensors(&machine, &seen), with_sensors(&machine, &clean));
    *seen.0.lock().unwrap() = Finding::Something;
    assert_eq!(one.verify_integrity().standing, Standing::Free(Lack::Tampered));
    machine.cut();
    machine.pass(DAY);
    assert_eq!(lack(&other), Some(Lack::Unheard));
    drop(other);
    drop(one);
    let blind = told(Finding::Unknown);
    assert_eq!(lack(&with_sensors(&machine, &clean)), Some(Lack::Unheard), "a clean start, without a server");
    machine.mend();
    assert_eq!(lack(&with_sensors(&machine, &blind)), None, "both are lifted by now");
}

/// The one that lifted a reason does not bring it back, and the one that still has it takes no right from the next start.
#[test]
fn what_a_start_lifted_stays_lifted() {
    let machine = Machine::new(Some(heard()));
    let first = machine.start();
    machine.cut();
    machine.pass(DAY);
    assert_eq!(lack(&first), Some(Lack::Unheard));
    machine.mend();
    let second = machine.start();
    assert_eq!(lack(&second), None);
    drop(first);
    drop(second);
    assert_eq!(lack(&machine.start()), None);
}

/// A process whose clock stands still, or that was stopped, ends last: the time that the other one ran is not lost.
#[test]
fn the_later_time_stays() {
    let machine = Machine::new(Some(heard()));
    let (late, early) = (machine.start(), machine.with_clocks_of_its_own());
    let early = early.start();
    machine.cut();
    machine.pass(DAY - HOUR);
    drop(late);
    drop(early);
    machine.set_clock(-20 * 3_600);
    let again = machine.start();
    assert_eq!(lack(&again), None);
    machine.pass(HOUR);
    assert_eq!(lack(&again), Some(Lack::Unheard), "its time began where the later one's ended");
}

/// A clock that was a year ahead left a floor. The one that hears what time it is lowers it.
#[test]
fn an_answer_lowers_what_a_wrong_clock_left() {
    let machine = Machine::new(Some(heard()));
    let ahead = machine.with_clocks_of_its_own();
    ahead.set_clock(40 * 3_600);
    ahead.cut();
    drop(ahead.start());
    machine.cut();
    assert_eq!(lack(&machine.start()), Some(Lack::ClockRolledBack));
    machine.mend();
    machine.pass(HOUR);
    drop(machine.start());
    machine.cut();
    assert_eq!(lack(&machine.start()), None, "healed");
}

/// A failure that one process met moves the deadline as far as the license signs, also where another one writes later.
#[test]
fn the_last_failure_stays() {
    let heartbeat = Heartbeat { interval: 4 * HOUR, grace: DAY, longest_grace: Some(3 * DAY) };
    let machine = Machine::new(Some(Policy { heartbeat: Some(heartbeat), ..Policy::default() }));
    let (one, other) = (machine.start(), machine.start());
    machine.cut();
    machine.pass(20 * HOUR);
    assert!(one.heartbeat().is_err());
    drop(one);
    drop(other);
    machine.pass(10 * HOUR);
    assert!(machine.start().has_feature("rule-engine"));
}
