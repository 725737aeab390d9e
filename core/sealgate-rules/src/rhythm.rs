//! How often an activated device is to be heard, and until when it has rights where it is not (`spec/license.md` §2.15 and
//! §2.21, `spec/activation.md` §7.5).

use sealgate_artifact::{Conditions, UnixSeconds};

/// Where the license says nothing.
const INTERVAL_SECONDS: u64 = 4 * 60 * 60;
const GRACE_SECONDS: u64 = 24 * 60 * 60;
const INSTANCES: u64 = 1;
/// `spec/online.md` §6.9: nobody makes a client wait longer, unless its license does.
const LONGEST_WAIT_SECONDS: u64 = 24 * 60 * 60;
/// After the first failure. Each further one doubles it.
const FIRST_RETRY_SECONDS: u64 = 60;
/// `spec/activation.md` §6.5: overdue by so many seconds, a program was asleep.
const SLEPT_SECONDS: u64 = 60;
/// It asks "after a time drawn evenly from 0 to 30 s".
const SPREAD_SECONDS: u64 = 30;

/// The rhythm of one license's devices. All in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// From one heartbeat to the next.
    pub interval: u64,
    /// From the last answer that admitted the device to the end of its rights.
    pub grace: u64,
    /// Copies of the program that may run on one device at once.
    pub max_instances: u64,
}

/// What ended a device's rights, or will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Why.
    pub code: String,
    /// From this time on the tier is `free`.
    pub grace_until: UnixSeconds,
}

impl Rhythm {
    /// What the license says, else the defaults.
    pub fn of(conditions: &Conditions) -> Self {
        let heartbeat = conditions.policy.as_ref().and_then(|policy| policy.heartbeat);
        Self {
            interval: heartbeat.map_or(INTERVAL_SECONDS, |heartbeat| heartbeat.interval),
            grace: heartbeat.map_or(GRACE_SECONDS, |heartbeat| heartbeat.grace),
            max_instances: conditions.max_instances.unwrap_or(INSTANCES),
        }
    }

    /// After so long without a heartbeat, a copy of a program makes room for another, and a lease ends.
    pub fn gone_after(self) -> u64 {
        2 * self.interval
    }

    /// Until when a device has rights that was admitted last at `admitted_at`, by the server's time. No failure moves it.
    pub fn deadline(self, admitted_at: UnixSeconds, ending: Option<&Ending>) -> UnixSeconds {
        let grace = admitted_at.plus(self.grace);
        ending.map_or(grace, |ending| ending.grace_until)
    }

    /// How long after an answer the next heartbeat is due: at once while entries of the chain wait, but never before the server
    /// wants it. `issued_at` and `not_before` are the server's, so that a device's clock that runs ahead changes nothing.
    pub fn wait(self, issued_at: UnixSeconds, not_before: UnixSeconds, entries_wait: bool) -> u64 {
        let longest = self.interval.max(LONGEST_WAIT_SECONDS);
        let wanted = not_before.get().saturating_sub(issued_at.get()).min(longest);
        let own = if entries_wait { 0 } else { self.interval };
        own.max(wanted)
    }

    /// How long after so many failures in a row, one at least, to try again: at most an interval.
    pub fn retry(self, failures: u32) -> u64 {
        let doubled = 1u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
        FIRST_RETRY_SECONDS.saturating_mul(doubled).min(self.interval)
    }
}

/// When a heartbeat is due, by the device's clock, `wait` seconds after an answer that came at `received_at`. Where the clock was set
/// back since, nobody knows how long ago that was: it is due now.
pub fn due(received_at: UnixSeconds, wait: u64, now: UnixSeconds) -> UnixSeconds {
    if now < received_at { now } else { received_at.plus(wait) }
}

/// `spec/activation.md` §6.5: when the heartbeat is to be sent that a running program finds due at `due`, in seconds by the device's clock, with `drawn` at
/// random: "overdue by more than a minute" means that it slept, and then others woke at the same time.
pub fn spread(due: UnixSeconds, now: UnixSeconds, drawn: u64) -> UnixSeconds {
    if due.plus(SLEPT_SECONDS) < now { now.plus(drawn % (SPREAD_SECONDS + 1)) } else { due }
}

impl Ending {
    /// This end, after one that was told before, where the device was not admitted in between: it comes no later.
    #[must_use]
    pub fn after(self, before: Option<&Self>) -> Self {
        let grace_until = before.map_or(self.grace_until, |before| before.grace_until.min(self.grace_until));
        Self { grace_until, ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use sealgate_artifact::{Conditions, Heartbeat, Policy, UnixSeconds};

    use super::{Ending, Rhythm, spread};

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).expect("in range")
    }

