//! Whether the machine's clock was set: what it shows is compared with the time that passed in this process.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use sealgate_artifact::{Code, UnixSeconds};

use crate::AuthorityError;
use crate::accepted_clock::{Accepted, Change, TOLERANCE_MILLIS, has_left};
use crate::ports::Clock;

/// How far the clock may leave the time that passed before that counts as setting it.
pub const CLOCK_TOLERANCE_SECONDS: u64 = TOLERANCE_MILLIS / 1000;
/// After so long with one setting, the side that answers running software takes it as right.
const TAKEN_AS_RIGHT_AFTER: Duration = Duration::from_hours(1);
/// What is signed by a doubted clock lives no longer.
pub(crate) const DOUBTED_SECONDS: u64 = 24 * 60 * 60;

/// A server that was off for longer cannot tell that from a clock that is ahead.
const UNSEEN: i64 = 30 * 24 * 60 * 60 * 1000;
const DOUBT: &str = "the machine's clock was set, or the machine slept, was off or lost the time: compare its clock with a time server";

/// Which side of a server asks: each takes a setting as right in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The vendor's side, once an operator accepted it.
    Vendor,
    /// The side that answers running software, after an hour.
    Runtime,
}

/// A clock that is doubted, and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// What it shows.
    pub shown: UnixSeconds,
    /// What it would show if it had not been set.
    pub expected: UnixSeconds,
    /// What it shows, as milliseconds ahead of the time that passed.
    setting: i64,
    right: i64,
    precedes_noted: bool,
}

impl Doubt {
    /// Whether it shows less than the time that was noted when this process began.
    pub fn precedes_noted(&self) -> bool {
        self.precedes_noted
    }

    /// By how many seconds it was set ahead, or back.
    pub fn set_by(&self) -> i64 {
        self.setting.saturating_sub(self.right) / 1000
    }
}

/// Watches the clock of this process. Clones share what was seen.
#[derive(Clone)]
pub struct ClockWatch {
    clock: Arc<dyn Clock>,
    seen: Arc<Mutex<Both>>,
}

struct Both {
    runtime: Seen,
    vendor: Accepted,
    /// When this process began, if no server had worked for a while before.
    paused: Option<Duration>,
}

impl ClockWatch {
    /// What the clock shows now is taken as right.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let (ahead, elapsed) = readings(&*clock);
        let runtime = Seen { right: ahead, pause: 0, right_since: elapsed, set: None };
        let seen = Both { runtime, vendor: Accepted::new(ahead, elapsed), paused: None };
        Self { clock, seen: Arc::new(Mutex::new(seen)) }
    }

    /// Doubts a clock that shows less than the newest time at which a server of this installation worked, or more than 30 days
    /// after it. After a shorter pause, only ages are not told by it for an hour. A doubted clock that is set to within those 30
    /// days is right: nobody knows how long the pause was.
    pub fn doubt_after(&self, newest: UnixSeconds) {
        let (ahead, elapsed) = readings(&*self.clock);
        let millis = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let gap = millis(self.clock.unix_millis()).saturating_sub(millis(newest.get().saturating_mul(1000)));
        if gap.unsigned_abs() > TOLERANCE_MILLIS {
            self.seen().paused = Some(elapsed);
        }
        if !has_left(gap, 0, UNSEEN) {
            return;
        }
        let right = ahead.saturating_sub(gap);
        *self.seen() = Both {
            runtime: Seen { right, pause: UNSEEN, right_since: elapsed, set: Some((ahead, elapsed)) },
            vendor: Accepted::new(right, elapsed).after_a_pause(UNSEEN),
            paused: Some(elapsed),
        };
        tracing::warn!(seconds = gap / 1000, "{DOUBT}");
    }

    /// Whether what it shows may decide that something is old enough to be deleted. What is deleted does not come back:
    /// a clock that is doubted is not asked, nor one that may have been set while no server ran.
    pub fn tells_ages(&self) -> bool {
        let is_doubted = self.doubt(Side::Vendor).is_some();
        let (_, elapsed) = readings(&*self.clock);
        let paused = self.seen().paused;
        !is_doubted && paused.is_none_or(|since| elapsed.saturating_sub(since) >= TAKEN_AS_RIGHT_AFTER)
    }

    /// Whether that side doubts the clock now. What changed about that goes to the log once.
    pub fn doubt(&self, side: Side) -> Option<Doubt> {
        let (ahead, elapsed) = readings(&*self.clock);
        let mut seen = self.seen();
        let (news, right, pause) = match side {
            Side::Runtime => {
                let news = seen.runtime.look(ahead, elapsed).map(Told::Runtime);
                (news, seen.runtime.set.map(|_| seen.runtime.right), seen.runtime.pause)
            }
            Side::Vendor => {
                let news = seen.vendor.look(ahead, elapsed).map(Told::Vendor);
                (news, seen.vendor.is_left(ahead).then(|| seen.vendor.setting()), seen.vendor.pause())
            }
        };
        drop(seen);
        let passed = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        let time = |setting: i64| seconds(setting.saturating_add(passed));
        let doubt = right.map(|right| Doubt {
            shown: time(ahead),
            expected: time(right),
            setting: ahead,
            right,
            precedes_noted: pause > 0 && ahead < right,
        });
        if let Some(news) = news {
            tell(&news, doubt);
        }
        doubt
    }

    /// Whether that side may sign what ends then; `None` for never.
    ///
    /// `docs/design.md`, "A clock in doubt": nothing that lives longer than a day is signed by a doubted clock.
    pub fn may_sign_until(&self, side: Side, end: Option<UnixSeconds>) -> Result<(), AuthorityError> {
        match self.doubt(side) {
            Some(doubt) if end.is_none_or(|end| end > doubt.shown.plus(DOUBTED_SECONDS)) => {
                Err(AuthorityError::Refused(Code::ClockInDoubt))
            }
            _ => Ok(()),
        }
    }

    /// An operator says that the setting that was doubted is right. A later one is doubted again.
    pub fn accept(&self, doubt: &Doubt) {
        let elapsed = self.clock.elapsed();
        *self.seen() = Both {
            runtime: Seen { right: doubt.setting, pause: 0, right_since: elapsed, set: None },
            vendor: Accepted::new(doubt.setting, elapsed),
            paused: None,
        };
        tracing::info!(seconds = doubt.set_by(), "the machine's clock was accepted as it is");
    }

    fn seen(&self) -> MutexGuard<'_, Both> {
        self.seen.lock().expect("no holder of this lock panics")
    }
}

