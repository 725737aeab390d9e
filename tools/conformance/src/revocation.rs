//! Shards, their bodies and snapshots, put together without the code under test.

use sealgate_artifact::KeyUse;

use crate::admission::{SNAPSHOT, listing};
use crate::forge::{APP, DAY, Draft, NOW, ROOT, TENANT, World, entry, public_text, reference, root, with};

/// A block that is not the first, so that a slot of the app differs from its place in the block.
pub(crate) const BLOCK: u64 = 7;
/// Slots of a block, and of a chunk (`spec/revocation.md` §2.1).
pub(crate) const BLOCK_SLOTS: u32 = 1 << 20;
pub(crate) const CHUNK_SLOTS: u32 = 1 << 16;

/// A chain in which one more key may sign revocation data.
pub(crate) fn revoking() -> World {
    listing(&[entry("snapshot", &public_text(SNAPSHOT), "active")])
}

/// That nothing of the block was taken back.
pub(crate) fn shard_text() -> String {
    format!(
        concat!(
            r#"{{"typ":"shard","tenant":"{}","app":"{}","block":{},"version":30000000,"issued_at":{},"#,
            r#""next_update":{},"count":0}}"#
        ),
        TENANT,
        APP,
        BLOCK,
        NOW,
        NOW + DAY
    )
}

/// That so many slots are listed, in this body.
pub(crate) fn listing_text(k: u64, count: usize, body: &[u8]) -> String {
    let listed = format!("\"count\":{count},\"k\":{k},\"body\":{}", reference(body));
    with(&shard_text(), "\"count\":0", &listed)
}

/// A shard of this payload, signed by the snapshot key.
pub(crate) fn shard(payload: &str) -> Draft {
    Draft::new("shard", payload).signed(SNAPSHOT, KeyUse::Snapshot)
}

/// A shard with this body.
pub(crate) fn shard_of(k: u64, count: usize, body: &[u8]) -> Draft {
    shard(&listing_text(k, count, body)).carrying(body)
}

/// A shard that lists these places of its block, which rise.
pub(crate) fn shard_listing(k: u32, places: &[u32]) -> Draft {
    shard_of(k.into(), places.len(), &body(k, places))
}

/// A snapshot of a tenant without shards, which names the keysets of the plain chain.
pub(crate) fn snapshot_text() -> String {
    let world = revoking();
    format!(
        concat!(
            r#"{{"typ":"snapshot","tenant":"{}","version":30000000,"issued_at":{},"next_update":{},"root":"{}","#,
            r#""keyset":"{}","tenant_keyset":"{}"}}"#
        ),
        TENANT,
        NOW,
        NOW + DAY,
        root(1, &[public_text(ROOT)], 1).id(),
        world.keyset.id(),
        world.tenant_keyset.id()
    )
}

/// A snapshot of this payload, signed by the snapshot key.
pub(crate) fn snapshot(payload: &str) -> Draft {
    Draft::new("snapshot", payload).signed(SNAPSHOT, KeyUse::Snapshot)
}

/// A snapshot whose list is this text.
pub(crate) fn snapshot_listing(list: &str) -> Draft {
    let shards = format!(",\"shards\":{}}}", reference(list.as_bytes()));
    snapshot(&with(&snapshot_text(), "}", &shards)).carrying(list.as_bytes())
}

/// A body by `spec/revocation.md` §2.2 and §2.3, bit by bit.
pub(crate) fn body(k: u32, places: &[u32]) -> Vec<u8> {
    let chunks = (0..BLOCK_SLOTS / CHUNK_SLOTS).map(|chunk| {
        let of_chunk = places.iter().filter(|place| **place / CHUNK_SLOTS == chunk);
        packed(&bits(k, of_chunk.map(|place| place % CHUNK_SLOTS)))
    });
    bound(&chunks.collect::<Vec<_>>())
}

/// The table of these chunks and the chunks.
pub(crate) fn bound(chunks: &[Vec<u8>]) -> Vec<u8> {
    let lengths = chunks.iter().flat_map(|chunk| u16::try_from(chunk.len()).expect("short").to_be_bytes());
    lengths.chain(chunks.iter().flatten().copied()).collect()
}

/// The first chunk and no other.
pub(crate) fn only(chunk: &[u8]) -> Vec<u8> {
    let mut chunks = vec![vec![]; 16];
    chunks[0] = chunk.to_vec();
    bound(&chunks)
}

/// The bits of a chunk's slots, as text.
pub(crate) fn bits(k: u32, slots: impl Iterator<Item = u32>) -> String {
    let (mut bits, mut next) = (String::new(), 0);
    for slot in slots {
        let gap = slot - next;
        bits += &"1".repeat((gap >> k) as usize);
        bits.push('0');
        bits.extend((0..k).rev().map(|bit| if gap >> bit & 1 == 1 { '1' } else { '0' }));
        next = slot + 1;
    }
    bits
}

/// Bits as bytes; what is left of the last one is ones.
pub(crate) fn packed(bits: &str) -> Vec<u8> {
    let byte = |bits: &[u8]| (0..8).fold(0, |byte, at| byte << 1 | u8::from(bits.get(at) != Some(&b'0')));
    bits.as_bytes().chunks(8).map(byte).collect()
}

/// The parameter that a writer takes (`spec/revocation.md` §2.5).
pub(crate) fn shortest(places: &[u32]) -> u32 {
    let is_allowed =
        |body: &[u8]| body[..32].chunks(2).all(|two| usize::from(two[0]) << 8 | usize::from(two[1]) <= 8_192);
    let bodies = (0..16).map(|k| (body(k, places), k));
    bodies
        .filter(|(body, _)| is_allowed(body))
        .min_by_key(|(body, k)| (body.len(), *k))
        .expect("k = 0 is allowed")
        .1
}
