//! Journals of machines without a network (`spec/journal.md` §1 and §2).

use sealgate_artifact::Code;

use super::by_device::ByDevice;
use super::case::{Case, Shelf};
use super::fields::{Spoilt, saying, spoilt, without};
use crate::forge::{Draft, NOW, reference};
use crate::offline::{CHAIN, Entries, NO_HASH, journal_text};
use crate::{Artifact, Bytes, Question};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Journal);
    let sort = sort();
    let plain = sort.signed(&sort.text);
    sort.believe(&mut shelf, "plain", "The first three entries of a machine.", &plain);
    sort.put(&mut shelf);
    fields(&sort, &mut shelf);
    entries(&mut shelf);
    texts(&mut shelf);
    malformed_texts(&mut shelf);
    bindings(&sort, &mut shelf);
    shelf.cases
}

fn sort() -> ByDevice {
    ByDevice { kind: "journal", text: journal_text(&Entries::plain()), question, found: " 3" }
}

/// The question about this journal beside the plain entries.
pub(super) fn question(journal: &Draft) -> Question {
    beside(journal, &Entries::plain().bytes())
}

fn beside(journal: &Draft, entries: &[u8]) -> Question {
    Question::Journal {
        journal: Bytes::from(journal.text().into_bytes()),
        entries: Bytes::Base64(sealgate_artifact::encode_base64(entries)),
    }
}

/// A sound journal of these entries.
fn of(entries: &Entries) -> (Draft, Vec<u8>) {
    (sort().signed(&journal_text(entries)), entries.bytes())
}

fn fields(sort: &ByDevice, shelf: &mut Shelf) {
    let text = &sort.text;
    let mut put =
        |(name, code, shows, text): Spoilt| sort.refuse(shelf, (&name, code, shows), &sort.signed(&text));
    spoilt(text, &["fingerprint"]).into_iter().for_each(&mut put);
    let entries = Entries::plain().bytes();
    for (name, shows, text) in [
        (
            "chain_upper_case",
            "A second spelling.",
            saying(text, "chain", &format!("\"{}\"", CHAIN.to_uppercase())),
        ),
        (
            "after_zero_with_a_hash",
            "Zeros stand before the first.",
            saying(text, "after_hash", &format!("\"{}\"", "5a".repeat(32))),
        ),
        ("after_two_without_a_hash", "Zeros stand before the first.", saying(text, "after", "2")),
        ("seq_zero", "There is an entry.", saying(text, "seq", "0")),
        (
            "seq_not_above_after",
            "There is an entry.",
            saying(&saying(text, "after", "3"), "after_hash", &format!("\"{}\"", "5a".repeat(32))),
        ),
        ("hash_short", "A digest that is cut.", saying(text, "hash", &format!("\"{}\"", &NO_HASH[2..]))),
        ("fingerprint_empty", "An empty fingerprint is not none.", saying(text, "fingerprint", "\"\"")),
        ("length_zero", "There is an entry.", saying(text, "entries", &reference(b""))),
        (
            "length_16000001",
            "One byte too many.",
            saying(
                text,
                "entries",
                &reference(&entries).replacen(
                    &format!("\"length\":{}", entries.len()),
                    "\"length\":16000001",
                    1,
                ),
            ),
        ),
        ("acknowledged_negative", "A number is not negative.", saying(text, "acknowledged", "-1")),
        ("issued_at_beyond", "A time after the year 9999.", saying(text, "issued_at", "253402300800")),
    ] {
        put((name.to_owned(), Code::FieldInvalid, shows, text));
    }
    put((
        "totals".to_owned(),
        Code::FieldUnknown,
        "A field that journals do not know.",
        saying(text, "totals", "{}"),
    ));
    let inner = saying(text, "entries", &without(&reference(&entries), "sha256"));
    put(("entries_without_hash".to_owned(), Code::FieldMissing, "They are named by length and hash.", inner));
}

