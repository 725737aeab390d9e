//! The body of a shard: which slots of a block are listed, exactly, in about eight bits each (`spec/revocation.md` §2).

use crate::fields::invalid;
use crate::{ArtifactError, limits};

/// Slots of a block, of a chunk, and chunks of a block.
const BLOCK: u32 = limits::BLOCK_SLOTS;
const CHUNK: u32 = 1 << 16;
const CHUNKS: usize = (BLOCK / CHUNK) as usize;
/// `spec/revocation.md` §2.2: two bytes for the length of each chunk.
const TABLE: usize = 2 * CHUNKS;
/// With the parameter 0 a chunk is a map of bits, so none needs to be longer.
const CHUNK_BYTES: usize = CHUNK as usize / 8;
/// With this parameter a gap in a chunk is two bits and its remainder at most.
const MOST_K: u8 = limits::SHARD_K;

/// The listed slots of one block, as they travel. It was checked when it was read, or made by [`ShardBody::of`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardBody {
    k: u8,
    count: u32,
    bytes: Vec<u8>,
}

impl ShardBody {
    /// The shortest body of these slots, 0 to 2^20 − 1, rising. `None` if there are none, if they do not rise, or if one lies beyond the block.
    pub fn of(slots: &[u32]) -> Option<Self> {
        let rise = slots.windows(2).all(|two| two[0] < two[1]);
        let count = u32::try_from(slots.len()).ok()?;
        if !rise || *slots.last()? >= BLOCK {
            return None;
        }
        let gaps = gaps(slots);
        // spec/revocation.md §2.5: the first of the shortest; with 0 every chunk is short enough.
        let lengths = |k| gaps.iter().map(|chunk| length(chunk, k)).collect::<Vec<_>>();
        let (k, lengths) = (0..=MOST_K)
            .map(|k| (k, lengths(k)))
            .filter(|(_, lengths)| lengths.iter().all(|length| *length <= CHUNK_BYTES))
            .min_by_key(|(_, lengths)| lengths.iter().sum::<usize>())?;
        let lengths = lengths.into_iter().map(|length| u16::try_from(length).unwrap_or(u16::MAX));
        let mut bytes: Vec<u8> = lengths.flat_map(u16::to_be_bytes).collect();
        for chunk in &gaps {
            write(&mut bytes, chunk, k);
        }
        Some(Self { k, count, bytes })
    }

    /// Reads a body, and checks all of it (`spec/revocation.md` §2.6).
    pub fn read(k: u8, count: u32, bytes: &[u8]) -> Result<Self, ArtifactError> {
        let body = Self { k, count, bytes: bytes.to_vec() };
        let malformed = |why| invalid("body", why);
        if k > MOST_K {
            return Err(invalid("k", "not 0 to 15"));
        }
        if bytes.len() < TABLE {
            return Err(malformed("shorter than its table"));
        }
        let lengths = (0..CHUNKS).map(|chunk| body.length(chunk));
        if lengths.clone().any(|length| length > CHUNK_BYTES) || TABLE + lengths.sum::<usize>() != bytes.len()
        {
            return Err(malformed("its table does not fit its chunks"));
        }
        let mut found = 0_u32;
        for chunk in 0..CHUNKS {
            let mut slots = Slots::of(body.chunk(chunk), k);
            found += u32::try_from(slots.by_ref().count()).unwrap_or(CHUNK);
            if !slots.is_whole {
                return Err(malformed("a chunk does not end as it should"));
            }
        }
        if found == count {
            Ok(body)
        } else {
            Err(malformed("it does not list as many slots as `count` says"))
        }
    }

    /// Whether this slot of the block is listed. Only its chunk is read (`spec/revocation.md` §2.4).
    pub fn lists(&self, slot: u32) -> bool {
        if slot >= BLOCK {
            return false;
        }
        let (bytes, slot) = (self.chunk((slot / CHUNK) as usize), slot % CHUNK);
        if self.k == 0 {
            let byte = bytes.get(slot as usize / 8);
            return byte.is_some_and(|byte| byte & (0x80 >> (slot % 8)) == 0);
        }
        Slots::of(bytes, self.k).find(|found| *found >= slot) == Some(slot)
    }

    /// All listed slots, rising.
    pub fn slots(&self) -> impl Iterator<Item = u32> {
        (0..CHUNKS).flat_map(|chunk| {
            let first = u32::try_from(chunk).unwrap_or(0) * CHUNK;
            Slots::of(self.chunk(chunk), self.k).map(move |slot| first + slot)
        })
    }

    /// The parameter with which gaps are written.
    pub fn k(&self) -> u8 {
        self.k
    }

    /// How many slots are listed; never 0.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The body as it travels: at most 131,104 bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn length(&self, chunk: usize) -> usize {
        usize::from(u16::from_be_bytes([self.bytes[2 * chunk], self.bytes[2 * chunk + 1]]))
    }

    fn chunk(&self, chunk: usize) -> &[u8] {
        let before: usize = (0..chunk).map(|chunk| self.length(chunk)).sum();
        &self.bytes[TABLE + before..][..self.length(chunk)]
    }
}

