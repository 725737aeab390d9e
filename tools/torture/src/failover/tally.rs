//! What befell the database, and what was lost by construction.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[derive(Default)]
pub(super) struct Tally {
    older: AtomicU64,
    lost: AtomicU64,
    agreed_ms: AtomicU64,
    died: AtomicU64,
    rounds_of_breaks: AtomicU64,
    breaks: AtomicU64,
    amid: AtomicU64,
}

impl Tally {
    /// It came back older: so many writes were lost, and after so long all servers agreed with it.
    pub(super) fn older(&self, lost: u64, agreed: Duration) {
        self.older.fetch_add(1, Ordering::Relaxed);
        self.lost.fetch_add(lost, Ordering::Relaxed);
        self.agreed_ms.fetch_max(u64::try_from(agreed.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// It died and started again.
    pub(super) fn died(&self) {
        self.died.fetch_add(1, Ordering::Relaxed);
    }

    /// A server's connections broke, amid a write or elsewhere.
    pub(super) fn broke(&self, amid: bool) {
        self.breaks.fetch_add(1, Ordering::Relaxed);
        self.amid.fetch_add(u64::from(amid), Ordering::Relaxed);
    }

    /// A round of that is over.
    pub(super) fn breaks(&self) {
        self.rounds_of_breaks.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        write!(
            f,
            "{} times older ({} writes lost with it, all servers agreed after at most {} ms), {} times dead, \
             {} rounds with {} broken lines ({} amid a write)",
            count(&self.older),
            count(&self.lost),
            count(&self.agreed_ms),
            count(&self.died),
            count(&self.rounds_of_breaks),
            count(&self.breaks),
            count(&self.amid)
        )
    }
}
