//! Whether a chain of actions goes on from where the server knows it (`spec/chain.md` §4).

use sealgate_artifact::{ChainEntry, ChainHead, Code};

use crate::ChainKey;

/// What a head and a list of entries mean for whoever acknowledged a head before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension<'a> {
    /// The chain goes on, or stands where it stood (`spec/chain.md` §4.3).
    Extended {
        /// What may be acknowledged now.
        head: ChainHead,
        /// The entries behind the acknowledged one. Only these were judged whole, and only these may be kept.
        new: &'a [ChainEntry],
    },
    /// Nothing is wrong, and entries are missing: they are wanted from this number on (`spec/chain.md` §4.4).
    Behind {
        /// The number after the acknowledged one.
        resend_from: u64,
    },
    /// Something is wrong.
    Fault(Fault),
}

/// What is wrong. No honest history has any of these, however it is cut, repeated and sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Two entries of one number: a copy of the program's state goes its own way.
    Fork,
    /// The chain ends before an entry that was in it.
    Truncated,
    /// A number is not the next: an entry was inserted, taken away or moved.
    BadNumber,
    /// A MAC does not fit: this entry or one before it was changed, or the key is another.
    BadMac,
}

impl Fault {
    /// The word for logs and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Truncated => "truncated",
            Self::BadNumber => "bad_number",
            Self::BadMac => "bad_mac",
        }
    }

    /// The stable code, `spec/chain.md` §4.5: one for all, because what a device is told is the same.
    pub fn code(self) -> Code {
        Code::ChainMismatch
    }
}

/// Judges what a device shows (`spec/chain.md` §4.1 and §4.2): the head that it claims, and entries, of which there may be none.
pub fn extend<'a>(
    key: &ChainKey,
    acknowledged: &ChainHead,
    claimed: &ChainHead,
    entries: &'a [ChainEntry],
) -> Extension<'a> {
    judge(key, acknowledged, claimed, entries).unwrap_or_else(Extension::Fault)
}

fn judge<'a>(
    key: &ChainKey,
    acknowledged: &ChainHead,
    claimed: &ChainHead,
    entries: &'a [ChainEntry],
) -> Result<Extension<'a>, Fault> {
    if claimed.seq < acknowledged.seq {
        return Err(Fault::Truncated);
    }
    no_fork(acknowledged, claimed)?;
    let nothing_new = if claimed.seq == acknowledged.seq {
        Extension::Extended { head: *acknowledged, new: &[] }
    } else {
        Extension::Behind { resend_from: acknowledged.seq + 1 }
    };
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(nothing_new) };
    linked(key, known_before(first, acknowledged), entries)?;
    if last.seq > claimed.seq {
        return Err(Fault::Truncated);
    }
    for entry in entries {
        no_fork(acknowledged, &entry.head())?;
        no_fork(claimed, &entry.head())?;
    }
    if first.seq > acknowledged.seq + 1 || last.seq < acknowledged.seq {
        return Ok(nothing_new);
    }
    let known = entries.iter().take_while(|entry| entry.seq <= acknowledged.seq).count();
    Ok(Extension::Extended { head: last.head(), new: &entries[known..] })
}

/// The MAC before the first entry, where it is known.
fn known_before(first: &ChainEntry, acknowledged: &ChainHead) -> Option<[u8; 32]> {
    [ChainHead::EMPTY, *acknowledged].into_iter().find(|head| head.seq + 1 == first.seq).map(|head| head.mac)
}

/// Each entry follows the one before it. Of the first, only its number counts where nothing is known before it.
fn linked(key: &ChainKey, before: Option<[u8; 32]>, entries: &[ChainEntry]) -> Result<(), Fault> {
    if entries.windows(2).any(|two| two[0].seq.checked_add(1) != Some(two[1].seq)) {
        return Err(Fault::BadNumber);
    }
    let mut previous = before;
    for entry in entries {
        if previous.is_some_and(|previous| !key.links(&previous, entry)) {
            return Err(Fault::BadMac);
        }
        previous = Some(entry.mac);
    }
    Ok(())
}

