//! What signing revocation data works with.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sealgate_artifact::{AppId, Code, TenantId};
use sealgate_authority::{AuthorityError, Side};

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
    /// How often the database came back older, as far as its blocks were closed then.
    pub(super) closed: Arc<AtomicU64>,
}

impl Snapshots {
    pub(crate) fn new(changes: KeyChanges) -> Self {
        Self { desk: changes.desk().clone(), changes, turns: Turns::default(), closed: Arc::default() }
    }

    /// What is signed here counts for ever: its version stands in the memory of every machine that takes it over.
    pub(super) fn may_sign(&self) -> Result<(), AuthorityError> {
        self.desk.ids.clock_watch().may_sign_until(Side::Vendor, None)
    }
}

/// A block of an app.
pub(super) type Place = (AppId, u64);

/// Whether a tenant cannot sign because it has no snapshot key yet.
pub(super) fn lacks_key(error: &AuthorityError) -> bool {
    matches!(error, AuthorityError::Refused(Code::KeyMissing))
}
