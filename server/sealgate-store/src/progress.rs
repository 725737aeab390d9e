//! How the writer gets on, for who asks about health.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A group takes milliseconds. One that has been under way for so long may never end: its disk, its log or its database
/// stands still.
const STUCK: Duration = Duration::from_secs(3);

/// What became of groups of writes.
#[derive(Default)]
pub(crate) struct Progress(Mutex<State>);

#[derive(Default)]
struct State {
    /// Since when a group is under way.
    since: Option<Instant>,
    /// Whether the last one that ended was not committed.
    failed: bool,
}

impl Progress {
    /// A writer starts. Where another left a group behind, that one was not committed.
    pub(crate) fn starts(&self) {
        let mut state = self.state();
        state.failed |= state.since.take().is_some();
    }

    pub(crate) fn begins(&self) {
        self.state().since = Some(Instant::now());
    }

    pub(crate) fn ends(&self, failed: bool) {
        *self.state() = State { since: None, failed };
    }

    /// Whether the last group was not committed.
    pub(crate) fn failed_last(&self) -> bool {
        self.state().failed
    }

    /// Whether a group does not end.
    pub(crate) fn is_stuck(&self) -> bool {
        self.state().since.is_some_and(|since| since.elapsed() >= STUCK)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
