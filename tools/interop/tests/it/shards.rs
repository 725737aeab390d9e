//! A reader of shards' bodies that knows the specification alone, beside ours: both list the same slots, and refuse the same bytes.
#![expect(clippy::disallowed_methods, reason = "the reader and the vectors are files")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealgate_artifact::{Carrier, ShardBody};
use serde_json::{Value, json};

use crate::program::{here, python};

const READER: &str = "shard_body.py";
const BLOCK: u32 = 1 << 20;
/// The longest reader: whoever implements the format writes no more than this.
const LINES: usize = 60;

#[test]
fn the_reader_is_short() {
    let text = fs::read_to_string(here().join("python").join(READER)).expect("a reader");
    let lines = text.lines().count();
    println!("{READER}: {lines} lines");
    assert!(lines <= LINES, "{lines} lines");
}

/// How many slots of which window of a block are listed, from a few of the smallest window to all.
const DENSITIES: [(u32, u32); 16] = [
    (1, 1 << 10),
    (10, 1 << 10),
    (200, 1 << 10),
    (512, 1 << 10),
    (900, 1 << 10),
    (1 << 12, 1 << 12),
    (60_000, 1 << 17),
    (1_000, 1 << 17),
    (1, BLOCK),
    (40, BLOCK),
    (200, BLOCK),
    (500, BLOCK),
    (1_000, BLOCK),
    (10_000, BLOCK),
    (30_000, BLOCK),
    (150_000, BLOCK),
];

/// Random shards, the same in every run, as our writer makes them: the reader lists every slot, and finds every slot and none of
/// its neighbours that is not listed.
#[test]
fn another_reader_lists_what_our_writer_was_told() {
    let mut random = Random(0x5e);
    let shards: Vec<BTreeSet<u32>> = DENSITIES.iter().map(|of| shard(&mut random, *of)).collect();
    let bodies: Vec<ShardBody> = shards.iter().map(body).collect();
    let asked: Vec<Vec<u32>> = shards.iter().map(|slots| looked_up(&mut random, slots)).collect();

    let order = bodies.iter().zip(&asked).map(|(body, ask)| order(body.bytes(), body.k(), body.count(), ask));
    let report = python(READER, &order.collect());

    let parameters: BTreeSet<u8> = bodies.iter().map(ShardBody::k).collect();
    assert!(parameters.len() > 8, "only {parameters:?}");
    for (at, (slots, body)) in shards.iter().zip(&bodies).enumerate() {
        let told = &report[at];
        assert_eq!(told["slots"], json!(slots), "{} slots, k = {}", slots.len(), body.k());
        for (ask, told) in asked[at].iter().zip(told["listed"].as_array().expect("answers")) {
            assert_eq!(*told, json!(slots.contains(ask)), "slot {ask} of {}", slots.len());
            assert_eq!(body.lists(*ask), slots.contains(ask), "slot {ask} of {}", slots.len());
        }
    }
}

/// Random bytes changed in sound bodies: both readers refuse the same ones, and read the same slots in the others.
#[test]
fn another_reader_refuses_what_ours_refuses() {
    let mut random = Random(0xa7);
    let mut spoilt = vec![];
    for density in [(3, 1 << 10), (40, 1 << 10), (500, 1 << 10), (40, BLOCK), (900, 1 << 17)] {
        for _ in 0..80 {
            let sound = body(&shard(&mut random, density));
            let mut bytes = sound.bytes().to_vec();
            for _ in 0..=random.below(2) {
                change(&mut random, &mut bytes);
            }
            let k = if random.below(8) == 0 { 15 } else { sound.k() };
            let count = sound.count() + random.below(8) / 7;
            spoilt.push((bytes, k, count));
        }
    }

    let report =
        python(READER, &spoilt.iter().map(|(bytes, k, count)| order(bytes, *k, *count, &[])).collect());

    let mut accepted = 0;
    for (at, (bytes, k, count)) in spoilt.iter().enumerate() {
        let ours = ShardBody::read(*k, *count, bytes).ok();
        let slots = ours.map(|body| body.slots().collect::<Vec<_>>());
        let theirs = report[at].get("slots").cloned();
        assert_eq!(theirs, slots.as_ref().map(|slots| json!(slots)), "{bytes:?}, k = {k}, {count} slots");
        accepted += usize::from(slots.is_some());
    }
    println!("{} changed bodies, {accepted} of them are bodies of other slots", spoilt.len());
    assert!(accepted > 10 && accepted < spoilt.len() / 2, "{accepted} of {}", spoilt.len());
}

