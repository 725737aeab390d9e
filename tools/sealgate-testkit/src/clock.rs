//! A clock that stands still until it is moved.

use std::sync::atomic::{AtomicU64, Ordering};

use sealgate_authority::ports::Clock;

/// 2027-01-15T08:00:00Z, where every test begins.
const BEGIN: u64 = 1_800_000_000;

/// A clock that tests move.
pub struct TestClock(AtomicU64);

impl Default for TestClock {
    fn default() -> Self {
        Self(AtomicU64::new(BEGIN * 1000))
    }
}

impl TestClock {
    /// Lets so many seconds pass.
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Unix seconds now.
    pub fn seconds(&self) -> u64 {
        self.unix_millis() / 1000
    }
}

impl Clock for TestClock {
    fn unix_millis(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
