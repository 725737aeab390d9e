//! Which clocks are wrong, and what is promised at each server meanwhile.

use crate::day::{Excuses, Promises, Readiness};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// By how much clocks are set.
pub(super) const STEPS: [i64; 4] = [-HOUR, 10 * MINUTE, 8 * DAY, 100 * DAY];
/// By how much they are behind when servers are started: the last one is that of a machine without a battery.
pub(super) const BEHIND: [i64; 4] = [-HOUR, -DAY, -20 * DAY, -6_000 * DAY];

/// `spec/keys.md` §4.3, `spec/license.md` §2.4: what was signed by a clock that is so far ahead has begun all the same.
const HEAD_START: i64 = DAY;
/// `spec/online.md` §7.3.
const CERTIFICATE_HOLDS: i64 = 14 * DAY;
/// Licenses that end do so within this time.
const LICENSE_HOLDS: i64 = 5 * DAY;
/// A start further ahead than this of what the database knows is doubted.
pub(super) const UNSEEN: i64 = 30 * DAY;

/// How far the clocks are ahead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) servers: [i64; 2],
    pub(super) devices: i64,
}

/// What a server takes for the right time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Start {
    /// It was started while its clock was right.
    #[default]
    Right,
    /// It was started while its clock was as wrong as this, of which the database knew.
    Misled(i64),
    /// The same, but the database knew the right time.
    Warned(i64),
}

impl Wrong {
    /// What is promised at a server that was started in this way.
    pub(super) fn promises(self, at: usize, start: Start) -> Promises {
        Promises { readiness: self.readiness(at, start), excuses: self.excuses(at) }
    }

    fn excuses(self, at: usize) -> Excuses {
        let (own, first) = (self.servers[at], self.servers[0]);
        Excuses {
            // A decision must lie in its certificate's window, and devices judge by their own clock.
            sdk: !self.is_certified_at(own) || !self.is_certified_at(self.devices),
            ending: own >= LICENSE_HOLDS,
            ending_with_sdk: own.max(self.devices) >= LICENSE_HOLDS,
            newcomers: first - own > HEAD_START,
        }
    }

    /// Whether certificates are in force for who has this time. The first server makes them, for its own.
    fn is_certified_at(self, time: i64) -> bool {
        let first = self.servers[0];
        time < first + CERTIFICATE_HOLDS && first <= time + HEAD_START
    }

    /// Whether the devices share the first server's wrong clock, so that they take what it signs.
    pub(super) fn deceives_devices(self) -> bool {
        self.devices > HEAD_START && self.devices == self.servers[0]
    }

    fn readiness(self, at: usize, start: Start) -> Readiness {
        let own = self.servers[at];
        let is_doubted = match start {
            Start::Right => own != 0,
            // It knows that some server worked later, so the right clock is right for it.
            Start::Misled(when) | Start::Warned(when) if at == 0 && when < 0 => own != 0,
            // Whether the first server doubted it depends on whether the database had a note of the time before it was set.
            Start::Misled(when) if at == 0 && when > UNSEEN => return Readiness::Either,
            // Only the vendor's side looks at what the database knows.
            Start::Warned(when) if at == 0 && when > UNSEEN => own != 0,
            Start::Misled(when) | Start::Warned(when) => own != when,
        };
        match (is_doubted, self.is_certified_at(own)) {
            (true, _) => Readiness::ClockInDoubt,
            (false, true) => Readiness::Ready,
            (false, false) => Readiness::Either,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(ahead: i64) -> Wrong {
        Wrong { servers: [ahead, 0], devices: 0 }
    }

    fn second(ahead: i64) -> Wrong {
        Wrong { servers: [0, ahead], devices: 0 }
    }

    #[test]
    fn while_all_clocks_are_right_everything_is_promised() {
        for at in [0, 1] {
            assert_eq!(Wrong::default().promises(at, Start::Right), Promises::default());
        }
    }

    #[test]
    fn small_steps_excuse_nobody() {
        for ahead in [-HOUR, 10 * MINUTE] {
            for wrong in [first(ahead), second(ahead), Wrong { devices: ahead, ..Wrong::default() }] {
                assert_eq!([wrong.excuses(0), wrong.excuses(1)], [Excuses::default(); 2]);
            }
            assert_eq!(first(ahead).readiness(0, Start::Right), Readiness::ClockInDoubt);
            assert_eq!(first(ahead).readiness(1, Start::Right), Readiness::Ready);
        }
    }

    #[test]
    fn who_signs_for_all_spoils_it_for_all_and_who_signs_nothing_only_for_itself() {
        assert!(first(8 * DAY).excuses(1).sdk && first(8 * DAY).excuses(1).newcomers);
        assert_eq!(second(100 * DAY).excuses(0), Excuses::default());
        assert!(second(100 * DAY).excuses(1).sdk && !second(8 * DAY).excuses(1).sdk);
        let devices = Wrong { devices: 8 * DAY, ..Wrong::default() }.excuses(0);
        assert!(devices.ending_with_sdk && !devices.ending && !devices.sdk);
        let all = Wrong { servers: [100 * DAY; 2], devices: 100 * DAY };
        assert!(all.deceives_devices() && !all.excuses(1).sdk && all.excuses(1).ending);
    }

    #[test]
    fn a_server_that_was_misled_doubts_the_right_clock() {
        let ahead = 8 * DAY;
        assert_eq!(first(ahead).readiness(0, Start::Misled(ahead)), Readiness::Ready);
        assert_eq!(first(0).readiness(0, Start::Misled(ahead)), Readiness::ClockInDoubt);
        let ahead = 100 * DAY;
        assert_eq!(first(0).readiness(0, Start::Misled(ahead)), Readiness::Either);
        assert_eq!(second(0).readiness(1, Start::Misled(ahead)), Readiness::ClockInDoubt);
        assert_eq!(first(ahead).readiness(0, Start::Warned(ahead)), Readiness::ClockInDoubt);
        assert_eq!(first(0).readiness(0, Start::Warned(ahead)), Readiness::Ready);
        assert_eq!(second(ahead).readiness(1, Start::Warned(ahead)), Readiness::Either);
    }

    #[test]
    fn a_first_server_that_was_started_behind_doubts_that_and_takes_the_right_clock_as_right() {
        for (behind, start) in BEHIND.into_iter().flat_map(|b| [(b, Start::Misled(b)), (b, Start::Warned(b))])
        {
            assert_eq!(first(behind).readiness(0, start), Readiness::ClockInDoubt);
            assert_eq!(first(0).readiness(0, start), Readiness::Ready);
            assert_eq!(second(0).readiness(1, start), Readiness::ClockInDoubt);
            let is_far = behind <= -20 * DAY;
            assert_eq!([first(behind), second(behind)].map(|wrong| wrong.excuses(1).sdk), [is_far; 2]);
        }
    }
}
