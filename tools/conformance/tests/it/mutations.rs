//! No envelope verifies but those that were signed, whatever is done to one: nothing made up, nothing changed, nothing
//! put together from sound parts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use conformance::{Bytes, Chain, Question, answer};
use proptest::prelude::*;
use proptest::sample::Index;
use sealgate_artifact::{Kind, decode_base64, encode_base64};
use serde_json::{Value, json};

/// Cheap enough to be many; together they take about as long as the other tests here.
const CASES: u32 = 2_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    /// Well formed in every respect, so that nothing but the signature can refuse it.
    #[test]
    fn envelopes_with_made_up_signatures_are_refused(
        level in level(),
        payload in prop_oneof![Just(None), prop::collection::vec(any::<u8>(), 0..200).prop_map(Some)],
        signatures in prop::collection::vec(prop::collection::vec(any::<u8>(), 64), 1..5),
        hints in prop::collection::vec("[0-9a-f]{32}", 5),
    ) {
        let mut envelope = sound(level);
        if let Some(payload) = payload {
            envelope["payload"] = encode_base64(&payload).into();
        }
        let entry = |(sig, hint): (&Vec<u8>, &String)| json!({"keyid": hint, "sig": encode_base64(sig)});
        envelope["signatures"] = signatures.iter().zip(&hints).map(entry).collect();
        prop_assert!(!is_accepted(&at(level, envelope.to_string().into_bytes())));
    }

    /// White space and hints are not signed: what is still accepted is the very statement that was signed.
    #[test]
    fn an_edited_envelope_is_the_same_statement_or_refused(
        level in level(),
        edits in prop::collection::vec(edit(), 1..4),
    ) {
        let text = original(level);
        let found = answer(&at(level, edited(text, &edits)));
        prop_assert!(!found.starts_with("ok") || found == accepted(level), "{found}");
    }

    /// Encoded again by every rule of the envelope, so that neither JSON nor base64 gives the change away.
    #[test]
    fn an_edited_payload_type_or_signature_is_refused(
        level in level(),
        field in 0..3usize,
        edits in prop::collection::vec(edit(), 1..4),
    ) {
        let mut envelope = sound(level);
        let decoded = |text: &Value| decode_base64(text.as_str().expect("text"), "test").expect("sound");
        let changed = match field {
            0 => {
                let before = decoded(&envelope["payload"]);
                let after = edited(before.clone(), &edits);
                envelope["payload"] = encode_base64(&after).into();
                before != after
            }
            1 => {
                let before = decoded(&envelope["signatures"][0]["sig"]);
                let after = edited(before.clone(), &edits);
                envelope["signatures"][0]["sig"] = encode_base64(&after).into();
                before != after
            }
            _ => {
                let before = envelope["payloadType"].as_str().expect("text").to_owned();
                let after = edited(before.clone().into_bytes(), &edits);
                let after = String::from_utf8_lossy(&after).into_owned();
                envelope["payloadType"] = after.clone().into();
                before != after
            }
        };
        prop_assert_ne!(is_accepted(&at(level, envelope.to_string().into_bytes())), changed);
    }

    /// Type, payload and signatures of three envelopes that were each signed by a key of the chain or of another.
    #[test]
    fn parts_of_sound_envelopes_make_no_new_one(level in level(), picks in any::<[Index; 3]>()) {
        let (known, pool) = signed_ones();
        let [typed, said, signed] = picks.map(|pick| pick.get(pool));
        let mixed = json!({
            "payloadType": typed["payloadType"], "payload": said["payload"], "signatures": signed["signatures"],
        });
        let found = answer(&at(level, mixed.to_string().into_bytes()));
        if let Some(ids) = found.strip_prefix("ok ") {
            // The three parts belong together already.
            prop_assert_eq!(&typed["payloadType"], &said["payloadType"]);
            prop_assert_eq!(&said["payload"], &signed["payload"]);
            prop_assert_eq!(&said["payloadType"], &signed["payloadType"]);
            prop_assert!(ids.split(' ').all(|id| known.contains(id)), "{}", found);
        }
    }
}

/// Each kind of statement in its own plain question; then the request that a decision answers, the heartbeat that is answered,
/// and the license beside a proof.
static LEVELS: LazyLock<Vec<Level>> = LazyLock::new(|| {
    let level = |asked: Kind, kind: Kind| {
        let plain = super::question(&format!("{asked}/valid/plain.json"));
        Level { place: super::place_of(&plain, kind), plain }
    };
    let each = Kind::ALL.into_iter().map(|kind| level(kind, kind));
    let beside = [
        level(Kind::Decision, Kind::DeviceRequest),
        level(Kind::HeartbeatAnswer, Kind::HeartbeatRequest),
        level(Kind::ActivationProof, Kind::License),
    ];
    each.chain(beside).collect()
});

/// A question that is accepted, and the place of one of its envelopes.
struct Level {
    plain: Question,
    place: usize,
}

fn level() -> std::ops::Range<usize> {
    0..LEVELS.len()
}

