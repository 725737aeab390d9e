//! What happens often, as long as its day lasts: counted in a file of its own, and one entry of the chain afterwards.

use sealgate_artifact::{JournalEntry, JournalKind, StatementId, UnixSeconds};
use serde::{Deserialize, Serialize};

use super::held::{summed, unsummed};
use super::noted::Noted;

const DAY: u64 = 24 * 60 * 60;
const VERSION: u64 = 1;

/// What happened once or more within a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRecord {
    /// What.
    pub kind: JournalKind,
    /// Why, or how it ended.
    pub code: Option<String>,
    /// The bundle in use.
    pub bundle: Option<StatementId>,
    /// When first.
    pub at: UnixSeconds,
    /// When last.
    pub until: UnixSeconds,
    /// How often.
    pub count: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenText {
    version: u64,
    records: Vec<RecordText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordText {
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bundle: Option<String>,
    at: u64,
    until: u64,
    count: u64,
}

impl OpenRecord {
    pub(super) fn new(at: UnixSeconds, noted: &Noted<'_>) -> Self {
        let code = noted.code.map(str::to_owned);
        Self { kind: noted.kind.clone(), code, bundle: noted.bundle, at, until: at, count: 1 }
    }

    /// Whether this is another one of the same kind, on the same day.
    pub(super) fn takes(&self, at: UnixSeconds, noted: &Noted<'_>) -> bool {
        let is_same =
            self.kind == noted.kind && self.code.as_deref() == noted.code && self.bundle == noted.bundle;
        is_same && at >= self.until && self.is_of_day(at)
    }

    pub(super) fn is_of_day(&self, at: UnixSeconds) -> bool {
        at.get() / DAY == self.at.get() / DAY
    }

    /// The entry that it is in the chain, under this number.
    pub(super) fn entry(&self, seq: u64) -> JournalEntry {
        JournalEntry {
            seq,
            at: self.at,
            kind: self.kind.clone(),
            code: self.code.clone(),
            more: (self.count > 1).then_some((self.count, self.until)),
            bundle: self.bundle,
            clock: None,
            note: None,
        }
    }

    /// Whether the chain has it: a crash came between its entry and the end of its record.
    pub(super) fn is_in(&self, entry: &JournalEntry) -> bool {
        *entry == self.entry(entry.seq)
    }
}

/// The file's text.
pub(super) fn encode(records: &[OpenRecord]) -> Vec<u8> {
    let record = |record: &OpenRecord| RecordText {
        kind: record.kind.as_str().to_owned(),
        code: record.code.clone(),
        bundle: record.bundle.map(|bundle| bundle.to_string()),
        at: record.at.get(),
        until: record.until.get(),
        count: record.count,
    };
    let text = OpenText { version: VERSION, records: records.iter().map(record).collect() };
    summed(&serde_json::to_string(&text).expect("records can be written"))
}

/// `None` where the file is damaged. An empty one holds nothing.
pub(super) fn decode(file: &[u8]) -> Option<Vec<OpenRecord>> {
    if file.is_empty() {
        return Some(vec![]);
    }
    let text: OpenText = serde_json::from_slice(unsummed(file)?).ok()?;
    if text.version != VERSION {
        return None;
    }
    let record = |text: RecordText| {
        Some(OpenRecord {
            kind: JournalKind::parse(&text.kind)?,
            code: text.code,
            bundle: text.bundle.map(|bundle| StatementId::parse(&bundle).ok_or(())).transpose().ok()?,
            at: UnixSeconds::new(text.at)?,
            until: UnixSeconds::new(text.until)?,
            count: text.count,
        })
    };
    text.records.into_iter().map(record).collect()
}
