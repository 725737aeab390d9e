//! The number of the last write, beside an SQLite database: a copy without its log, or an older one, is noticed at the start.
#![expect(clippy::disallowed_methods, reason = "this file is this module's purpose")]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::StoreError;

/// As many digits as the largest number has: each number covers the one before.
const DIGITS: usize = 19;

/// The file that holds the number. It is written after each commit and never waited for: whatever becomes of the machine, the
/// database has that number, or a later one.
#[derive(Debug)]
pub(crate) struct Written {
    path: PathBuf,
    file: File,
}

impl Written {
    /// Opens the file beside this database, and makes it where it is missing.
    pub(crate) fn beside(database: &Path) -> io::Result<Self> {
        let path = database.with_extension("written");
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        Ok(Self { path, file })
    }

    /// Refuses a database that ends before what was written last.
    pub(crate) fn check(&self, n: i64) -> Result<(), StoreError> {
        match self.noted() {
            Some(last) if n < last => Err(StoreError::Older { ends: n, last, noted: self.path.clone() }),
            _ => Ok(()),
        }
    }

    /// [`None`] if nothing was noted yet, or the machine stopped before the first number was on its disk.
    fn noted(&self) -> Option<i64> {
        let mut digits = [0; DIGITS];
        self.file.read_exact_at(&mut digits, 0).ok()?;
        std::str::from_utf8(&digits).ok()?.parse().ok()
    }

    /// Notes the number of a write that is durable. Where that fails, an older number stays, which asks for less.
    pub(crate) fn note(&self, n: i64) {
        let _ = self.file.write_all_at(format!("{n:0DIGITS$}\n").as_bytes(), 0);
    }
}
