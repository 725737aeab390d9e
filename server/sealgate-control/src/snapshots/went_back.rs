//! A server that sees its database come back older signs no revocation data by itself for a while: what it would sign lacks what was
//! lost, and devices would take it for the newest (`spec/revocation.md` §7.13).

use std::collections::BTreeSet;
use std::time::Duration;

use sealgate_artifact::TenantId;

/// How long it waits for an import.
const HELD: Duration = Duration::from_mins(15);
/// It waits once in so long: whoever may set the change counter back holds revocations up no longer.
const ONCE_IN: Duration = Duration::from_hours(24);

/// What waits since the database came back older.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// How often it came back, as far as that was seen.
    seen: u64,
    began: Option<Duration>,
    /// Tenants that wait no more.
    cared_for: BTreeSet<TenantId>,
}

impl Waiting {
    /// Whether that tenant's revocation data waits, after the database came back so often.
    pub(super) fn holds(&mut self, tenant: TenantId, times: u64, now: Duration) -> bool {
        let since = |began: Duration| now.saturating_sub(began);
        if times > self.seen {
            self.seen = times;
            if self.began.is_none_or(|began| since(began) >= ONCE_IN) {
                self.began = Some(now);
                self.cared_for.clear();
            }
        }
        self.began.is_some_and(|began| since(began) < HELD) && !self.cared_for.contains(&tenant)
    }

    /// That tenant waits no more.
    pub(super) fn care_for(&mut self, tenant: TenantId, times: u64, now: Duration) {
        self.holds(tenant, times, now);
        self.cared_for.insert(tenant);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sealgate_artifact::TenantId;

    use super::{HELD, ONCE_IN, Waiting};

    #[test]
    fn it_waits_for_a_while_and_once_a_day_however_often_the_database_comes_back() {
        let (tenant, other) = (TenantId::from_bytes([1; 16]), TenantId::from_bytes([2; 16]));
        let (mut waiting, begin) = (Waiting::default(), Duration::from_secs(1_000));
        assert!(!waiting.holds(tenant, 0, begin));
        assert!(waiting.holds(tenant, 1, begin) && waiting.holds(other, 1, begin));
        waiting.cared_for.insert(tenant);
        assert!(!waiting.holds(tenant, 2, begin) && waiting.holds(other, 2, begin));
        assert!(!waiting.holds(other, 3, begin + HELD));
        assert!(!waiting.holds(other, 4, begin + ONCE_IN / 2));
        assert!(!waiting.holds(other, 4, begin + ONCE_IN), "it came back before");
        assert!(waiting.holds(tenant, 5, begin + ONCE_IN) && waiting.holds(other, 5, begin + ONCE_IN));
    }
}
