//! Why something is not believed.

use sealgate_artifact::{AppId, ArtifactError, Code, TenantId, UnixSeconds};

use crate::KeyWindow;

/// Why an artifact was not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The bytes are not a well-formed artifact.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// `spec/keys.md` §6: the text is not JSON.
    #[error("not a trust.json: {0}")]
    NotJson(String),
    /// `spec/keys.md` §6.1: the JSON does not have exactly the fields of a `trust.json`.
    #[error("not a trust.json: {0}")]
    NotTrustFile(String),
    /// `spec/envelope.md` §5.4: no expected key signed these bytes.
    #[error("none of the expected keys made a valid signature over these bytes")]
    SignatureInvalid,
    /// `spec/envelope.md` §5.4: the same, and no signature even says that it is by an expected key.
    #[error("signed by a key that is not among those expected, as far as the file itself says")]
    SignerUnknown,
    /// The same, and a signature says that it is by a key that was revoked since.
    #[error("signed by a key that was revoked since, as far as the file itself says")]
    SignerRevoked,
    /// `spec/envelope.md` §5.4.
    #[error("there are {valid} valid signatures, but {threshold} are needed")]
    ThresholdNotMet {
        /// Distinct signers whose signature is valid.
        valid: usize,
        /// How many are needed.
        threshold: usize,
    },
    /// `spec/keys.md` §4.4.
    #[error("the public key {0} is not a canonically encoded point of the curve")]
    KeyMalformed(sealgate_artifact::PublicKey),
    /// `spec/keys.md` §2.3.
    #[error("the public key {0} has small or mixed order")]
    KeyWeak(sealgate_artifact::PublicKey),
    /// `spec/keys.md` §2.1.
    #[error("the public key {0} is listed twice")]
    KeyDuplicate(sealgate_artifact::PublicKey),
    /// `spec/keys.md` §4.5.
    #[error("a threshold of zero would accept anything")]
    ThresholdZero,
    /// `spec/keys.md` §4.2.
    #[error("no root statement of the chain matches the pinned root set")]
    RootUnknown,
    /// `spec/keys.md` §4.8.
    #[error("more than {} root statements", sealgate_artifact::limits::ROOT_STATEMENTS)]
    ChainTooLong,
    /// `spec/keys.md` §4.2 and §4.7.
    #[error("older than a statement that was accepted before")]
    VersionRollback,
    /// `spec/keys.md` §4.2.
    #[error("the chain of root statements has a gap")]
    VersionGap,
    /// `spec/keys.md` §4.2 and §4.7.
    #[error("two different statements claim the same version")]
    Equivocation,
    /// `spec/keys.md` §5.9.
    #[error("the server's certificate does not cover this tenant, origin or operation")]
    ServerScope,
    /// `spec/keys.md` §5.10.
    #[error("the server's key was revoked")]
    ServerRevoked,
    /// `spec/revocation.md` §5.4.
    #[error("it was signed after its key was retired")]
    KeyRetired,
    /// `spec/revocation.md` §5.1.
    #[error("a part of the file is not the one that its snapshot names")]
    SnapshotMismatch,
    /// `spec/revocation.md` §5.1.
    #[error("the file lacks a shard that its snapshot names")]
    ShardMissing,
    /// `spec/online.md` §5.2.
    #[error("it answers another request: its {0} differs")]
    AnswersAnother(&'static str),
    /// `spec/activation.md` §3.3.
    #[error("the activation proof is of another {0}")]
    ProofMismatch(&'static str),
    /// `spec/offline.md` §4.4.
    #[error("the bundle is for other machines")]
    DeviceNotNamed,
    /// `spec/keys.md` §4.6.
    #[error("the statement was made for tenant {found}, not for {expected}")]
    WrongTenant {
        /// The caller's tenant.
        expected: TenantId,
        /// The statement's tenant.
        found: TenantId,
    },
    /// `spec/license.md` §2.1.
    #[error("the statement was made for app {found}, not for {expected}")]
    WrongApp {
        /// The caller's app.
        expected: AppId,
        /// The statement's app.
        found: AppId,
    },
    /// `spec/keys.md` §4.3.
    #[error("the {whose} is not valid yet: it was signed at {begins}, and it is {now}")]
    NotYetValid {
        /// Whose window it is.
        whose: KeyWindow,
        /// When it was signed. It holds from a day before on.
        begins: UnixSeconds,
        /// The time by which it was judged.
        now: UnixSeconds,
    },
    /// `spec/keys.md` §4.3.
    #[error("the {whose} has expired: it ended at {ended}, and it is {now}")]
    Expired {
        /// Whose window it is.
        whose: KeyWindow,
        /// When it ended.
        ended: UnixSeconds,
        /// The time by which it was judged.
        now: UnixSeconds,
    },
}

impl TrustError {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::Artifact(e) => e.code(),
            Self::NotJson(_) => Code::JsonInvalid,
            Self::NotTrustFile(_) => Code::FieldInvalid,
            Self::SignatureInvalid | Self::SignerUnknown | Self::SignerRevoked => Code::SignatureInvalid,
            Self::ThresholdNotMet { .. } => Code::ThresholdNotMet,
            Self::ThresholdZero => Code::ConfigInvalid,
            Self::KeyMalformed(_) => Code::KeyMalformed,
            Self::KeyWeak(_) => Code::KeyWeak,
            Self::KeyDuplicate(_) => Code::KeyDuplicate,
            Self::WrongTenant { .. } => Code::WrongTenant,
            Self::WrongApp { .. } => Code::WrongApp,
            Self::RootUnknown => Code::RootUnknown,
            Self::ChainTooLong => Code::ChainTooLong,
            Self::VersionRollback => Code::VersionRollback,
            Self::VersionGap => Code::VersionGap,
            Self::Equivocation => Code::Equivocation,
            Self::ServerScope => Code::ServerScope,
            Self::ServerRevoked => Code::ServerRevoked,
            Self::KeyRetired => Code::KeyRetired,
            Self::SnapshotMismatch => Code::SnapshotMismatch,
            Self::ShardMissing => Code::ShardMissing,
            Self::AnswersAnother(_) => Code::NonceMismatch,
            Self::ProofMismatch(_) => Code::ProofMismatch,
            Self::DeviceNotNamed => Code::DeviceNotNamed,
            Self::NotYetValid { whose: KeyWindow::Root, .. } => Code::RootNotYetValid,
            Self::NotYetValid { whose: KeyWindow::Keyset, .. } => Code::KeysetNotYetValid,
            Self::NotYetValid { whose: KeyWindow::Certificate, .. } => Code::CertificateNotYetValid,
            Self::Expired { whose: KeyWindow::Root, .. } => Code::RootExpired,
            Self::Expired { whose: KeyWindow::Keyset, .. } => Code::KeysetExpired,
            Self::Expired { whose: KeyWindow::Certificate, .. } => Code::CertificateExpired,
        }
    }
}