/// The bodies of the vectors: the reader finds what they say, and refuses every one that is no body.
#[test]
fn another_reader_gives_the_answers_of_the_vectors() {
    let vectors = vectors();
    let ask = |vector: &Vector| {
        vector
            .slots
            .iter()
            .map(|slot| u32::try_from(slot % u64::from(BLOCK)).expect("a place"))
            .collect::<Vec<_>>()
    };
    let order = vectors.iter().map(|vector| order(&vector.body, vector.k, vector.count, &ask(vector)));

    let report = python(READER, &order.collect());

    let (mut sound, mut refused) = (0, 0);
    for (at, vector) in vectors.iter().enumerate() {
        if vector.expected.starts_with("ok ") {
            let listed =
                report[at]["listed"].as_array().unwrap_or_else(|| panic!("{}: {}", vector.name, report[at]));
            let of_block = |slot: &u64| slot >> 20 == vector.block;
            let yes = |(told, slot): (&Value, &u64)| {
                if *told == json!(true) && of_block(slot) { "yes" } else { "no" }
            };
            let told: Vec<&str> = listed.iter().zip(&vector.slots).map(yes).collect();
            let expected: Vec<&str> = vector.expected.split(' ').skip(2).collect();
            assert_eq!(told, expected, "{}", vector.name);
            sound += 1;
        } else {
            assert!(report[at]["refused"].is_string(), "{}: {}", vector.name, report[at]);
            refused += 1;
        }
    }
    println!("{sound} bodies of the vectors were read, {refused} were refused");
    assert!(sound > 20 && refused > 25, "{sound} and {refused}");
}

/// `SplitMix64`: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ mixed >> 31) % u64::from(bound)).expect("below the bound")
    }
}

/// So many slots of a block's first ones.
fn shard(random: &mut Random, (count, window): (u32, u32)) -> BTreeSet<u32> {
    let mut slots = BTreeSet::new();
    while slots.len() < count as usize {
        slots.insert(random.below(window));
        if count == window {
            slots.extend(0..window);
        }
    }
    slots
}

fn body(slots: &BTreeSet<u32>) -> ShardBody {
    ShardBody::of(&slots.iter().copied().collect::<Vec<_>>()).expect("slots of a block")
}

/// Some listed slots with their neighbours, the edges of chunks, and any slots.
fn looked_up(random: &mut Random, slots: &BTreeSet<u32>) -> Vec<u32> {
    let step = slots.len() / 20 + 1;
    let listed = slots.iter().step_by(step).flat_map(|slot| [slot.saturating_sub(1), *slot, slot + 1]);
    let edges = (0..16).flat_map(|chunk| [chunk << 16, (chunk << 16) + 0xffff]);
    let mut asked: Vec<u32> = listed.chain(edges).filter(|slot| *slot < BLOCK).collect();
    asked.extend((0..40).map(|_| random.below(BLOCK)));
    asked
}

fn change(random: &mut Random, bytes: &mut Vec<u8>) {
    let at = random.below(u32::try_from(bytes.len()).expect("short")) as usize;
    match random.below(8) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, 0xff),
        2 => drop(bytes.remove(at)),
        // A longer chunk whose length the table says.
        3 => {
            bytes.push(u8::try_from(random.below(256)).expect("a byte"));
            bytes[31] = bytes[31].wrapping_add(1);
        }
        _ => bytes[at] ^= 1_u8 << random.below(8),
    }
}

fn order(body: &[u8], k: u8, count: u32, ask: &[u32]) -> Value {
    json!({ "body": STANDARD.encode(body), "k": k, "count": count, "ask": ask })
}

/// A vector's body, if its shard has one with all that reading it takes.
struct Vector {
    name: String,
    expected: String,
    block: u64,
    k: u8,
    count: u32,
    body: Vec<u8>,
    slots: Vec<u64>,
}

/// Those that are believed, and those that are refused for their body.
fn vectors() -> Vec<Vector> {
    let folder = here().join("../../vectors/shard");
    let files = ["valid", "invalid"].map(|side| fs::read_dir(folder.join(side)).expect("vectors"));
    let paths = files.into_iter().flatten().map(|entry| entry.expect("a vector").path());
    let is_asked = |path: &PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        path.extension().is_some_and(|ending| ending == "json")
            && (path.parent().is_some_and(|side| side.ends_with("valid")) || name.starts_with("body_"))
    };
    paths.filter(is_asked).filter_map(|path| vector(&path)).collect()
}

fn vector(path: &Path) -> Option<Vector> {
    let text = |path: &Path| fs::read_to_string(path).expect("a file");
    let question: Value = serde_json::from_str(&text(path)).expect("a vector");
    let carrier = Carrier::decode(question["shard"]["text"].as_str()?.as_bytes()).expect("a shard");
    let payload: Value = serde_json::from_slice(carrier.envelope.payload()).expect("a payload");
    let body = carrier.attachments.first().filter(|body| payload["body"]["length"] == json!(body.len()))?;
    Some(Vector {
        name: path.display().to_string(),
        expected: text(&path.with_extension("expected")).trim_end().to_owned(),
        block: payload["block"].as_u64()?,
        k: u8::try_from(payload["k"].as_u64()?).ok()?,
        count: u32::try_from(payload["count"].as_u64()?).ok()?,
        body: body.clone(),
        slots: question["slots"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect(),
    })
}
