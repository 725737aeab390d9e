//! Why something is not believed.

use sealgate_artifact::{AppId, ArtifactError, Code, TenantId};

/// Why an artifact was not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The bytes are not a well-formed artifact.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// `spec/envelope.md` §5.4: no expected key signed these bytes.
    #[error("no expected key made a valid signature over these bytes")]
    SignatureInvalid,
    /// `spec/envelope.md` §5.4.
    #[error("{valid} of {threshold} distinct signers made a valid signature")]
    ThresholdNotMet {
        /// Distinct signers whose signature is valid.
        valid: usize,
        /// How many are needed.
        threshold: usize,
    },
    /// `spec/keys.md` §4.4.
    #[error("the public key {0} is not a point in its only encoding")]
    KeyMalformed(sealgate_artifact::PublicKey),
    /// `spec/keys.md` §2.3.
    #[error("the public key {0} has small or mixed order")]
    KeyWeak(sealgate_artifact::PublicKey),
    /// `spec/keys.md` §2.1.
    #[error("the public key {0} stands twice")]
    KeyDuplicate(sealgate_artifact::PublicKey),
    /// `spec/keys.md` §4.5.
    #[error("a threshold of zero would believe anybody")]
    ThresholdZero,
    /// `spec/keys.md` §4.2.
    #[error("made for tenant {found}, expected {expected}")]
    WrongTenant {
        /// The caller's tenant.
        expected: TenantId,
        /// The statement's tenant.
        found: TenantId,
    },
    /// `spec/license.md` §2.1.
    #[error("made for app {found}, expected {expected}")]
    WrongApp {
        /// The caller's app.
        expected: AppId,
        /// The statement's app.
        found: AppId,
    },
    /// `spec/keys.md` §4.3.
    #[error("the keyset's window has not begun")]
    KeysetNotYetValid,
    /// `spec/keys.md` §4.3.
    #[error("the keyset's window is over")]
    KeysetExpired,
}

impl TrustError {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::Artifact(e) => e.code(),
            Self::SignatureInvalid => Code::SignatureInvalid,
            Self::ThresholdNotMet { .. } => Code::ThresholdNotMet,
            Self::ThresholdZero => Code::ConfigInvalid,
            Self::KeyMalformed(_) => Code::KeyMalformed,
            Self::KeyWeak(_) => Code::KeyWeak,
            Self::KeyDuplicate(_) => Code::KeyDuplicate,
            Self::WrongTenant { .. } => Code::WrongTenant,
            Self::WrongApp { .. } => Code::WrongApp,
            Self::KeysetNotYetValid => Code::KeysetNotYetValid,
            Self::KeysetExpired => Code::KeysetExpired,
        }
    }
}
