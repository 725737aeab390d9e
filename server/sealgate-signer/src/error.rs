//! What can be wrong with a keystore.

use std::path::PathBuf;

use sealgate_artifact::{Code, KeyUse};

/// Why a keystore cannot be opened or extended.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The passphrase or the unlock file does not fit.
    #[error("the keystore cannot be opened with this passphrase or unlock file")]
    Locked,
    /// A passphrase was set when the keystore was made, and none is given now.
    #[error("the keystore is protected by a passphrase, and none was given")]
    PassphraseNeeded,
    /// A passphrase is given, but the keystore was made without one: it would protect nothing.
    #[error("the keystore was made without a passphrase, so the one given would protect nothing")]
    NoPassphrase,
    /// A file is not what it should be.
    #[error("{path}: {why}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A key lies here that a process of this role must not hold.
    #[error("{path}: this is a key of use {key_use}, which a runtime must not hold")]
    NotForThisRole {
        /// The file.
        path: PathBuf,
        /// What the key is for.
        key_use: KeyUse,
    },
    /// A secret that was made elsewhere is not here.
    #[error("the secret {0} is missing: `sealgate keys share` copies it")]
    SecretMissing(String),
    /// A secret lies here that the keystore which shares does not have.
    #[error(
        "{0}: this secret is not the Authority's: servers with different ones do not know each other's sessions and keys"
    )]
    SecretDiffers(PathBuf),
    /// There is no keystore, and this process may not make one.
    #[error("{0}: no keystore here: `sealgate keys share` brings it")]
    Missing(PathBuf),
    /// The operating system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Its reason.
        source: std::io::Error,
    },
}

impl KeystoreError {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::Locked | Self::PassphraseNeeded => Code::KeystoreLocked,
            Self::NotForThisRole { .. } => Code::KeyMisuse,
            Self::SecretMissing(_) | Self::Missing(_) => Code::KeyMissing,
            Self::NoPassphrase => Code::ConfigInvalid,
            Self::Invalid { .. } | Self::SecretDiffers(_) => Code::KeystoreInvalid,
            Self::Io { .. } => Code::FileUnreadable,
        }
    }
}
