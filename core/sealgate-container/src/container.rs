//! A container that was read to its end.

use crate::layout::{MAGIC, OURS};
use crate::{EntryName, Purpose};

/// A container that is whole: what its entries are, where they lie in the file, and their hashes. Nothing says that it is true:
/// statements are verified, and what they name is compared with these hashes ([`Entry::sha256`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    purpose: Purpose,
    entries: Vec<Entry>,
}

/// One entry of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub name: EntryName,
    /// Where its first byte stands in the file.
    pub offset: u64,
    /// How many bytes it has, at least 1.
    pub length: u64,
    /// The SHA-256 of its contents.
    pub sha256: [u8; 32],
}

impl Container {
    pub(crate) fn new(purpose: Purpose, entries: Vec<Entry>) -> Self {
        Self { purpose, entries }
    }

    /// How many bytes tell a container from any other file.
    pub const MAGIC_BYTES: usize = MAGIC.len() - 1;

    /// Whether a file that begins with these bytes is a container, of this version or another, or was one before it was changed on the way.
    pub fn has_magic(begin: &[u8]) -> bool {
        begin.starts_with(&MAGIC[..OURS])
    }

    /// What the container is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Its entries, in their order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The main statement.
    pub fn main(&self) -> &Entry {
        &self.entries[0]
    }

    /// The entries of one name, in their order.
    pub fn all(&self, name: EntryName) -> &[Entry] {
        let start = self.entries.partition_point(|entry| entry.name.number() < name.number());
        let end = self.entries.partition_point(|entry| entry.name.number() <= name.number());
        &self.entries[start..end]
    }

    /// The entry of a name that stands there once at most, if it does.
    pub fn only(&self, name: EntryName) -> Option<&Entry> {
        match self.all(name) {
            [only] => Some(only),
            _ => None,
        }
    }
}

impl Entry {
    /// Its contents in the bytes of the file that was read. `None` if those are shorter.
    pub fn contents<'a>(&self, file: &'a [u8]) -> Option<&'a [u8]> {
        let start = usize::try_from(self.offset).ok()?;
        let end = start.checked_add(usize::try_from(self.length).ok()?)?;
        file.get(start..end)
    }
}