/// `spec/journal.md` §2.3: the entries beside it.
fn entries(shelf: &mut Shelf) {
    let plain = Entries::plain();
    let later = Entries {
        after: (17, "5a".repeat(32)),
        texts: vec![format!(r#"{{"seq":18,"at":{NOW},"kind":"start"}}"#)],
    };
    let (journal, bytes) = of(&later);
    let shows = "A part, from where an earlier one ended.";
    shelf.accepted("part", shows, beside(&journal, &bytes), &format!("{} 1", journal.id()));
    let (journal, bytes) = of(&plain);
    let mut other = bytes.clone();
    other[40] ^= 1;
    let mut refused =
        |name: &str, code: Code, shows: &str, question: Question| shelf.refused(name, code, shows, question);
    refused(
        "entries_changed",
        Code::ContentMismatch,
        "A byte of the entries was changed.",
        beside(&journal, &other),
    );
    refused(
        "entries_cut",
        Code::ContentMismatch,
        "The last byte is missing.",
        beside(&journal, &bytes[..bytes.len() - 1]),
    );
    refused(
        "entries_longer",
        Code::ContentMismatch,
        "A byte too many.",
        beside(&journal, &[&bytes[..], &[0]].concat()),
    );
    // What the device itself signs, and what is none all the same.
    let signed = |bytes: &[u8]| {
        let text = saying(&journal_text(&plain), "entries", &reference(bytes));
        beside(&sort().signed(&text), bytes)
    };
    let cut = &bytes[..bytes.len() - 1];
    refused("last_entry_cut", Code::FieldInvalid, "The last entry is cut.", signed(cut));
    let tail = [&bytes[..], &[0]].concat();
    refused("length_cut", Code::FieldInvalid, "A length of one byte.", signed(&tail));
    let empty = [&bytes[..], &[0, 0]].concat();
    refused("empty_entry", Code::FieldInvalid, "An entry has a byte.", signed(&empty));
    let long = [&bytes[..], &[2, 1], &[b' '; 513]].concat();
    refused("entry_of_513_bytes", Code::FieldInvalid, "One byte too many.", signed(&long));
}

/// `spec/journal.md` §1.3 and §1.4.
fn texts(shelf: &mut Shelf) {
    let bundle = crate::offline::bundle(&crate::offline::bundle_text()).id();
    let accept = |shelf: &mut Shelf, name: &str, shows: &str, rest: &str| {
        let (journal, bytes) = ending_with(rest);
        shelf.accepted(name, shows, beside(&journal, &bytes), &format!("{} 3", journal.id()));
    };
    accept(
        shelf,
        "entry_counted",
        "What happened often.",
        &format!(r#""kind":"validation","count":48,"until":{}"#, NOW + 3_600),
    );
    accept(
        shelf,
        "entry_counted_at_once",
        "Twice within a second.",
        &format!(r#""kind":"refusal","code":"expired","count":2,"until":{NOW}"#),
    );
    accept(
        shelf,
        "entry_full",
        "All that an entry may say.",
        &format!(
            r#""kind":"clock","code":"clock_rolled_back","count":2,"until":{NOW},"bundle":"{bundle}","clock":0,"note":"Füße""#
        ),
    );
    accept(shelf, "entry_of_an_unknown_kind", "What a newer program writes.", r#""kind":"colour_changed""#);
    accept(
        shelf,
        "entry_extended",
        "An extension that nobody needs to know.",
        r#""kind":"start","ext":{"x":1}"#,
    );
}

/// A journal whose last entry says this.
fn ending_with(rest: &str) -> (Draft, Vec<u8>) {
    let mut entries = Entries::plain();
    entries.texts[2] = format!(r#"{{"seq":3,"at":{NOW},{rest}}}"#);
    of(&entries)
}

/// What is no entry.
fn malformed_texts(shelf: &mut Shelf) {
    let bundle = crate::offline::bundle(&crate::offline::bundle_text()).id();
    let mut refuse = |name: &str, code: Code, shows: &str, rest: &str| {
        let (journal, bytes) = ending_with(rest);
        shelf.refused(&format!("entry_{name}"), code, shows, beside(&journal, &bytes));
    };
    refuse("without_kind", Code::FieldMissing, "An entry says what happened.", r#""code":"expired""#);
    refuse("kind_upper_case", Code::FieldInvalid, "A kind is spelled in one way.", r#""kind":"Start""#);
    refuse(
        "kind_of_33_bytes",
        Code::FieldInvalid,
        "One byte too many.",
        &format!(r#""kind":"{}""#, "a".repeat(33)),
    );
    refuse(
        "count_one",
        Code::FieldInvalid,
        "Once is the default.",
        &format!(r#""kind":"start","count":1,"until":{NOW}"#),
    );
    refuse("count_alone", Code::FieldInvalid, "How often, and when last.", r#""kind":"start","count":2"#);
    refuse(
        "until_alone",
        Code::FieldInvalid,
        "How often, and when last.",
        &format!(r#""kind":"start","until":{NOW}"#),
    );
    refuse(
        "until_before_at",
        Code::FieldInvalid,
        "The last time is not before the first.",
        &format!(r#""kind":"start","count":2,"until":{}"#, NOW - 1),
    );
    refuse("code_with_hyphen", Code::FieldInvalid, "No code.", r#""kind":"refusal","code":"not-valid""#);
    refuse(
        "bundle_short",
        Code::FieldInvalid,
        "Not 64 digits.",
        &format!(r#""kind":"start","bundle":"{}""#, &bundle[2..]),
    );
    refuse("note_empty", Code::FieldInvalid, "Nothing is nothing to note.", r#""kind":"start","note":"""#);
    refuse(
        "note_with_escape",
        Code::FieldInvalid,
        "It is shown in terminals.",
        r#""kind":"start","note":"\u001b[2J""#,
    );
    refuse(
        "field_unknown",
        Code::FieldUnknown,
        "A field that entries do not know.",
        r#""kind":"start","who":"x""#,
    );
    refuse(
        "crit_unknown",
        Code::CritUnknown,
        "An unknown meaning is critical.",
        r#""kind":"start","crit":["x"]"#,
    );
    refuse("not_json", Code::JsonInvalid, "A comma too many.", r#""kind":"start","#);
}

/// `spec/journal.md` §1.5: what no change of the entries alone hides.
fn bindings(sort: &ByDevice, shelf: &mut Shelf) {
    let plain = Entries::plain();
    // Whoever changes an entry and not the head, though the device itself signs what is left.
    let mut refuse = |name: &str, shows: &str, texts: Vec<String>| {
        let changed = Entries { texts, ..plain.clone() };
        let text = saying(&sort.text, "entries", &reference(&changed.bytes()));
        let question = beside(&sort.signed(&text), &changed.bytes());
        shelf.refused(name, Code::ChainMismatch, shows, question);
    };
    let [first, second, third] = <[String; 3]>::try_from(plain.texts.clone()).expect("three");
    refuse(
        "entry_changed",
        "An entry says something else.",
        vec![first.clone(), second.replace("activation", "refusal"), third.clone()],
    );
    refuse("entry_removed", "An entry is missing.", vec![first.clone(), third.clone()]);
    refuse("first_removed", "The first entry is missing.", vec![second.clone(), third.clone()]);
    refuse("last_removed", "The last entry is missing.", vec![first.clone(), second.clone()]);
    refuse(
        "entries_swapped",
        "Two entries in another order.",
        vec![second.clone(), first.clone(), third.clone()],
    );
    refuse(
        "entry_twice",
        "An entry stands twice.",
        vec![first.clone(), first.clone(), second.clone(), third.clone()],
    );
    let more = format!(r#"{{"seq":4,"at":{NOW},"kind":"start"}}"#);
    refuse("entry_added", "An entry behind the last one.", vec![first, second, third, more]);
    let other = saying(&sort.text, "chain", &format!("\"{}\"", crate::offline::OTHER_CHAIN));
    let shows = "The entries of another chain.";
    sort.refuse(shelf, ("entries_of_another_chain", Code::ChainMismatch, shows), &sort.signed(&other));
}
