//! The journal in files that only their owner reads.

use std::any::Any;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use sealgate_artifact::LicenseId;

use super::store::{JournalFile, JournalStore};
use crate::durable::DurableFolder;

/// Keeps the journal of a license in the folder of the state ([`FileStore`](crate::FileStore)), in `journal-LICENSE.log` and
/// `journal-LICENSE.open`; what could not be read in `journal-LICENSE.damaged`. The same holds for these files as for the state.
#[derive(Debug, Clone)]
pub struct JournalFolder {
    folder: DurableFolder,
    license: LicenseId,
}

impl JournalFolder {
    /// The journal of this license in this folder, which is made when something is first written.
    pub fn new(folder: impl Into<PathBuf>, license: LicenseId) -> Self {
        Self { folder: DurableFolder::new(folder), license }
    }

    fn name(&self, file: JournalFile) -> String {
        let ending = match file {
            JournalFile::Log => "log",
            JournalFile::Open => "open",
            JournalFile::Damaged => "damaged",
        };
        format!("journal-{}.{ending}", self.license)
    }
}

impl JournalStore for JournalFolder {
    fn lock(&self) -> io::Result<Box<dyn Any>> {
        self.folder.lock()
    }

    fn len(&self, file: JournalFile) -> io::Result<u64> {
        self.folder.len(&self.name(file))
    }

    fn read(&self, file: JournalFile, range: Range<u64>) -> io::Result<Vec<u8>> {
        self.folder.read(&self.name(file), range)
    }

    fn write(&self, file: JournalFile, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.folder.write(&self.name(file), at, bytes)
    }

    fn replace(&self, file: JournalFile, bytes: &[u8]) -> io::Result<()> {
        self.folder.replace(&self.name(file), bytes)
    }
}
