//! Who asks for a change.

use sealgate_artifact::{Code, TenantId};
use sealgate_authority::{Actor, AuthorityError};

use crate::{Once, Scope, Scopes};

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
        if self.scopes.allow(scope) { Ok(()) } else { Err(AuthorityError::Refused(Code::ScopeMissing)) }
    }
}