enum Told {
    Runtime(News),
    Vendor(Change),
}

fn tell(news: &Told, doubt: Option<Doubt>) {
    let seconds = doubt.map(|doubt| doubt.set_by());
    match news {
        Told::Runtime(News::Set) => tracing::warn!(seconds, "{DOUBT}"),
        Told::Runtime(News::IsBack) => tracing::info!("the machine's clock shows again what it should"),
        Told::Runtime(News::IsOld) => {
            tracing::info!(
                "running software is answered as usual: the machine's clock kept its setting for an hour"
            );
        }
        Told::Vendor(Change::Left) => tracing::warn!(
            seconds,
            "until an operator accepts the machine's clock by `sealgate server accept-clock`, nothing is signed that lives longer \
             than a day"
        ),
        Told::Vendor(Change::CameBack) => tracing::info!("the vendor's side signs again as usual"),
    }
}

/// How many milliseconds the clock is ahead of the time that passed, and that time.
fn readings(clock: &dyn Clock) -> (i64, Duration) {
    let (wall, elapsed) = (clock.unix_millis(), clock.elapsed());
    let millis = |n: u128| i64::try_from(n).unwrap_or(i64::MAX);
    (millis(wall.into()).saturating_sub(millis(elapsed.as_millis())), elapsed)
}

fn seconds(millis: i64) -> UnixSeconds {
    UnixSeconds::new(0).expect("in range").plus(millis.max(0).unsigned_abs() / 1000)
}

/// What was seen of a clock, as milliseconds ahead of the time that passed.
struct Seen {
    right: i64,
    /// By how much the clock may be ahead of that, as no server may have worked for so long.
    pause: i64,
    right_since: Duration,
    /// The setting that is doubted, and since when.
    set: Option<(i64, Duration)>,
}

#[derive(Debug, PartialEq, Eq)]
enum News {
    Set,
    IsBack,
    IsOld,
}

impl Seen {
    fn look(&mut self, ahead: i64, elapsed: Duration) -> Option<News> {
        let is_another = |setting: i64| ahead.abs_diff(setting) > TOLERANCE_MILLIS;
        let is_wrong = has_left(ahead, self.right, self.pause);
        let is_old = |since: Duration| elapsed.saturating_sub(since) >= TAKEN_AS_RIGHT_AFTER;
        match self.set {
            None if is_wrong => {
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
            Some(_) if !is_wrong => {
                if self.pause > 0 {
                    (self.right, self.right_since) = (ahead, elapsed);
                }
                (self.set, self.pause) = (None, 0);
                Some(News::IsBack)
            }
            Some((setting, _)) if is_another(setting) => {
                self.set = Some((ahead, elapsed));
                Some(News::Set)
            }
            Some((_, since)) if is_old(since) => {
                (self.right, self.pause, self.right_since, self.set) = (ahead, 0, elapsed, None);
                Some(News::IsOld)
            }
            Some(_) => None,
        }
    }
}

#[cfg(test)]
impl Doubt {
    pub(crate) fn between(shown: UnixSeconds, expected: UnixSeconds) -> Self {
        Self { shown, expected, setting: 0, right: 0, precedes_noted: false }
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
        Seen { right: 0, pause: 0, right_since: at(0), set: None }
    }

    impl Seen {
        fn set_by(&self) -> Option<i64> {
            self.set.map(|(setting, _)| setting.saturating_sub(self.right) / 1000)
        }
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
    fn after_a_pause_the_clock_is_back_wherever_it_would_have_been_right_at_the_start() {
        let mut seen = Seen { pause: 30 * DAY, set: Some((100 * DAY, at(0))), ..seen() };
        assert_eq!((seen.look(40 * DAY, at(1)), seen.set_by()), (Some(News::Set), Some(40 * DAY / 1000)));
        assert_eq!((seen.look(DAY, at(2)), seen.set_by()), (Some(News::IsBack), None));
        assert_eq!(
            (seen.look(2 * DAY, at(3)), seen.set_by()),
            (Some(News::Set), Some(DAY / 1000)),
            "now it is known"
        );
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
