//! What can go wrong with the database.

use std::path::PathBuf;

use sealgate_artifact::Code;

/// Why the store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or not in time. Nothing is known to have changed. Later it may work.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// What was to be stored needs more room than there is. Something smaller may find some.
    #[error("the database has no room: {0}")]
    Full(String),
    /// A fault of this program or of its set-up, such as a missing right. It will not go away by itself.
    #[error("the database rejected a statement: {0}")]
    Broken(String),
    /// A row holds what this program never writes.
    #[error("the database holds a row that cannot be read: {0}")]
    Corrupt(String),
    /// There is a row with this identity already.
    #[error("a row with this identity already exists")]
    Duplicate,
    /// A slot that was drawn was given out meanwhile (`spec/revocation.md` §1.1).
    #[error("a slot that was drawn was given out meanwhile")]
    SlotTaken,
    /// Another process has the lock file.
    #[error("another server is using this data directory")]
    InUse,
    /// A process that has this database user, which is not ours, keeps what one process has at a time.
    #[error("a process with the database user {0:?} keeps it")]
    HeldByUser(String),
    /// An SQLite database ends before what was written to it last: its log is missing, or it is an older copy.
    #[error(
        "the database ends at write {ends}, and write {last} was the last: it was copied without its log, which ends in -wal, or it is \
         an older copy"
    )]
    Older {
        /// The last write that it holds.
        ends: i64,
        /// The last write that there was.
        last: i64,
        /// The file that says so.
        noted: PathBuf,
    },
    /// A log lies beside an SQLite database, and nothing says that it is this database's.
    #[error(
        "the log beside the database, which ends in -wal, holds changes, and {} does not say whether they are this database's",
        .noted.display()
    )]
    LogOfAnother {
        /// The file that would say so.
        noted: PathBuf,
    },
    /// The database cannot be opened or migrated.
    #[error("the database cannot be opened: {0}")]
    Unusable(String),
}

impl StoreError {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::Unavailable(_) | Self::Full(_) | Self::SlotTaken => Code::Unavailable,
            Self::Broken(_) | Self::Corrupt(_) | Self::Duplicate => Code::SystemError,
            Self::InUse | Self::HeldByUser(_) => Code::DataInUse,
            Self::Unusable(_) | Self::Older { .. } | Self::LogOfAnother { .. } => Code::DatabaseUnusable,
        }
    }

    /// What it means if this went wrong while the database was being opened.
    pub(crate) fn unusable(self) -> Self {
        match self {
            Self::Unavailable(why) | Self::Full(why) | Self::Broken(why) => Self::Unusable(why),
            other => other,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(e) if e.is_unique_violation() => Self::Duplicate,
            sqlx::Error::Database(e) if e.code().is_some_and(|code| code == DISK_FULL) => {
                Self::Full(said(&error))
            }
            sqlx::Error::Database(e) if e.code().is_some_and(|code| is_broken(&code)) => {
                Self::Broken(said(&error))
            }
            sqlx::Error::ColumnDecode { .. } => Self::Corrupt(said(&error)),
            sqlx::Error::Encode(_)
            | sqlx::Error::Decode(_)
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. } => Self::Broken(said(&error)),
            _ => Self::Unavailable(said(&error)),
        }
    }
}

/// What PostgreSQL says, without the line of its own source at which it says so.
fn said(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |said| said.message().to_owned())
}

/// PostgreSQL's code for a table that cannot grow.
const DISK_FULL: &str = "53100";

/// Classes of PostgreSQL's codes that are about the statement and not about the server: what it does not support, values,
/// constraints, names and rights.
fn is_broken(code: &str) -> bool {
    ["0A", "22", "23", "42"].iter().any(|class| code.starts_with(class))
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error::{
            FromSqlConversionFailure, InvalidColumnIndex, InvalidColumnName, InvalidColumnType,
            InvalidParameterCount, SqlInputError, SqliteFailure,
        };
        use rusqlite::ErrorCode::{
            ConstraintViolation, DiskFull, ParameterOutOfRange, TooBig, TypeMismatch, Unknown,
        };
        use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
        match &error {
            SqliteFailure(e, _)
                if matches!(e.extended_code, SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE) =>
            {
                Self::Duplicate
            }
            SqliteFailure(e, _) if e.code == DiskFull => Self::Full(error.to_string()),
            FromSqlConversionFailure(..) | InvalidColumnType(..) => Self::Corrupt(error.to_string()),
            // `Unknown` is SQLite's general error: most often a statement that it does not understand.
            SqliteFailure(e, _)
                if matches!(
                    e.code,
                    ConstraintViolation | ParameterOutOfRange | TooBig | TypeMismatch | Unknown
                ) =>
            {
                Self::Broken(error.to_string())
            }
            SqlInputError { .. }
            | InvalidColumnIndex(_)
            | InvalidColumnName(_)
            | InvalidParameterCount(..) => Self::Broken(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::StoreError;

    #[test]
    fn a_full_disk_is_told_from_one_that_fails() {
        let of = |code| StoreError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        assert!(matches!(of(ffi::SQLITE_FULL), StoreError::Full(_)));
        assert!(matches!(of(ffi::SQLITE_IOERR_WRITE), StoreError::Unavailable(_)));
    }
}
