//! A clock that moves when a test moves it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use sealgate_authority::ports::{Clock, System};

/// 2027-01-15T08:00:00Z, where every test begins that does not run in real time.
const BEGIN: u64 = 1_800_000_000;

/// A clock that tests move. It stands still, or it runs with the machine's.
pub struct TestClock {
    runs: bool,
    /// What it shows while it stands; how far it is ahead of the machine's while it runs.
    millis: AtomicU64,
    /// How far it was set ahead, or back, without that time having passed.
    set_by: AtomicI64,
    /// How much passes at each look at it.
    drag: AtomicU64,
    /// After how many more looks it stands still once, and how long; at none if it has.
    stall: Mutex<Option<(u32, u64)>>,
}

impl Default for TestClock {
    fn default() -> Self {
        Self { runs: false, millis: AtomicU64::new(BEGIN * 1000), ..Self::running() }
    }
}

impl TestClock {
    /// A clock that shows the machine's time until it is moved ahead of it.
    pub fn running() -> Self {
        Self {
            runs: true,
            millis: AtomicU64::new(0),
            set_by: AtomicI64::new(0),
            drag: AtomicU64::new(0),
            stall: Mutex::new(None),
        }
    }

    /// Lets so many seconds pass.
    pub fn advance(&self, seconds: u64) {
        self.millis.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Lets so many milliseconds pass.
    pub fn advance_millis(&self, millis: u64) {
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }

    /// From now on so many seconds pass between two looks at it, as in a process that stands still again and again.
    pub fn drag(&self, seconds: u64) {
        self.drag.store(seconds * 1000, Ordering::SeqCst);
    }

    /// So many milliseconds pass once, right before the look at it that comes after so many others, as in a process that stands
    /// still there.
    pub fn stall_after(&self, looks: u32, millis: u64) {
        *self.stall.lock().expect("no holder of this lock panics") = Some((looks, millis));
    }

    /// Whether it does not stand still any more before a later look. From now on it does not.
    pub fn has_stalled(&self) -> bool {
        self.stall.lock().expect("no holder of this lock panics").take().is_none()
    }

    fn look(&self) {
        let mut stall = self.stall.lock().expect("no holder of this lock panics");
        match &mut *stall {
            Some((0, millis)) => {
                self.advance_millis(*millis);
                *stall = None;
            }
            Some((looks, _)) => *looks -= 1,
            None => {}
        }
    }

    /// Sets it ahead by so many seconds, or back, as an operator or a time server does. No time passes.
    pub fn set_by(&self, seconds: i64) {
        self.set_by.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Unix seconds now.
    pub fn seconds(&self) -> u64 {
        self.unix_millis() / 1000
    }
}

impl Clock for TestClock {
    fn unix_millis(&self) -> u64 {
        self.look();
        let begin = if self.runs { System.unix_millis() } else { 0 };
        (begin + self.millis.load(Ordering::SeqCst)).saturating_add_signed(self.set_by.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        self.look();
        let begin = if self.runs { System.elapsed() } else { Duration::ZERO };
        begin
            + Duration::from_millis(self.millis.fetch_add(self.drag.load(Ordering::SeqCst), Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BEGIN, TestClock};
    use sealgate_authority::ports::{Clock, System};

    #[test]
    fn a_standing_clock_moves_only_when_it_is_moved() {
        let clock = TestClock::default();
        assert_eq!(clock.seconds(), BEGIN);
        clock.advance(90);
        assert_eq!(clock.seconds(), BEGIN + 90);
    }

    #[test]
    fn a_clock_stalls_once_right_before_the_look_that_was_named() {
        let clock = TestClock::default();
        clock.stall_after(2, 5_000);
        assert_eq!([clock.seconds(), clock.seconds()], [BEGIN; 2]);
        assert_eq!([clock.seconds(), clock.seconds()], [BEGIN + 5; 2]);
        assert!(clock.has_stalled());
        clock.stall_after(1, 5_000);
        assert_eq!([clock.has_stalled(), clock.has_stalled()], [false, true]);
        assert_eq!([clock.seconds(), clock.seconds()], [BEGIN + 5; 2]);
    }

    #[test]
    fn setting_a_clock_lets_no_time_pass() {
        let clock = TestClock::default();
        let before = clock.elapsed();
        clock.set_by(600);
        clock.set_by(-1200);
        assert_eq!((clock.seconds(), clock.elapsed()), (BEGIN - 600, before));
        clock.advance(1);
        assert_eq!(clock.elapsed(), before + Duration::from_secs(1));
    }

    #[test]
    fn a_running_clock_is_the_machines_until_it_is_moved_ahead() {
        let clock = TestClock::running();
        let before = System.unix_millis();
        assert!((before..=before + 60_000).contains(&clock.unix_millis()));
        clock.advance(3600);
        assert!((before + 3_600_000..=before + 3_660_000).contains(&clock.unix_millis()));
    }
}
