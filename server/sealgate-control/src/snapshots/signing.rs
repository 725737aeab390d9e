//! What signing revocation data works with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealgate_artifact::{AppId, Code, TenantId};
use sealgate_authority::{AuthorityError, Side};

use super::due::Pace;
use super::went_back::Waiting;
use crate::desk::Desk;
use crate::keys::KeyChanges;
use crate::turns::Turns;

/// Signs revocation data, and shows what was signed. Clones take turns with each other.
#[derive(Clone)]
pub struct Snapshots {
    pub(super) desk: Desk,
    pub(super) changes: KeyChanges,
    /// One signs for a tenant at a time.
    pub(super) turns: Turns<TenantId>,
    /// Of whom the last snapshot took a while to write.
    paces: Arc<Mutex<HashMap<TenantId, Pace>>>,
    waiting: Arc<Mutex<Waiting>>,
}

impl Snapshots {
    pub(crate) fn new(changes: KeyChanges) -> Self {
        let (turns, paces, waiting) = (Turns::default(), Arc::default(), Arc::default());
        Self { desk: changes.desk().clone(), changes, turns, paces, waiting }
    }

    /// Whether nothing is signed of the tenant unless somebody asks.
    pub(super) fn waits_for_import(&self, tenant: TenantId) -> bool {
        let (times, now) = (self.desk.db.times_back(), self.desk.ids.elapsed());
        self.waiting().holds(tenant, times, now)
    }

    /// The tenant's vendor took a snapshot over, or asked for one: it waits no more.
    pub(super) fn is_cared_for(&self, tenant: TenantId) {
        let (times, now) = (self.desk.db.times_back(), self.desk.ids.elapsed());
        self.waiting().care_for(tenant, times, now);
    }

    pub(super) fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is signed here counts for ever: its version stands in the memory of every machine that takes it over.
    pub(super) fn may_sign(&self) -> Result<(), AuthorityError> {
        self.desk.ids.clock_watch().may_sign_until(Side::Vendor, None)
    }

    /// For how many seconds the tenant's next snapshot waits, because the last one took as long to write.
    pub(super) fn rests(&self, tenant: TenantId) -> u64 {
        let paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        paces.get(&tenant).map_or(0, |pace| pace.rests(self.desk.ids.elapsed()))
    }

    /// Notes how long a snapshot took to write.
    pub(super) fn wrote(&self, tenant: TenantId, pace: Pace) {
        let now = self.desk.ids.elapsed();
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        paces.retain(|_, pace| pace.rests(now) > 0);
        if pace.rests(now) > 0 {
            paces.insert(tenant, pace);
        }
    }
}

/// A block of an app.
pub(super) type Place = (AppId, u64);

/// Whether a tenant cannot sign because it has no snapshot key yet.
pub(super) fn lacks_key(error: &AuthorityError) -> bool {
    matches!(error, AuthorityError::Refused(Code::KeyMissing))
}
