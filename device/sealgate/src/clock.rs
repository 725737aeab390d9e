//! What time it is: a port, and the machine's clock behind it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sealgate_artifact::{UnixSeconds, limits};

/// Tells the time. What it says is only a claim: the client never lets time run below what a server signed last.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> UnixSeconds;

    /// What passed since some moment, by a clock that nobody sets and that goes on while the machine sleeps.
    fn running(&self) -> Duration {
        system::running()
    }

    /// The same for whoever asks millions of times a second: it may lag by some milliseconds, begin at another moment, and stand still
    /// while the machine sleeps.
    fn glance(&self) -> Duration {
        self.running()
    }
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

    fn glance(&self) -> Duration {
        system::glance()
    }
}

/// The clocks that nobody sets.
#[cfg(unix)]
mod system {
    use std::time::Duration;

    use rustix::time::{ClockId, Timespec, clock_gettime};

    /// Linux's monotonic clock stands still while the machine sleeps; that of the others does not.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const RUNNING: (ClockId, ClockId) = (ClockId::Boottime, ClockId::MonotonicCoarse);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const RUNNING: (ClockId, ClockId) = (ClockId::Monotonic, ClockId::Monotonic);

    pub(super) fn running() -> Duration {
        duration(clock_gettime(RUNNING.0))
    }

    pub(super) fn glance() -> Duration {
        duration(clock_gettime(RUNNING.1))
    }

    fn duration(time: Timespec) -> Duration {
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
    }
}

/// The same where the standard library's clock goes on while the machine sleeps.
#[cfg(not(unix))]
mod system {
    use std::sync::OnceLock;
    use std::time::{Duration, Instant};

    #[expect(clippy::disallowed_methods, reason = "this is the clock adapter")]
    pub(super) fn running() -> Duration {
        static BEGAN: OnceLock<Instant> = OnceLock::new();
        BEGAN.get_or_init(Instant::now).elapsed()
    }

    pub(super) fn glance() -> Duration {
        running()
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
