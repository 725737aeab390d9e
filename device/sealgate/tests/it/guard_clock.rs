//! Clocks that lie, through a guard: lines T of `docs/assurance.md`, "The catalogue of the guard", and the outcomes of each wrong clock, with
//! what is told and what is kept, for a tolerance of a day and of nothing.

use sealgate::guard::{GraceWhy, Lack, Standing};
use sealgate::{Store, Tier};
use sealgate_artifact::{ClockMode, ClockPolicy, Policy};

use crate::authority::{DAY, NOW, key};
use crate::guard::{Machine, grace, heard, lack};
use crate::told::{says, told};

const HOUR: i64 = 3_600;
const YEAR: i64 = 365 * 86_400;
/// From here to 1970.
const TO_1970: i64 = -1_800_000_000;

fn tolerant(tolerance: Option<u64>) -> Option<ClockPolicy> {
    tolerance.map(|tolerance| ClockPolicy { tolerance: Some(tolerance), mode: None })
}

/// A machine that ran once, and whose license needs no server.
fn alone(tolerance: Option<u64>) -> Machine {
    let clock = tolerant(tolerance);
    let machine = Machine::new(Some(Policy { clock, ..Policy::default() }).filter(|_| tolerance.is_some()));
    drop(machine.start());
    machine.cut();
    machine
}

fn state(machine: &Machine) -> Vec<u8> {
    machine.store.load().expect("memory").expect("a state")
}

/// What a wrong clock does: for how far it is off, whether the rights go on, and what is logged.
struct Outcome {
    tolerance: Option<u64>,
    ahead: i64,
    lack: Option<Lack>,
    logged: Option<&'static str>,
}

fn outcomes() -> Vec<Outcome> {
    let mut all = vec![];
    for tolerance in [None, Some(86_400), Some(0)] {
        let is_strict = tolerance == Some(0);
        let rolled_back = || Some(Lack::ClockRolledBack);
        let row = |ahead, lack, logged| Outcome { tolerance, ahead, lack, logged };
        all.extend([
            row(0, None, None),
            row(
                -HOUR,
                rolled_back().filter(|_| is_strict),
                Some(if is_strict { "(clock_rolled_back)" } else { "clock_behind" }),
            ),
            row(-25 * HOUR, rolled_back(), Some("(clock_rolled_back)")),
            row(-YEAR, rolled_back(), Some("(clock_rolled_back)")),
            row(TO_1970, rolled_back(), Some("(clock_rolled_back)")),
            row(HOUR, None, None),
            row(48 * HOUR, None, None),
            row(48 * HOUR + 1, None, Some("clock_doubted")),
            row(YEAR, Some(Lack::Expired), Some("clock_doubted")),
            // By such a clock the vendor's keyset is over, too, which ends nothing that was accepted.
            row(10 * YEAR, Some(Lack::Expired), Some("clock_doubted")),
        ]);
    }
    all
}

/// T1, and all outcomes of decisions 6.1. Each is right again once the clock is.
#[test]
fn each_wrong_clock_has_its_outcome_and_its_event() {
    for Outcome { tolerance, ahead, lack: expected, logged } in outcomes() {
        let which = format!("tolerance {tolerance:?}, {ahead} s ahead");
        let machine = alone(tolerance);
        machine.set_clock(ahead);
        let (guard, lines) = told(|| machine.start());
        assert_eq!(lack(&guard), expected, "{which}");
        assert!(guard.ensure_valid("db.query").is_ok(), "{which}");
        let of_clock: Vec<&String> = lines.iter().filter(|line| line.contains("clock")).collect();
        match logged {
            None => assert!(of_clock.is_empty(), "{which}: {of_clock:?}"),
            Some(words) => {
                assert_eq!(of_clock.len(), 1, "{which}: {lines:?}");
                says(&lines, "WARN", &["[License] ", words]);
            }
        }
        drop(guard);
        let is_believed = (HOUR..=48 * HOUR).contains(&ahead);
        machine.set_clock(0);
        if is_believed && tolerance == Some(0) {
            assert_eq!(
                lack(&machine.start()),
                Some(Lack::ClockRolledBack),
                "{which}: it was believed, and strict is strict"
            );
            machine.pass(ahead.unsigned_abs());
        } else if ahead == 48 * HOUR {
            machine.pass(DAY);
        }
        assert_eq!(lack(&machine.start()), None, "{which}: right again");
    }
}

/// The vendor's keyset is over after ten years. A license without an end that a device accepted before goes on.
#[test]
fn keys_that_have_expired_end_nothing_that_was_accepted() {
    let machine = Machine::unactivated(None);
    machine.site.authority().license.expires_at = None;
    machine.client().activate(&key()).expect("admitted");
    machine.cut();
    machine.set_clock(10 * YEAR);
    assert_eq!(machine.start().state().standing, Standing::Licensed);
    let refused = machine.client().activate(&key()).expect_err("nobody answers");
    assert_eq!(refused.code(), "server_unreachable");
}

