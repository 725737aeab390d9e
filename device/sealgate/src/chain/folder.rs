//! The log in files that only their owner reads.

use std::any::Any;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use super::store::{ChainFile, ChainStore};
use crate::durable::DurableFolder;
use crate::private;

/// Keeps the log in `chain.log`, and dead letters in `chain.dead`, in the folder of the state ([`FileStore`](crate::FileStore)). The
/// same holds for these files: mode 0600 in a folder of mode 0700 on Unix, and what may be somebody else's work is refused. One lock
/// of the folder is for all.
#[derive(Debug, Clone)]
pub struct ChainFolder(DurableFolder);

impl ChainFolder {
    /// The log in this folder, which is made when something is first written.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(DurableFolder::new(folder))
    }
}

fn name(file: ChainFile) -> &'static str {
    match file {
        ChainFile::Log => private::CHAIN[0],
        ChainFile::DeadLetters => private::CHAIN[1],
    }
}

impl ChainStore for ChainFolder {
    fn lock(&self) -> io::Result<Box<dyn Any>> {
        self.0.lock()
    }

    fn len(&self, file: ChainFile) -> io::Result<u64> {
        self.0.len(name(file))
    }

    fn read(&self, file: ChainFile, range: Range<u64>) -> io::Result<Vec<u8>> {
        self.0.read(name(file), range)
    }

    fn write(&self, file: ChainFile, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write(name(file), at, bytes)
    }

    fn replace(&self, file: ChainFile, bytes: &[u8]) -> io::Result<()> {
        self.0.replace(name(file), bytes)
    }
}
