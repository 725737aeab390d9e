//! When a shard or a snapshot is to be signed anew (`spec/revocation.md` §3.2, §7.1). Whether a list changed is counted, not timed: no
//! two servers have the same clock.

use std::time::Duration;

use sealgate_artifact::{TenantId, UnixSeconds};
use sealgate_authority::CLOCK_TOLERANCE_SECONDS;

/// When there is a newer one at the latest.
pub(super) const DAY: u64 = 24 * 60 * 60;
/// What was signed so long ago is signed anew: so the newer one is there before the day is over.
const RENEWED_AFTER: u64 = DAY - 10 * 60;
/// So much earlier at most, each tenant at a time of its own: those whose first one was signed at the same time do not wait for each
/// other every day.
const EARLIER: u64 = 60 * 60;

/// What was signed at the first time or before is signed anew, and what was signed after the second one: by a clock that was ahead.
pub(super) fn renewed(tenant: TenantId, now: UnixSeconds) -> (UnixSeconds, UnixSeconds) {
    let place = tenant.as_bytes().iter().fold(0, |sum, byte| (sum * 256 + u64::from(*byte)) % EARLIER);
    (now.minus(RENEWED_AFTER - place), now.plus(CLOCK_TOLERANCE_SECONDS))
}

/// The longest rest after a snapshot.
const LONGEST_REST: Duration = Duration::from_mins(10);

/// How long a tenant's last snapshot took to write, and since when: as long nothing else of it is written, so that one tenant with
/// a large snapshot is not written all the time. In the process's own time, which no clock moves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    took: Duration,
    ended: Duration,
}

impl Pace {
    pub(super) fn new(began: Duration, ended: Duration) -> Self {
        Self { took: ended.saturating_sub(began).min(LONGEST_REST), ended }
    }

    /// How many whole seconds are left.
    pub(super) fn rests(self, now: Duration) -> u64 {
        self.took.saturating_sub(now.saturating_sub(self.ended)).as_secs()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use sealgate_artifact::{TenantId, UnixSeconds};

    use super::{Pace, renewed};

    /// Long after 1970, as clocks show.
    const NOW: u64 = 1_800_000_000;

    fn at(n: u64) -> UnixSeconds {
        UnixSeconds::new(n).expect("in range")
    }

    #[test]
    fn each_tenant_is_signed_anew_at_a_time_of_its_own_before_the_day_is_over() {
        let mut times = BTreeSet::new();
        for n in 0..200_u8 {
            let (old, soon) = renewed(TenantId::from_bytes([n; 16]), at(NOW));
            let age = NOW - old.get();
            assert!((22 * 3600 + 50 * 60 < age) && age <= 23 * 3600 + 50 * 60, "{age}");
            assert_eq!(soon.get(), NOW + 300);
            times.insert(age);
        }
        assert!(times.len() > 100, "they are spread: {}", times.len());
    }

    #[test]
    fn what_took_long_to_write_rests_as_long() {
        let after = |seconds: u64| Duration::from_secs(1_000 + seconds);
        let pace = Pace::new(after(0), after(100));
        for (now, rests) in [(100, 100), (130, 70), (199, 1), (200, 0), (900, 0), (99, 100)] {
            assert_eq!(pace.rests(after(now)), rests, "{now}");
        }
        assert_eq!(Pace::new(after(0), after(0)).rests(after(0)), 0);
        assert_eq!(
            Pace::new(after(0), after(9_000)).rests(after(9_000)),
            600,
            "a machine that slept waits no longer"
        );
    }
}
