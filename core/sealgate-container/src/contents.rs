//! The contents as they go by: every byte is hashed once, and none is kept (`spec/container.md` §1.3).

use sha2::{Digest, Sha256};

use crate::{Container, ContainerError, Entry, Head, Layout, statement};

const DOMAIN: &[u8] = b"sealgate-container-v1\0";

/// Hashes contents in their order, in any pieces.
#[derive(Debug)]
pub(crate) struct Contents {
    layout: Layout,
    entries: Vec<Entry>,
    /// How many bytes of the present entry have gone by, their hash, and their beginning.
    passed: u64,
    entry: Sha256,
    begin: Begin,
    checksum: Sha256,
    /// The first entry that is no statement and should be one.
    fault: Option<ContainerError>,
}

/// As much of an entry as says whether it is a statement.
#[derive(Debug, Default)]
struct Begin {
    bytes: [u8; statement::START_BYTES],
    filled: usize,
}

impl Begin {
    fn take(&mut self, bytes: &[u8]) {
        let room = &mut self.bytes[self.filled..];
        let some = room.len().min(bytes.len());
        room[..some].copy_from_slice(&bytes[..some]);
        self.filled += some;
    }
}

impl Contents {
    pub(crate) fn new(layout: Layout) -> Self {
        let checksum = Sha256::new().chain_update(DOMAIN).chain_update(layout.encode());
        let entries = Vec::with_capacity(layout.heads().len());
        Self {
            layout,
            entries,
            passed: 0,
            entry: Sha256::new(),
            begin: Begin::default(),
            checksum,
            fault: None,
        }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How many bytes of the present entry are still to come. 0 once all contents are there.
    pub(crate) fn left(&self) -> u64 {
        self.present().map_or(0, |head| head.length - self.passed)
    }

    pub(crate) fn fault(&self) -> Option<&ContainerError> {
        self.fault.as_ref()
    }

    /// Takes bytes up to the end of the present entry, and says how many.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> usize {
        let some = usize::try_from(self.left()).map_or(bytes.len(), |left| left.min(bytes.len()));
        let bytes = &bytes[..some];
        self.entry.update(bytes);
        self.begin.take(bytes);
        self.passed += some as u64;
        if let Some(head) = self.present()
            && head.length == self.passed
        {
            self.end_entry(head);
        }
        some
    }

    fn present(&self) -> Option<Head> {
        self.layout.heads().get(self.entries.len()).copied()
    }

    fn end_entry(&mut self, Head { name, length }: Head) {
        let at = self.entries.len() + 1;
        let begin = std::mem::take(&mut self.begin);
        if name.is_statement()
            && let Err(fault) = statement::check_form(&begin.bytes[..begin.filled], length)
        {
            self.fault.get_or_insert(ContainerError::Statement { at, name, fault });
        }
        let sha256 = self.entry.finalize_reset().into();
        self.checksum.update(sha256);
        let offset = self.entries.last().map_or(self.layout.contents_at(), |last| last.offset + last.length);
        self.entries.push(Entry { name, offset, length, sha256 });
        self.passed = 0;
    }

    /// The checksum, once all contents are there.
    pub(crate) fn checksum(&self) -> [u8; 32] {
        self.checksum.clone().finalize().into()
    }

    /// The entries, once all contents are there.
    pub(crate) fn end(self) -> Result<Container, ContainerError> {
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(Container::new(self.layout.purpose(), self.entries)),
        }
    }
}
