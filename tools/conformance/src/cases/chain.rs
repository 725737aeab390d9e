//! Chains of actions (`spec/chain.md`). Keys and MACs are computed here a second time, from SHA-256 alone.

use sealgate_artifact::Code;
use sha2::{Digest, Sha256};

use super::case::{Case, Shelf};
use crate::forge::{NOW, hex, unhex};
use crate::{Artifact, Bytes, ChainShown, Question, ShownHead};

const ACTIVATION: &str = "01890a5d-ac96-774b-bcce-b302099ab001";
const OTHER_ACTIVATION: &str = "01890a5d-ac96-774b-bcce-b302099ab002";
pub(super) const HOST: &str = "__host__";

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Chain);
    extended(&mut shelf);
    entries(&mut shelf);
    behind(&mut shelf);
    faults(&mut shelf);
    orders(&mut shelf);
    changed(&mut shelf);
    other_keys(&mut shelf);
    shelf.cases
}

/// RFC 2104 with keys that fit into a block.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::digest([&pad(0x36)[..], message].concat());
    Sha256::digest([&pad(0x5c)[..], &inner[..]].concat()).into()
}

/// What is derived for one chain.
#[derive(Clone)]
pub(super) struct Chained {
    secret: [u8; 32],
    activation: &'static str,
    request: [u8; 32],
    generation: u64,
}

pub(super) const CHAIN: Chained =
    Chained { secret: [7; 32], activation: ACTIVATION, request: [8; 32], generation: 2 };

impl Chained {
    /// RFC 5869: one block is enough.
    fn key(&self) -> [u8; 32] {
        let extracted = hmac(&unhex(&self.activation.replace('-', "")), &self.secret);
        hmac(&extracted, &[&self.request[..], &self.generation.to_be_bytes(), &[1]].concat())
    }
}

/// An entry before it is text.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    seq: u64,
    at: u64,
    tenant: String,
    action: String,
    pub(super) hash: [u8; 32],
    pub(super) mac: [u8; 32],
}

impl Entry {
    /// The same with the MAC that belongs to it behind that one.
    fn sealed(self, key: &[u8; 32], previous: &[u8; 32]) -> Self {
        let word = |text: &str| {
            let length = u32::try_from(text.len()).expect("short");
            [&length.to_be_bytes()[..], text.as_bytes()].concat()
        };
        let message = [
            b"sealgate-chain-v1\0",
            &previous[..],
            &self.seq.to_be_bytes(),
            &self.at.to_be_bytes(),
            &word(&self.tenant),
            &word(&self.action),
            &self.hash,
        ];
        let mac = hmac(key, &message.concat());
        Self { mac, ..self }
    }

    pub(super) fn head(&self) -> ShownHead {
        ShownHead { seq: self.seq, mac: hex(&self.mac) }
    }

    pub(super) fn text(&self) -> String {
        let Self { seq, at, tenant, action, hash, mac } = self;
        let (hash, mac) = (hex(hash), hex(mac));
        format!(
            r#"{{"seq":{seq},"at":{at},"tenant":"{tenant}","action":"{action}","hash":"{hash}","mac":"{mac}"}}"#
        )
    }
}

fn record(seq: u64, tenant: &str, action: &str) -> Entry {
    let hash = Sha256::digest(format!("particulars of {seq}")).into();
    Entry { seq, at: NOW + seq, tenant: tenant.to_owned(), action: action.to_owned(), hash, mac: [0; 32] }
}

/// An honest history: entry n stands at n − 1.
pub(super) fn history(chain: &Chained, length: u64) -> Vec<Entry> {
    let (key, mut previous) = (chain.key(), [0; 32]);
    let mut entry = |seq: u64| {
        let tenant = if seq.is_multiple_of(2) { "tenant-a" } else { HOST };
        let entry = record(seq, tenant, "rule.evaluate").sealed(&key, &previous);
        previous = entry.mac;
        entry
    };
    (1..=length).map(&mut entry).collect()
}

pub(super) fn none() -> ShownHead {
    ShownHead { seq: 0, mac: hex(&[0; 32]) }
}

pub(super) fn list(entries: &[Entry]) -> String {
    let texts: Vec<String> = entries.iter().map(Entry::text).collect();
    format!("[{}]", texts.join(","))
}

