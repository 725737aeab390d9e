//! Why a server does not start.

use sealgate_artifact::{Code, KeyId};
use sealgate_authority::AuthorityError;
use sealgate_control::BootstrapError;
use sealgate_signer::KeystoreError;
use sealgate_store::StoreError;

use crate::config::ConfigError;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be made, or it or a file in it may be somebody else's work.
    #[error("{path}: {source}")]
    DataDir {
        /// The directory or the file.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// There is no keystore to share from.
    #[error("{0}: no keystore; start the Authority with this data directory first")]
    NoKeystore(String),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The passphrase cannot be read.
    #[error("{path}: {why}")]
    Passphrase {
        /// The file that should hold it.
        path: String,
        /// What is wrong with the file.
        why: String,
    },
    /// The keystore does not open.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// The database does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keystore was made for a runtime, and this process was to serve the vendor.
    #[error(
        "this keystore was made by `sealgate keys share` for a runtime, and has none of the vendor's keys"
    )]
    NoVendorKeys,
    /// The database is empty, and this process may not set it up.
    #[error("the database is empty: start the Authority with this database first")]
    NotSetUp,
    /// The database belongs to an installation, and its keys are not where this process looks for them.
    #[error("{0}: there is no keystore here, and the database belongs to an installation that has one")]
    KeysLost(String),
    /// Another process on the database serves with the same key.
    #[error(
        "another process serves with this server's key {0}: stop it. If this directory is a copy for a second server, \
         move keys/{0}.key away: the server then makes a key of its own"
    )]
    KeyInUse(KeyId),
    /// Another process on the database has the vendor's side.
    #[error(
        "another process has the vendor's side of this installation: stop it. A second server gets a data directory of its own \
         from `sealgate keys share`, and is started with --role runtime"
    )]
    VendorsSideInUse,
    /// A process with another database user has what one process has at a time.
    #[error("another process has {what}, by the database user {user:?}, which is not this server's")]
    HeldByUser {
        /// What is held.
        what: String,
        /// Who holds it.
        user: String,
    },
    /// The first start failed, or database and keystore do not belong together.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
    /// The server could not make itself known.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl StartError {
    /// The way out, where the code does not say it.
    pub fn fix(&self) -> Option<String> {
        match self {
            Self::Store(StoreError::Older { noted, .. }) => Some(format!(
                "bring the log that was left behind, or copy all files while the server is stopped, or restore a backup; if the older \
                 state is meant, remove {}, and the files beside it that end in -wal and -shm: what was written since is lost then",
                noted.display()
            )),
            Self::Store(StoreError::LogOfAnother { noted }) => Some(format!(
                "if the database was restored from a copy without a log, remove the files that end in -wal and -shm: they belong to what \
                 lay there before. If the log is this database's, bring {} too",
                noted.display()
            )),
            _ => None,
        }
    }

    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::DataDir { .. } | Self::NoKeystore(_) | Self::Passphrase { .. } => Code::FileUnreadable,
            Self::Config(e) => e.code(),
            Self::Keystore(e) => e.code(),
            Self::Store(e) => e.code(),
            Self::KeyInUse(_) | Self::VendorsSideInUse | Self::HeldByUser { .. } => Code::DataInUse,
            Self::NoVendorKeys => Code::KeyMissing,
            Self::NotSetUp => Code::DatabaseUnusable,
            Self::KeysLost(_) => Code::DatabaseMismatch,
            Self::Bootstrap(e) => e.code(),
            Self::Authority(e) => e.code(),
        }
    }
}
