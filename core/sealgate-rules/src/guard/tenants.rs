//! How often each tenant of a program may act (`spec/license.md` §2.20).

use std::collections::BTreeMap;
use std::collections::VecDeque;

use sealgate_artifact::Limit;

/// `spec/guard.md` §8.2: tenants that are counted at once. One that is idle makes room for another.
const TENANTS: usize = 10_000;
/// A window slides by seconds.
const WINDOW: u64 = 60;

/// What a program's tenants did within the last minute.
#[derive(Debug, Clone, Default)]
pub struct TenantCounts {
    /// By the name of the limit.
    limits: BTreeMap<String, Tenants>,
}

/// What they did of what one limit is about.
#[derive(Debug, Clone, Default)]
struct Tenants {
    windows: BTreeMap<String, Window>,
    /// When the idle ones were sought last: a flood of names is not answered by a search for each.
    sought_at: Option<u64>,
}

/// A tenant has done as much as it may within a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRefused {
    /// The limit's name.
    pub limit: String,
    /// How many a minute.
    pub per_minute: u64,
    /// Seconds until one more may follow.
    pub wait: u64,
}

/// Counts by second, the oldest first.
#[derive(Debug, Clone, Default)]
struct Window {
    seconds: VecDeque<(u64, u64)>,
    sum: u64,
}

impl TenantCounts {
    /// `spec/guard.md` §8.1: counts an action of a tenant, or says why it may not be: `now` is in seconds of a clock that nobody sets. An action that no
    /// limit names is not counted.
    pub fn count(
        &mut self,
        limits: &[Limit],
        (tenant, action): (&str, &str),
        now: u64,
    ) -> Result<(), TenantRefused> {
        let Some(limit) = limits.iter().find(|limit| names(limit, action)) else { return Ok(()) };
        let refused = |wait| TenantRefused { limit: limit.name.clone(), per_minute: limit.value, wait };
        let tenants = self.limits.entry(limit.name.clone()).or_default();
        tenants.take((tenant, limit.value), now).map_err(refused)
    }
}

impl Tenants {
    fn take(&mut self, (tenant, most): (&str, u64), now: u64) -> Result<(), u64> {
        if let Some(window) = self.windows.get_mut(tenant) {
            return window.take(most, now);
        }
        if self.windows.len() >= TENANTS && self.sought_at != Some(now) {
            self.sought_at = Some(now);
            self.windows.retain(|_, window| window.seconds.back().is_some_and(|(at, _)| at + WINDOW > now));
        }
        if self.windows.len() >= TENANTS {
            return Err(WINDOW);
        }
        self.windows.entry(tenant.to_owned()).or_default().take(most, now)
    }
}

/// The limit `api` is about `api.list`, and not about `apiary`.
fn names(limit: &Limit, action: &str) -> bool {
    action.strip_prefix(limit.name.as_str()).is_some_and(|rest| rest.starts_with('.'))
}

impl Window {
    fn take(&mut self, most: u64, now: u64) -> Result<(), u64> {
        while let Some((at, count)) = self.seconds.front().copied().filter(|(at, _)| at + WINDOW <= now) {
            debug_assert!(at <= now);
            self.sum -= count;
            self.seconds.pop_front();
        }
        if self.sum >= most {
            let oldest = self.seconds.front().map_or(now, |(at, _)| *at);
            return Err((oldest + WINDOW).saturating_sub(now).max(1));
        }
        match self.seconds.back_mut() {
            Some((at, count)) if *at >= now => *count += 1,
            _ => self.seconds.push_back((now, 1)),
        }
        self.sum += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::Limit;

    use super::{TENANTS, TenantCounts, WINDOW};

    fn limits(per_minute: u64) -> Vec<Limit> {
        vec![Limit { name: "api".to_owned(), value: per_minute }]
    }

    #[test]
    fn the_limit_itself_may_be_reached_and_one_more_waits() {
        let (limits, mut counts) = (limits(3), TenantCounts::default());
        let mut act = |tenant: &str, action: &str, now| {
            counts.count(&limits, (tenant, action), now).map_err(|no| no.wait)
        };
        for second in [0, 0, 10] {
            assert_eq!(act("xyz", "api.list", second), Ok(()));
        }
        assert_eq!(act("xyz", "api.list", 10), Err(50));
        assert_eq!(act("abc", "api.list", 10), Ok(()), "each tenant has its own");
        assert_eq!(act("xyz", "apiary", 10), Ok(()), "another name");
        assert_eq!(act("xyz", "db.query", 10), Ok(()), "no limit");
        assert_eq!(act("xyz", "api.list", 59), Err(1));
        assert_eq!((act("xyz", "api.list", 60), act("xyz", "api.list", 60)), (Ok(()), Ok(())));
        assert_eq!(act("xyz", "api.list", 60), Err(10));
    }

    #[test]
    fn idle_tenants_make_room_and_busy_ones_are_bounded() {
        let (limits, mut counts) = (limits(1), TenantCounts::default());
        for n in 0..TENANTS {
            assert!(counts.count(&limits, (&n.to_string(), "api.x"), 5).is_ok());
        }
        assert!(counts.count(&limits, ("new", "api.x"), 5 + WINDOW - 1).is_err());
        assert!(counts.count(&limits, ("new", "api.x"), 5 + WINDOW).is_ok());
        assert_eq!(counts.limits["api"].windows.len(), 1);
    }

    /// Each limit counts as many: a program whose license has several knows no fewer tenants.
    #[test]
    fn each_limit_counts_as_many_tenants() {
        let limits = ["api", "db"].map(|name| Limit { name: name.to_owned(), value: 1 });
        let mut counts = TenantCounts::default();
        for n in 0..TENANTS {
            for action in ["api.x", "db.x"] {
                assert!(counts.count(&limits, (&n.to_string(), action), 5).is_ok(), "tenant {n}, {action}");
            }
        }
        assert!(counts.count(&limits, ("new", "db.x"), 6).is_err());
        assert!(
            counts.count(&limits, ("1", "db.x"), 6).is_err_and(|no| no.wait == WINDOW - 1),
            "one that is counted"
        );
    }

    proptest! {
        /// No tenant ever acts more often within any minute than its limit says, and whoever waits as told may act.
        #[test]
        fn never_more_than_the_limit(most in 1u64..6, pauses in prop::collection::vec(0u64..40, 1..80)) {
            let (limits, mut counts) = (limits(most), TenantCounts::default());
            let (mut now, mut taken) = (0u64, vec![]);
            for pause in pauses {
                now += pause;
                match counts.count(&limits, ("t", "api.x"), now) {
                    Ok(()) => taken.push(now),
                    Err(refused) => {
                        let mut later = counts.clone();
                        prop_assert!(later.count(&limits, ("t", "api.x"), now + refused.wait - 1).is_err());
                        prop_assert!(later.count(&limits, ("t", "api.x"), now + refused.wait).is_ok());
                    }
                }
                let within = taken.iter().filter(|at| **at + WINDOW > now).count();
                prop_assert!(within as u64 <= most);
            }
        }
    }
}