/// T1. A clock that is refused leaves nothing behind: where nobody is asked, the state is byte for byte what it was.
#[test]
fn a_clock_that_is_refused_leaves_nothing_behind() {
    for (tolerance, ahead) in [(None, -YEAR), (None, TO_1970), (Some(0), -HOUR), (Some(0), -YEAR)] {
        let machine = alone(tolerance);
        let before = state(&machine);
        machine.set_clock(ahead);
        let guard = machine.client().guard().without_threads().offline().start().expect("it starts");
        assert_eq!(lack(&guard), Some(Lack::ClockRolledBack));
        drop(guard);
        assert!(state(&machine) == before, "{tolerance:?} {ahead}");
        drop(machine.start());
        let kept = |state: &[u8]| {
            let state: serde_json::Value = serde_json::from_slice(state).expect("JSON");
            ["floor", "doubted", "latch"].map(|part| state["guarded"][part].clone())
        };
        assert_eq!(kept(&state(&machine)), kept(&before), "also where a server was asked");
    }
}

/// T1. A clock that is behind by less than the license tolerates runs at the newest known time: nobody gains what it is behind.
#[test]
fn a_clock_that_is_behind_gives_no_time() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    machine.cut();
    machine.pass(20 * 3_600);
    drop(guard);
    machine.set_clock(-20 * HOUR);
    let guard = machine.start();
    assert_eq!(guard.state().standing, grace(NOW + DAY, GraceWhy::Unheard), "two intervals were silent");
    machine.pass(4 * 3_600);
    assert_eq!(lack(&guard), Some(Lack::Unheard), "a day after the last admission, by any clock");
}

/// T2. A clock that somebody set far ahead, used, and set back again is neither believed for good, nor a way to more time.
#[test]
fn a_clock_that_went_ahead_and_back_gives_and_takes_nothing() {
    for tolerance in [None, Some(0)] {
        let machine = alone(tolerance);
        for round in 0..4 {
            for ahead in [YEAR, 10 * YEAR] {
                machine.set_clock(ahead);
                assert_eq!(machine.start().tier(), Tier::Free, "while it shows that, {round}");
            }
            machine.set_clock(0);
            assert_eq!(machine.start().state().standing, Standing::Licensed, "{tolerance:?} {round}");
        }
        machine.set_clock(-YEAR);
        assert_eq!(
            lack(&machine.start()),
            Some(Lack::ClockRolledBack),
            "what is known stands: {tolerance:?}"
        );
    }
}

/// T2. Three starts on three days that agree are believed, also where they should not have been; then only a server's answer heals it.
#[test]
fn what_three_days_agreed_on_is_healed_by_a_server_alone() {
    let machine = Machine::new(Some(heard()));
    drop(machine.start());
    machine.cut();
    for day in 0..3 {
        machine.set_clock(YEAR + day * 86_400);
        drop(machine.start());
    }
    machine.set_clock(0);
    assert_eq!(lack(&machine.start()), Some(Lack::ClockRolledBack), "a year was believed");
    machine.mend();
    assert_eq!(machine.start().state().standing, Standing::Licensed, "the start asked");
    machine.cut();
    assert_eq!(machine.start().state().standing, Standing::Licensed, "and knows it from then on");
}

/// T5. What a server says of the time wins over the machine's clock, ahead or behind, in the same run.
#[test]
fn a_servers_time_wins() {
    for ahead in [TO_1970, -YEAR, -25 * HOUR, 25 * HOUR, 47 * HOUR, 10 * 24 * HOUR] {
        let machine = Machine::new(Some(heard()));
        drop(machine.start());
        machine.set_clock(ahead);
        let guard = machine.start();
        guard.heartbeat().expect("answered");
        assert_eq!(guard.state().standing, Standing::Licensed, "{ahead}: the start asked where it had to");
        machine.cut();
        machine.pass(DAY - 1);
        assert!(guard.has_feature("rule-engine"), "{ahead}: until the deadline by the server's time");
        machine.pass(1);
        assert_eq!(lack(&guard), Some(Lack::Unheard), "{ahead}");
    }
}

/// A machine without a clock counts the time that it runs, and reads none.
#[test]
fn a_machine_without_a_clock_counts_what_it_runs() {
    let clock = Some(ClockPolicy { tolerance: None, mode: Some(ClockMode::RunTime) });
    let machine = Machine::new(Some(Policy { clock, ..heard() }));
    machine.cut();
    for ahead in [TO_1970, 10 * YEAR, -YEAR] {
        machine.set_clock(ahead);
        let (guard, lines) = told(|| machine.start());
        assert_eq!((lack(&guard), lines.iter().any(|line| line.contains("clock"))), (None, false), "{ahead}");
        machine.pass(7 * 3_600);
    }
    machine.pass(3 * 3_600);
    assert_eq!(lack(&machine.start()), None, "what passed while nothing ran did not count");
    let guard = machine.start();
    machine.pass(3 * 3_600);
    assert_eq!(lack(&guard), Some(Lack::Unheard), "seven, seven, seven and three hours");
}
