//! One process per SQLite file.
#![expect(clippy::disallowed_methods, reason = "the lock file is this module's purpose")]

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::StoreError;

/// Held as long as the database is open. The operating system frees it with the process, however that ends.
#[derive(Debug)]
pub(crate) struct LockFile(#[expect(dead_code, reason = "closing the file frees the lock")] File);

impl LockFile {
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let unusable = |e: std::io::Error| StoreError::Unusable(format!("{}: {e}", path.display()));
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
            Err(TryLockError::Error(e)) => Err(unusable(e)),
        }
    }
}
