//! How the writer gets on, for who asks about health.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A group takes milliseconds. One that has been under way for so long may never end: its disk, its log or its database
/// stands still.
const STUCK: Duration = Duration::from_secs(3);
/// For how long a change that was not stored speaks against the writer, unless another one is stored: something small may
/// get through where nothing else does, as into the last bytes of a disk.
const LATELY: Duration = Duration::from_secs(6);

/// What became of groups of writes.
#[derive(Default)]
pub(crate) struct Progress(Mutex<State>);

#[derive(Default)]
struct State {
    /// Since when a group is under way.
    since: Option<Instant>,
    /// Whether the last one that ended was not committed.
    failed: bool,
    /// When a group was not committed, if none that changed anything was since.
    refused: Option<Instant>,
    /// When a change found no room last. Others that did say nothing: rows that stay where they are need none.
    pinched: Option<Instant>,
}

/// How a group of writes ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Committed, with changes.
    Changed,
    /// Committed, but for changes for which there was no room.
    Pinched,
    /// Committed, and nothing was changed: it may have been asked for to find out whether it can be.
    Unchanged,
    /// Not committed.
    Failed,
}

impl Progress {
    /// A writer starts. Where another left a group behind, that one was not committed.
    pub(crate) fn starts(&self) {
        let mut state = self.state();
        if state.since.take().is_some() {
            state.ends(Ended::Failed);
        }
    }

    pub(crate) fn begins(&self) {
        self.state().since = Some(Instant::now());
    }

    pub(crate) fn ends(&self, how: Ended) {
        self.state().ends(how);
    }

    /// Whether the last group was not committed.
    pub(crate) fn failed_last(&self) -> bool {
        self.state().failed
    }

    /// Whether a group was not committed a moment ago, and none that changed anything was since, or a change found no room.
    pub(crate) fn failed_lately(&self) -> bool {
        self.failed_lately_at(Instant::now())
    }

    fn failed_lately_at(&self, now: Instant) -> bool {
        let state = self.state();
        let lately = |at: Option<Instant>| at.is_some_and(|at| now.saturating_duration_since(at) < LATELY);
        lately(state.refused) || lately(state.pinched)
    }

    /// Whether a group does not end.
    pub(crate) fn is_stuck(&self) -> bool {
        self.state().since.is_some_and(|since| since.elapsed() >= STUCK)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn ends(&mut self, how: Ended) {
        (self.since, self.failed) = (None, how == Ended::Failed);
        match how {
            Ended::Changed => self.refused = None,
            Ended::Pinched => self.pinched = Some(Instant::now()),
            Ended::Unchanged => {}
            Ended::Failed => self.refused = Some(Instant::now()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_without_room_counts_for_a_while_whatever_else_is_stored() {
        let progress = Progress::default();
        progress.ends(Ended::Pinched);
        progress.ends(Ended::Changed);
        assert!(progress.failed_lately() && !progress.failed_last());
        assert!(!progress.failed_lately_at(Instant::now() + LATELY));
    }

    #[test]
    fn a_change_that_was_not_stored_counts_until_one_is_or_for_a_while() {
        let progress = Progress::default();
        assert!(!progress.failed_lately());
        progress.ends(Ended::Failed);
        progress.ends(Ended::Unchanged);
        assert!(progress.failed_lately() && !progress.failed_last());
        progress.ends(Ended::Changed);
        assert!(!progress.failed_lately());
        progress.ends(Ended::Failed);
        assert!(!progress.failed_lately_at(Instant::now() + LATELY) && progress.failed_last());
    }
}
