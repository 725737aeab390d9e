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

    /// What it means that this went wrong while the database was being opened.
    pub(crate) fn unusable(self) -> Self {
        match self {
            Self::Unavailable(why) => Self::Unusable(why),
            other => other,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(e) if e.is_unique_violation() => Self::Duplicate,
            sqlx::Error::ColumnDecode { .. } => Self::Corrupt(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
        match error.sqlite_error().map(|e| e.extended_code) {
            Some(SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE) => Self::Duplicate,
            _ => match error {
                rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => {
                    Self::Corrupt(error.to_string())
                }
                _ => Self::Unavailable(error.to_string()),
            },
        }
    }
}
