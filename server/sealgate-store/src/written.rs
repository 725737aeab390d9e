//! The numbers of the last write, beside an SQLite database: a copy without its log, an older one, or the log of another is
//! noticed at the start.
#![expect(clippy::disallowed_methods, reason = "this file is this module's purpose")]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use crate::StoreError;
use crate::sql::{has_log, last_write_alone};

/// As many digits as the largest number has: each number covers the one before.
const DIGITS: usize = 19;
/// A number and its line end, in bytes.
const LINE: u64 = 20;

/// The file that holds the numbers, a line each: the last write, the last one that is in the database's file without its log, and 1
/// while the database came back older and its blocks are not closed. It is written after each commit and never waited for: whatever becomes of the machine, the
/// database has that number, or a later one.
#[derive(Debug)]
pub(crate) struct Written {
    path: PathBuf,
    file: File,
    /// The second number, as this process wrote it.
    alone: AtomicI64,
}

impl Written {
    /// Opens the file beside this database, and makes it where it is missing.
    pub(crate) fn beside(database: &Path) -> io::Result<Self> {
        let path = database.with_extension("written");
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        Ok(Self { path, file, alone: AtomicI64::new(i64::MIN) })
    }

    /// Before the database is opened, which mixes its log into it: refuses a file that is older than the one whose log lies there.
    pub(crate) fn check_log(&self, database: &Path) -> Result<(), StoreError> {
        // What cannot be read says so when it is opened.
        if let (Some(last), Ok(ends)) = (self.noted(1), last_write_alone(database))
            && ends < last
        {
            return Err(self.older(ends, last));
        }
        if self.noted(0).is_some() {
            return Ok(());
        }
        if has_log(database) {
            return Err(StoreError::LogOfAnother { noted: self.path.clone() });
        }
        // From now on a log that lies there is this one's, whenever the process or the machine stops.
        self.note(0);
        self.file.sync_all().map_err(|e| StoreError::Unusable(format!("{}: {e}", self.path.display())))
    }

    /// Refuses a database that ends before what was written last.
    pub(crate) fn check(&self, n: i64) -> Result<(), StoreError> {
        match self.noted(0) {
            Some(last) if n < last => Err(self.older(n, last)),
            _ => Ok(()),
        }
    }

    /// Whether the database came back older under a process that ended before it had closed the blocks.
    pub(crate) fn is_unclosed(&self) -> bool {
        self.noted(2) == Some(1)
    }

    /// Notes that.
    pub(crate) fn note_unclosed(&self, is_so: bool) {
        self.note_in(2, is_so.into());
    }

    /// Whether nothing was written since this file was made.
    pub(crate) fn is_new(&self) -> bool {
        self.noted(0).is_none_or(|last| last == 0)
    }

    fn older(&self, ends: i64, last: i64) -> StoreError {
        StoreError::Older { ends, last, noted: self.path.clone() }
    }

    /// [`None`] if nothing was noted yet, or the machine stopped before the number was on its disk.
    fn noted(&self, line: u64) -> Option<i64> {
        let mut digits = [0; DIGITS];
        self.file.read_exact_at(&mut digits, line * LINE).ok()?;
        std::str::from_utf8(&digits).ok()?.parse().ok()
    }

    /// Notes the number of a write that is durable. Where that fails, an older number stays, which asks for less.
    pub(crate) fn note(&self, n: i64) {
        self.note_in(0, n);
    }

    /// Notes the number of the last write that the file holds without its log.
    pub(crate) fn note_alone(&self, n: i64) {
        if self.alone.swap(n, Ordering::Relaxed) != n {
            self.note_in(1, n);
        }
    }

    fn note_in(&self, line: u64, n: i64) {
        let _ = self.file.write_all_at(format!("{n:0DIGITS$}\n").as_bytes(), line * LINE);
    }
}
