//! What time it is: a port, and the machine's clock behind it.

use std::time::{SystemTime, UNIX_EPOCH};

use sealgate_artifact::{UnixSeconds, limits};

/// Tells the time. What it says is only a claim: the client never lets time run below what a server signed.
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
