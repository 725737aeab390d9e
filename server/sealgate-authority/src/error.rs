//! Why a use case did not do as asked.

use sealgate_artifact::{ArtifactError, Code};
use sealgate_store::StoreError;
use sealgate_trust::SignError;

/// Why a use case did not do as asked. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The answer is no, for a reason that has a code.
    #[error("{}", .0.meaning())]
    Refused(Code),
    /// A field of the request is out of range.
    #[error("{field}: {why}")]
    Invalid {
        /// The field as the caller knows it.
        field: &'static str,
        /// What it must be.
        why: &'static str,
    },
    /// Somebody changed in between what this was based on; it is tried again.
    #[error("overtaken by another change")]
    Superseded,
    /// A request of this name was answered while this one was under way; its answer is given.
    #[error("answered already")]
    Answered,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The signer failed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Something stored is not what this program stores.
    #[error("stored artifact: {0}")]
    Stored(#[from] ArtifactError),
    /// The database is empty, and this process may not found it.
    #[error("the database is empty: start the Authority on it first")]
    NotFounded,
    /// The database is empty, and the keystore is not.
    #[error("the database is empty, but one was founded with these keys")]
    DatabaseLost,
    /// The first start could not hand over the owner's token.
    #[error("the owner token cannot be saved: {0}")]
    TokenNotSaved(std::io::Error),
}

impl AuthorityError {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(code) => *code,
            Self::Superseded | Self::Answered => Code::Unavailable,
            Self::Invalid { .. } => Code::MalformedRequest,
            Self::Store(e) => e.code(),
            Self::Sign(e) => e.code(),
            Self::Stored(_) => Code::SystemError,
            Self::NotFounded | Self::DatabaseLost => Code::DatabaseUnusable,
            Self::TokenNotSaved(_) => Code::FileUnreadable,
        }
    }

    /// A sentence that a stranger may read: failures inside are named by code only.
    pub fn public_message(&self) -> String {
        match self {
            Self::Refused(_) | Self::Invalid { .. } => self.to_string(),
            _ => self.code().meaning().to_owned(),
        }
    }
}