#[derive(Debug, Clone)]
enum Edit {
    Flip(Index, u8),
    Write(Index, Vec<u8>),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    /// Copies a stretch to another place.
    Copy(Index, usize, Index),
    Exchange(Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = any::<Index>;
    // What JSON and base64 are made of does more harm than any byte.
    let byte = || prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]\",:\\ =+/09aAzZ-_"[..])];
    let some = || prop::collection::vec(byte(), 1..6);
    prop_oneof![
        (place(), 0..8u8).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        (place(), some()).prop_map(|(at, bytes)| Edit::Write(at, bytes)),
        (place(), some()).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (place(), 1..40usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        (place(), 1..200usize, place()).prop_map(|(from, length, to)| Edit::Copy(from, length, to)),
        (place(), place()).prop_map(|(a, b)| Edit::Exchange(a, b)),
    ]
}

fn edited(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for edit in edits.iter().cloned() {
        if bytes.is_empty() {
            break;
        }
        let place = |at: Index| at.index(bytes.len());
        let stretch = |at: Index, length: usize| place(at)..bytes.len().min(place(at) + length);
        match edit {
            Edit::Flip(at, bit) => {
                let at = place(at);
                bytes[at] ^= 1 << bit;
            }
            Edit::Write(at, new) => {
                let range = stretch(at, new.len());
                bytes.splice(range, new);
            }
            Edit::Insert(at, new) => {
                let at = place(at);
                bytes.splice(at..at, new);
            }
            Edit::Remove(at, length) => {
                let range = stretch(at, length);
                bytes.drain(range);
            }
            Edit::Copy(from, length, to) => {
                let (copy, to) = (bytes[stretch(from, length)].to_vec(), place(to));
                bytes.splice(to..to, copy);
            }
            Edit::Exchange(a, b) => {
                let (a, b) = (place(a), place(b));
                bytes.swap(a, b);
            }
        }
    }
    bytes
}

fn is_accepted(question: &Question) -> bool {
    answer(question).starts_with("ok")
}

/// The plain question that has this level, with these bytes for its envelope.
fn at(level: usize, envelope: Vec<u8>) -> Question {
    LEVELS[level].plain.with_envelope(LEVELS[level].place, envelope)
}

fn sound(level: usize) -> Value {
    serde_json::from_slice(&original(level)).expect("the envelope of a valid vector")
}

fn original(level: usize) -> Vec<u8> {
    bytes(LEVELS[level].plain.envelopes()[LEVELS[level].place])
}

fn bytes(bytes: &Bytes) -> Vec<u8> {
    bytes.to_vec().expect("a vector's base64 is sound")
}

fn accepted(level: usize) -> String {
    answer(&LEVELS[level].plain)
}

/// The parts of a mixture are told apart by what they say, so no two of the pool may share a signature and differ.
#[test]
fn a_signature_of_the_pool_stands_under_one_statement() {
    let (known, pool) = signed_ones();
    assert!(known.len() > 10 && pool.len() > 30, "{} ids, {} envelopes", known.len(), pool.len());
    let mut said = BTreeMap::new();
    for envelope in pool {
        let signature = envelope["signatures"].to_string();
        let statement = (&envelope["payloadType"], &envelope["payload"]);
        assert_eq!(*said.entry(signature).or_insert(statement), statement);
    }
}

/// The ids of every statement that some valid vector verifies, and every envelope of every such chain.
fn signed_ones() -> (&'static BTreeSet<String>, &'static Vec<Value>) {
    type Signed = (BTreeSet<String>, Vec<Value>);
    static SIGNED: LazyLock<Signed> = LazyLock::new(|| {
        let (mut ids, mut envelopes) = Signed::default();
        for (_, vector, expected) in super::all() {
            // An envelope that is only decoded may bear another's signature.
            let Some(found) = expected.strip_prefix("ok ") else { continue };
            if matches!(vector.question, Question::Envelope { .. }) {
                continue;
            }
            ids.extend(found.split(' ').map(str::to_owned));
            let above = chain_above(&vector.question).map(|chain| answer(&Question::Chain(Box::new(chain))));
            ids.extend(above.iter().flat_map(|found| found.split(' ').skip(1)).map(str::to_owned));
            let parsed = |part: &Bytes| serde_json::from_slice(&bytes(part)).expect("an accepted envelope");
            let parts = vector.question.envelopes().into_iter().map(parsed);
            // Those with attachments have no type of their own.
            envelopes.extend(parts.filter(|envelope: &Value| envelope["payloadType"].is_string()));
        }
        (ids, envelopes)
    });
    (&SIGNED.0, &SIGNED.1)
}

/// The chain above a statement whose question finds the statement's own id only.
fn chain_above(question: &Question) -> Option<Chain> {
    let chain = match question {
        Question::Certificate(asked) => &asked.chain,
        Question::Decision(asked) => &asked.certified.chain,
        Question::ActivationProof(asked) => &asked.chain,
        Question::HeartbeatAnswer(asked) => &asked.certified.chain,
        Question::Release(asked) => &asked.chain,
        Question::Shard(asked) => &asked.chain,
        Question::Snapshot(asked) => &asked.chain,
        _ => return None,
    };
    Some(chain.clone())
}
