//! What leads to tenants' keys, kept in memory for half a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealgate_artifact::TenantId;

/// How long it is given without reading it again. Its age counts for the answer that shows it (`InTime::rests_on`), and this
/// leaves that answer half a second.
const FRESH: Duration = Duration::from_millis(500);

/// What was read, with the time when its reading began, as this process counts time.
pub(crate) type Read<T> = (Duration, Arc<T>);

/// Of each tenant what was read last.
pub(crate) struct Latest<T> {
    read: Mutex<HashMap<TenantId, Read<T>>>,
    /// Tenants of which it is kept.
    most: usize,
}

impl<T> Latest<T> {
    /// Nothing yet, and never of more tenants than that.
    pub(crate) fn of_tenants(most: usize) -> Self {
        Self { read: Mutex::default(), most }
    }

    /// What was read of the tenant at most half a second ago.
    pub(crate) fn fresh(&self, tenant: TenantId, now: Duration) -> Option<Read<T>> {
        let known = self.read.lock().expect("no holder of this lock panics").get(&tenant).cloned();
        known.filter(|(at, _)| now.saturating_sub(*at) < FRESH)
    }

    /// Keeps what was read later, and returns it: whoever began to read earlier and ends later must not bring older keysets
    /// back, which clients would refuse that hold the newer ones.
    pub(crate) fn keep(&self, tenant: TenantId, (at, read): (Duration, T)) -> Read<T> {
        let mut all = self.read.lock().expect("no holder of this lock panics");
        if let Some((held_since, held)) = all.get(&tenant)
            && *held_since > at
        {
            return (*held_since, Arc::clone(held));
        }
        if all.len() >= self.most {
            all.clear();
        }
        let read = (at, Arc::new(read));
        all.insert(tenant, read.clone());
        read
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sealgate_artifact::TenantId;

    use super::{Latest, Read};

    fn shown((at, read): Read<String>) -> String {
        format!("{} {read}", at.as_millis())
    }

    #[test]
    fn who_began_to_read_earlier_does_not_bring_it_back() {
        let (all, tenant) = (Latest::of_tenants(2), TenantId::from_bytes([1; 16]));
        let read = |at, what: &str| shown(all.keep(tenant, (Duration::from_millis(at), what.to_owned())));
        assert_eq!(read(20, "newer"), "20 newer");
        assert_eq!(read(10, "older"), "20 newer");
        assert_eq!(read(20, "at the same time"), "20 at the same time");
        assert_eq!(read(30, "newest"), "30 newest");
        let fresh = |at| all.fresh(tenant, Duration::from_millis(at)).map(shown);
        assert_eq!((fresh(529).as_deref(), fresh(530)), (Some("30 newest"), None));
    }
}
