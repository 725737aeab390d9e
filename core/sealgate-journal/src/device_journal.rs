//! The journal of a machine without a network: entries bound by hashes, whose head the machine signs (`spec/journal.md`).

use sealgate_artifact::{ChainId, Code, Journal, JournalEntry, JournalHead, limits};
use sha2::{Digest, Sha256};

/// `spec/journal.md` §1.5: the head of a chain once this entry follows its last one.
pub fn journal_head(chain: ChainId, before: &JournalHead, seq: u64, entry: &[u8]) -> JournalHead {
    let hash = Sha256::new()
        .chain_update(b"sealgate-journal-v1\0")
        .chain_update(chain.as_bytes())
        .chain_update(before.hash)
        .chain_update(entry);
    JournalHead { seq, hash: hash.finalize().into() }
}

/// An entry with the head of its chain once it is the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundEntry {
    /// What happened.
    pub entry: JournalEntry,
    /// Its number and hash.
    pub head: JournalHead,
}

/// Why entries are not those of a journal (`spec/journal.md` §2.3).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalFault {
    /// Their length or hash is not the one that the journal names.
    #[error("the entries are not those that the journal names")]
    OtherEntries,
    /// What stands at this byte is no entry.
    #[error("at byte {at} of the entries: {why}")]
    Malformed {
        /// Where, from 0 on.
        at: usize,
        /// What is wrong.
        why: String,
        /// The code of that.
        code: Code,
    },
    /// The entry of this number does not follow the one before it, or the last one is not the journal's last one.
    #[error(
        "entry {seq} does not follow from the one before it, or is not the last one that the journal names"
    )]
    Unbound {
        /// Which entry.
        seq: u64,
    },
}

impl JournalFault {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::OtherEntries => Code::ContentMismatch,
            Self::Malformed { code, .. } => *code,
            Self::Unbound { .. } => Code::ChainMismatch,
        }
    }
}

/// `spec/journal.md` §2.2: an entry as it stands in a file.
pub fn encode_entry(entry: &[u8]) -> Vec<u8> {
    let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], entry].concat()
}

/// The entries that stand beside a journal whose signature was verified, each bound to the one before it (`spec/journal.md` §2.3).
pub fn read_entries(journal: &Journal, bytes: &[u8]) -> Result<Vec<BoundEntry>, JournalFault> {
    if bytes.len() as u64 != journal.length || Sha256::digest(bytes)[..] != journal.sha256 {
        return Err(JournalFault::OtherEntries);
    }
    let (mut read, mut at, mut head) = (vec![], 0, journal.after);
    while at < bytes.len() {
        let text = text_at(bytes, at)?;
        let entry =
            JournalEntry::decode(text).map_err(|error| malformed(at, error.to_string(), error.code()))?;
        if entry.seq != head.seq + 1 {
            return Err(JournalFault::Unbound { seq: entry.seq });
        }
        head = journal_head(journal.chain, &head, entry.seq, text);
        at += 2 + text.len();
        read.push(BoundEntry { entry, head });
    }
    if head == journal.head { Ok(read) } else { Err(JournalFault::Unbound { seq: head.seq }) }
}

fn text_at(bytes: &[u8], at: usize) -> Result<&[u8], JournalFault> {
    let bad = |why: &str| malformed(at, why.to_owned(), Code::FieldInvalid);
    let [high, low, rest @ ..] = &bytes[at..] else { return Err(bad("an entry's length is cut")) };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if !(1..=limits::JOURNAL_ENTRY_BYTES).contains(&length) {
        return Err(bad("an entry has 1 to 512 bytes"));
    }
    rest.get(..length).ok_or_else(|| bad("an entry is cut"))
}