pub(super) fn of_chain(
    chain: &Chained,
    acknowledged: ShownHead,
    claimed: ShownHead,
    entries: Option<Bytes>,
) -> ChainShown {
    ChainShown {
        secret: hex(&chain.secret),
        activation: chain.activation.to_owned(),
        request: hex(&chain.request),
        generation: chain.generation,
        acknowledged,
        claimed,
        entries,
        fault: None,
    }
}

pub(super) fn shown(acknowledged: ShownHead, claimed: ShownHead, entries: &[Entry]) -> ChainShown {
    let text = (!entries.is_empty()).then(|| Bytes::from(list(entries).into_bytes()));
    of_chain(&CHAIN, acknowledged, claimed, text)
}

pub(super) fn asked(shown: ChainShown) -> Question {
    Question::ChainEntries(Box::new(shown))
}

pub(super) fn accept(shelf: &mut Shelf, name: &str, what: &str, shown: ChainShown, head: &ShownHead) {
    shelf.accepted(name, what, asked(shown), &format!("{} {}", head.seq, head.mac));
}

fn fault(shelf: &mut Shelf, name: &str, fault: &str, what: &str, shown: ChainShown) {
    let shown = ChainShown { fault: Some(fault.to_owned()), ..shown };
    shelf.refused(name, Code::ChainMismatch, what, asked(shown));
}

fn extended(shelf: &mut Shelf) {
    let all = history(&CHAIN, 6);
    let head = |n: usize| all[n - 1].head();
    let mut put = |name, shows, shown, n: usize| accept(shelf, name, shows, shown, &head(n));
    put("first", "The first entry of a chain.", shown(none(), head(1), &all[..1]), 1);
    put("whole", "A history from its beginning to its head.", shown(none(), head(6), &all), 6);
    put("goes_on", "What follows the acknowledged entry.", shown(head(3), head(6), &all[3..]), 6);
    put(
        "cut_short",
        "The list ends before the head; the rest comes later.",
        shown(head(2), head(6), &all[2..4]),
        4,
    );
    put(
        "overlap",
        "Entries that were acknowledged come again before new ones.",
        shown(head(3), head(6), &all[1..]),
        6,
    );
    put(
        "overlap_from_first",
        "The same from the beginning of the chain.",
        shown(head(3), head(5), &all[..5]),
        5,
    );
    put(
        "overlap_by_one",
        "The acknowledged entry itself comes again.",
        shown(head(3), head(4), &all[2..4]),
        4,
    );
    put(
        "repeated",
        "A list whose answer was lost: all of it was acknowledged.",
        shown(head(6), head(6), &all[2..]),
        6,
    );
    put(
        "repeated_and_more",
        "All of the list was acknowledged, and more is to come.",
        shown(head(4), head(6), &all[2..4]),
        4,
    );
    put(
        "repeated_part",
        "What comes again ends before the acknowledged entry, which is the head.",
        shown(head(6), head(6), &all[2..4]),
        6,
    );
    put("nothing_new", "No list, and the head is the acknowledged one.", shown(head(6), head(6), &[]), 6);
    let mut edited = all.clone();
    edited[2].record_changes();
    let shows =
        "The fields of an acknowledged entry whose MAC is not computed are another's: they are not kept.";
    put("overlap_first_edited", shows, shown(head(3), head(6), &edited[2..]), 6);
    accept(shelf, "empty", "A chain without entries.", shown(none(), none(), &[]), &none());
}

