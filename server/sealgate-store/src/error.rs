//! What can go wrong with the database.

use sealgate_artifact::Code;

/// Why the store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or not in time. Nothing is known to have changed.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// A row holds what this program never writes.
    #[error("the database holds a row that cannot be read: {0}")]
    Corrupt(String),
    /// A row of this identity exists already.
    #[error("a row of this identity exists already")]
    Duplicate,
    /// Another process has the lock file.
    #[error("another process serves from this data directory")]
    InUse,
    /// The database cannot be opened or migrated.
    #[error("the database cannot be opened: {0}")]
    Unusable(String),
}

impl StoreError {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::Unavailable(_) => Code::Unavailable,
            Self::Corrupt(_) | Self::Duplicate => Code::SystemError,
            Self::InUse => Code::DataInUse,
            Self::Unusable(_) => Code::DatabaseUnusable,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(e) if e.is_unique_violation() => Self::Duplicate,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) | sqlx::Error::Decode(_) => {
                Self::Corrupt(error.to_string())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}