fn malformed(at: usize, why: String, code: Code) -> JournalFault {
    JournalFault::Malformed { at, why, code }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{
        AppId, ChainId, Code, Journal, JournalEntry, JournalHead, JournalKind, LicenseId, PublicKey,
        TenantId, UnixSeconds,
    };
    use sha2::{Digest, Sha256};

    use super::{JournalFault, encode_entry, journal_head, read_entries};

    const CHAIN: [u8; 16] = [8; 16];

    fn entry(seq: u64, kind: &str) -> Vec<u8> {
        let at = UnixSeconds::new(1_800_000_000 + seq).expect("a time");
        let kind = JournalKind::parse(kind).expect("a kind");
        JournalEntry { seq, at, kind, code: None, more: None, bundle: None, clock: None, note: None }.encode()
    }

    /// A journal of these entries, which follow `after` entries that nobody shows.
    fn journal(after: JournalHead, entries: &[Vec<u8>]) -> (Journal, Vec<u8>) {
        let chain = ChainId::from_bytes(CHAIN);
        let numbered = entries.iter().zip(after.seq + 1..);
        let head = numbered.fold(after, |head, (entry, seq)| journal_head(chain, &head, seq, entry));
        let bytes: Vec<u8> = entries.iter().flat_map(|entry| encode_entry(entry)).collect();
        let journal = Journal {
            tenant: TenantId::from_bytes([1; 16]),
            app: AppId::from_bytes([2; 16]),
            license: LicenseId::from_bytes([3; 16]),
            device_key: PublicKey::from_bytes([4; 32]),
            fingerprint: None,
            chain,
            after,
            head,
            issued_at: UnixSeconds::new(1_800_000_000).expect("a time"),
            acknowledged: after.seq,
            length: bytes.len() as u64,
            sha256: Sha256::digest(&bytes).into(),
        };
        (journal, bytes)
    }

    fn named(mut journal: Journal, bytes: &[u8]) -> Journal {
        (journal.length, journal.sha256) = (bytes.len() as u64, Sha256::digest(bytes).into());
        journal
    }

    proptest! {
        /// Any journal is read as it was written; with any entry changed, taken out or swapped with another one it is not, also where
        /// whoever did it wrote length and hash anew.
        #[test]
        fn no_entry_is_changed_taken_out_or_moved(
            after in 0..5u64,
            kinds in prop::collection::vec("[a-z]{3,8}", 2..12),
            (at, with, how) in any::<(prop::sample::Index, prop::sample::Index, u8)>(),
        ) {
            let after = match after {
                0 => JournalHead::EMPTY,
                seq => JournalHead { seq, hash: [9; 32] },
            };
            let entries: Vec<Vec<u8>> = kinds.iter().zip(after.seq + 1..).map(|(kind, seq)| entry(seq, kind)).collect();
            let (written, bytes) = journal(after, &entries);
            let read = read_entries(&written, &bytes).expect("as it was written");
            prop_assert_eq!(read.len(), entries.len());
            prop_assert_eq!(read.last().map(|last| last.head), Some(written.head));
            let mut changed = entries.clone();
            let (at, with) = (at.index(changed.len()), with.index(changed.len()));
            match how % 3 {
                0 => changed[at] = entry(after.seq + 1 + at as u64, "changed_here"),
                1 => drop(changed.remove(at)),
                _ => changed.swap(at, with),
            }
            prop_assume!(changed != entries);
            let bytes: Vec<u8> = changed.iter().flat_map(|entry| encode_entry(entry)).collect();
            prop_assert_eq!(read_entries(&written, &bytes), Err(JournalFault::OtherEntries));
            let fault = read_entries(&named(written, &bytes), &bytes).expect_err("not what was signed");
            prop_assert_eq!(fault.code(), Code::ChainMismatch);
        }

        /// No bytes make it stumble.
        #[test]
        fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
            let (written, _) = journal(JournalHead::EMPTY, &[entry(1, "start")]);
            prop_assert!(read_entries(&named(written, &bytes), &bytes).is_err());
        }
    }

    #[test]
    fn a_cut_says_where() {
        let (written, bytes) = journal(JournalHead::EMPTY, &[entry(1, "begin"), entry(2, "start")]);
        let second = 2 + entry(1, "begin").len();
        for cut in [1, second + 1, second + 2, bytes.len() - 1] {
            let fault = read_entries(&named(written.clone(), &bytes[..cut]), &bytes[..cut]).expect_err("cut");
            let at = if cut < second { 0 } else { second };
            assert!(
                matches!(fault, JournalFault::Malformed { at: found, .. } if found == at),
                "{cut}: {fault}"
            );
            assert_eq!(fault.code(), Code::FieldInvalid);
        }
    }

    /// The same machine's two chains differ from the first entry on.
    #[test]
    fn the_chain_is_in_every_hash() {
        let entry = entry(1, "begin");
        let of = |id| journal_head(ChainId::from_bytes(id), &JournalHead::EMPTY, 1, &entry);
        assert_ne!(of([1; 16]), of([2; 16]));
    }
}
