//! Whether the machine's clock was set: what it shows is compared with the time that passed in this process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealgate_artifact::UnixSeconds;

use crate::ports::Clock;

/// How far the clock may leave the time that passed before that counts as setting it.
pub const CLOCK_TOLERANCE_SECONDS: u64 = 5 * 60;
/// After so long with one setting, it is taken as right.
const TAKEN_AS_RIGHT_AFTER: Duration = Duration::from_hours(1);

/// A server that was off for longer cannot tell that from a clock that is ahead.
const UNSEEN_MILLIS: u64 = 30 * 24 * 60 * 60 * 1000;
const DOUBT: &str =
    "the machine's clock was set, or the machine slept or was off: compare its clock with a time server";

/// Watches the clock of this process. Clones share what was seen.
#[derive(Clone)]
pub struct ClockWatch {
    clock: Arc<dyn Clock>,
    seen: Arc<Mutex<Seen>>,
}

impl ClockWatch {
    /// What the clock shows now is taken as right.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let (ahead, elapsed) = readings(&*clock);
        let seen = Seen { right: ahead, right_since: elapsed, set: None, paused: None };
        Self { clock, seen: Arc::new(Mutex::new(seen)) }
    }

    /// Doubts a clock that shows more than 30 days after the newest time at which a server of this installation worked.
    /// After a shorter pause, only ages are not told by it for an hour.
    pub fn doubt_after(&self, newest: UnixSeconds) {
        let (ahead, elapsed) = readings(&*self.clock);
        let gap = self.clock.unix_millis().saturating_sub(newest.get() * 1000);
        if gap > CLOCK_TOLERANCE_SECONDS * 1000 {
            self.seen.lock().expect("no holder of this lock panics").paused = Some(elapsed);
        }
        if gap <= UNSEEN_MILLIS {
            return;
        }
        let right = ahead.saturating_sub(i64::try_from(gap).unwrap_or(i64::MAX));
        *self.seen.lock().expect("no holder of this lock panics") =
            Seen { right, right_since: elapsed, set: Some((ahead, elapsed)), paused: Some(elapsed) };
        tracing::warn!(seconds = gap / 1000, "{DOUBT}");
    }

    /// Whether what it shows may decide that something is old enough to be deleted. What is deleted does not come back:
    /// a clock that was set is not asked, nor one that may have been set while no server ran.
    pub fn tells_ages(&self) -> bool {
        let is_set = self.was_set_by().is_some();
        let (_, elapsed) = readings(&*self.clock);
        let paused = self.seen.lock().expect("no holder of this lock panics").paused;
        !is_set && paused.is_none_or(|since| elapsed.saturating_sub(since) >= TAKEN_AS_RIGHT_AFTER)
    }

    /// By how many seconds the clock was set ahead, or back, within the last hour. Each setting goes to the log once.
    pub fn was_set_by(&self) -> Option<i64> {
        let (ahead, elapsed) = readings(&*self.clock);
        let mut seen = self.seen.lock().expect("no holder of this lock panics");
        let news = seen.look(ahead, elapsed);
        let set_by = seen.set_by();
        drop(seen);
        match (news, set_by) {
            (Some(News::Set), Some(seconds)) => {
                tracing::warn!(seconds, "{DOUBT}");
            }
            (Some(News::IsBack), _) => tracing::info!("the machine's clock shows again what it should"),
            (Some(News::IsOld), _) => {
                tracing::info!("the machine's clock is taken as right: it kept its setting for an hour");
            }
            _ => {}
        }
        set_by
    }
}

/// How many milliseconds the clock is ahead of the time that passed, and that time.
fn readings(clock: &dyn Clock) -> (i64, Duration) {
    let (wall, elapsed) = (clock.unix_millis(), clock.elapsed());
    let millis = |n: u128| i64::try_from(n).unwrap_or(i64::MAX);
    (millis(wall.into()).saturating_sub(millis(elapsed.as_millis())), elapsed)
}

/// What was seen of a clock, as milliseconds ahead of the time that passed.
struct Seen {
    right: i64,
    right_since: Duration,
    /// The setting that is doubted, and since when.
    set: Option<(i64, Duration)>,
    /// When this process began, if no server had worked for a while before.
    paused: Option<Duration>,
}

#[derive(Debug, PartialEq, Eq)]
enum News {
    Set,
    IsBack,
    IsOld,
}

impl Seen {
    fn look(&mut self, ahead: i64, elapsed: Duration) -> Option<News> {
        let has_left = |setting: i64| ahead.abs_diff(setting) > CLOCK_TOLERANCE_SECONDS * 1000;
        let is_old = |since: Duration| elapsed.saturating_sub(since) >= TAKEN_AS_RIGHT_AFTER;
        match self.set {
            None if has_left(self.right) => {
                self.set = Some((ahead, elapsed));
                Some(News::Set)
            }
            // A clock that time servers correct by a little, again and again, is followed.
            None => {
                if is_old(self.right_since) {
                    (self.right, self.right_since) = (ahead, elapsed);
                }
                None
            }
            Some(_) if !has_left(self.right) => {
                self.set = None;
                Some(News::IsBack)
            }
            Some((setting, _)) if has_left(setting) => {
                self.set = Some((ahead, elapsed));
                Some(News::Set)
            }
            Some((_, since)) if is_old(since) => {
                (self.right, self.right_since, self.set) = (ahead, elapsed, None);
                Some(News::IsOld)
            }
            Some(_) => None,
        }
    }

    fn set_by(&self) -> Option<i64> {
        self.set.map(|(setting, _)| setting.saturating_sub(self.right) / 1000)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{News, Seen};

    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn seen() -> Seen {
        Seen { right: 0, right_since: at(0), set: None, paused: None }
    }

    #[test]
    fn a_setting_is_told_once_and_is_over_when_the_clock_is_back() {
        let mut seen = seen();
        assert_eq!((seen.look(300_000, at(1)), seen.set_by()), (None, None), "five minutes are no setting");
        assert_eq!((seen.look(8 * DAY, at(2)), seen.set_by()), (Some(News::Set), Some(8 * DAY / 1000)));
        assert_eq!((seen.look(8 * DAY + 1, at(3)), seen.set_by().is_some()), (None, true));
        assert_eq!(
            (seen.look(-DAY, at(4)), seen.set_by()),
            (Some(News::Set), Some(-DAY / 1000)),
            "set again"
        );
        assert_eq!((seen.look(10, at(5)), seen.set_by()), (Some(News::IsBack), None));
    }

    #[test]
    fn a_setting_that_stays_for_an_hour_is_taken_as_right() {
        let mut seen = seen();
        assert_eq!(seen.look(-DAY, at(10)), Some(News::Set));
        assert_eq!(seen.look(-DAY, at(3609)), None);
        assert_eq!((seen.look(-DAY, at(3610)), seen.set_by()), (Some(News::IsOld), None));
        assert_eq!(seen.look(0, at(3611)), Some(News::Set), "now this is a setting");
    }

    #[test]
    fn small_corrections_never_add_up_to_a_setting() {
        let mut seen = seen();
        for hour in 1..1_000 {
            let ahead = i64::try_from(hour).expect("small") * 200_000;
            assert_eq!(seen.look(ahead, at(hour * 3600)), None, "{hour}");
        }
    }
}
