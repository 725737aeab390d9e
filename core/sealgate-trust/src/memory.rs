//! What a verifier accepted before, so that nothing older is believed again (`spec/keys.md` §4.7).

use std::cmp::Ordering;

use sealgate_artifact::{PublicKey, StatementId, TenantId};

use crate::{TrustError, Verified};

/// The newest version that was accepted at one level, and the keys that vouched for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maximum {
    /// The version.
    pub version: u64,
    /// The statement that had it.
    pub statement: StatementId,
    /// The keys that raised it. It stands only while enough of them are trusted.
    pub raised_by: Vec<PublicKey>,
}

impl Maximum {
    /// What was just verified.
    pub(crate) fn of<T>(version: u64, statement: &Verified<T>) -> Self {
        Self { version, statement: statement.id(), raised_by: statement.signed_by().to_vec() }
    }

    /// `spec/keys.md` §4.7: it stands while at least `threshold` of the keys trusted now are among those that raised it.
    pub(crate) fn stands(&self, trusted: &[PublicKey], threshold: usize) -> bool {
        trusted.iter().filter(|key| self.raised_by.contains(key)).count() >= threshold
    }
}

/// What was just verified at one level; the next maximum.
pub(crate) type Fact = Maximum;

impl Fact {
    /// `spec/keys.md` §4.7.
    pub(crate) fn against(&self, standing: Option<&Maximum>) -> Result<(), TrustError> {
        let Some(standing) = standing else { return Ok(()) };
        match self.version.cmp(&standing.version) {
            Ordering::Less => Err(TrustError::VersionRollback),
            Ordering::Equal if self.statement != standing.statement => Err(TrustError::Equivocation),
            _ => Ok(()),
        }
    }
}

/// A verifier's memory. Empty at first; replaced by [`TenantTrust::accepted`](crate::TenantTrust::accepted) after each
/// success, never after a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The tenant this memory is of, once there is one.
    pub tenant: Option<TenantId>,
    /// Of the root statements.
    pub root: Option<Maximum>,
    /// Of the keyset.
    pub keyset: Option<Maximum>,
    /// Of the tenant keyset.
    pub tenant_keyset: Option<Maximum>,
}
