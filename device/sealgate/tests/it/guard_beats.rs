//! Heartbeats of a guarded program: the lines HB of `docs/assurance.md`, "The catalogue of the guard", that `guard.rs` does not show.

use std::sync::Arc;

use sealgate::guard::{GraceWhy, Lack, Standing};
use sealgate::{BeatSaid, Guard, HttpAnswer, MemoryStore, Store, Unanswered};

use crate::authority::{DAY, NOW, key};
use crate::guard::{Machine, grace, heard, lack};
use crate::told::{says, told};

const HOUR: u64 = 3_600;

fn refused(guard: &Guard) -> String {
    match guard.heartbeat().expect("answered").said {
        BeatSaid::Refused { code, .. } => code,
        said => panic!("{said:?}"),
    }
}

/// HB1, HB2. Two copies of one state: the nonce that one of them used is spent, and the other goes to `free` at the deadline of the last
/// admission that it saw.
#[test]
fn a_copy_that_repeats_a_nonce_ends_at_its_own_deadline() {
    let machine = Machine::new(Some(heard()));
    let first = machine.start();
    first.heartbeat().expect("answered");
    let copied = machine.store.load().expect("memory").expect("a state");
    let copy = Machine {
        site: machine.site.clone(),
        store: Arc::new(MemoryStore::new()),
        clocks: machine.clocks.clone(),
    };
    assert!(copy.store.replace(None, &copied).expect("memory"));
    let second = copy.start();
    assert_eq!(second.state().standing, Standing::Licensed, "it looks the same");
    machine.pass(4 * HOUR);
    first.heartbeat().expect("answered");
    // In the same second both would send the same bytes, and get the same answer.
    machine.pass(1);
    let (code, lines) = told(|| refused(&second));
    assert_eq!(code, "nonce_replayed");
    says(&lines, "WARN", &["[License] Heartbeat failed: nonce_replayed"]);
    assert_eq!(second.state().standing, Standing::Licensed, "it reached a server: no grace begins early");
    machine.pass(20 * HOUR - 1);
    assert_eq!((lack(&first), lack(&second)), (None, Some(Lack::Unheard)));
    drop(second);
    assert_eq!(lack(&copy.start()), Some(Lack::Unheard), "its restart asks, and is refused");
}

/// HB3. An answer that is lost costs nothing, as often as it is lost: the same bytes get the same answer, and time goes on.
#[test]
fn answers_that_are_lost_cost_nothing_once_one_comes() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    machine.cut();
    for lost in 1..=3 {
        machine.pass(4 * HOUR);
        assert!(guard.heartbeat().is_err(), "{lost}");
    }
    assert_eq!(guard.state().standing, grace(NOW + DAY, GraceWhy::Unheard));
    machine.mend();
    let beat = guard.heartbeat().expect("answered");
    assert!(!beat.asked_now, "to the bytes that were sent before");
    assert_eq!(guard.state().standing, Standing::Licensed, "and asked again at once, for the time");
    machine.pass(DAY - 1);
    assert!(guard.has_feature("rule-engine"));
    machine.pass(1);
    assert_eq!(lack(&guard), Some(Lack::Unheard), "a day from the last admission");
}

/// HB5. A device whose activation is over gets no admission: what runs has its rights until the deadline, and no start after it.
#[test]
fn a_device_that_was_deactivated_gets_no_admission() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    machine.client().deactivate().expect("given back");
    let (beat, lines) = told(|| guard.heartbeat());
    assert_eq!(beat.expect_err("there is no activation to ask with").code(), "not_activated");
    says(&lines, "WARN", &["[License] Heartbeat failed"]);
    assert_eq!(guard.state().standing, grace(NOW + DAY, GraceWhy::Unheard), "its seat is kept for so long");
    assert_eq!(lack(&machine.start()), Some(Lack::NoLicense));
    machine.pass(DAY);
    assert_eq!(lack(&guard), Some(Lack::Unheard));
}

/// HB5. An older proof of the same device is superseded.
#[test]
fn an_older_proof_is_superseded() {
    let machine = Machine::new(Some(heard()));
    let older = machine.store.load().expect("memory").expect("a state");
    machine.client().activate(&key()).expect("admitted again");
    let newer = machine.store.load().expect("memory");
    assert!(machine.store.replace(newer.as_deref(), &older).expect("memory"));
    let guard = machine.start();
    assert_eq!(refused(&guard), "superseded");
    machine.pass(DAY);
    assert_eq!(lack(&guard), Some(Lack::Unheard));
}

/// So many places of an answer, from its beginning to its end.
const SHARES: usize = 60;

/// HB9. Whoever sits between and changes an answer in any one place moves nothing: it counts as no answer.
#[test]
fn an_answer_that_was_changed_on_its_way_is_none() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    machine.pass(HOUR);
    for share in 0..SHARES {
        machine.site.between(move |mut answer: HttpAnswer| {
            let text = String::from_utf8(answer.body).expect("JSON");
            let payload = text.find("\"payload\":\"").expect("an envelope") + 11;
            let length = text[payload..].find('"').expect("its end");
            let mut body = text.into_bytes();
            let place = payload + share * length / SHARES;
            body[place] = if body[place] == b'A' { b'B' } else { b'A' };
            answer.body = body;
            Ok(answer)
        });
        assert!(guard.heartbeat().is_err(), "place {share}");
        assert_eq!(guard.state().standing, grace(NOW + DAY, GraceWhy::Unheard), "place {share}");
    }
    machine.site.nobody_between();
    guard.heartbeat().expect("the next honest answer counts");
    assert_eq!(guard.state().standing, Standing::Licensed);
}

/// HB9. An unsigned answer, whatever its status, is none.
#[test]
fn an_unsigned_answer_is_none_whatever_its_status() {
    for status in [200, 400, 403, 404, 429, 500, 503] {
        let machine = Machine::new(Some(heard()));
        let guard = machine.start();
        machine.pass(HOUR);
        machine.site.between(move |answer| {
            let body = br#"{"success":true,"isRevoked":true,"code":"revoked"}"#.to_vec();
            Ok(HttpAnswer { status, body, ..answer })
        });
        assert!(guard.heartbeat().is_err(), "{status}");
        assert_eq!(guard.state().standing, grace(NOW + DAY, GraceWhy::Unheard), "{status}");
    }
}

/// HB10, HB11, HB12. A program that fell goes on asking, hears that a restart helps, and stays as it is; restarted without a server, it
/// stays so too.
#[test]
fn a_program_that_fell_goes_on_asking_and_stays_down() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    machine.cut();
    machine.pass(DAY);
    assert_eq!(lack(&guard), Some(Lack::Unheard));
    machine.mend();
    for beat in 1..=5 {
        machine.pass(4 * HOUR);
        guard.heartbeat().expect("answered");
        assert_eq!((lack(&guard), guard.state().restart_helps), (Some(Lack::Unheard), true), "beat {beat}");
    }
    machine.pass(DAY);
    machine.site.between(|_| Err(Unanswered("dropped".to_owned())));
    drop(guard);
    let guard = machine.start();
    assert_eq!(lack(&guard), Some(Lack::Unheard), "the last admission is a day old again");
    assert!(!guard.state().restart_helps);
}
