//! The chain of the audit log (`spec/audit.md`).

use sha2::{Digest, Sha256};

/// Separates these hashes from every other use of SHA-256.
const CONTEXT: &[u8] = b"sealgate-audit-v1\0";

/// What one row of the audit log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditEntry<'a> {
    /// The tenant whose log it is.
    pub tenant: &'a str,
    /// The row's id.
    pub id: &'a str,
    /// When, in Unix seconds.
    pub at: u64,
    /// Who.
    pub actor: &'a str,
    /// What.
    pub action: &'a str,
    /// To what.
    pub subject: &'a str,
    /// How, as the text that is stored.
    pub detail: &'a str,
    /// The request that caused it.
    pub request_id: &'a str,
}

/// The end of a chain: how many entries it has, and the hash of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the last entry; 0 of an empty chain.
    pub seq: u64,
    /// Its hash; zeros of an empty chain.
    pub hash: [u8; 32],
}

impl Head {
    /// The head of a chain without entries.
    pub const EMPTY: Self = Self { seq: 0, hash: [0; 32] };

    /// The head once this entry was appended. `spec/audit.md` §2.1.
    #[must_use]
    pub fn append(&self, entry: &AuditEntry<'_>) -> Self {
        let seq = self.seq + 1;
        let mut hash = Sha256::new();
        hash.update(CONTEXT);
        hash.update(self.hash);
        hash.update(seq.to_be_bytes());
        hash.update(entry.at.to_be_bytes());
        for text in
            [entry.tenant, entry.id, entry.actor, entry.action, entry.subject, entry.detail, entry.request_id]
        {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        Self { seq, hash: hash.finalize().into() }
    }
}

/// Where a chain is not the one that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Another number stands where this one belongs: something was taken away or inserted before it.
    Number(u64),
    /// The entry of this number, or one before it, was changed.
    Hash(u64),
    /// The chain is shorter than its head says: this number is missing.
    Truncated(u64),
}

/// Follows a chain from its beginning.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    head: Head,
}

impl Default for Check {
    fn default() -> Self {
        Self { head: Head::EMPTY }
    }
}

impl Check {
    /// The next entry, with the number and the hash that stand beside it.
    pub fn follow(&mut self, seq: u64, hash: &[u8; 32], entry: &AuditEntry<'_>) -> Result<(), Broken> {
        let next = self.head.append(entry);
        if next.seq != seq {
            return Err(Broken::Number(next.seq));
        }
        if &next.hash != hash {
            return Err(Broken::Hash(seq));
        }
        self.head = next;
        Ok(())
    }

    /// Whether all that the head names was there.
    pub fn finish(self, head: &Head) -> Result<Head, Broken> {
        match self.head.seq.cmp(&head.seq) {
            std::cmp::Ordering::Less => Err(Broken::Truncated(self.head.seq + 1)),
            std::cmp::Ordering::Equal if self.head.hash == head.hash => Ok(self.head),
            _ => Err(Broken::Hash(head.seq)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{AuditEntry, Broken, Check, Head};

    type Row = (u64, [String; 7]);

    fn entry((at, [tenant, id, actor, action, subject, detail, request_id]): &Row) -> AuditEntry<'_> {
        AuditEntry { tenant, id, at: *at, actor, action, subject, detail, request_id }
    }

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        let texts = prop::array::uniform7("[a-c]{0,3}");
        prop::collection::vec((0u64..4, texts), 1..12)
    }

    fn chain(rows: &[Row]) -> Vec<Head> {
        let step = |head: &mut Head, row| {
            *head = head.append(&entry(row));
            Some(*head)
        };
        rows.iter().scan(Head::EMPTY, step).collect()
    }

    fn check(rows: &[Row], heads: &[Head], end: &Head) -> Result<Head, Broken> {
        let mut check = Check::default();
        for (row, head) in rows.iter().zip(heads) {
            check.follow(head.seq, &head.hash, &entry(row))?;
        }
        check.finish(end)
    }

    proptest! {
        /// What was appended is accepted, from the first entry to the head.
        #[test]
        fn an_honest_chain_is_whole(rows in rows()) {
            let heads = chain(&rows);
            prop_assert_eq!(check(&rows, &heads, &heads[heads.len() - 1]), Ok(heads[heads.len() - 1]));
        }

        /// Any changed field of any entry is found at that entry, however texts are moved between fields.
        #[test]
        fn a_changed_entry_is_found(rows in rows(), at in 0usize..12, field in 0usize..8, text in "[a-c]{0,3}") {
            let heads = chain(&rows);
            let at = at % rows.len();
            let mut changed = rows.clone();
            match field {
                7 => changed[at].0 += 1,
                field => changed[at].1[field] = text,
            }
            prop_assume!(changed != rows);
            prop_assert_eq!(check(&changed, &heads, &heads[heads.len() - 1]), Err(Broken::Hash(at as u64 + 1)));
        }

        /// An entry that was taken away is missed: in the middle by its number, at the end by the head.
        #[test]
        fn a_missing_entry_is_missed(rows in rows(), at in 0usize..12) {
            let heads = chain(&rows);
            let at = at % rows.len();
            let (mut fewer, mut left) = (rows.clone(), heads.clone());
            fewer.remove(at);
            left.remove(at);
            let expected = if at + 1 == rows.len() { Broken::Truncated(at as u64 + 1) } else { Broken::Number(at as u64 + 1) };
            prop_assert_eq!(check(&fewer, &left, &heads[heads.len() - 1]), Err(expected));
        }

        /// Two entries that changed places are found.
        #[test]
        fn an_exchange_is_found(rows in rows(), a in 0usize..12, b in 0usize..12) {
            let heads = chain(&rows);
            let (a, b) = (a % rows.len(), b % rows.len());
            let mut exchanged = rows.clone();
            exchanged.swap(a, b);
            prop_assume!(exchanged != rows);
            prop_assert!(check(&exchanged, &heads, &heads[heads.len() - 1]).is_err());
        }
    }
}
