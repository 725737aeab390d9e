//! What time it is: a port, and the machine's clock behind it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sealgate_artifact::{UnixSeconds, limits};

/// Tells the time. What it says is only a claim: the client never lets time run below what a server signed last.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> UnixSeconds;
}

/// The machine's clock. Before 1970 it says 1970, after 9999 the end of 9999.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock adapter")]
    fn now(&self) -> UnixSeconds {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        UnixSeconds::new(since.min(limits::LAST_SECOND)).expect("bounded just now")
    }
}

/// When a call has to be over, whatever happens to the machine's clock meanwhile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    began: Instant,
    budget: Duration,
}

impl Deadline {
    /// So long from now on.
    #[expect(clippy::disallowed_methods, reason = "this is the clock adapter")]
    pub(crate) fn after(budget: Duration) -> Self {
        Self { began: Instant::now(), budget }
    }

    /// What is left of it; zero once it is over.
    pub(crate) fn left(&self) -> Duration {
        self.budget.saturating_sub(self.began.elapsed())
    }
}
