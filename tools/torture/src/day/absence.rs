//! Whether something that a server needs is away, and since when.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// There until it is said to be away.
#[derive(Default)]
pub(crate) struct Absence(Mutex<State>);

#[derive(Default)]
struct State {
    since: Option<Instant>,
    ended: Option<Instant>,
    turns: u64,
}

impl Absence {
    /// It goes away, or comes back.
    pub(crate) fn set(&self, away: bool) {
        let mut state = self.lock();
        state.turns += 1;
        if away {
            state.since.get_or_insert_with(Instant::now);
        } else if state.since.take().is_some() {
            state.ended = Some(Instant::now());
        }
    }

    /// Since when it is away.
    pub(crate) fn since(&self) -> Option<Instant> {
        self.lock().since
    }

    /// Whether it is away, or was until so long ago.
    pub(crate) fn was_within(&self, ago: Duration) -> bool {
        let state = self.lock();
        state.since.is_some() || state.ended.is_some_and(|ended| ended.elapsed() < ago)
    }

    /// How often that changed.
    pub(crate) fn turns(&self) -> u64 {
        self.lock().turns
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_back_was_away_for_a_while() {
        let absence = Absence::default();
        assert!(absence.since().is_none() && !absence.was_within(Duration::from_mins(1)));
        absence.set(true);
        let since = absence.since();
        absence.set(true);
        assert!(since.is_some() && absence.since() == since);
        absence.set(false);
        assert!(absence.since().is_none() && absence.was_within(Duration::from_mins(1)));
        assert!(!absence.was_within(Duration::ZERO));
        assert_eq!(absence.turns(), 3);
    }
}
