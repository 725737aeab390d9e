//! Why a bundle's file is not activated.

use sealgate_artifact::Code;
use sealgate_container::Purpose;
use sealgate_trust::TrustError;

use crate::container::{StageError, what};
use crate::{ConfigurationError, Denied};

/// Why a bundle's file is not activated. What was in force before stays in force.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// It is no whole container, or cannot be read or copied.
    #[error(transparent)]
    File(StageError),
    /// It is a container of another purpose.
    #[error("this file is no license: it is {}", what(*.0))]
    Purpose(Purpose),
    /// Its keys or the bundle are not believed, it is older than what was activated here, or it is not for this machine.
    #[error("{0}")]
    Refused(TrustError),
    /// It is the vendor's and for this machine, and gives no right now.
    #[error(transparent)]
    NotInForce(Box<Denied>),
    /// The state could not be read or written.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
}

impl From<StageError> for BundleError {
    fn from(error: StageError) -> Self {
        match error {
            StageError::Purpose(found) => Self::Purpose(found),
            error => Self::File(error),
        }
    }
}

impl From<TrustError> for BundleError {
    fn from(why: TrustError) -> Self {
        Self::Refused(why)
    }
}

impl From<Denied> for BundleError {
    fn from(denied: Denied) -> Self {
        Self::NotInForce(Box::new(denied))
    }
}

impl BundleError {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::File(error) => error.code(),
            Self::Purpose(_) => Code::KindUnexpected,
            Self::Refused(why) => why.code(),
            // What this program judges itself has a code that it knows.
            Self::NotInForce(denied) => Code::parse(&denied.code).unwrap_or(Code::Expired),
            Self::Configuration(error) => error.code(),
        }
    }

    /// One sentence: what would put it right.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::File(error) => error.fix(),
            Self::Purpose(_) => "Give the file whose name ends in .sglic.",
            Self::Refused(TrustError::VersionRollback) => {
                "Take the newest file that the vendor sent: this machine has had a newer one."
            }
            Self::Refused(TrustError::NotYetValid { .. }) => {
                "Check this machine's clock. If it is right, the vendor's was ahead: ask for a newer file."
            }
            Self::Refused(TrustError::Expired { .. }) => {
                "Ask the vendor for a newer file, and check this machine's clock."
            }
            Self::Refused(TrustError::RootUnknown) => {
                "Check that this is the right file: it is another vendor's, or newer than the keys that this program was built with."
            }
            Self::Refused(TrustError::SignerUnknown | TrustError::SignerRevoked) => {
                "Get a newer file from the vendor: the key that signed this one was revoked, or is used no more. If a newer one is refused, too, \
                 tell the vendor."
            }
            Self::Refused(why) => why.code().fix().unwrap_or("Ask the vendor for the file again."),
            Self::NotInForce(denied) => denied.fix(),
            Self::Configuration(error) => error.fix(),
        }
    }
}
