//! What is to be written down.

use sealgate_artifact::{JournalEntry, JournalKind, StatementId, UnixSeconds};

/// What is to be written down.
#[derive(Debug, Clone)]
pub struct Noted<'a> {
    /// What happened.
    pub kind: JournalKind,
    /// Why, or how it ended: a code of `spec/errors.md` §2.
    pub code: Option<&'a str>,
    /// The bundle in use.
    pub bundle: Option<StatementId>,
    /// What the machine's clock showed, where that was another time.
    pub clock: Option<UnixSeconds>,
    /// 1 to 64 bytes without control characters, for people.
    pub note: Option<&'a str>,
}

impl Noted<'_> {
    /// Nothing but that it happened.
    pub fn only(kind: JournalKind) -> Self {
        Self { kind, code: None, bundle: None, clock: None, note: None }
    }

    pub(super) fn entry(&self, seq: u64, at: UnixSeconds) -> JournalEntry {
        let text = |text: Option<&str>| text.map(str::to_owned);
        JournalEntry {
            seq,
            at,
            kind: self.kind.clone(),
            code: text(self.code),
            more: None,
            bundle: self.bundle,
            clock: self.clock,
            note: text(self.note),
        }
    }
}
