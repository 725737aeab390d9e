//! The text of the log: a line about the chain, then a line for each entry that waits.

use sealgate_artifact::{ActivationId, ChainEntry, ChainHead, StatementId, decode_hex, encode_hex, limits};
use sealgate_journal::{ChainActivation, ChainKey, Extension, extend};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::ChainError;

const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) chain: ChainActivation,
    /// How often the file was replaced: no two files of one folder have the same first line.
    pub(super) turn: u64,
    /// What the server acknowledged last.
    pub(super) acknowledged: ChainHead,
    /// The head before the first entry that waits. Beyond `acknowledged` where dead letters lie between.
    pub(super) start: ChainHead,
}

/// What the log holds.
pub(super) struct Held {
    pub(super) header: Header,
    /// Its line.
    pub(super) first: Vec<u8>,
    /// Each follows the one before it, the first `header.start`.
    pub(super) entries: Vec<ChainEntry>,
    /// Where each line begins, and behind the last where the file ends.
    starts: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderText {
    version: u32,
    activation: String,
    request: String,
    generation: u64,
    turn: u64,
    acknowledged: HeadText,
    start: HeadText,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadText {
    seq: u64,
    mac: String,
}

impl HeadText {
    fn of(head: &ChainHead) -> Self {
        Self { seq: head.seq, mac: encode_hex(&head.mac) }
    }

    fn read(&self) -> Option<ChainHead> {
        Some(ChainHead { seq: self.seq, mac: decode_hex(&self.mac)? })
    }
}

impl Header {
    /// Of a chain that nothing was recorded in.
    pub(super) fn new(chain: ChainActivation, turn: u64) -> Self {
        Self { chain, turn, acknowledged: ChainHead::EMPTY, start: ChainHead::EMPTY }
    }

    /// The line, with its end.
    pub(super) fn line(&self) -> Vec<u8> {
        let text = HeaderText {
            version: VERSION,
            activation: self.chain.activation.to_string(),
            request: self.chain.request.to_string(),
            generation: self.chain.generation,
            turn: self.turn,
            acknowledged: HeadText::of(&self.acknowledged),
            start: HeadText::of(&self.start),
        };
        let text = serde_json::to_string(&text).expect("a line can be written");
        // What stands in it hangs on no MAC.
        let sum = encode_hex(&Sha256::digest(text.as_bytes())[..8]);
        format!("{text} {sum}\n").into_bytes()
    }

    /// Reads what [`line`](Self::line) wrote, and nothing else, from the beginning of a file.
    pub(super) fn read(file: &[u8]) -> Option<Self> {
        let end = file.iter().position(|byte| *byte == b'\n')?;
        let sum = file[..end].iter().rposition(|byte| *byte == b' ')?;
        let text: HeaderText = serde_json::from_slice(&file[..sum]).ok()?;
        let header = Self {
            chain: ChainActivation {
                activation: ActivationId::parse(&text.activation).ok()?,
                request: StatementId::parse(&text.request)?,
                generation: text.generation,
            },
            turn: text.turn,
            acknowledged: text.acknowledged.read()?,
            start: text.start.read()?,
        };
        (text.version == VERSION && header.line() == file[..=end]).then_some(header)
    }
}

impl Held {
    /// A file with this first line and nothing else.
    pub(super) fn empty(header: Header) -> Self {
        let first = header.line();
        Self { header, entries: vec![], starts: vec![first.len() as u64], first }
    }

    /// A whole file.
    pub(super) fn parse(file: &[u8], key: &ChainKey) -> Result<Self, ChainError> {
        let header = Header::read(file).ok_or(ChainError::Damaged)?;
        let mut held = Self::empty(header);
        held.follow(file.get(held.first.len()..).unwrap_or_default(), key)?;
        Ok(held)
    }

    /// What stands behind that. `spec/chain.md` §5.2: whatever a crash can leave at the end is passed over. Anything else that does
    /// not verify is damage.
    pub(super) fn follow(&mut self, mut rest: &[u8], key: &ChainKey) -> Result<(), ChainError> {
        while !rest.is_empty() {
            let line = rest.split_inclusive(|byte| *byte == b'\n').next().expect("it is not empty");
            match self.following(line, key) {
                Some(entry) => self.push(entry),
                None if is_torn(rest) => break,
                None => return Err(ChainError::Damaged),
            }
            rest = &rest[line.len()..];
        }
        Ok(())
    }

    /// The entry of this line, which may lack its end.
    fn following(&self, line: &[u8], key: &ChainKey) -> Option<ChainEntry> {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let entry = ChainEntry::decode(text).ok().filter(|entry| entry.encode().as_bytes() == text)?;
        let found = extend(key, &self.head(), &entry.head(), std::slice::from_ref(&entry));
        matches!(found, Extension::Extended { new: [_], .. }).then_some(entry)
    }

    pub(super) fn push(&mut self, entry: ChainEntry) {
        self.starts.push(self.bytes() + line(&entry).len() as u64);
        self.entries.push(entry);
    }

    /// The head of the chain.
    pub(super) fn head(&self) -> ChainHead {
        self.entries.last().map_or(self.header.start, ChainEntry::head)
    }

    /// Where the file ends.
    pub(super) fn bytes(&self) -> u64 {
        *self.starts.last().expect("the first line has an end")
    }

    /// How many bytes the waiting entries have.
    pub(super) fn waiting_bytes(&self) -> u64 {
        self.bytes() - self.starts[0]
    }

    /// Where the last line of an entry begins, and the line. Where there is none: the end of the first line, and nothing.
    pub(super) fn last_line(&self) -> (u64, Vec<u8>) {
        match self.entries.last() {
            Some(entry) => (self.starts[self.entries.len() - 1], line(entry)),
            None => (self.starts[0], vec![]),
        }
    }

    /// Waiting entries behind the first `count`: at most `max`, at most 1,000, and no more than an attachment takes.
    pub(super) fn fitting(&self, count: usize, max: usize) -> Vec<ChainEntry> {
        let mut room = limits::ATTACHMENT_BYTES - "[]".len();
        let fits = |entry: &&ChainEntry| {
            // With the comma that takes the place of the line's end.
            let left = room.checked_sub(line(entry).len());
            room = left.unwrap_or(room);
            left.is_some()
        };
        self.entries[count..].iter().take(max.min(limits::CHAIN_ENTRIES)).take_while(fits).cloned().collect()
    }

    /// How many of the waiting entries have numbers up to this one; `None` where the number lies beyond what was recorded.
    pub(super) fn count_to(&self, seq: u64) -> Option<usize> {
        let count = usize::try_from(seq.checked_sub(self.header.start.seq)?).ok()?;
        (count <= self.entries.len()).then_some(count)
    }

    /// The head behind so many of the waiting entries.
    pub(super) fn head_after(&self, count: usize) -> ChainHead {
        count.checked_sub(1).map_or(self.header.start, |last| self.entries[last].head())
    }

    /// The same without the first `count` entries.
    pub(super) fn without(&self, count: usize, acknowledged: ChainHead) -> Self {
        let turn = self.header.turn + 1;
        let mut held =
            Self::empty(Header { acknowledged, start: self.head_after(count), turn, ..self.header });
        self.entries[count..].iter().cloned().for_each(|entry| held.push(entry));
        held
    }

    /// The file's text.
    pub(super) fn encode(&self) -> Vec<u8> {
        let lines = self.entries.iter().flat_map(line);
        self.first.iter().copied().chain(lines).collect()
    }
}

/// An entry's line, with its end.
pub(super) fn line(entry: &ChainEntry) -> Vec<u8> {
    (entry.encode() + "\n").into_bytes()
}

/// Whether a crash while one line was written can have left this at the end of a file: part of a line, perhaps with stretches that
/// never reached the disk.
fn is_torn(rest: &[u8]) -> bool {
    let is_entry = |line: &[u8]| ChainEntry::decode(line.strip_suffix(b"\n").unwrap_or(line)).is_ok();
    let is_cut = !rest.contains(&b'\n') || rest.contains(&0);
    is_cut && !rest.split_inclusive(|byte| *byte == b'\n').any(is_entry)
}
