//! The setting of the clock by which the vendor's side signs, until an operator accepts another one.

use std::time::Duration;

/// How far a clock may leave a setting before that counts as setting it, in milliseconds.
pub(crate) const TOLERANCE_MILLIS: u64 = 5 * 60 * 1000;
/// A clock that time servers correct by a little, again and again, is followed so often.
const FOLLOWED_EVERY: Duration = Duration::from_hours(1);

/// The accepted setting. Settings are milliseconds by which the clock is ahead of the time that passed.
pub(crate) struct Accepted {
    setting: i64,
    /// For how many milliseconds no server may have worked before this process began: the clock may be ahead by as much.
    pause: i64,
    /// When the clock was followed last.
    since: Duration,
    /// The other setting that was told last, while it lasts.
    told: Option<i64>,
}

/// What an operator wants to know.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The clock has another setting than the accepted one.
    Left,
    /// It has the accepted one again.
    CameBack,
}

impl Accepted {
    /// This setting is taken as right.
    pub(crate) fn new(setting: i64, since: Duration) -> Self {
        Self { setting, pause: 0, since, told: None }
    }

    /// The same, and the clock may be ahead of it by as much as this.
    pub(crate) fn after_a_pause(self, pause: i64) -> Self {
        Self { pause, ..self }
    }

    /// The accepted setting.
    pub(crate) fn setting(&self) -> i64 {
        self.setting
    }

    /// For how many milliseconds no server may have worked before this process began, while that counts.
    pub(crate) fn pause(&self) -> i64 {
        self.pause
    }

    /// Whether the clock has another setting than the accepted one.
    pub(crate) fn is_left(&self, ahead: i64) -> bool {
        has_left(ahead, self.setting, self.pause)
    }

    /// Looks at the clock: each change is told once.
    pub(crate) fn look(&mut self, ahead: i64, elapsed: Duration) -> Option<Change> {
        if self.is_left(ahead) {
            let is_known = self.told.is_some_and(|told| ahead.abs_diff(told) <= TOLERANCE_MILLIS);
            return (!is_known).then(|| self.told = Some(ahead)).map(|()| Change::Left);
        }
        if self.pause > 0 || elapsed.saturating_sub(self.since) >= FOLLOWED_EVERY {
            (self.setting, self.pause, self.since) = (ahead, 0, elapsed);
        }
        self.told.take().map(|_| Change::CameBack)
    }
}

/// Whether a clock is neither at a setting nor ahead of it by at most a pause.
pub(crate) fn has_left(ahead: i64, setting: i64, pause: i64) -> bool {
    let most = setting.saturating_add(pause);
    ahead.abs_diff(ahead.clamp(setting, most)) > TOLERANCE_MILLIS
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Accepted, Change};

    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn another_setting_stays_another_however_long_it_lasts() {
        let mut accepted = Accepted::new(0, at(0));
        assert_eq!((accepted.look(300_000, at(1)), accepted.is_left(300_000)), (None, false), "five minutes");
        assert_eq!(accepted.look(DAY, at(2)), Some(Change::Left));
        for hours in 1..1_000 {
            assert_eq!((accepted.look(DAY, at(hours * 3600)), accepted.is_left(DAY)), (None, true));
        }
        assert_eq!(accepted.look(-DAY, at(4_000_000)), Some(Change::Left), "a further one");
        assert_eq!(accepted.look(-5_000, at(4_000_001)), Some(Change::CameBack));
        assert_eq!((accepted.look(0, at(4_000_002)), accepted.setting()), (None, -5_000));
    }

    #[test]
    fn after_a_pause_every_clock_is_right_that_would_have_been_right_at_the_start() {
        let paused = || Accepted::new(0, at(0)).after_a_pause(30 * DAY);
        for right in [0, DAY, 30 * DAY] {
            let mut accepted = paused();
            assert_eq!(accepted.look(100 * DAY, at(1)), Some(Change::Left));
            assert_eq!((accepted.look(right, at(2)), accepted.setting()), (Some(Change::CameBack), right));
            assert!(
                accepted.is_left(right + DAY) && accepted.is_left(right - DAY),
                "only this one from now on"
            );
        }
        assert!(paused().is_left(-DAY) && paused().is_left(31 * DAY));
    }

    #[test]
    fn small_corrections_are_followed() {
        let mut accepted = Accepted::new(0, at(0));
        for hour in 1..1_000 {
            let ahead = i64::try_from(hour).expect("small") * 200_000;
            assert_eq!((accepted.look(ahead, at(hour * 3600)), accepted.setting()), (None, ahead), "{hour}");
        }
    }
}