/// What an entry may say.
fn entries(shelf: &mut Shelf) {
    let all = history(&CHAIN, 2);
    let key = CHAIN.key();
    let words = |tenant: &str, action: &str| record(1, tenant, action).sealed(&key, &[0; 32]);
    for (name, shows, entry) in [
        ("words_of_64_bytes", "Tenant and action of 64 bytes each.", words(&"t".repeat(64), &"é".repeat(32))),
        ("words_of_1_byte", "Tenant and action of one byte each.", words("t", "a")),
        (
            "words_moved",
            "One letter stands in the tenant and not in the action: another MAC than the reverse.",
            words("ta", "b"),
        ),
        ("words_with_separators", "What separates texts elsewhere is text here.", words("a|b:c", "d|e:f")),
        ("at_0", "The first second.", Entry { at: 0, ..words("t", "a") }.sealed(&key, &[0; 32])),
        (
            "at_last",
            "The last second.",
            Entry { at: 253_402_300_799, ..words("t", "a") }.sealed(&key, &[0; 32]),
        ),
    ] {
        accept(shelf, name, shows, shown(none(), entry.head(), std::slice::from_ref(&entry)), &entry.head());
    }
    let later = Entry { seq: 9_007_199_254_740_991, ..record(1, "t", "a") }.sealed(&key, &[1; 32]);
    let before = ShownHead { seq: later.seq - 1, mac: hex(&[1; 32]) };
    let far = shown(before, later.head(), std::slice::from_ref(&later));
    accept(shelf, "seq_last", "The largest number.", far, &later.head());
    let back = Entry { at: NOW - 1_000, ..record(2, "t", "a") }.sealed(&key, &all[0].mac);
    let set_back = shown(all[0].head(), back.head(), std::slice::from_ref(&back));
    accept(shelf, "at_set_back", "A clock was set back between two entries.", set_back, &back.head());

    let long = history(&CHAIN, 1_000);
    let last = long[999].head();
    accept(
        shelf,
        "entries_1000",
        "As many entries as may travel at once.",
        shown(none(), last.clone(), &long),
        &last,
    );
}

impl Entry {
    fn record_changes(&mut self) {
        self.action.push('s');
        self.hash[0] ^= 1;
    }
}

fn behind(shelf: &mut Shelf) {
    let all = history(&CHAIN, 6);
    let head = |n: usize| all[n - 1].head();
    let mut put = |name, shows, shown: ChainShown, from: u64| {
        shelf.accepted(name, shows, asked(shown), &format!("resend_from {from}"));
    };
    put("behind_gap", "Two entries are missing before the list.", shown(head(2), head(6), &all[4..]), 3);
    put(
        "behind_from_nothing",
        "A server that lost its head wants all.",
        shown(none(), head(6), &all[4..]),
        1,
    );
    put("behind_no_list", "A head alone, beyond the acknowledged one.", shown(head(2), head(6), &[]), 3);
    put(
        "behind_old_list",
        "The list ends before the acknowledged entry.",
        shown(head(4), head(6), &all[1..3]),
        5,
    );
}

fn faults(shelf: &mut Shelf) {
    let all = history(&CHAIN, 6);
    let head = |n: usize| all[n - 1].head();
    // The same two entries, then its own.
    let key = CHAIN.key();
    let mut copy = all[..2].to_vec();
    for seq in 3..=6 {
        let previous = copy.last().expect("two at least").mac;
        copy.push(record(seq, HOST, "rule.other").sealed(&key, &previous));
    }
    let fork = |n: usize| copy[n - 1].head();
    let mut put = |name, word, shows, shown| fault(shelf, name, word, shows, shown);

    put(
        "fork",
        "fork",
        "A copy of the state went its own way before the acknowledged entry.",
        shown(head(4), fork(6), &copy),
    );
    put(
        "fork_from_acknowledged",
        "fork",
        "The same, from the acknowledged number on.",
        shown(head(4), fork(6), &copy[3..]),
    );
    put("fork_head", "fork", "The same number with another MAC, and no list.", shown(head(4), fork(4), &[]));
    put(
        "fork_head_with_list",
        "fork",
        "The claimed head is not the entry of its number in the list.",
        shown(head(3), fork(6), &all[3..]),
    );
    put(
        "fork_after_acknowledged",
        "bad_mac",
        "The copy's entries from behind the acknowledged one: they link to another.",
        shown(head(4), fork(6), &copy[4..]),
    );
    put(
        "truncated",
        "truncated",
        "The claimed head lies before the acknowledged one.",
        shown(head(4), head(3), &[]),
    );
    put("truncated_to_nothing", "truncated", "A chain that begins anew.", shown(head(4), none(), &[]));
    put(
        "truncated_with_list",
        "truncated",
        "The same with a sound list.",
        shown(head(4), head(3), &all[..3]),
    );
    put(
        "truncated_and_forked",
        "truncated",
        "The copy is shorter than what was acknowledged.",
        shown(head(4), fork(3), &copy[..3]),
    );
    put(
        "list_beyond_head",
        "truncated",
        "The list goes beyond the claimed head.",
        shown(head(2), head(4), &all[2..]),
    );
}

