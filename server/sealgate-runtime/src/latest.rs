//! What leads to tenants' keys, kept in memory for a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealgate_artifact::TenantId;

/// How long it is given without reading it again: a revoked server falls silent in time.
const FRESH: Duration = Duration::from_secs(1);
/// Of each tenant what was read last, with the time when its reading began, as this process counts time.
pub(crate) struct Latest<T> {
    read: Mutex<HashMap<TenantId, (Duration, Arc<T>)>>,
    /// Tenants of which it is kept.
    most: usize,
}

impl<T> Latest<T> {
    /// Nothing yet, and never of more tenants than that.
    pub(crate) fn of_tenants(most: usize) -> Self {
        Self { read: Mutex::default(), most }
    }

    /// What was read of the tenant at most a second ago.
    pub(crate) fn fresh(&self, tenant: TenantId, now: Duration) -> Option<Arc<T>> {
        let known = self.read.lock().expect("no holder of this lock panics").get(&tenant).cloned();
        known.filter(|(at, _)| now.saturating_sub(*at) < FRESH).map(|(_, read)| read)
    }

    /// Keeps what was read later, and returns it: whoever began to read earlier and ends later must not bring older keysets
    /// back, which clients would refuse that hold the newer ones.
    pub(crate) fn keep(&self, tenant: TenantId, (at, read): (Duration, T)) -> Arc<T> {
        let mut all = self.read.lock().expect("no holder of this lock panics");
        if let Some((held_since, held)) = all.get(&tenant)
            && *held_since > at
        {
            return Arc::clone(held);
        }
        if all.len() >= self.most {
            all.clear();
        }
        let read = Arc::new(read);
        all.insert(tenant, (at, Arc::clone(&read)));
        read
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sealgate_artifact::TenantId;

    use super::Latest;

    #[test]
    fn who_began_to_read_earlier_does_not_bring_it_back() {
        let (all, tenant) = (Latest::of_tenants(2), TenantId::from_bytes([1; 16]));
        let read =
            |at, what: &str| all.keep(tenant, (Duration::from_millis(at), what.to_owned())).to_string();
        assert_eq!(read(20, "newer"), "newer");
        assert_eq!(read(10, "older"), "newer");
        assert_eq!(read(20, "at the same time"), "at the same time");
        assert_eq!(read(30, "newest"), "newest");
        let fresh = |at| all.fresh(tenant, Duration::from_millis(at)).map(|read| read.to_string());
        assert_eq!((fresh(1_029).as_deref(), fresh(1_030)), (Some("newest"), None));
    }
}
