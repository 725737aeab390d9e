//! An entry's contents, piece by piece.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::private_file::PrivateFile;
use super::{Entry, StageError};

/// Reads an entry from the private copy, and hashes it once more on its way: in the place of its last bytes it fails with
/// [`InvalidData`](io::ErrorKind::InvalidData) if that is not what was copied. So nothing of it may be used before all of it was read.
#[derive(Debug)]
pub struct Stream<'a> {
    file: &'a PrivateFile,
    entry: Entry,
    passed: u64,
    sha256: Sha256,
}

impl<'a> Stream<'a> {
    pub(super) fn new(file: &'a PrivateFile, entry: Entry) -> Self {
        Self { file, entry, passed: 0, sha256: Sha256::new() }
    }

    fn damaged() -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, StageError::CopyDamaged)
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = self.entry.length - self.passed;
        let most = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        if most == 0 {
            return Ok(0);
        }
        let read = self.file.read_at(&mut bytes[..most], self.entry.offset + self.passed)?;
        if read == 0 {
            return Err(Self::damaged());
        }
        self.sha256.update(&bytes[..read]);
        self.passed += read as u64;
        if self.passed == self.entry.length && self.sha256.finalize_reset()[..] != self.entry.sha256 {
            return Err(Self::damaged());
        }
        Ok(read)
    }
}
