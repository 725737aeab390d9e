//! What a search finds.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::disk::{Disk, Links};
use crate::wait;

/// Where a file was found. The order is the order in which places are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Source {
    /// Somebody named this very file.
    Named,
    /// The folder that the program's configuration names.
    Folder,
    /// The folder of the program itself.
    BesideProgram,
    /// The root of a drive that can be taken out.
    Drive,
}

impl Source {
    /// For programs: `named`, `folder`, `beside_program` or `drive`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Folder => "folder",
            Self::BesideProgram => "beside_program",
            Self::Drive => "drive",
        }
    }

    /// What lies on a drive that anybody may have prepared is not followed elsewhere.
    pub(super) fn links(self) -> Links {
        match self {
            Self::Named | Self::Folder | Self::BesideProgram => Links::Followed,
            Self::Drive => Links::LeftOut,
        }
    }
}

/// What a search found, and what it passed over.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Candidates {
    /// In the order in which they are to be tried: by place, and by name within a place.
    pub files: Vec<Candidate>,
    /// Places and files that were passed over.
    pub overlooked: Vec<Overlooked>,
}

/// A file that may be a license for this machine, by its name and size alone.
#[derive(Clone)]
pub struct Candidate {
    pub(super) path: PathBuf,
    pub(super) source: Source,
    pub(super) bytes: u64,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) patience: Duration,
}

impl Candidate {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// In what kind of place it lies.
    pub fn source(&self) -> Source {
        self.source
    }

    /// How large it was when it was found.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads the file, once. A drive that does not answer in time is left alone, and that is a
    /// [`TimedOut`](io::ErrorKind::TimedOut).
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let (disk, path, links) = (self.disk.clone(), self.path.clone(), self.source.links());
        let read = wait::all_within(self.patience, vec![move || disk.read(&path, links)]);
        let read = read.into_iter().next().flatten();
        read.unwrap_or_else(|| Err(io::Error::new(io::ErrorKind::TimedOut, "the drive does not answer")))
    }
}

impl std::fmt::Debug for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, source, bytes, .. } = self;
        f.debug_struct("Candidate")
            .field("path", path)
            .field("source", source)
            .field("bytes", bytes)
            .finish_non_exhaustive()
    }
}

/// A place or a file that was passed over.
#[derive(Debug)]
#[non_exhaustive]
pub struct Overlooked {
    /// The place or the file.
    pub path: PathBuf,
    /// Of which kind the place is.
    pub source: Source,
    /// The reason.
    pub why: Why,
}

/// Why something was passed over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// It did not answer in time.
    #[error("it did not answer in time")]
    Silent,
    /// The file is larger than any license file, or holds nothing.
    #[error("it is no license file: it has {0} bytes")]
    Size(u64),
    /// It has more files than are looked at.
    #[error("it has more files than are looked at")]
    TooMany,
    /// More drives are there than are looked at.
    #[error("more drives are there than are looked at")]
    TooManyDrives,
}
