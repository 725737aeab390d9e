//! From when to when a new certificate holds, and until when it is kept (`docs/design.md`, "A clock in doubt").

use sealgate_artifact::UnixSeconds;

use crate::certificates::ISSUED_FOR_SECONDS;
use crate::clock_watch::{CLOCK_TOLERANCE_SECONDS, DOUBTED_SECONDS, Doubt};

/// How much time a certificate has left when the next one is made.
const RENEW_BEFORE_SECONDS: u64 = 7 * 24 * 60 * 60;
/// The same while the clock is doubted.
const DOUBTED_RENEW_BEFORE_SECONDS: u64 = 6 * 60 * 60;

/// What certificates are made and kept by. All of them hold equally long; one that a doubted clock signs began earlier, so
/// that it ends sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateWindow {
    /// When a new one begins.
    pub issued_at: UnixSeconds,
    /// When a new one ends.
    pub expires_at: UnixSeconds,
    /// One that ends then or earlier is made anew.
    pub until: UnixSeconds,
    /// One that ends later was signed by a clock that was ahead, and is made anew.
    pub latest: UnixSeconds,
}

impl CertificateWindow {
    /// At this time, with this doubt of the vendor's side.
    pub fn at(now: UnixSeconds, doubt: Option<Doubt>) -> Self {
        let (earlier, later) = doubt.map_or((now, now), |doubt| possible(now, doubt));
        let (lives, renew_before) = match doubt {
            None => (ISSUED_FOR_SECONDS, RENEW_BEFORE_SECONDS),
            Some(_) => (DOUBTED_SECONDS, DOUBTED_RENEW_BEFORE_SECONDS),
        };
        let expires_at = later.plus(lives);
        Self {
            issued_at: expires_at.minus(ISSUED_FOR_SECONDS),
            expires_at,
            until: later.plus(renew_before),
            latest: earlier.plus(ISSUED_FOR_SECONDS + CLOCK_TOLERANCE_SECONDS),
        }
    }
}

/// The earlier and the later of the times that it may be. If no certificate holds at both, what the clock shows counts.
fn possible(now: UnixSeconds, doubt: Doubt) -> (UnixSeconds, UnixSeconds) {
    let (earlier, later) = (now.min(doubt.expected), now.max(doubt.expected));
    let fits = later.get() - earlier.get() <= ISSUED_FOR_SECONDS - DOUBTED_SECONDS;
    if fits { (earlier, later) } else { (now, now) }
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::UnixSeconds;

    use super::CertificateWindow;
    use crate::certificates::is_in_force;
    use crate::clock_watch::{DOUBTED_SECONDS, Doubt};

    const NOW: u64 = 1_800_000_000;
    const DAY: u64 = DOUBTED_SECONDS;

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).expect("in range")
    }

    fn is_kept(window: CertificateWindow) -> bool {
        window.expires_at > window.until && window.expires_at <= window.latest
    }

    #[test]
    fn without_a_doubt_it_holds_for_two_weeks_and_is_renewed_after_one() {
        let window = CertificateWindow::at(at(NOW), None);
        assert_eq!((window.issued_at, window.expires_at), (at(NOW), at(NOW + 14 * DAY)));
        assert_eq!((window.until, window.latest), (at(NOW + 7 * DAY), at(NOW + 14 * DAY + 300)));
    }

    /// However far the clock was set, what is made then is kept, ends within a day of the time that is shown or expected, and
    /// holds at the time that is shown; up to 13 days apart, it holds at the expected time too.
    #[test]
    fn a_doubted_clock_signs_what_holds_at_both_times() {
        let hours = (0..40 * 24).map(|hours| hours * 3600).chain([13 * DAY + 1, NOW]);
        for (shown, expected) in hours.flat_map(|gap| [(NOW + gap, NOW), (NOW, NOW + gap)]) {
            let window = CertificateWindow::at(at(shown), Some(Doubt::between(at(shown), at(expected))));
            assert!(is_kept(window), "{shown} {expected}: it would be made again and again");
            assert!(window.expires_at <= at(shown.max(expected) + DAY), "{shown} {expected}");
            let holds_at = |time: u64| {
                is_in_force(window.expires_at, at(time)) && window.issued_at <= at(time).plus(DAY)
            };
            assert!(holds_at(shown), "{shown} {expected}");
            assert!(shown.abs_diff(expected) > 13 * DAY || holds_at(expected), "{shown} {expected}");
        }
    }
}