/// The gaps between the slots of each chunk (`spec/revocation.md` §2.3).
fn gaps(slots: &[u32]) -> Vec<Vec<u32>> {
    let mut gaps = vec![vec![]; CHUNKS];
    let mut next = 0;
    for slot in slots {
        let first = slot - slot % CHUNK;
        gaps[(slot / CHUNK) as usize].push(slot - first.max(next));
        next = slot + 1;
    }
    gaps
}

fn length(gaps: &[u32], k: u8) -> usize {
    let bits = |gap: &u32| (gap >> k) as usize + 1 + usize::from(k);
    gaps.iter().map(bits).sum::<usize>().div_ceil(8)
}

fn write(to: &mut Vec<u8>, gaps: &[u32], k: u8) {
    let (mut byte, mut free) = (0_u8, 8_u8);
    let mut push = |bit: bool, to: &mut Vec<u8>| {
        free -= 1;
        byte |= u8::from(bit) << free;
        if free == 0 {
            to.push(byte);
            (byte, free) = (0, 8);
        }
        free
    };
    let mut left = 8;
    for gap in gaps {
        for _ in 0..gap >> k {
            push(true, to);
        }
        left = push(false, to);
        for bit in (0..k).rev() {
            left = push(gap >> bit & 1 == 1, to);
        }
    }
    while left != 8 {
        left = push(true, to);
    }
}

/// Goes through the slots of one chunk. It stops at the chunk's end, or where a chunk is not as it should be.
struct Slots<'a> {
    bytes: &'a [u8],
    k: u8,
    /// The next bit.
    at: usize,
    /// The first slot that may come.
    next: u32,
    /// Whether it stopped where a chunk may end.
    is_whole: bool,
}

impl<'a> Slots<'a> {
    fn of(bytes: &'a [u8], k: u8) -> Self {
        Self { bytes, k, at: 0, next: 0, is_whole: bytes.is_empty() }
    }

    /// The bits from the next one on, at the top of a number: at least 57 of them; ones follow the end.
    fn window(&self) -> u64 {
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let bits = match rest.first_chunk() {
            Some(bytes) => u64::from_be_bytes(*bytes),
            None => last_window(rest),
        };
        let shift = self.at % 8;
        bits << shift | ((1 << shift) - 1)
    }

    /// Passes the next gap; `None` where nothing but ones is left.
    fn gap(&mut self) -> Option<u64> {
        let (window, k) = (self.window(), u32::from(self.k));
        let ones = window.leading_ones();
        // Most gaps lie in one window as a whole. Behind the end there are only ones, so the zero is none of those.
        if ones + 1 + k <= 57 {
            self.at += (ones + 1 + k) as usize;
            return Some(u64::from(ones) << k | first_bits(window << (ones + 1), k));
        }
        let quotient = self.ones()?;
        let remainder = first_bits(self.window() << 1, k);
        self.at += 1 + k as usize;
        Some((u64::from(quotient) << k) + remainder)
    }

    /// Passes the ones that come, and says how many; `None` where nothing but ones is left.
    fn ones(&mut self) -> Option<u32> {
        let (begin, end) = (self.at, 8 * self.bytes.len());
        loop {
            let ones = self.window().leading_ones().min(57) as usize;
            self.at += ones;
            if self.at >= end {
                // spec/revocation.md §2.6: what is left is less than a byte.
                self.is_whole = end - begin < 8;
                return None;
            }
            if ones < 57 {
                return u32::try_from(self.at - begin).ok();
            }
        }
    }
}

/// The first k bits, 0 to 15, as a number.
fn first_bits(window: u64, k: u32) -> u64 {
    window >> 1 >> (63 - k)
}

fn last_window(rest: &[u8]) -> u64 {
    let mut bits = [0xff; 8];
    bits[..rest.len()].copy_from_slice(rest);
    u64::from_be_bytes(bits)
}

