//! A journal: what a machine without a network did with its license (`spec/journal.md` §2.1).

use super::scope::{Scope, scope_members, take_scope};
use crate::activation_proof::positive;
use crate::fields::{Fields, int, invalid};
use crate::request::word;
use crate::{
    AppId, ArtifactError, Attachments, ChainId, Kind, LicenseId, PublicKey, Statement, TenantId, UnixSeconds,
    Value, Word, hex, limits,
};

/// A machine's account of a part of its journal, signed by its own key. The entries stand beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// Whose license it is.
    pub tenant: TenantId,
    /// The app that runs on the machine.
    pub app: AppId,
    /// The license.
    pub license: LicenseId,
    /// The device's key, the one that signs.
    pub device_key: PublicKey,
    /// What the app can tell about the machine.
    pub fingerprint: Option<Word>,
    /// The chain.
    pub chain: ChainId,
    /// The entry before the first one here.
    pub after: JournalHead,
    /// The last entry here.
    pub head: JournalHead,
    /// When it was written, by the program's time.
    pub issued_at: UnixSeconds,
    /// The last entry that the machine knows to be acknowledged.
    pub acknowledged: u64,
    /// How many bytes the entries have, 1 to 16,000,000.
    pub length: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

/// The end of a journal's chain, or of a part of it (`spec/journal.md` §1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JournalHead {
    /// The number of the last entry; 0 before the first.
    pub seq: u64,
    /// Its hash; zeros before the first.
    pub hash: [u8; 32],
}

impl JournalHead {
    /// The head of a chain without entries.
    pub const EMPTY: Self = Self { seq: 0, hash: [0; 32] };
}

impl Statement for Journal {
    const KIND: Kind = Kind::Journal;

    fn take(fields: &mut Fields, _: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        let Scope { tenant, app, license } = take_scope(fields)?;
        let device_key = PublicKey::parse(&fields.text("device_key")?)?;
        let fingerprint = fields.nullable("fingerprint", word)?;
        let chain = chain(fields, "chain")?;
        let after = JournalHead { seq: fields.count("after")?, hash: digest(fields, "after_hash")? };
        if (after.seq == 0) != (after.hash == [0; 32]) {
            return Err(invalid("after_hash", "zeros belong to the number 0, and to no other"));
        }
        let seq = positive(fields, "seq")?;
        if seq <= after.seq {
            return Err(invalid("seq", "not above `after`"));
        }
        let head = JournalHead { seq, hash: digest(fields, "hash")? };
        let issued_at = fields.time("issued_at")?;
        let acknowledged = fields.count("acknowledged")?;
        let (length, sha256) = fields.object("entries", entries)?;
        Ok(Self {
            tenant,
            app,
            license,
            device_key,
            fingerprint,
            chain,
            after,
            head,
            issued_at,
            acknowledged,
            length,
            sha256,
        })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let text = |shown: &dyn std::fmt::Display| Value::Text(shown.to_string());
        let mut members = scope_members(self.tenant, self.app, self.license);
        members.extend([
            ("device_key", text(&self.device_key)),
            ("fingerprint", self.fingerprint.as_ref().map_or(Value::Null, |word| text(word))),
            ("chain", text(&self.chain)),
            ("after", int(self.after.seq)),
            ("after_hash", Value::Text(hex::encode(&self.after.hash))),
            ("seq", int(self.head.seq)),
            ("hash", Value::Text(hex::encode(&self.head.hash))),
            ("issued_at", int(self.issued_at.get())),
            ("acknowledged", int(self.acknowledged)),
            (
                "entries",
                Value::Object(vec![
                    ("length".into(), int(self.length)),
                    ("sha256".into(), Value::Text(hex::encode(&self.sha256))),
                ]),
            ),
        ]);
        members
    }
}

/// `spec/journal.md` §2.1: as an attachment is named, but longer.
fn entries(value: Value) -> Result<(u64, [u8; 32]), ArtifactError> {
    let mut fields = Fields::new(value)?;
    let length = fields.count("length")?;
    if !(1..=limits::JOURNAL_BYTES).contains(&length) {
        return Err(invalid("length", "not 1 to 16,000,000"));
    }
    let sha256 = digest(&mut fields, "sha256")?;
    fields.finish()?;
    Ok((length, sha256))
}

pub(super) fn digest(fields: &mut Fields, field: &'static str) -> Result<[u8; 32], ArtifactError> {
    fields.parsed(field, "not 64 lower-case hexadecimal digits", hex::decode::<32>)
}

pub(super) fn chain(fields: &mut Fields, field: &'static str) -> Result<ChainId, ArtifactError> {
    fields.parsed(field, "not an identifier", |t| ChainId::parse(t).ok())
}
