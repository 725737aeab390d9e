//! What a server does without being asked, watched: a bug in it ends one round, never the work itself.
//!
//! A server whose writer, follower of changes or upkeep is gone still answers, and answers wrongly more and more. So each
//! is started through [`Threads::keep`], which starts it again, and `/readyz` asks [`Threads::missing`].
#![expect(clippy::disallowed_methods, reason = "there is no event to wait for: after a panic it only rests")]

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

/// How long a panic is followed by rest, so that one that comes at once again does not take the processor.
const REST: Duration = Duration::from_millis(100);
/// What has run again for so long counts as healed.
const HEALED: Duration = Duration::from_secs(1);

/// The watched work of one process. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Threads(Arc<Mutex<BTreeMap<&'static str, State>>>);

#[derive(Debug, Clone, Copy)]
enum State {
    /// Since the start, or since it was started again.
    Runs {
        again: Option<Instant>,
    },
    Gone,
}

impl Threads {
    /// Does the work that `start` begins until it ends by itself, and begins it anew after each panic.
    pub async fn keep<F: Future<Output = ()>>(self, name: &'static str, mut start: impl FnMut() -> F) {
        // However this ends: who no longer runs is seen to be gone.
        let _gone = Leaves { threads: self.clone(), name };
        let mut again = None;
        loop {
            self.set(name, State::Runs { again });
            let round = AssertUnwindSafe(async { start().await }).catch_unwind().await;
            if round.is_ok() {
                return;
            }
            self.set(name, State::Gone);
            // What panicked may have been the log.
            let _ = catch_unwind(|| {
                tracing::error!(name, "a bug ended a part of the server; it is started again");
            });
            tokio::time::sleep(REST).await;
            again = Some(Instant::now());
        }
    }

    /// The first of the works that does not run, or that was started again only just now.
    pub fn missing(&self) -> Option<&'static str> {
        self.missing_at(Instant::now())
    }

    fn missing_at(&self, now: Instant) -> Option<&'static str> {
        let runs = |state: &State| match state {
            State::Runs { again } => again.is_none_or(|at| now.saturating_duration_since(at) >= HEALED),
            State::Gone => false,
        };
        self.states().iter().find(|(_, state)| !runs(state)).map(|(name, _)| *name)
    }

    fn set(&self, name: &'static str, state: State) {
        self.states().insert(name, state);
    }

    fn states(&self) -> MutexGuard<'_, BTreeMap<&'static str, State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that a work is gone, when it goes.
struct Leaves {
    threads: Threads,
    name: &'static str,
}

impl Drop for Leaves {
    fn drop(&mut self) {
        self.threads.set(self.name, State::Gone);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{Notify, mpsc};

    use super::*;

    #[tokio::test]
    async fn a_panic_starts_the_work_again_and_is_seen() {
        let (threads, end) = (Threads::default(), Arc::new(Notify::new()));
        let (begun, mut rounds) = mpsc::unbounded_channel();
        let (mut next, until) = (0, Arc::clone(&end));
        let kept = tokio::spawn(threads.clone().keep("work", move || {
            let (round, begun, end) = (next, begun.clone(), Arc::clone(&until));
            next += 1;
            async move {
                begun.send(round).expect("somebody listens");
                assert!(round > 0, "a bug, on purpose");
                end.notified().await;
            }
        }));
        assert_eq!(rounds.recv().await, Some(0));
        assert_eq!(threads.missing(), Some("work"), "it panicked");
        assert_eq!(rounds.recv().await, Some(1));
        let now = Instant::now();
        assert_eq!(threads.missing_at(now), Some("work"), "not healed yet");
        assert_eq!(threads.missing_at(now + HEALED), None);
        end.notify_one();
        kept.await.expect("ends");
        assert_eq!(threads.missing_at(now + HEALED), Some("work"), "it ended");
    }

    #[tokio::test]
    async fn work_that_is_cut_off_is_seen_to_be_gone() {
        let threads = Threads::default();
        let kept = tokio::spawn(threads.clone().keep("work", std::future::pending));
        tokio::task::yield_now().await;
        assert_eq!(threads.missing(), None);
        kept.abort();
        assert!(kept.await.is_err(), "it was cut off");
        assert_eq!(threads.missing(), Some("work"));
    }
}
