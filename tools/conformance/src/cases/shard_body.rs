//! The bodies of shards (`spec/revocation.md` §2): what is looked up in sound ones, and what is no body.

use sealgate_artifact::Code;

use super::case::{Case, Shelf};
use super::shard::{looked_up, question};
use crate::Artifact;
use crate::revocation::{
    BLOCK, BLOCK_SLOTS, CHUNK_SLOTS, bits, body, bound, only, packed, revoking, shard_listing, shard_of,
    shortest,
};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Shard);
    shapes(&mut shelf);
    parameters(&mut shelf);
    tables(&mut shelf);
    chunks(&mut shelf);
    counts(&mut shelf);
    shelf.cases
}

/// A shard of these places, in which `asked` are looked up. Whether they are listed is known without reading the body.
fn listed(shelf: &mut Shelf, name: &str, shows: &str, k: u32, places: &[u32], asked: &[u32]) {
    let shard = shard_listing(k, places);
    let slots = asked.iter().map(|place| (BLOCK << 20) + u64::from(*place)).collect();
    let answers = asked.iter().map(|place| if places.contains(place) { " yes" } else { " no" });
    let found = shard.id() + &answers.collect::<String>();
    shelf.accepted(name, shows, looked_up(&revoking(), &shard, None, slots), &found);
}

fn shapes(shelf: &mut Shelf) {
    let last = BLOCK_SLOTS - 1;
    let few = [3, 40, CHUNK_SLOTS - 1, CHUNK_SLOTS, 5 * CHUNK_SLOTS + 77, last];
    let around: Vec<u32> = few.iter().flat_map(|place| [place - 1, *place, (place + 1).min(last)]).collect();
    let shows = "Slots of several chunks, and their neighbours.";
    listed(shelf, "with_body", shows, shortest(&few), &few, &around);
    listed(shelf, "one_slot_first", "The first slot of a block.", shortest(&[0]), &[0], &[0, 1, last]);
    listed(
        shelf,
        "one_slot_last",
        "The last slot of a block.",
        shortest(&[last]),
        &[last],
        &[0, last - 1, last],
    );
    let pairs: Vec<u32> =
        (0..16).flat_map(|chunk| [chunk * CHUNK_SLOTS, (chunk + 1) * CHUNK_SLOTS - 1]).collect();
    let asked: Vec<u32> = pairs.iter().flat_map(|place| [place ^ 1, *place]).collect();
    let shows = "The first and the last slot of every chunk.";
    listed(shelf, "every_chunk", shows, shortest(&pairs), &pairs, &asked);
    let window: Vec<u32> = (0..1_024).filter(|place| place % 2 == 1 || place % 6 == 0).collect();
    let asked: Vec<u32> = (0..16).chain(1_008..1_040).collect();
    let shows = "Most slots of the first window.";
    listed(shelf, "dense", shows, shortest(&window), &window, &asked);
    let all: Vec<u32> = (0..BLOCK_SLOTS).collect();
    listed(
        shelf,
        "all_slots",
        "Everything in the block was taken back.",
        0,
        &all,
        &[0, 1, CHUNK_SLOTS, last],
    );
    let places: Vec<u32> = (0..BLOCK_SLOTS).filter(|place| place % 2 == 1).collect();
    let shows = "Every second slot: with this parameter each chunk has 8,192 bytes, the most there may be.";
    listed(shelf, "every_second_slot", shows, 0, &places, &[0, 1, 2, last - 1, last]);
    let shard = shard_listing(shortest(&few), &few);
    let elsewhere =
        vec![3, (BLOCK << 20) + 3, ((BLOCK + 1) << 20) + 3, (BLOCK << 20) + (1 << 32) + 3, (1 << 53) - 1];
    let shows = "A place of a block is listed for that block alone.";
    let found = format!("{} no yes no no no", shard.id());
    shelf.accepted("other_blocks", shows, looked_up(&revoking(), &shard, None, elsewhere), &found);
}

/// Each parameter, with slots for which it gives the shortest body where there are such.
fn parameters(shelf: &mut Shelf) {
    for k in 0..16_u32 {
        let gaps = match k {
            0 => vec![1; 16],
            13 => [vec![4_096; 3], vec![12_288; 4]].concat(),
            // The longest two gaps that one chunk has room for.
            14 => vec![32_767; 2],
            // Nowhere the only shortest, and the smallest counts.
            15 => vec![40_000],
            _ => vec![3 << (k - 1); if k == 12 { 10 } else { 16 }],
        };
        let place = |next: &mut u32, gap: &u32| {
            *next += gap + 1;
            Some(*next - 1)
        };
        let places: Vec<u32> = gaps.iter().scan(0, place).collect();
        assert!(k == 15 || shortest(&places) == k, "{k}: {}", shortest(&places));
        let asked: Vec<u32> =
            places.iter().flat_map(|place| [place.saturating_sub(1), *place, place + 1]).collect();
        listed(shelf, &format!("k_{k}"), "Gaps of about the size for this parameter.", k, &places, &asked);
    }
    let places = [3, 40, 5_000];
    let shows = "A reader takes any parameter: the shortest is the writer's rule.";
    listed(shelf, "k_not_shortest", shows, 12, &places, &[3, 40, 41, 5_000]);
}

