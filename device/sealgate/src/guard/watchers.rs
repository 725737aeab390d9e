//! Who is told of each new state.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use super::shown::GuardState;

/// Called with each new state.
pub(super) type Watcher = Box<dyn FnMut(&GuardState) + Send>;
/// One that changes the state each time it is told is not told for ever.
const IN_A_ROW: usize = 8;

#[derive(Default)]
pub(super) struct Watchers {
    all: Mutex<Vec<Arc<Watched>>>,
}

/// Each has a lock of its own: one that asks the guard something, or is busy, is told afterwards what was found meanwhile.
struct Watched {
    has_news: AtomicBool,
    told: Mutex<Told>,
}

struct Told {
    watcher: Watcher,
    last: Option<GuardState>,
}

impl Watchers {
    pub(super) fn add(&self, watcher: Watcher) {
        let told = Mutex::new(Told { watcher, last: None });
        let watched = Arc::new(Watched { has_news: AtomicBool::new(false), told });
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push(watched);
    }

    /// There is a new state: what is newest when each of them is called is told.
    pub(super) fn tell(&self, newest: impl Fn() -> GuardState) {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for watched in all {
            watched.has_news.store(true, Ordering::SeqCst);
            watched.tell(&newest);
        }
    }
}

impl Watched {
    fn tell(&self, newest: &impl Fn() -> GuardState) {
        for _ in 0..IN_A_ROW {
            let mut told = match self.told.try_lock() {
                Ok(told) => told,
                Err(TryLockError::Poisoned(told)) => told.into_inner(),
                // Whoever is in there looks for news before it goes.
                Err(TryLockError::WouldBlock) => return,
            };
            if self.has_news.swap(false, Ordering::SeqCst) {
                told.call(newest());
            }
            drop(told);
            if !self.has_news.load(Ordering::SeqCst) {
                return;
            }
        }
    }
}

impl Told {
    /// A panic in it is its own: the thread that found the state has more to do.
    fn call(&mut self, state: GuardState) {
        if self.last.as_ref() == Some(&state) {
            return;
        }
        if catch_unwind(AssertUnwindSafe(|| (self.watcher)(&state))).is_err() {
            tracing::warn!("[License] What the program calls with each new state panicked");
        }
        self.last = Some(state);
    }
}
