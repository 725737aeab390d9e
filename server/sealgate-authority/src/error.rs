//! Why a use case did not do what was asked.

use sealgate_artifact::{ArtifactError, Code, CustomerId, LicenseId};
use sealgate_store::StoreError;
use sealgate_trust::SignError;

/// Why a use case did not do what was asked. Nothing changed.
///
/// Only [`Refused`](Self::Refused), [`Limited`](Self::Limited), [`Invalid`](Self::Invalid), [`TooLarge`](Self::TooLarge),
/// [`ScopeMissing`](Self::ScopeMissing), [`ExternalIdTaken`](Self::ExternalIdTaken) and [`CustomerTaken`](Self::CustomerTaken) are answers to the caller. Everything else is a failure of the server: it
/// is logged with its cause and the request's id, and never counted as a refusal.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The answer is no, for a reason that has a code.
    #[error("{}", .0.meaning())]
    Refused(Code),
    /// Somebody asks too often.
    #[error("{}", Code::RateLimited.meaning())]
    Limited {
        /// After how many the same request may be answered.
        seconds: u32,
    },
    /// A field of the request is out of range.
    #[error("{field}: {why}")]
    Invalid {
        /// The field's name in the request.
        field: &'static str,
        /// What it must be.
        why: &'static str,
    },
    /// What a license would carry does not fit into its statement (`spec/license.md` §2.12).
    #[error("{field}: {meaning} Leave out {excess} bytes.", meaning = Code::TermsTooLarge.meaning())]
    TooLarge {
        /// The field that is to change.
        field: &'static str,
        /// How many bytes are too many.
        excess: usize,
    },
    /// The caller's token lacks a scope.
    #[error("{meaning} It lacks {lacks}; it has {has}.", meaning = Code::ScopeMissing.meaning())]
    ScopeMissing {
        /// The scopes that it lacks, as a person reads them.
        lacks: String,
        /// Those that it has.
        has: String,
    },
    /// Another license of the tenant has that external id: this one.
    #[error("{meaning} It is license {0}.", meaning = Code::ExternalIdTaken.meaning())]
    ExternalIdTaken(LicenseId),
    /// Another customer of the tenant has that external id: this one.
    #[error("{meaning} It is customer {0}.", meaning = Code::ExternalIdTaken.meaning())]
    CustomerTaken(CustomerId),
    /// The server cannot do it now; the same request may succeed later. Says what it is waiting for.
    #[error("busy: {0}")]
    Busy(&'static str),
    /// The server holds something that it never writes, or misses something that must be there.
    #[error("broken: {0}")]
    Broken(String),
    /// Somebody changed what this was based on. The use case is tried again.
    #[error("overtaken by another change")]
    Superseded,
    /// A request with the same idempotency key was answered meanwhile. Its answer is given.
    #[error("answered already")]
    Answered,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The signer failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// What a use case says when others changed the same thing each time it tried.
pub const BUSY: AuthorityError = AuthorityError::Busy("other requests keep changing the same data");

/// Something stored is not what this program stores.
pub fn broken(what: impl Into<String>) -> AuthorityError {
    AuthorityError::Broken(what.into())
}

impl From<ArtifactError> for AuthorityError {
    /// Statements in the database were made by this program.
    fn from(error: ArtifactError) -> Self {
        broken(format!("stored statement: {error}"))
    }
}

impl AuthorityError {
    /// The stable code (`spec/errors.md` §2).
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(code) => *code,
            Self::Limited { .. } => Code::RateLimited,
            Self::Invalid { .. } => Code::MalformedRequest,
            Self::TooLarge { .. } => Code::TermsTooLarge,
            Self::ScopeMissing { .. } => Code::ScopeMissing,
            Self::ExternalIdTaken(_) | Self::CustomerTaken(_) => Code::ExternalIdTaken,
            Self::Busy(_) | Self::Superseded | Self::Answered => Code::Unavailable,
            Self::Broken(_) => Code::SystemError,
            Self::Store(e) => e.code(),
            Self::Sign(e) => e.code(),
        }
    }

    /// The field of the request that does not fit, where it is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Invalid { field, .. } | Self::TooLarge { field, .. } => Some(field),
            _ => None,
        }
    }

    /// Whether the server failed. Otherwise it answered no.
    pub fn is_failure(&self) -> bool {
        !matches!(
            self,
            Self::Refused(_)
                | Self::Limited { .. }
                | Self::Invalid { .. }
                | Self::TooLarge { .. }
                | Self::ScopeMissing { .. }
                | Self::ExternalIdTaken(_)
                | Self::CustomerTaken(_)
        )
    }

    /// After how many seconds the same request may be answered, where that is known.
    pub fn retry_after(&self) -> Option<u32> {
        if let Self::Limited { seconds } = self { Some(*seconds) } else { None }
    }

    /// A sentence for the caller. A failure is named by its code only.
    pub fn public_message(&self) -> String {
        if self.is_failure() { self.code().meaning().to_owned() } else { self.to_string() }
    }
}
