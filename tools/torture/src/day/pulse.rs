//! Whether writes go through a server, seen from outside.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many failures in a row are no accident.
const IN_A_ROW: u32 = 3;

/// Failures since the last success.
#[derive(Default)]
pub(crate) struct Pulse(Mutex<Failures>);

#[derive(Default)]
struct Failures {
    count: u32,
    first: Option<Instant>,
    /// When the server was asked and said that it is well, and for how long nothing had been written then.
    praised: Option<(Instant, Duration)>,
}

impl Pulse {
    /// What failed until now is no sign of the server's state.
    pub(crate) fn forget(&self) {
        *self.lock() = Failures::default();
    }

    /// A write that began then went through, or did not. Returns for how long nothing had been written when the server said
    /// that it is well, if that was wrong: this write began after that.
    pub(crate) fn beat(&self, began: Instant, well: bool) -> Option<Duration> {
        let mut failures = self.lock();
        if well {
            *failures = Failures::default();
            return None;
        }
        failures.count += 1;
        failures.first.get_or_insert(began);
        let (_, dead_for) = failures.praised.take_if(|(asked, _)| began > *asked)?;
        Some(dead_for)
    }

    /// The server was asked then, and said that it is well. If no write had gone through for longer than this, the next one
    /// says whether that was so: until one is tried again, nobody knows.
    pub(crate) fn praise(&self, asked: Instant, noticed_within: Duration) {
        let mut failures = self.lock();
        let first = failures.first.filter(|_| failures.count >= IN_A_ROW);
        let dead_for = first.map(|first| asked.saturating_duration_since(first));
        if let Some(dead_for) = dead_for.filter(|dead_for| *dead_for > noticed_within) {
            failures.praised = Some((asked, dead_for));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Failures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(3);

    fn dead(since: Instant) -> Pulse {
        let pulse = Pulse::default();
        (0..3).for_each(|_| assert_eq!(pulse.beat(since, false), None));
        pulse
    }

    #[test]
    fn praise_is_wrong_if_the_next_write_fails_too() {
        let (begin, later) = (Instant::now(), |seconds| Instant::now() + Duration::from_secs(seconds));
        let pulse = dead(begin);
        pulse.praise(later(2), SOON);
        assert_eq!(pulse.beat(later(5), false), None, "it may not have noticed yet");
        let asked = later(10);
        pulse.praise(asked, SOON);
        assert_eq!(pulse.beat(later(9), false), None, "it began before");
        assert_eq!(pulse.beat(later(11), false), Some(asked - begin));
        assert_eq!(pulse.beat(later(12), false), None, "once");
    }

    #[test]
    fn praise_is_right_if_the_next_write_goes_through() {
        let (begin, later) = (Instant::now(), |seconds| Instant::now() + Duration::from_secs(seconds));
        let pulse = dead(begin);
        pulse.praise(later(10), SOON);
        assert_eq!(pulse.beat(later(11), true), None);
        assert_eq!(pulse.beat(later(12), false), None);
    }

    #[test]
    fn a_few_failures_are_no_sign() {
        let (begin, pulse) = (Instant::now(), Pulse::default());
        let later = |seconds| begin + Duration::from_secs(seconds);
        (0..2).for_each(|_| assert_eq!(pulse.beat(begin, false), None));
        pulse.praise(later(10), SOON);
        assert_eq!(pulse.beat(later(11), false), None);
    }
}