fn refused(shelf: &mut Shelf, name: &str, shows: &str, (k, count): (u64, usize), body: &[u8]) {
    let shard = shard_of(k, count, body);
    shelf.refused(&format!("body_{name}"), Code::FieldInvalid, shows, question(&revoking(), &shard));
}

fn tables(shelf: &mut Shelf) {
    let sound = body(4, &[3, 40]);
    let mut refuse = |name: &str, shows: &str, body: &[u8]| refused(shelf, name, shows, (4, 2), body);
    refuse("of_one_byte", "Shorter than its table.", &[0]);
    refuse("of_31_bytes", "One byte shorter than its table.", &sound[..31]);
    refuse("of_32_bytes", "The table alone, which promises more.", &sound[..32]);
    refuse("cut", "Its last byte is missing.", &sound[..sound.len() - 1]);
    refuse("with_byte_behind", "A byte behind the last chunk.", &[&sound[..], &[0xff]].concat());
    let mut swapped = sound.clone();
    swapped.swap(0, 1);
    refuse("length_low_byte_first", "A length whose lower byte stands first.", &swapped);
    let mut empty = sound.clone();
    empty[..32].fill(0);
    refuse("table_of_zeros", "Bytes that belong to no chunk.", &empty);
    let long = vec![0; 8_193];
    let shows = "A chunk of 8,193 bytes, though it lists no slot twice.";
    let padded = [&packed(&bits(0, 0..CHUNK_SLOTS))[..], &[0xff]].concat();
    assert_eq!(padded.len(), 8_193);
    refused(shelf, "chunk_of_8193_bytes", shows, (0, 65_536), &only(&padded));
    let shows = "A chunk of 8,193 bytes with another parameter.";
    refused(shelf, "chunk_of_8193_bytes_k_1", shows, (1, 32_772), &only(&long));
}

fn chunks(shelf: &mut Shelf) {
    let mut refuse = |name: &str, shows: &str, (k, count): (u64, usize), bits: &str| {
        refused(shelf, name, shows, (k, count), &only(&packed(bits)));
    };
    let at = |k: u32, slots: &[u32]| bits(k, slots.iter().copied());
    refuse("slot_beyond_chunk", "The first slot after the chunk.", (15, 1), &at(15, &[65_536]));
    refuse(
        "second_slot_beyond_chunk",
        "A gap that leads out of the chunk.",
        (15, 2),
        &at(15, &[65_535, 65_536]),
    );
    let shows = "A gap that leads far out of the chunk.";
    refuse("slot_far_beyond_chunk", shows, (15, 1), &(("1".repeat(2_000)) + &"0".repeat(16)));
    let shows = "A gap of 2^32: it is not taken for one of 0.";
    refuse("slot_2_to_the_32", shows, (15, 1), &format!("{}{}", "1".repeat(32_768), "0".repeat(16)));
    let shows = "With a map of bits, the last bit is the last slot.";
    refuse("map_slot_beyond_chunk", shows, (0, 1), &format!("{}0", "1".repeat(65_536)));
    let two = at(4, &[3, 40]);
    let padded = format!("{two:1<24}");
    refuse("byte_without_slot", "Ones fill the last byte, and one more.", (4, 2), &padded);
    let whole = at(3, &[1, 2]);
    assert_eq!(whole.len(), 8);
    refuse("byte_without_slot_behind_full", "The last byte was full.", (3, 2), &format!("{whole:1<16}"));
    refuse("chunk_of_ones", "A chunk without a slot has no byte.", (4, 2), "11111111");
    let within = at(7, &[3, 40]);
    refuse("ends_in_remainder", "The last slot's remainder is cut.", (7, 2), &within[..8]);
    let shows = "The chunk ends behind a quotient, where the remainder should begin.";
    refuse("ends_behind_quotient", shows, (7, 2), &format!("{}1111111{}", &within[..8], "0"));
    let shows = "Zeros fill the last byte: with this parameter they are one more slot.";
    refuse("filled_with_zeros", shows, (4, 2), &format!("{two}00000"));
    let shows = "Zeros fill the last byte: with this parameter they are a part of a slot.";
    let three = at(5, &[3, 40]);
    refuse("filled_with_zeros_part", shows, (5, 2), &format!("{three}000"));
    let body = bound(&[vec![vec![]; 15], vec![packed(&at(15, &[65_536]))]].concat());
    refused(shelf, "slot_beyond_block", "The first slot after the block.", (15, 1), &body);
    let mut two_chunks = vec![vec![]; 16];
    (two_chunks[2], two_chunks[3]) = (packed(&two), vec![0xff]);
    let shows = "The second of two chunks has no slot.";
    refused(shelf, "second_chunk_of_ones", shows, (4, 2), &bound(&two_chunks));
}

fn counts(shelf: &mut Shelf) {
    let sound = body(4, &[3, 40]);
    let mut refuse =
        |name: &str, shows: &str, count: usize, body: &[u8]| refused(shelf, name, shows, (4, count), body);
    refuse("count_one_less", "It lists more slots than `count` says.", 1, &sound);
    refuse("count_one_more", "It lists fewer slots than `count` says.", 3, &sound);
    refuse("count_without_slots", "It lists none, and `count` says one.", 1, &[0; 32]);
    refuse("count_largest", "It lists two, and `count` says all.", 1_048_576, &sound);
    let shows = "With another parameter the same bytes list other slots.";
    refused(shelf, "of_other_parameter", shows, (3, 2), &sound);
}
