//! One process per data directory, on either engine; and files that others cannot read.
#![expect(clippy::disallowed_methods, reason = "these files are this module's purpose")]

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::StoreError;

/// What its group and all others may do with a file.
const OTHERS: u32 = 0o077;

/// A lock on a file. The operating system frees it with the process, however that ends.
#[derive(Debug)]
pub struct LockFile(#[expect(dead_code, reason = "closing the file frees the lock")] File);

impl LockFile {
    /// Takes the lock, or says at once that another process has it: [`StoreError::InUse`].
    pub fn take(path: &Path) -> Result<Self, StoreError> {
        let unusable = |e: io::Error| StoreError::Unusable(format!("{}: {e}", path.display()));
        // Who may open it could hold the lock.
        let file = private(path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
            Err(TryLockError::Error(e)) => Err(unusable(e)),
        }
    }
}

/// Makes the files of an SQLite database readable by their owner only, and the database where it is missing: the engine
/// gives its log the same permissions.
pub(crate) fn close_database(path: &Path) -> io::Result<()> {
    private(path)?;
    for ending in ["-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        if Path::new(&name).exists() {
            private(Path::new(&name))?;
        }
    }
    Ok(())
}

/// Opens the file, and makes it where it is missing. Others cannot read it afterwards.
fn private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & OTHERS != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}