/// Entries that are missing, stand twice or were moved.
fn orders(shelf: &mut Shelf) {
    let all = history(&CHAIN, 6);
    let head = |n: usize| all[n - 1].head();
    let mut put = |name, word, shows, shown| fault(shelf, name, word, shows, shown);
    let without = |n: usize| [&all[..n], &all[n + 1..]].concat();
    put(
        "dropped_middle",
        "bad_number",
        "An entry is missing in the middle.",
        shown(none(), head(6), &without(3)),
    );
    put(
        "repeated_entry",
        "bad_number",
        "An entry stands twice.",
        shown(none(), head(6), &[&all[..3], &all[2..]].concat()),
    );
    let mut moved = all.clone();
    moved.swap(2, 3);
    put("exchanged", "bad_number", "Two neighbours are exchanged.", shown(none(), head(6), &moved));
    let mut renumbered = without(3);
    renumbered.iter_mut().zip(1..).for_each(|(entry, seq)| entry.seq = seq);
    let shows = "An entry is missing, and the others got its number.";
    put("dropped_and_renumbered", "bad_mac", shows, shown(none(), renumbered[4].head(), &renumbered));
    let mut beyond = all[4..].to_vec();
    beyond[1].record_changes();
    let shows = "A changed entry in a list that begins too late: the fault comes first.";
    put("changed_in_gap", "bad_mac", shows, shown(head(2), head(6), &beyond));
}

type Change = fn(&mut Entry);

fn changed(shelf: &mut Shelf) {
    let all = history(&CHAIN, 4);
    let head = |n: usize| all[n - 1].head();
    let changes: [(&str, &str, Change); 7] = [
        ("at", "Another time.", |entry| entry.at += 1),
        ("tenant", "Another tenant.", |entry| entry.tenant.push('x')),
        ("action", "Another action.", |entry| entry.action.push('x')),
        ("words", "A letter moved from the tenant to the action.", |entry| {
            let letter = entry.tenant.pop().expect("a letter");
            entry.action.insert(0, letter);
        }),
        ("hash", "Another hash.", |entry| entry.hash[31] ^= 1),
        ("mac", "Another MAC.", |entry| entry.mac[31] ^= 1),
        ("seq", "Another number.", |entry| entry.seq += 1),
    ];
    for (name, shows, change) in changes {
        for (place, n, from) in [("first", 1, 1), ("middle", 3, 2), ("last", 4, 2)] {
            let mut list = all.clone();
            change(&mut list[n - 1]);
            let acknowledged = if from == 1 { none() } else { head(from - 1) };
            let claimed = if place == "last" && name == "mac" { list[3].head() } else { head(4) };
            let word = if name == "seq" { "bad_number" } else { "bad_mac" };
            let shown = shown(acknowledged, claimed, &list[from - 1..]);
            fault(shelf, &format!("changed_{name}_{place}"), word, shows, shown);
        }
    }
    let mut overlapped = all.clone();
    overlapped[1].record_changes();
    let shown = shown(head(3), head(4), &overlapped);
    fault(shelf, "changed_in_overlap", "bad_mac", "A changed entry among those that come again.", shown);
}

fn other_keys(shelf: &mut Shelf) {
    let all = history(&CHAIN, 3);
    let last = all[2].head();
    for (name, shows, chain) in [
        ("other_secret", "Another secret.", Chained { secret: [9; 32], ..CHAIN }),
        ("other_activation", "Another activation.", Chained { activation: OTHER_ACTIVATION, ..CHAIN }),
        ("other_request", "Another request of the same activation.", Chained { request: [9; 32], ..CHAIN }),
        (
            "other_generation",
            "Another generation of the same activation.",
            Chained { generation: 3, ..CHAIN },
        ),
    ] {
        let text = Bytes::from(list(&all).into_bytes());
        let shown = of_chain(&chain, none(), last.clone(), Some(text));
        fault(shelf, name, "bad_mac", shows, shown);
    }
    // Everything but the context fits.
    let entry = record(1, HOST, "rule.evaluate");
    let mac = hmac(&CHAIN.key(), &[&[0; 32][..], &entry.seq.to_be_bytes(), &entry.at.to_be_bytes()].concat());
    let entry = Entry { mac, ..entry };
    let shown = shown(none(), entry.head(), std::slice::from_ref(&entry));
    fault(shelf, "without_context", "bad_mac", "A MAC of the same key over something else.", shown);
}