/// Heads travel in the open: to compare them tells nobody a secret.
fn no_fork(one: &ChainHead, other: &ChainHead) -> Result<(), Fault> {
    if one.seq == other.seq && one.mac != other.mac { Err(Fault::Fork) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;
    use sealgate_artifact::{
        ActivationId, ChainEntry, ChainHead, ChainRecord, ChainWord, StatementId, UnixSeconds,
    };

    use super::{Extension, Fault, extend};
    use crate::{ChainActivation, ChainKey};

    fn key(generation: u64) -> ChainKey {
        let (activation, request) = (ActivationId::from_bytes([1; 16]), StatementId::from_bytes([2; 32]));
        ChainKey::derive(&[3; 32], &ChainActivation { activation, request, generation })
    }

    fn records() -> impl Strategy<Value = ChainRecord> {
        let word = || "[a-c]{1,2}".prop_map(|text| ChainWord::parse(&text).expect("short"));
        (0..3u64, word(), word(), 0..3u8).prop_map(|(at, tenant, action, hash)| ChainRecord {
            at: UnixSeconds::new(at).expect("in range"),
            tenant,
            action,
            hash: [hash; 32],
        })
    }

    fn histories() -> impl Strategy<Value = Vec<ChainEntry>> {
        prop::collection::vec(records(), 2..12).prop_map(|records| written(ChainHead::EMPTY, records))
    }

    fn written(head: ChainHead, records: Vec<ChainRecord>) -> Vec<ChainEntry> {
        let step = |head: &mut ChainHead, record| {
            let entry = key(1).append(head, record);
            *head = entry.head();
            Some(entry)
        };
        records.into_iter().scan(head, step).collect()
    }

    fn head_at(history: &[ChainEntry], seq: usize) -> ChainHead {
        seq.checked_sub(1).map_or(ChainHead::EMPTY, |at| history[at].head())
    }

    fn at(seq: u64) -> usize {
        usize::try_from(seq).expect("short")
    }

    /// An acknowledged number, and a stretch of the history that brings something behind it and misses nothing before.
    fn stretch(history: &[ChainEntry], picks: [Index; 3]) -> (usize, std::ops::Range<usize>) {
        let acknowledged = picks[0].index(history.len());
        let from = picks[1].index(acknowledged + 1);
        let to = acknowledged + 1 + picks[2].index(history.len() - acknowledged);
        (acknowledged, from..to)
    }

    #[derive(Debug, Clone)]
    enum Edit {
        Seq(u64),
        At(u64),
        Tenant(String),
        Action(String),
        Hash(usize, u8),
        Mac(usize, u8),
    }

    fn edits() -> impl Strategy<Value = Edit> {
        let (byte, bit) = (0..32usize, (0..8u32).prop_map(|bit| 1u8 << bit));
        prop_oneof![
            (0..20u64).prop_map(Edit::Seq),
            (0..4u64).prop_map(Edit::At),
            "[a-d]{1,2}".prop_map(Edit::Tenant),
            "[a-d]{1,2}".prop_map(Edit::Action),
            (byte.clone(), bit.clone()).prop_map(|(byte, bit)| Edit::Hash(byte, bit)),
            (byte, bit).prop_map(|(byte, bit)| Edit::Mac(byte, bit)),
        ]
    }

    fn edit(entry: &mut ChainEntry, edit: &Edit) {
        let word = |text: &str| ChainWord::parse(text).expect("short");
        match edit {
            Edit::Seq(seq) => entry.seq = *seq,
            Edit::At(at) => entry.record.at = UnixSeconds::new(*at).expect("in range"),
            Edit::Tenant(text) => entry.record.tenant = word(text),
            Edit::Action(text) => entry.record.action = word(text),
            Edit::Hash(byte, bit) => entry.record.hash[*byte] ^= bit,
            Edit::Mac(byte, bit) => entry.mac[*byte] ^= bit,
        }
    }

    fn is_fault(found: &Extension<'_>) -> bool {
        matches!(found, Extension::Fault(_))
    }

    proptest! {
        /// Any honest history in any batching, repeated, overlapped, sent again: never a fault, never an entry that was not
        /// written, and the right head in the end.
        #[test]
        fn an_honest_history_arrives_whole(
            history in histories(),
            sent in prop::collection::vec((any::<Index>(), any::<Index>(), any::<Index>()), 0..12),
        ) {
            let (mut acknowledged, mut kept, mut written) = (ChainHead::EMPTY, vec![], 0);
            let mut send = |from: usize, to: usize, written: usize, resend: &mut usize| {
                let list = &history[from.min(to)..to];
                match extend(&key(1), &acknowledged, &head_at(&history, written), list) {
                    Extension::Extended { head, new } => {
                        kept.extend_from_slice(new);
                        acknowledged = head;
                        *resend = at(head.seq);
                    }
                    Extension::Behind { resend_from } => {
                        prop_assert_eq!(resend_from, acknowledged.seq + 1);
                        *resend = at(acknowledged.seq);
                    }
                    Extension::Fault(fault) => prop_assert!(false, "{fault:?}"),
                }
                prop_assert_eq!(&kept[..], &history[..at(acknowledged.seq)]);
                prop_assert_eq!(acknowledged, head_at(&history, at(acknowledged.seq)));
                Ok(())
            };
            let mut resend = 0;
            for (more, from, to) in sent {
                // The program went on since it last sent something.
                written += more.index(history.len() - written + 1);
                let to = to.index(written + 1);
                send(from.index(to + 1), to, written, &mut resend)?;
            }
            while resend < history.len() {
                let to = history.len().min(resend + 3);
                send(resend, to, history.len(), &mut resend)?;
            }
            prop_assert_eq!(kept, history);
        }

        /// Whatever is done to a list: what is taken from it is what was written.
        #[test]
        fn only_what_was_written_is_taken(
            history in histories(), picks in any::<[Index; 3]>(),
            changes in prop::collection::vec((any::<Index>(), edits()), 1..4), shuffle in any::<[Index; 2]>(),
        ) {
            let (acknowledged, range) = stretch(&history, picks);
            let mut list = history[range].to_vec();
            for (place, change) in &changes {
                edit(place.get_mut(&mut list), change);
            }
            let (one, other) = (shuffle[0].index(list.len()), shuffle[1].index(list.len()));
            list.swap(one, other);
            let claimed = head_at(&history, history.len());
            if let Extension::Extended { head, new } =
                extend(&key(1), &head_at(&history, acknowledged), &claimed, &list)
            {
                prop_assert_eq!(head, head_at(&history, at(head.seq)));
                prop_assert_eq!(new, &history[acknowledged..at(head.seq)]);
            }
        }

        /// Any edit of any field of an entry that would be taken is a fault.
        #[test]
        fn an_edited_entry_is_a_fault(
            history in histories(), picks in any::<[Index; 3]>(), place in any::<Index>(), change in edits(),
        ) {
            let (acknowledged, range) = stretch(&history, picks);
            let from = range.start;
            let mut list = history[range].to_vec();
            let place = place.index(list.len());
            edit(&mut list[place], &change);
            prop_assume!(list[place] != history[from + place]);
            let claimed = head_at(&history, history.len());
            let found = extend(&key(1), &head_at(&history, acknowledged), &claimed, &list);
            // Of the first among those that the server has, only number and MAC are judged; a lone entry with another
            // number stands somewhere else. Neither is taken.
            let is_judged = place > 0 || from == 0 || from == acknowledged;
            let is_moved = list.len() == 1 && matches!(change, Edit::Seq(_));
            if is_judged && !is_moved || matches!(change, Edit::Mac(..)) {
                prop_assert!(is_fault(&found), "{:?}", found);
            } else if let Extension::Extended { new, .. } = found {
                prop_assert!(history[acknowledged..].starts_with(new));
            }
        }

        /// An entry that is inserted, moved, or taken away from the middle is a fault.
        #[test]
        fn another_order_is_a_fault(
            history in histories(), picks in any::<[Index; 3]>(), places in any::<[Index; 2]>(), how in 0..3u8,
        ) {
            let (acknowledged, range) = stretch(&history, picks);
            let mut list = history[range].to_vec();
            let [one, other] = places.map(|place| place.index(list.len()));
            match how {
                0 => {
                    prop_assume!(list.len() > 2);
                    list.remove(1 + one % (list.len() - 2));
                }
                1 => {
                    prop_assume!(one != other);
                    list.swap(one, other);
                }
                _ => list.insert(other, list[one].clone()),
            }
            let claimed = head_at(&history, history.len());
            let found = extend(&key(1), &head_at(&history, acknowledged), &claimed, &list);
            prop_assert_eq!(found, Extension::Fault(Fault::BadNumber));
        }

        /// A chain that lost its tail is found out by its head; so is a list that goes beyond the head.
        #[test]
        fn a_tail_that_was_cut_is_a_fault(history in histories(), picks in any::<[Index; 3]>()) {
            let acknowledged = 1 + picks[0].index(history.len());
            let claimed = head_at(&history, picks[1].index(acknowledged));
            let left = &history[..at(claimed.seq)];
            let list = &left[picks[2].index(left.len() + 1)..];
            let found = extend(&key(1), &head_at(&history, acknowledged), &claimed, list);
            prop_assert_eq!(found, Extension::Fault(Fault::Truncated));
            let found = extend(&key(1), &ChainHead::EMPTY, &claimed, &history);
            prop_assert_eq!(found, Extension::Fault(Fault::Truncated));
        }

        /// Two copies that went their own ways: the one that was not acknowledged is found out by what it sends, and by its head.
        #[test]
        fn a_fork_is_a_fault(
            history in histories(), other in prop::collection::vec(records(), 1..8), picks in any::<[Index; 3]>(),
        ) {
            let common = picks[0].index(history.len());
            let acknowledged = common + 1 + picks[1].index(history.len() - common);
            let mut copy = history[..common].to_vec();
            copy.extend(written(head_at(&history, common), other));
            prop_assume!(copy.len() >= acknowledged && copy[common] != history[common]);
            let (known, claimed) = (head_at(&history, acknowledged), head_at(&copy, copy.len()));
            let from = picks[2].index(acknowledged + 1);
            let found = extend(&key(1), &known, &claimed, &copy[from..]);
            if from == acknowledged && copy.len() > acknowledged {
                prop_assert_eq!(found, Extension::Fault(Fault::BadMac));
            } else {
                prop_assert_eq!(found, Extension::Fault(Fault::Fork));
            }
            let same_number = head_at(&copy, acknowledged);
            prop_assert_eq!(extend(&key(1), &known, &same_number, &[]), Extension::Fault(Fault::Fork));
        }

        /// The list reaches the claimed head, and its entry there is another.
        #[test]
        fn a_head_that_its_list_contradicts_is_a_fault(history in histories(), picks in any::<[Index; 3]>()) {
            let (acknowledged, range) = stretch(&history, picks);
            let claimed = ChainHead { mac: [0xee; 32], ..head_at(&history, range.end) };
            let found = extend(&key(1), &head_at(&history, acknowledged), &claimed, &history[range]);
            prop_assert_eq!(found, Extension::Fault(Fault::Fork));
        }

        /// The key of another generation, activation or proof is another key.
        #[test]
        fn another_key_is_a_fault(history in histories()) {
            let claimed = head_at(&history, history.len());
            let found = extend(&key(2), &ChainHead::EMPTY, &claimed, &history);
            prop_assert_eq!(found, Extension::Fault(Fault::BadMac));
        }
    }
}
