//! A container in a private copy.
#![expect(clippy::disallowed_methods, reason = "part of the file adapter of private copies")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use sealgate_artifact::limits;
use sha2::{Digest, Sha256};

use super::medium::Medium;
use super::private_file::PrivateFile;
use super::{Container, Entry, Purpose, StageError, Stream};

/// A whole container in a copy of the program's own. What changes on the medium meanwhile is not read again (`spec/container.md` §5.2).
///
/// The copy is gone once this is dropped, and where the system allows it, also when the program is killed.
#[derive(Debug)]
pub struct Staged {
    container: Container,
    file: PrivateFile,
}

impl Staged {
    /// Reads a medium once and copies it into a folder of the program's own, which is made if it is not there, and closed to everybody else.
    /// Give the file's size, if it is known: a file that was cut is then refused at once. A file that says it is larger than any of its
    /// purpose is refused before anything is written.
    ///
    /// `progress` hears how many bytes are there, and how many the file has.
    pub fn copy(
        medium: impl Read,
        size: Option<u64>,
        folder: &Path,
        progress: impl FnMut(u64, u64),
    ) -> Result<Self, StageError> {
        Self::copy_of(None, medium, size, folder, progress)
    }

    /// [`Staged::copy`] of a container of this purpose: another one is refused once its header was read, before anything is written.
    pub fn copy_of(
        purpose: Option<Purpose>,
        medium: impl Read,
        size: Option<u64>,
        folder: &Path,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Self, StageError> {
        let (header, medium) = Medium::new(medium, size).read_header()?;
        let (found, file_bytes) = medium.says().expect("the heads were read");
        if purpose.is_some_and(|purpose| purpose != found) {
            return Err(StageError::Purpose(found));
        }
        let copy = PrivateFile::new(folder).map_err(StageError::Copy)?;
        let mut copied = 0;
        let mut write = |piece: &[u8]| {
            (&copy.file).write_all(piece).map_err(StageError::Copy)?;
            copied += piece.len() as u64;
            progress(copied, file_bytes);
            Ok(())
        };
        write(&header)?;
        let container = medium.read_to_end(write)?;
        // A disk that is full, or broken, says so now.
        copy.file.sync_all().map_err(StageError::Copy)?;
        Ok(Self { container, file: copy })
    }

    /// [`Staged::copy`] of the file at this path.
    pub fn copy_file(path: &Path, folder: &Path, progress: impl FnMut(u64, u64)) -> Result<Self, StageError> {
        Self::copy_file_of(None, path, folder, progress)
    }

    /// [`Staged::copy_of`] of the file at this path.
    pub fn copy_file_of(
        purpose: Option<Purpose>,
        path: &Path,
        folder: &Path,
        progress: impl FnMut(u64, u64),
    ) -> Result<Self, StageError> {
        let file = File::open(path).map_err(StageError::Medium)?;
        let there = file.metadata().map_err(StageError::Medium)?;
        // The size of a device or a pipe says nothing.
        Self::copy_of(purpose, file, there.is_file().then_some(there.len()), folder, progress)
    }

    /// What the container holds.
    pub fn container(&self) -> &Container {
        &self.container
    }

    /// The contents of an entry of this container, as they were when it was copied. A package is too large to be read at once.
    pub fn read(&self, entry: &Entry) -> Result<Vec<u8>, StageError> {
        let length = usize::try_from(entry.length).ok().filter(|length| *length <= limits::ATTACHMENT_BYTES);
        let mut contents = vec![0; length.ok_or(StageError::EntryTooLarge)?];
        let mut filled = 0;
        while filled < contents.len() {
            match self.file.read_at(&mut contents[filled..], entry.offset + filled as u64) {
                Ok(0) => return Err(StageError::CopyDamaged),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => filled += read.map_err(StageError::Copy)?,
            }
        }
        if Sha256::digest(&contents)[..] == entry.sha256 {
            Ok(contents)
        } else {
            Err(StageError::CopyDamaged)
        }
    }

    /// The contents of an entry of this container, piece by piece.
    pub fn stream(&self, entry: &Entry) -> Stream<'_> {
        Stream::new(&self.file, *entry)
    }
}
