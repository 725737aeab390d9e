//! What came of an import.

use sealgate_artifact::{AppId, Code, Snapshot, Statement, StatementId, UnixSeconds};
use sealgate_container::{Parts, Purpose};
use sealgate_trust::TrustError;

use crate::ConfigurationError;
use crate::container::{StageError, Staged, what};
use crate::looked::HeldStatement;

/// What counts from an import on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SnapshotImport {
    /// The snapshot that was taken over.
    pub snapshot: Option<SnapshotSays>,
    /// Whether the vendor's keys are newer now than those that the device knew.
    pub has_new_keys: bool,
    /// The shards of the program's own app that count, rising by block.
    pub shards: Vec<ShardImport>,
    /// What this device holds and the vendor took back.
    pub revoked: Vec<RevokedStatement>,
    /// What this device holds, and was looked up.
    pub looked_up: Vec<HeldStatement>,
    /// Whether nothing is another than before: it is the same snapshot again.
    pub is_unchanged: bool,
}

/// What a snapshot says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnapshotSays {
    /// It rises with every new one.
    pub version: u64,
    /// When it was signed.
    pub issued_at: UnixSeconds,
    /// By when there is a newer one.
    pub next_update: UnixSeconds,
}

impl SnapshotSays {
    /// Of a file that nobody verified: for words only.
    pub fn unverified(staged: &Staged) -> Option<Self> {
        let main = Parts::new(staged.container(), |entry: &_| staged.read(entry)).main().ok()?;
        let said = Snapshot::from_payload(main.envelope.payload(), &main.attachments).ok()?;
        Some(Self { version: said.version, issued_at: said.issued_at, next_update: said.next_update })
    }
}

/// A shard that was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShardImport {
    /// Of which block.
    pub block: u64,
    /// It rises with every new one of the block.
    pub version: u64,
    /// When it was signed.
    pub issued_at: UnixSeconds,
    /// How many statements it lists.
    pub listed: u32,
    /// Whether the device had none of the block, or an older one.
    pub is_new: bool,
}

/// A statement that this device holds, and the vendor took back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevokedStatement {
    /// Which one.
    pub what: HeldStatement,
    /// Its statement id.
    pub id: StatementId,
}

/// What lies in files, beside a program or elsewhere, and not in its state. Whoever takes revocation data over, or shows what is known, looks it
/// up, too.
#[derive(Debug, Clone, Copy, Default)]
pub struct LicenseFiles<'a> {
    /// A license.
    pub license: Option<&'a [u8]>,
    /// An activation proof.
    pub proof: Option<&'a [u8]>,
}

/// Why a file was not taken over, or not all of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It is no whole container, or cannot be read or copied. Nothing of it counts.
    #[error(transparent)]
    File(StageError),
    /// It is a container of another purpose. Nothing of it counts.
    #[error("this file is no snapshot: it is {}", what(*.0))]
    Purpose(Purpose),
    /// What this device holds is another app's than the one whose data is looked for. Nothing of the file counts.
    #[error(
        "the license, proof or revocation data that is here was made for app {found}, and the trust is for app {expected}"
    )]
    WrongApp {
        /// The app of the trust.
        expected: AppId,
        /// The app of what is held.
        found: AppId,
    },
    /// A part of it is not believed. What was verified before it stays in force (`spec/revocation.md` §5.2).
    #[error("{why}")]
    Refused {
        /// The first fault.
        why: TrustError,
        /// What counts nevertheless.
        imported: Box<SnapshotImport>,
    },
    /// It was verified, and what it says of this device is remembered, but the file could not be kept: what this device does not hold now
    /// is not looked up in it later.
    #[error("what it says counts, but it could not be kept: {why}")]
    NotKept {
        /// Why.
        why: String,
        /// What counts.
        imported: Box<SnapshotImport>,
    },
    /// The same because somebody else imports, and did not end in some seconds.
    #[error("what it says counts, but it could not be kept: another import is under way")]
    Overtaken {
        /// What counts.
        imported: Box<SnapshotImport>,
    },
    /// What it says counts, but newer data of a block was imported before and is lost, and this file is too old to bring it back.
    #[error(
        "what it says counts, but newer revocation data was imported before and is lost, and this file does not have it"
    )]
    Lacking {
        /// What counts.
        imported: Box<SnapshotImport>,
    },
    /// The state could not be read or written. Nothing of it counts.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
}

impl From<StageError> for ImportError {
    fn from(error: StageError) -> Self {
        match error {
            StageError::Purpose(found) => Self::Purpose(found),
            error => Self::File(error),
        }
    }
}

impl ImportError {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::File(error) => error.code(),
            Self::Purpose(_) => Code::KindUnexpected,
            Self::WrongApp { .. } => Code::WrongApp,
            Self::Refused { why, .. } => why.code(),
            Self::Lacking { .. } => Code::VersionRollback,
            Self::NotKept { .. } | Self::Overtaken { .. } => Code::FileUnreadable,
            Self::Configuration(error) => error.code(),
        }
    }

    /// One sentence: what would put it right.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::File(error) => error.fix(),
            Self::Purpose(_) => "Give the file whose name ends in .sgsnap.",
            Self::WrongApp { .. } => {
                "Give the trust file and the state folder that belong together. If nothing was ever activated in this folder, delete it."
            }
            Self::Lacking { .. } | Self::Refused { why: TrustError::VersionRollback, .. } => {
                "Import the newest snapshot: this device knows a newer one."
            }
            Self::Refused { why: TrustError::NotYetValid { .. }, .. } => {
                "Check this machine's clock. If it is right, the vendor's was ahead: ask for a newer file."
            }
            Self::Refused { why: TrustError::Expired { .. }, .. } => {
                "Ask the vendor for a newer file, and check this machine's clock."
            }
            Self::Refused { why: TrustError::RootUnknown, .. } => {
                "Check that this is the right file: it is another vendor's, or newer than the keys that this program was built with."
            }
            Self::Refused { why: TrustError::SignerUnknown | TrustError::SignerRevoked, .. } => {
                "Get a newer file from the vendor: the key that signed this one was revoked, or is used no more. If a newer one is refused, too, \
                 tell the vendor."
            }
            Self::Refused { why, .. } => why.code().fix().unwrap_or("Ask the vendor for the file again."),
            Self::NotKept { .. } => {
                "Make the state folder writable for the user who runs this program, make room on its disk, and import the file again."
            }
            Self::Overtaken { .. } => "Import the file again, once the other import has ended.",
            Self::Configuration(error) => error.fix(),
        }
    }
}
