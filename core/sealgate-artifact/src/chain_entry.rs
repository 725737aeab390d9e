//! Entries of the chain of actions as they travel (`spec/chain.md` §1 and §3).

use crate::fields::{Fields, int, invalid};
use crate::terms::is_text;
use crate::{ArtifactError, UnixSeconds, Value, hex, json, limits};

/// The fields of an entry, in their order (§3.2).
const FIELDS: [&str; 6] = ["seq", "at", "tenant", "action", "hash", "mac"];

/// A tenant of the program, or an action: 1 to 64 bytes without control characters (`spec/chain.md` §1.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChainWord(String);

impl ChainWord {
    /// What stands in the place of a tenant where the program has none.
    pub const HOST: &str = "__host__";

    /// Takes the text if it is such a word.
    pub fn parse(text: &str) -> Option<Self> {
        is_text(text, limits::CHAIN_WORD_BYTES).then(|| Self(text.to_owned()))
    }

    /// The tenant of a program that has none.
    pub fn host() -> Self {
        Self(Self::HOST.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a program says that it did (`spec/chain.md` §1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainRecord {
    /// When.
    pub at: UnixSeconds,
    /// For which of its own tenants.
    pub tenant: ChainWord,
    /// What.
    pub action: ChainWord,
    /// SHA-256 of the particulars, which stay with the program.
    pub hash: [u8; 32],
}

/// One entry. Well formed, which says nothing of its MAC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEntry {
    /// Its number: 1, 2, 3 …
    pub seq: u64,
    /// What was done.
    pub record: ChainRecord,
    /// What binds it to the entry before it.
    pub mac: [u8; 32],
}

/// The end of a chain (`spec/chain.md` §1.4). It is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// The number of the last entry; 0 before the first.
    pub seq: u64,
    /// Its MAC; zeros before the first.
    pub mac: [u8; 32],
}

impl ChainHead {
    /// The head of a chain without entries.
    pub const EMPTY: Self = Self { seq: 0, mac: [0; 32] };

    /// An object with exactly these two fields.
    pub fn to_value(&self) -> Value {
        Value::Object(vec![
            ("seq".into(), int(self.seq)),
            ("mac".into(), Value::Text(hex::encode(&self.mac))),
        ])
    }

    /// `spec/chain.md` §3.3.
    pub fn from_value(value: Value) -> Result<Self, ArtifactError> {
        let mut fields = Fields::new(value)?;
        let head = Self { seq: fields.count("seq")?, mac: digest(&mut fields, "mac")? };
        if (head.seq == 0) != (head.mac == [0; 32]) {
            return Err(invalid("mac", "zeros belong to the number 0, and to no other"));
        }
        fields.finish_bare()?;
        Ok(head)
    }
}

impl ChainEntry {
    /// The chain's head once this is its last entry.
    pub fn head(&self) -> ChainHead {
        ChainHead { seq: self.seq, mac: self.mac }
    }

    /// The compact text of one entry.
    pub fn encode(&self) -> String {
        self.to_value().to_string()
    }

    /// Reads one entry on its own.
    pub fn decode(bytes: &[u8]) -> Result<Self, ArtifactError> {
        Self::from_value(json::parse(bytes)?)
    }

    /// The attachment that holds these entries. The caller sees to its limits.
    pub fn encode_list(entries: &[Self]) -> Vec<u8> {
        Value::List(entries.iter().map(Self::to_value).collect()).to_string().into_bytes()
    }

    /// Reads the attachment (`spec/chain.md` §3.1 and §3.2). Whether the numbers follow each other is not asked here.
    pub fn decode_list(bytes: &[u8]) -> Result<Vec<Self>, ArtifactError> {
        limits::check("attachment", bytes.len(), limits::ATTACHMENT_BYTES)?;
        match json::parse(bytes)? {
            Value::List(list) if (1..=limits::CHAIN_ENTRIES).contains(&list.len()) => {
                list.into_iter().map(Self::from_value).collect()
            }
            Value::List(_) => Err(invalid("entries", "not 1 to 1,000")),
            _ => Err(invalid("entries", "not a list")),
        }
    }

    fn to_value(&self) -> Value {
        let Self { seq, record: ChainRecord { at, tenant, action, hash }, mac } = self;
        let values = [
            int(*seq),
            int(at.get()),
            Value::Text(tenant.0.clone()),
            Value::Text(action.0.clone()),
            Value::Text(hex::encode(hash)),
            Value::Text(hex::encode(mac)),
        ];
        Value::Object(FIELDS.into_iter().map(str::to_owned).zip(values).collect())
    }

    fn from_value(value: Value) -> Result<Self, ArtifactError> {
        let is_in_order = match &value {
            Value::Object(members) => members.iter().map(|(name, _)| name.as_str()).eq(FIELDS),
            _ => return Err(invalid("entries", "an entry is not an object")),
        };
        let mut fields = Fields::new(value)?;
        let seq = fields.count("seq")?;
        if seq == 0 {
            return Err(invalid("seq", "not at least 1"));
        }
        let at = fields.time("at")?;
        let mut word =
            |field| fields.parsed(field, "not 1 to 64 bytes without control characters", ChainWord::parse);
        let (tenant, action) = (word("tenant")?, word("action")?);
        let hash = digest(&mut fields, "hash")?;
        let mac = digest(&mut fields, "mac")?;
        // Not even `ext`: the MAC covers nothing that it does not know.
        fields.finish_bare()?;
        if !is_in_order {
            return Err(invalid("entries", "an entry's fields are in another order"));
        }
        Ok(Self { seq, record: ChainRecord { at, tenant, action, hash }, mac })
    }
}

fn digest(fields: &mut Fields, field: &'static str) -> Result<[u8; 32], ArtifactError> {
    fields.parsed(field, "not 64 lower-case hexadecimal digits", hex::decode)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ChainEntry, ChainHead, ChainRecord, ChainWord};
    use crate::{UnixSeconds, json, limits};

    fn words() -> impl Strategy<Value = ChainWord> {
        "[^\\p{Cc}]{1,16}".prop_map(|text| ChainWord::parse(&text).expect("at most 64 bytes"))
    }

    prop_compose! {
        fn entries()(
            seq in 1..1u64 << 53, at in 0..=limits::LAST_SECOND, tenant in words(), action in words(),
            hash: [u8; 32], mac: [u8; 32],
        ) -> ChainEntry {
            let at = UnixSeconds::new(at).expect("in range");
            ChainEntry { seq, record: ChainRecord { at, tenant, action, hash }, mac }
        }
    }

    proptest! {
        /// Any list that is written is read back the same, and so is any entry and any head.
        #[test]
        fn what_is_written_is_read(list in prop::collection::vec(entries(), 1..20)) {
            prop_assert_eq!(ChainEntry::decode_list(&ChainEntry::encode_list(&list)), Ok(list.clone()));
            prop_assert_eq!(ChainEntry::decode(list[0].encode().as_bytes()), Ok(list[0].clone()));
            let head = list[0].head();
            prop_assert_eq!(ChainHead::from_value(head.to_value()), Ok(head));
        }
    }

    /// `spec/chain.md` §3.3.
    #[test]
    fn zeros_are_the_head_before_the_first_entry_and_no_other() {
        let read = |seq: u64, mac: &str| {
            ChainHead::from_value(
                json::parse(format!(r#"{{"seq":{seq},"mac":"{mac}"}}"#).as_bytes()).unwrap(),
            )
        };
        let (zeros, ones) = ("00".repeat(32), "11".repeat(32));
        assert_eq!(read(0, &zeros), Ok(ChainHead::EMPTY));
        assert_eq!(read(1, &ones), Ok(ChainHead { seq: 1, mac: [0x11; 32] }));
        for (seq, mac) in [(0, &ones), (1, &zeros)] {
            assert_eq!(read(seq, mac).expect_err("a contradiction").code().as_str(), "field_invalid");
        }
    }
}
