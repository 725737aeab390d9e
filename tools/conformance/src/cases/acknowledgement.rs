//! Acknowledgements of journals (`spec/journal.md` §4), and words to one machine (`spec/offline.md` §6 and §7).

use sealgate_artifact::Code;

use super::by_device::ByDevice;
use super::by_issuer::ByIssuer;
use super::case::{Case, Shelf};
use super::fields::{Spoilt, saying, spoilt, spoilt_optional};
use crate::forge::{DEVICE, Draft, SECOND_DEVICE, World, public_text, reference};
use crate::offline::{
    CHAIN, Entries, OTHER_CHAIN, acknowledged_text, acknowledgement_text, re_anchor_text, return_receipt_text,
};
use crate::{Acknowledging, Artifact, Bytes, Question, ReAnchorShown};

pub(super) fn cases() -> Vec<Case> {
    [acknowledgements(), re_anchors(), receipts()].concat()
}

/// The question about this acknowledgement under this chain.
pub(super) fn acknowledgement(world: &World, draft: &Draft) -> Question {
    let acknowledgement = Bytes::from(draft.text().into_bytes());
    Question::Acknowledgement(Box::new(Acknowledging { chain: world.chain(), acknowledgement }))
}

/// The question about this re-anchor under this chain, for the plain device.
pub(super) fn re_anchor(world: &World, draft: &Draft) -> Question {
    for_device(world, draft, DEVICE)
}

fn for_device(world: &World, draft: &Draft, device: u8) -> Question {
    let re_anchor = Bytes::from(draft.text().into_bytes());
    let device_key = public_text(device);
    Question::ReAnchor(Box::new(ReAnchorShown { chain: world.chain(), re_anchor, device_key }))
}

/// The question about this receipt.
pub(super) fn receipt(draft: &Draft) -> Question {
    Question::ReturnReceipt { receipt: Bytes::from(draft.text().into_bytes()) }
}

fn acknowledgements() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Acknowledgement);
    let text = acknowledgement_text();
    let sort =
        ByIssuer { kind: "acknowledgement", text: text.clone(), question: acknowledgement, found: " 1" };
    sort.believe(&mut shelf, "plain", "One machine's journal.", &sort.signed(&text));
    sort.put(&mut shelf);
    let mut put = |(name, code, shows, text): Spoilt| {
        sort.refuse(&mut shelf, (&name, code, shows), &sort.signed(&text));
    };
    spoilt(&text, &[]).into_iter().for_each(&mut put);
    let list = |value: String| saying(&text, "acknowledged", &value);
    let (one, hash) = (acknowledged_text(CHAIN), Entries::plain().head().1);
    for (name, shows, text) in [
        ("chain_twice", "Each chain once.", list(format!("[{one},{one}]"))),
        ("entry_of_three", "A number is missing.", list(format!("[{}]", one.replacen(",3,", ",", 1)))),
        (
            "number_zero",
            "Nothing is nothing to acknowledge.",
            list(format!("[{}]", one.replacen(",3,", ",0,", 1))),
        ),
        (
            "chain_upper_case",
            "A second spelling.",
            list(format!("[{}]", one.replace(CHAIN, &CHAIN.to_uppercase()))),
        ),
        ("hash_short", "A digest that is cut.", list(format!("[{}]", one.replace(&hash, &hash[2..])))),
        ("nine_in_payload", "One form for each length.", list(many(9))),
    ] {
        put((name.to_owned(), Code::FieldInvalid, shows, text));
    }
    let cut = one.replace(&public_text(DEVICE), "BwcH");
    put(("key_short".to_owned(), Code::KeyMalformed, "A key of three bytes.", list(format!("[{cut}]"))));
    let two = format!("[{one},{}]", acknowledged_text(OTHER_CHAIN));
    let counted = |count: usize| ByIssuer {
        found: ["", "", " 2", "", "", "", "", "", "", " 9"].get(count).copied().unwrap_or(" 1000"),
        ..ByIssuer { kind: "acknowledgement", text: String::new(), question: acknowledgement, found: "" }
    };
    let draft = sort.signed(&list(two));
    counted(2).believe(&mut shelf, "two", "A machine that began another chain.", &draft);
    for count in [9, 1_000] {
        let attached = sort.signed(&list(reference(many(count).as_bytes()))).carrying(many(count).as_bytes());
        let (name, shows) = (format!("attached_{count}"), "Many machines.");
        counted(count).believe(&mut shelf, &name, shows, &attached);
    }
    for (name, count) in [("attached_8", 8), ("attached_1001", 1_001)] {
        let attached = sort.signed(&list(reference(many(count).as_bytes()))).carrying(many(count).as_bytes());
        sort.refuse(&mut shelf, (name, Code::FieldInvalid, "One form for each length."), &attached);
    }
    shelf.cases
}

/// So many acknowledgements of different chains.
fn many(count: usize) -> String {
    let one = |n: usize| acknowledged_text(&format!("01890a5d-ac96-774b-bcce-{n:012x}"));
    format!("[{}]", (0..count).map(one).collect::<Vec<_>>().join(","))
}

fn re_anchors() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::ReAnchor);
    let text = re_anchor_text();
    let sort = ByIssuer { kind: "re-anchor", text: text.clone(), question: re_anchor, found: "" };
    sort.believe(&mut shelf, "plain", "What time it is.", &sort.signed(&text));
    sort.put(&mut shelf);
    let mut put = |(name, code, shows, text): Spoilt| {
        sort.refuse(&mut shelf, (&name, code, shows), &sort.signed(&text));
    };
    spoilt(&text, &[]).into_iter().for_each(&mut put);
    put((
        "grants_an_end".to_owned(),
        Code::FieldUnknown,
        "It grants nothing.",
        saying(&text, "expires_at", "1900000000"),
    ));
    let elsewhere = for_device(&World::of_tenant(), &sort.signed(&text), SECOND_DEVICE);
    shelf.refused("other_machine", Code::DeviceNotNamed, "It is for one machine.", elsewhere);
    shelf.cases
}

fn receipts() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::ReturnReceipt);
    let text = return_receipt_text();
    let sort = ByDevice { kind: "return-receipt", text: text.clone(), question: receipt, found: "" };
    sort.believe(&mut shelf, "plain", "A machine gives its license back.", &sort.signed(&text));
    let head =
        |seq: u64| format!(r#"{{"chain":"{CHAIN}","seq":{seq},"hash":"{}"}}"#, Entries::plain().head().1);
    let journaled = sort.signed(&saying(&text, "head", &head(3)));
    sort.believe(&mut shelf, "head", "With the end of its journal.", &journaled);
    sort.put(&mut shelf);
    let mut put = |(name, code, shows, text): Spoilt| {
        sort.refuse(&mut shelf, (&name, code, shows), &sort.signed(&text));
    };
    spoilt(&text, &[]).into_iter().for_each(&mut put);
    spoilt_optional(&text, &["head"]).into_iter().for_each(&mut put);
    put((
        "head_zero".to_owned(),
        Code::FieldInvalid,
        "An empty journal is none.",
        saying(&text, "head", &head(0)),
    ));
    put((
        "serial_zero".to_owned(),
        Code::FieldInvalid,
        "Serials count from 1.",
        saying(&text, "serial", "0"),
    ));
    shelf.cases
}
