//! The file of entries that wait: a first line that says whose they are, then a line for each.

use sealgate_artifact::{ChainId, JournalEntry, JournalHead, LicenseId, encode_hex};
use sealgate_journal::{BoundEntry, journal_head};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const VERSION: u64 = 1;

/// The first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) license: LicenseId,
    pub(super) chain: ChainId,
    /// Counts how often the file was replaced: no two have the same first line.
    pub(super) turn: u64,
    /// The entry before the first one here: the last that was acknowledged.
    pub(super) start: JournalHead,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderText {
    version: u64,
    license: String,
    chain: String,
    turn: u64,
    seq: u64,
    hash: String,
}

/// What the file holds.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) header: Header,
    pub(super) first: Vec<u8>,
    pub(super) entries: Vec<BoundEntry>,
    /// Where each line ends, the first line's end first.
    ends: Vec<u64>,
}

impl Header {
    fn line(&self) -> Vec<u8> {
        let text = HeaderText {
            version: VERSION,
            license: self.license.to_string(),
            chain: self.chain.to_string(),
            turn: self.turn,
            seq: self.start.seq,
            hash: encode_hex(&self.start.hash),
        };
        summed(&serde_json::to_string(&text).expect("a line can be written"))
    }

    /// Reads what [`line`](Self::line) wrote, and nothing else, from the beginning of a file.
    pub(super) fn read(file: &[u8]) -> Option<Self> {
        let end = file.iter().position(|byte| *byte == b'\n')?;
        let text: HeaderText = serde_json::from_slice(unsummed(&file[..=end])?).ok()?;
        let header = Self {
            license: LicenseId::parse(&text.license).ok()?,
            chain: ChainId::parse(&text.chain).ok()?,
            turn: text.turn,
            start: JournalHead { seq: text.seq, hash: sealgate_artifact::decode_hex(&text.hash)? },
        };
        (text.version == VERSION && header.line() == file[..=end]).then_some(header)
    }
}

/// A line with a checksum: what stands in it hangs on no hash of the chain.
pub(super) fn summed(text: &str) -> Vec<u8> {
    let sum = encode_hex(&Sha256::digest(text.as_bytes())[..8]);
    format!("{text} {sum}\n").into_bytes()
}

/// The text of a line that [`summed`] made, if it is whole.
pub(super) fn unsummed(line: &[u8]) -> Option<&[u8]> {
    let text = &line[..line.strip_suffix(b"\n")?.iter().rposition(|byte| *byte == b' ')?];
    (summed(std::str::from_utf8(text).ok()?) == line).then_some(text)
}

/// An entry's line: its text, and the beginning of its hash.
pub(super) fn line(text: &[u8], head: &JournalHead) -> Vec<u8> {
    [text, b" ", encode_hex(&head.hash[..8]).as_bytes(), b"\n"].concat()
}

impl Held {
    /// A file with this first line and nothing else.
    pub(super) fn empty(header: Header) -> Self {
        let first = header.line();
        Self { header, entries: vec![], ends: vec![first.len() as u64], first }
    }

    /// A whole file; `None` where it is damaged. Whatever a crash can leave at the end is passed over.
    pub(super) fn parse(file: &[u8]) -> Option<Self> {
        let mut held = Self::empty(Header::read(file)?);
        held.follow(&file[held.first.len()..])?;
        Some(held)
    }

    /// What stands behind that.
    pub(super) fn follow(&mut self, mut rest: &[u8]) -> Option<()> {
        while !rest.is_empty() {
            let one = rest.split_inclusive(|byte| *byte == b'\n').next().expect("it is not empty");
            match self.following(one) {
                Some(entry) => self.push(entry),
                None if is_torn(rest) => break,
                None => return None,
            }
            rest = &rest[one.len()..];
        }
        Some(())
    }

    /// The entry of this line, which may lack its end.
    fn following(&self, one: &[u8]) -> Option<BoundEntry> {
        let whole = one.strip_suffix(b"\n").unwrap_or(one);
        let text = &whole[..whole.iter().rposition(|byte| *byte == b' ')?];
        let entry = JournalEntry::decode(text).ok().filter(|entry| entry.encode() == text)?;
        let bound = self.bound(entry);
        let is_next = bound.entry.seq == self.head().seq + 1;
        let follows = is_next && line(text, &bound.head).strip_suffix(b"\n") == Some(whole);
        follows.then_some(bound)
    }

    /// The entry with the head that it makes.
    pub(super) fn bound(&self, entry: JournalEntry) -> BoundEntry {
        let head = journal_head(self.header.chain, &self.head(), entry.seq, &entry.encode());
        BoundEntry { entry, head }
    }

    pub(super) fn push(&mut self, bound: BoundEntry) {
        let length = line(&bound.entry.encode(), &bound.head).len() as u64;
        self.ends.push(self.bytes() + length);
        self.entries.push(bound);
    }

    /// The head of the chain.
    pub(super) fn head(&self) -> JournalHead {
        self.entries.last().map_or(self.header.start, |last| last.head)
    }

    /// Where the file ends.
    pub(super) fn bytes(&self) -> u64 {
        *self.ends.last().expect("the first line has an end")
    }

    /// How many bytes the waiting entries have.
    pub(super) fn waiting_bytes(&self) -> u64 {
        self.bytes() - self.ends[0]
    }

    /// Where the last line of an entry begins, and the line. Where there is none: the end of the first line, and nothing.
    pub(super) fn last_line(&self) -> (u64, Vec<u8>) {
        match self.entries.last() {
            Some(last) => (self.ends[self.entries.len() - 1], line(&last.entry.encode(), &last.head)),
            None => (self.ends[0], vec![]),
        }
    }

    /// The same without what stands up to this entry; `None` where there is no such entry.
    pub(super) fn behind(&self, head: &JournalHead) -> Option<Self> {
        let count = self.entries.iter().position(|bound| bound.head == *head)? + 1;
        let header = Header { start: *head, turn: self.header.turn + 1, ..self.header };
        let mut left = Self::empty(header);
        self.entries[count..].iter().cloned().for_each(|bound| left.push(bound));
        Some(left)
    }

    /// The file's text.
    pub(super) fn encode(&self) -> Vec<u8> {
        let lines = self.entries.iter().flat_map(|bound| line(&bound.entry.encode(), &bound.head));
        self.first.iter().copied().chain(lines).collect()
    }
}

/// Whether a crash while one line was written can have left this at the end of a file: part of a line, perhaps with stretches that
/// never reached the disk.
fn is_torn(rest: &[u8]) -> bool {
    let is_entry = |one: &[u8]| {
        let whole = one.strip_suffix(b"\n");
        let text = whole.and_then(|whole| Some(&whole[..whole.iter().rposition(|byte| *byte == b' ')?]));
        text.is_some_and(|text| JournalEntry::decode(text).is_ok())
    };
    let is_cut = !rest.contains(&b'\n') || rest.contains(&0);
    is_cut && !rest.split_inclusive(|byte| *byte == b'\n').any(is_entry)
}
