//! What one tenant writes at a time: none holds up the others by asking for much at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use sealgate_artifact::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Licenses or seats of one tenant that may be written at the same time. A request with more of them is the only one then.
const ROOM: u32 = 100;

/// The requests of each tenant that write many rows, in the order in which they came. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<TenantId, Weak<Semaphore>>>>);

impl Turns {
    /// Waits for the tenant's requests before this one, as far as there is no room for so many licenses or seats beside theirs.
    pub(crate) async fn take(&self, tenant: TenantId, many: usize) -> OwnedSemaphorePermit {
        let many = u32::try_from(many).unwrap_or(ROOM).clamp(1, ROOM);
        self.of(tenant).acquire_many_owned(many).await.expect("nobody closes it")
    }

    fn of(&self, tenant: TenantId) -> Arc<Semaphore> {
        let mut tenants = self.0.lock().expect("no holder of this lock panics");
        if let Some(known) = tenants.get(&tenant).and_then(Weak::upgrade) {
            return known;
        }
        // Only who has a request under way takes memory.
        tenants.retain(|_, turns| turns.strong_count() > 0);
        let new = Arc::new(Semaphore::new(ROOM as usize));
        tenants.insert(tenant, Arc::downgrade(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The turn, if it comes without waiting.
    async fn at_once(turns: &Turns, tenant: TenantId, many: usize) -> Option<OwnedSemaphorePermit> {
        tokio::time::timeout(Duration::ZERO, turns.take(tenant, many)).await.ok()
    }

    #[tokio::test]
    async fn a_tenant_waits_for_itself_and_for_no_other() {
        let (turns, [a, b, c]) = (Turns::default(), [1, 2, 3].map(|n| TenantId::from_bytes([n; 16])));
        let large = at_once(&turns, a, 1_000).await;
        assert!(large.is_some() && at_once(&turns, a, 2).await.is_none());
        let small = at_once(&turns, b, 60).await;
        assert!(small.is_some(), "another tenant");
        assert!(at_once(&turns, b, 41).await.is_none());
        assert!(at_once(&turns, b, 40).await.is_some());
        drop(large);
        assert!(at_once(&turns, a, 1_000).await.is_some());
        drop(small);
        assert!(at_once(&turns, c, 1).await.is_some());
        assert_eq!(turns.0.lock().expect("no panics").len(), 1, "who has nothing under way is forgotten");
    }
}