    fn ending(code: u8, until: u64) -> Ending {
        Ending { code: format!("code{code}"), grace_until: at(until) }
    }

    #[test]
    fn a_license_says_how_often_or_the_defaults_hold() {
        let plain = Rhythm { interval: 14_400, grace: 86_400, max_instances: 1 };
        assert_eq!(Rhythm::of(&Conditions::default()), plain);
        let heartbeat = Some(Heartbeat { interval: 60, grace: 300, longest_grace: None });
        let policy = Some(Policy { heartbeat, ..Policy::default() });
        let said = Conditions { policy, max_instances: Some(4), ..Conditions::default() };
        assert_eq!(Rhythm::of(&said), Rhythm { interval: 60, grace: 300, max_instances: 4 });
        let silent = Conditions { policy: Some(Policy::default()), ..Conditions::default() };
        assert_eq!(Rhythm::of(&silent), plain);
    }

    /// The second at which the answer came is not before it.
    #[test]
    fn a_clock_that_stands_still_makes_no_heartbeat_due() {
        assert_eq!(super::due(at(100), 60, at(100)), at(160));
        assert_eq!(super::due(at(100), 60, at(99)), at(99));
    }

    proptest! {
        /// A copy that missed one heartbeat keeps its place, and one that missed two does not.
        #[test]
        fn a_copy_is_gone_after_two_intervals(interval in 60u64..2_592_000) {
            let rhythm = Rhythm { interval, grace: interval, max_instances: 1 };
            prop_assert_eq!(rhythm.gone_after(), interval + interval);
        }

        /// Whatever ends are told, and however often: no later telling gives more time.
        #[test]
        fn an_end_never_comes_later(told in prop::collection::vec((0u8..2, 0u64..1000), 1..8)) {
            let mut held: Option<Ending> = None;
            for (code, until) in told {
                let now = ending(code, until).after(held.as_ref());
                if let Some(before) = held {
                    prop_assert!(now.grace_until <= before.grace_until);
                }
                prop_assert!(now.grace_until <= at(until));
                held = Some(now);
            }
        }

        /// Rights end with the grace, or with what was told of their end.
        #[test]
        fn a_deadline_moves_only_with_an_answer(heard in 0u64..10_000, grace in 1u64..500, end in prop::option::of(0u64..10_000)) {
            let rhythm = Rhythm { interval: 60, grace, max_instances: 1 };
            let ending = end.map(|until| ending(0, until));
            prop_assert_eq!(rhythm.deadline(at(heard), ending.as_ref()).get(), end.unwrap_or(heard + grace));
        }

        /// Nobody is asked before the server wants it, and no later than an interval after that.
        #[test]
        fn the_next_heartbeat_is_due_when_the_server_wants_it(
            issued in 0u64..10_000, wanted in 0u64..400_000, interval in 60u64..200_000, waits: bool,
        ) {
            let rhythm = Rhythm { interval, grace: interval, max_instances: 1 };
            let wait = rhythm.wait(at(issued), at(wanted), waits);
            let bounded = wanted.saturating_sub(issued).min(interval.max(86_400));
            prop_assert!(wait >= bounded);
            prop_assert!(wait == interval || wait == bounded);
            prop_assert!(!waits || wait == bounded);
        }

        /// Whatever becomes of the clock, a heartbeat is due once `wait` seconds have passed by it.
        #[test]
        fn a_heartbeat_is_due_whatever_becomes_of_the_clock(
            received in 0u64..10_000, set_to in 0u64..10_000, wait in 0u64..5_000,
        ) {
            let later = set_to + wait;
            let is_due = |now: u64| super::due(at(received), wait, at(now)) <= at(now);
            prop_assert!(is_due(set_to) || is_due(later) || later < received + wait);
            prop_assert_eq!(is_due(set_to), set_to < received || set_to >= received + wait);
        }

        /// It is tried again and again, ever more seldom, at least once in an interval.
        #[test]
        fn failures_are_tried_again(failures in 1u32..u32::MAX, interval in 60u64..2_592_000) {
            let rhythm = Rhythm { interval, grace: interval, max_instances: 1 };
            let wait = rhythm.retry(failures);
            prop_assert!((60..=interval).contains(&wait));
            prop_assert!(rhythm.retry(failures.saturating_add(1)) >= wait);
        }
    }

    #[test]
    fn machines_that_wake_together_do_not_ask_together() {
        let due = at(1_000);
        for now in [0, 1_000, 1_060] {
            assert_eq!(spread(due, at(now), 7), due, "nobody slept: {now}");
        }
        let woke = at(1_061);
        let sent: BTreeSet<_> = (0..62).map(|drawn| spread(due, woke, drawn).get() - woke.get()).collect();
        assert_eq!(sent, (0..=30).collect());
    }
}
