//! Where the journal lies: a port.

use std::any::Any;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// A file of the journal of one license.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalFile {
    /// Entries that wait for their acknowledgement.
    Log,
    /// What happens often, as long as its day lasts.
    Open,
    /// A log or a day that could not be read, for the vendor to look at.
    Damaged,
}

/// Keeps the files of one license's journal for all processes of one program on one device.
pub trait JournalStore: Send + Sync {
    /// Keeps every other process and thread out while what it returns lives. The methods below are called only then.
    fn lock(&self) -> io::Result<Box<dyn Any>>;

    /// How many bytes the file has; 0 where there is none.
    fn len(&self, file: JournalFile) -> io::Result<u64>;

    /// These bytes of the file, or those of them that there are.
    fn read(&self, file: JournalFile, range: Range<u64>) -> io::Result<Vec<u8>>;

    /// Writes over what is there from the byte `at` on, then ends the file behind what was written. Durable when this returns.
    ///
    /// It must not end the file before it writes: bytes that are written over themselves are never gone.
    fn write(&self, file: JournalFile, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Replaces the file, whole or not at all. Durable when this returns.
    fn replace(&self, file: JournalFile, bytes: &[u8]) -> io::Result<()>;
}

impl<S: JournalStore + ?Sized> JournalStore for Arc<S> {
    fn lock(&self) -> io::Result<Box<dyn Any>> {
        (**self).lock()
    }

    fn len(&self, file: JournalFile) -> io::Result<u64> {
        (**self).len(file)
    }

    fn read(&self, file: JournalFile, range: Range<u64>) -> io::Result<Vec<u8>> {
        (**self).read(file, range)
    }

    fn write(&self, file: JournalFile, at: u64, bytes: &[u8]) -> io::Result<()> {
        (**self).write(file, at, bytes)
    }

    fn replace(&self, file: JournalFile, bytes: &[u8]) -> io::Result<()> {
        (**self).replace(file, bytes)
    }
}
