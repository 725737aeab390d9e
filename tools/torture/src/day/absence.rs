//! Whether something that a server needs is away, and since when.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// There until it is said to be away.
#[derive(Default)]
pub(crate) struct Absence(Mutex<State>);

#[derive(Default)]
struct State {
    presence: Presence,
    turns: u64,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Presence {
    #[default]
    Always,
    AwaySince(Instant),
    /// At a moment that nobody knows.
    Returning,
    BackSince(Instant),
}

impl Absence {
    /// It goes away.
    pub(super) fn begin(&self) {
        let mut state = self.lock();
        if !matches!(state.presence, Presence::AwaySince(_)) {
            state.turn(Presence::AwaySince(Instant::now()));
        }
    }

    /// It comes back from now on, at any moment.
    pub(super) fn may_end(&self) {
        self.lock().turn(Presence::Returning);
    }

    /// It is back.
    pub(super) fn end(&self) {
        self.lock().turn(Presence::BackSince(Instant::now()));
    }

    /// Since when it certainly is away.
    pub(crate) fn since(&self) -> Option<Instant> {
        match self.lock().presence {
            Presence::AwaySince(since) => Some(since),
            _ => None,
        }
    }

    /// Whether it certainly is there.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.lock().presence, Presence::Always | Presence::BackSince(_))
    }

    /// Whether it may be away, or may have been until so long ago.
    pub(crate) fn was_within(&self, ago: Duration) -> bool {
        match self.lock().presence {
            Presence::Always => false,
            Presence::AwaySince(_) | Presence::Returning => true,
            Presence::BackSince(back) => back.elapsed() < ago,
        }
    }

    /// How often that changed.
    pub(crate) fn turns(&self) -> u64 {
        self.lock().turns
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn turn(&mut self, presence: Presence) {
        (self.presence, self.turns) = (presence, self.turns + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn what_returns_is_neither_away_nor_there() {
        let absence = Absence::default();
        assert!(absence.since().is_none() && absence.is_over() && !absence.was_within(LONG));
        absence.begin();
        let since = absence.since();
        absence.begin();
        assert!(since.is_some() && absence.since() == since && !absence.is_over());
        absence.may_end();
        assert!(absence.since().is_none() && !absence.is_over() && absence.was_within(Duration::ZERO));
        absence.end();
        assert!(absence.is_over() && absence.was_within(LONG) && !absence.was_within(Duration::ZERO));
        assert_eq!(absence.turns(), 3);
    }
}
