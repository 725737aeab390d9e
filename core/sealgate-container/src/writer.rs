//! Writes a container in one pass (`spec/container.md` §1).

use crate::contents::Contents;
use crate::{ContainerError, EntryName, Head, Layout, Purpose};

/// Hashes the contents while its caller writes them: first [`Writer::header`], then the contents in any pieces, then what
/// [`Writer::finish`] gives. It keeps nothing of them, and refuses what a reader would refuse.
#[derive(Debug)]
pub struct Writer {
    header: Vec<u8>,
    contents: Contents,
    taken: u64,
    file_bytes: u64,
}

impl Writer {
    /// Writes a container of this layout.
    pub fn new(layout: &Layout) -> Self {
        let header = layout.encode();
        let taken = header.len() as u64;
        Self { header, contents: Contents::new(layout.clone()), taken, file_bytes: layout.file_bytes() }
    }

    /// Everything before the contents.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The next bytes of the contents. Refuses more of them than the layout says, and an entry that should be a statement and is none. What
    /// was written so far is then no container, and cannot become one.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), ContainerError> {
        while !bytes.is_empty() {
            if self.contents.left() == 0 {
                return Err(ContainerError::TooLong { needs: self.file_bytes });
            }
            let some = self.contents.take(bytes);
            bytes = &bytes[some..];
            self.taken += some as u64;
        }
        self.contents.fault().map_or(Ok(()), |fault| Err(fault.clone()))
    }

    /// The checksum, which ends the file. Refuses contents that are shorter than the layout says.
    pub fn finish(self) -> Result<[u8; 32], ContainerError> {
        if self.contents.left() > 0 {
            return Err(ContainerError::Truncated { has: self.taken, needs: Some(self.file_bytes) });
        }
        let checksum = self.contents.checksum();
        self.contents.end().map(|_| checksum)
    }
}

/// A whole container, in memory.
pub fn write(purpose: Purpose, entries: &[(EntryName, &[u8])]) -> Result<Vec<u8>, ContainerError> {
    let heads = entries.iter().map(|(name, contents)| Head { name: *name, length: contents.len() as u64 });
    let mut writer = Writer::new(&Layout::new(purpose, heads)?);
    let mut file = writer.header().to_vec();
    for (_, contents) in entries {
        writer.push(contents)?;
        file.extend_from_slice(contents);
    }
    file.extend_from_slice(&writer.finish()?);
    Ok(file)
}
