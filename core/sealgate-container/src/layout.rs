//! Everything before the contents: what a container says it holds (`spec/container.md` §1).

use crate::order::Order;
use crate::{ContainerError, EntryName, Purpose};

/// A byte that is no text, `SGC`, and line ends that a transfer as text would change; then the version.
pub(crate) const MAGIC: [u8; 9] = [0x93, b'S', b'G', b'C', b'\r', b'\n', 0x1A, b'\n', VERSION];
/// So many bytes of it say whose it is. Those behind them show what became of the file on its way.
pub(crate) const OURS: usize = 4;
const VERSION: u8 = 1;
/// Magic, version, purpose and number of entries.
const START_BYTES: u64 = 12;
pub(crate) const HEAD_BYTES: usize = 9;
pub(crate) const CHECKSUM_BYTES: usize = 32;

/// What a container says of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// What the entry is.
    pub name: EntryName,
    /// How many bytes it has.
    pub length: u64,
}

/// The entries of a container, as its heads say: they are those that its purpose allows, each of a length that its name allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    purpose: Purpose,
    heads: Vec<Head>,
}

impl Layout {
    /// A container of this purpose with these entries, if a reader would take it (`spec/container.md` §5.1 step 2).
    pub fn new(purpose: Purpose, heads: impl IntoIterator<Item = Head>) -> Result<Self, ContainerError> {
        let heads: Vec<Head> = heads.into_iter().collect();
        let mut judged = Heads::new(purpose, heads.len())?;
        for Head { name, length } in heads {
            judged.take(name.number(), length)?;
        }
        judged.end()
    }

    /// What the container is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Its entries, in their order.
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// How many bytes the whole file has.
    pub fn file_bytes(&self) -> u64 {
        let contents: u64 = self.heads.iter().map(|head| head.length).sum();
        self.contents_at() + contents + CHECKSUM_BYTES as u64
    }

    /// How many bytes stand before the contents.
    pub(crate) fn contents_at(&self) -> u64 {
        START_BYTES + (HEAD_BYTES * self.heads.len()) as u64
    }

    /// Everything before the contents.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let count = u16::try_from(self.heads.len()).expect("no purpose has so many");
        let mut out = MAGIC.to_vec();
        out.push(self.purpose.number());
        out.extend_from_slice(&count.to_be_bytes());
        for head in &self.heads {
            out.push(head.name.number());
            out.extend_from_slice(&head.length.to_be_bytes());
        }
        out
    }
}

/// Heads that are judged one after the other. It takes no more room than the purpose's most entries need.
#[derive(Debug)]
pub(crate) struct Heads {
    order: Order,
    judged: Vec<Head>,
    count: usize,
}

impl Heads {
    pub(crate) fn new(purpose: Purpose, count: usize) -> Result<Self, ContainerError> {
        let (least, most) = purpose.entries();
        if !(least..=most).contains(&count) {
            return Err(ContainerError::Entries { purpose, count });
        }
        Ok(Self { order: Order::new(purpose), judged: Vec::with_capacity(count), count })
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.judged.len() == self.count
    }

    pub(crate) fn take(&mut self, number: u8, length: u64) -> Result<(), ContainerError> {
        let at = self.judged.len() + 1;
        let name = EntryName::of_number(number).ok_or(ContainerError::NameUnknown { at, number })?;
        self.order.take(at, name)?;
        if length == 0 || length > name.most_bytes() {
            return Err(ContainerError::Length { at, name, length });
        }
        self.judged.push(Head { name, length });
        Ok(())
    }

    /// There are no further heads.
    pub(crate) fn end(&mut self) -> Result<Layout, ContainerError> {
        self.order.end()?;
        let layout = Layout { purpose: self.order.purpose(), heads: std::mem::take(&mut self.judged) };
        let (purpose, size) = (layout.purpose, layout.file_bytes());
        // spec/container.md §3.2.
        if size > purpose.most_bytes() {
            Err(ContainerError::FileTooLarge { purpose, size })
        } else {
            Ok(layout)
        }
    }
}
