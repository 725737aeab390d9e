//! A chain of hashes over entries of any kind (`spec/audit.md` §2).

use sha2::{Digest, Sha256};

/// Something that a chain holds. Two entries with different times or parts must never have equal ones.
pub trait Entry {
    /// Separates the hashes of this kind of entry from every other use of SHA-256. Ends with a NUL.
    const CONTEXT: &'static [u8];

    /// When it happened, in Unix seconds.
    fn at(&self) -> u64;

    /// Everything else that it says, in a fixed order. Parts may be empty, but their number never changes.
    fn parts(&self) -> impl Iterator<Item = &[u8]>;
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

    /// The head after this entry. `spec/audit.md` §2.1: each part is hashed behind its length, so that text cannot move
    /// from one part to the next.
    #[must_use]
    pub fn append<E: Entry>(&self, entry: &E) -> Self {
        let seq = self.seq + 1;
        let mut hash = Sha256::new();
        hash.update(E::CONTEXT);
        hash.update(self.hash);
        hash.update(seq.to_be_bytes());
        hash.update(entry.at().to_be_bytes());
        for part in entry.parts() {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
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
    pub fn follow<E: Entry>(&mut self, seq: u64, hash: &[u8; 32], entry: &E) -> Result<(), Broken> {
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

    /// Whether every entry up to this head was there.
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

    use super::{Broken, Check, Entry, Head};

    #[derive(Debug, Clone, PartialEq)]
    struct Note {
        at: u64,
        parts: [String; 3],
    }

    impl Entry for Note {
        const CONTEXT: &'static [u8] = b"test-note-v1\0";

        fn at(&self) -> u64 {
            self.at
        }

        fn parts(&self) -> impl Iterator<Item = &[u8]> {
            self.parts.iter().map(String::as_bytes)
        }
    }

    fn notes() -> impl Strategy<Value = Vec<Note>> {
        let note = (0u64..4, prop::array::uniform3("[a-c]{0,3}")).prop_map(|(at, parts)| Note { at, parts });
        prop::collection::vec(note, 1..12)
    }

    fn chain(notes: &[Note]) -> Vec<Head> {
        let step = |head: &mut Head, note| {
            *head = head.append(note);
            Some(*head)
        };
        notes.iter().scan(Head::EMPTY, step).collect()
    }

    fn check(notes: &[Note], heads: &[Head], end: &Head) -> Result<Head, Broken> {
        let mut check = Check::default();
        for (note, head) in notes.iter().zip(heads) {
            check.follow(head.seq, &head.hash, note)?;
        }
        check.finish(end)
    }

    proptest! {
        /// What was appended is accepted, from the first entry to the head.
        #[test]
        fn an_honest_chain_is_whole(notes in notes()) {
            let heads = chain(&notes);
            prop_assert_eq!(check(&notes, &heads, &heads[heads.len() - 1]), Ok(heads[heads.len() - 1]));
        }

        /// Any changed field of any entry is found at that entry, however text is moved between fields.
        #[test]
        fn a_changed_entry_is_found(notes in notes(), at in 0usize..12, field in 0usize..4, text in "[a-c]{0,3}") {
            let heads = chain(&notes);
            let at = at % notes.len();
            let mut changed = notes.clone();
            match field {
                3 => changed[at].at += 1,
                field => changed[at].parts[field] = text,
            }
            prop_assume!(changed != notes);
            prop_assert_eq!(check(&changed, &heads, &heads[heads.len() - 1]), Err(Broken::Hash(at as u64 + 1)));
        }

        /// An entry that was taken away is missed: in the middle by its number, at the end by the head.
        #[test]
        fn a_missing_entry_is_missed(notes in notes(), at in 0usize..12) {
            let heads = chain(&notes);
            let at = at % notes.len();
            let (mut fewer, mut left) = (notes.clone(), heads.clone());
            fewer.remove(at);
            left.remove(at);
            let missing = at as u64 + 1;
            let expected = if at + 1 == notes.len() { Broken::Truncated(missing) } else { Broken::Number(missing) };
            prop_assert_eq!(check(&fewer, &left, &heads[heads.len() - 1]), Err(expected));
        }

        /// Two entries that changed places are found.
        #[test]
        fn an_exchange_is_found(notes in notes(), a in 0usize..12, b in 0usize..12) {
            let heads = chain(&notes);
            let (a, b) = (a % notes.len(), b % notes.len());
            let mut exchanged = notes.clone();
            exchanged.swap(a, b);
            prop_assume!(exchanged != notes);
            prop_assert!(check(&exchanged, &heads, &heads[heads.len() - 1]).is_err());
        }
    }
}
