//! One process per data directory, on either engine.
#![expect(clippy::disallowed_methods, reason = "the lock file is this module's purpose")]

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::StoreError;

/// A lock on a file. The operating system frees it with the process, however that ends.
#[derive(Debug)]
pub struct LockFile(#[expect(dead_code, reason = "closing the file frees the lock")] File);

impl LockFile {
    /// Takes the lock, or says at once that another process has it: [`StoreError::InUse`].
    pub fn take(path: &Path) -> Result<Self, StoreError> {
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