impl Iterator for Slots<'_> {
    /// Its place in the chunk.
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.bytes.is_empty() {
            return None;
        }
        let slot = u64::from(self.next) + self.gap()?;
        let slot = u32::try_from(slot).ok().filter(|slot| *slot < CHUNK);
        if self.at > 8 * self.bytes.len() || slot.is_none() {
            (self.is_whole, self.bytes) = (false, &[]);
            return None;
        }
        // Where the last byte is full, the chunk may end here.
        self.next = slot? + 1;
        slot
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{BLOCK, CHUNK, CHUNK_BYTES, ShardBody, TABLE};

    fn body(slots: impl IntoIterator<Item = u32>) -> ShardBody {
        let slots: BTreeSet<u32> = slots.into_iter().collect();
        ShardBody::of(&slots.into_iter().collect::<Vec<_>>()).expect("slots of a block")
    }

    fn read(body: &ShardBody, bytes: &[u8]) -> bool {
        ShardBody::read(body.k(), body.count(), bytes).is_ok()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Any set is read back, and every slot of it and no other is found.
        #[test]
        fn any_set_is_told_exactly(
            dense in 0..5_u32, from in 0..BLOCK, slots in prop::collection::btree_set(0..BLOCK, 1..300),
        ) {
            let range = 1 << (16 - 3 * dense);
            let slots: BTreeSet<u32> = slots.iter().map(|slot| (from + slot % range) % BLOCK).collect();
            let made = body(slots.iter().copied());
            let read = ShardBody::read(made.k(), made.count(), made.bytes()).expect("as it was written");
            prop_assert!(read.slots().eq(slots.iter().copied()));
            for slot in slots.iter().flat_map(|slot| slot.saturating_sub(2)..slot + 3) {
                prop_assert_eq!(read.lists(slot), slots.contains(&slot), "{}", slot);
            }
        }

        /// `spec/revocation.md` §2.5: no other parameter gives a shorter body, and one set has one body.
        #[test]
        fn the_shortest_is_taken(slots in prop::collection::btree_set(0..BLOCK, 1..300)) {
            let made = body(slots.iter().copied());
            let slots: Vec<u32> = slots.into_iter().collect();
            let gaps = super::gaps(&slots);
            for k in 0..=super::MOST_K {
                let other = TABLE + gaps.iter().map(|chunk| super::length(chunk, k)).sum::<usize>();
                prop_assert!(made.bytes().len() <= other);
            }
        }

        /// Any change of a byte is refused, or lists other slots: no two bodies of one parameter mean the same.
        #[test]
        fn no_two_bodies_mean_the_same(
            slots in prop::collection::btree_set(0..200_000_u32, 1..60), at in any::<prop::sample::Index>(), bit in 0..8_u8,
        ) {
            let made = body(slots);
            let mut bytes = made.bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
            if let Ok(other) = ShardBody::read(made.k(), made.count(), &bytes) {
                prop_assert!(!other.slots().eq(made.slots()));
            }
        }
    }

    #[test]
    fn edges() {
        for slots in [vec![0], vec![CHUNK - 1], vec![CHUNK], vec![BLOCK - 1], vec![0, BLOCK - 1]] {
            let made = body(slots.iter().copied());
            assert!(read(&made, made.bytes()), "{slots:?}");
            assert!(made.slots().eq(slots.iter().copied()));
            assert!(slots.iter().all(|slot| made.lists(*slot)));
        }
        let all = body(0..BLOCK);
        assert_eq!((all.k(), all.count()), (0, BLOCK));
        assert!((0..BLOCK).all(|slot| all.lists(slot)) && !all.lists(BLOCK));
        // The worst there is: every chunk is a full map of bits.
        let every_second = body((0..BLOCK).filter(|slot| slot % 2 == 1));
        assert!(every_second.bytes().len() <= TABLE + 16 * CHUNK_BYTES);
        for none in [vec![], vec![BLOCK], vec![3, 3], vec![4, 3]] {
            assert_eq!(ShardBody::of(&none), None, "{none:?}");
        }
    }

    /// `spec/revocation.md` §2.6, case by case.
    #[test]
    fn what_is_no_body_is_refused() {
        let good = body([1, 5, CHUNK + 7]);
        let bytes = good.bytes();
        assert!(read(&good, bytes));
        assert!(!read(&good, &bytes[..TABLE - 1]), "shorter than its table");
        assert!(!read(&good, &bytes[..bytes.len() - 1]), "cut off");
        assert!(!read(&good, &[bytes, &[0xff]].concat()), "longer");
        assert!(ShardBody::read(16, good.count(), bytes).is_err(), "another parameter");
        for count in [good.count() - 1, good.count() + 1] {
            assert!(ShardBody::read(good.k(), count, bytes).is_err(), "another number");
        }
        let mut padded = bytes.to_vec();
        padded.insert(TABLE + usize::from(bytes[1]), 0xff);
        padded[1] += 1;
        assert!(!read(&good, &padded), "a byte without a slot");
        let alone = |k, count, chunk: &[u8]| {
            let length = u16::try_from(chunk.len()).expect("a short chunk").to_be_bytes();
            ShardBody::read(k, count, &[&length[..], &[0; TABLE - 2], chunk].concat()).is_ok()
        };
        assert!(alone(0, CHUNK, &[0; CHUNK_BYTES]), "all slots");
        assert!(
            !alone(0, CHUNK, &[&[0; CHUNK_BYTES][..], &[0xff]].concat()),
            "a chunk of more than 8,192 bytes"
        );
        assert!(alone(15, 1, &[0b1011_1111, 0xff, 0b1111_1111]), "the last slot");
        assert!(!alone(15, 1, &[0b1100_0000, 0, 0b0011_1111]), "the first slot of the next chunk");
        assert!(!alone(15, 0, &[0xff; 20]), "no slot, and bytes");
        assert!(!alone(4, 0, &[0xff]), "no slot, and a byte");
        assert!(alone(7, 1, &[0]) && !alone(7, 2, &[0, 0b0111_1111][..1]), "one slot");
        assert!(!alone(7, 2, &[0, 0b1111_1110]), "it ends behind a quotient");
        assert!(!alone(9, 1, &[0]), "it ends within a remainder");
        assert!(!alone(4, 1, &[0b0001_1000]), "it is filled with zeros, which are a part of a slot");
    }
}
