//! Who asks for a change.

use sealgate_artifact::TenantId;
use sealgate_authority::{Actor, AuthorityError};
use sha2::{Digest, Sha256};

use crate::{Scope, Scopes};

/// Who asks, and in which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant whose things these are.
    pub tenant: TenantId,
    /// Who it is.
    pub actor: Actor,
    /// What they may do.
    pub scopes: Scopes,
    /// The request's idempotency key, if it may be repeated.
    pub once: Option<Once>,
    /// Finds this request in the log.
    pub request_id: String,
}

impl Caller {
    /// Refuses a caller without that scope.
    pub(crate) fn needs(&self, scope: Scope) -> Result<(), AuthorityError> {
        self.scopes.need([scope])
    }
}

/// A request's idempotency key, and what was asked under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The key.
    pub key: String,
    /// A hash of the request.
    pub request: [u8; 32],
}

impl Once {
    /// A request under a key. The parts are its method, path and body.
    pub fn new(key: String, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self { key, request: hash.finalize().into() }
    }
}
