//! Thirty days of a guarded program, beside the plainest account of what it may do (`spec/guard.md`). Time is injected.

use proptest::prelude::*;

use sealgate::Guard;

use crate::authority::{DAY, NOW};
use crate::guard::{Machine, heard};

const STEP: u64 = 1_800;
const STEPS: usize = 30 * 48;
/// Steps from one heartbeat to the next.
const INTERVAL: usize = 8;
/// When the license ends: before the thirty days are over.
const END: u64 = NOW + 20 * DAY;

/// What happens in a step, beside that it passes.
#[derive(Debug, Clone, Copy)]
enum Event {
    Nothing,
    Network,
    Restart,
    /// The program is off for so many steps: two days at most, by a longer step of the clock nothing is kept (`spec/guard.md` §2.3).
    Off(u64),
    Revoke,
    Admit,
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        60 => Just(Event::Nothing),
        3 => Just(Event::Network),
        2 => Just(Event::Restart),
        1 => (1u64..96).prop_map(Event::Off),
        1 => Just(Event::Revoke),
        2 => Just(Event::Admit),
    ]
}

/// What a server says: when the rights end, where they do.
#[derive(Clone, Copy)]
struct Answer(Option<u64>);

/// What is so, whatever the program knows.
struct Account {
    now: u64,
    is_up: bool,
    revoked_until: Option<u64>,
    admitted: u64,
    told: Option<u64>,
    /// What the server answered to a question whose answer was lost: it is asked again, and answers the same.
    lost: Option<Answer>,
    fell: bool,
    /// The admission that counted when the rights fell last: only a newer one gives them back.
    fell_after: Option<u64>,
}

impl Account {
    fn has_rights(&self) -> bool {
        let deadline = self.told.unwrap_or(self.admitted + DAY);
        !self.fell && self.fell_after != Some(self.admitted) && self.now < END && self.now < deadline
    }

    fn judge(&mut self) {
        if !self.fell && !self.has_rights() {
            (self.fell, self.fell_after) = (true, Some(self.admitted));
        }
    }

    fn passes(&mut self, machine: &Machine, seconds: u64) {
        self.now += seconds;
        machine.pass(seconds);
    }

    fn beat(&mut self) {
        let now = Answer(self.revoked_until);
        let answer = self.lost.take().unwrap_or(now);
        if self.is_up {
            self.hears(answer);
            self.hears(now);
        } else {
            self.lost = Some(answer);
        }
    }

    fn hears(&mut self, Answer(end): Answer) {
        if let Some(until) = end {
            self.told = Some(self.told.map_or(until, |told| told.min(until)));
        } else {
            (self.admitted, self.told) = (self.now, None);
        }
    }

    fn start(&mut self, machine: &Machine) -> Guard {
        self.fell = false;
        if !self.has_rights() {
            self.beat();
        }
        self.judge();
        machine.start()
    }
}

fn thirty_days(events: &[Event]) {
    let machine = Machine::new(Some(heard()));
    let mut account = Account {
        now: NOW,
        is_up: true,
        revoked_until: None,
        admitted: NOW,
        told: None,
        lost: None,
        fell: false,
        fell_after: None,
    };
    let mut guard = account.start(&machine);
    for (step, event) in events.iter().enumerate() {
        account.passes(&machine, STEP);
        match *event {
            Event::Nothing => {}
            Event::Network => {
                account.is_up = !account.is_up;
                if account.is_up { machine.mend() } else { machine.cut() }
            }
            Event::Restart | Event::Off(_) => {
                account.judge();
                assert_eq!(guard.has_feature("rule-engine"), account.has_rights(), "step {step}");
                drop(guard);
                if let Event::Off(steps) = event {
                    account.passes(&machine, steps * STEP);
                }
                guard = account.start(&machine);
            }
            Event::Revoke => {
                let until = *account.revoked_until.get_or_insert(account.now + DAY);
                machine.end("revoked", until);
            }
            Event::Admit => {
                account.revoked_until = None;
                machine.admit();
            }
        }
        if step % INTERVAL == 0 {
            // What fell stays down, also where the answer comes too late.
            account.judge();
            assert_eq!(
                guard.has_feature("rule-engine"),
                account.has_rights(),
                "step {step}, before the heartbeat"
            );
            account.beat();
            let _ = guard.heartbeat();
        }
        account.judge();
        assert_eq!(guard.has_feature("rule-engine"), account.has_rights(), "step {step}: {event:?}");
        assert!(guard.has_feature("db.query"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 10, ..ProptestConfig::default() })]

    /// Whatever happens to network, program and license in thirty days: it has its rights exactly when it should.
    #[test]
    fn thirty_days_are_as_the_account_says(events in prop::collection::vec(events(), STEPS)) {
        thirty_days(&events);
    }
}
