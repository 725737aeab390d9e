//! Time and randomness, as parameters.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z. Whoever sets the machine's clock moves this forward and back, so it is
    /// only for times that somebody outside this process gets to see.
    fn unix_millis(&self) -> u64;

    /// How long ago this process had its beginning. It never goes back, whoever sets the clock. Limits, ages and
    /// time-outs count by it.
    fn elapsed(&self) -> Duration;
}

/// Where randomness comes from.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with bits that nobody can predict.
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine's own clock and random source.
pub struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "the one place where the server reads the clock")]
    fn unix_millis(&self) -> u64 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where the server reads the monotonic clock")]
    fn elapsed(&self) -> Duration {
        static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
        BEGINNING.elapsed()
    }
}

impl Entropy for System {
    #[expect(clippy::disallowed_methods, reason = "the one place where the server asks for randomness")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("a server without randomness must not serve");
    }
}
