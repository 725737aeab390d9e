//! How short the lists of what was taken back are, and that they are exact: `cargo xtask bench shard` asks the same of ten million
//! look-ups.

use std::iter::successors;

use sealgate_artifact::ShardBody;

const BLOCK: usize = 1 << 20;
const BLOCKS: usize = 96;
/// A million of a hundred million slots were taken back.
const GIVEN: usize = 100_000_000;
const TAKEN: usize = 1_000_000;
const BYTES: usize = 1_025_000;
const LOOK_UPS: usize = 100_000;

#[test]
fn a_million_of_a_hundred_million_fit_into_a_megabyte_and_each_answer_is_right() {
    let mut random = Random(1);
    let taken = Slots::drawn(&mut random, TAKEN, GIVEN);
    let mut blocks = vec![vec![]; BLOCKS];
    taken.rising().for_each(|slot| blocks[slot / BLOCK].push(place(slot)));

    let bodies: Vec<ShardBody> = blocks.iter().map(|slots| body(slots)).collect();

    let bytes: usize = bodies.iter().map(|body| body.bytes().len()).sum();
    assert_eq!(bodies.iter().map(|body| body.count() as usize).sum::<usize>(), TAKEN);
    assert!(bytes <= BYTES, "{bytes} bytes");
    assert!(number(bytes) > entropy_bytes(TAKEN, GIVEN), "{bytes} bytes are fewer than there can be");
    let mut found = 0;
    for _ in 0..LOOK_UPS {
        let slot = random.below(GIVEN);
        let is_listed = bodies[slot / BLOCK].lists(place(slot));
        assert_eq!(is_listed, taken.has(slot), "slot {slot}");
        found += usize::from(is_listed);
    }
    assert!(found > LOOK_UPS / 200, "only {found} look-ups met a listed slot");
    println!("{bytes} bytes, {found} of {LOOK_UPS} slots were listed");
}

/// `spec/revocation.md` §1.3: few slots lie in a small window, so their list has few bytes beside its table.
#[test]
fn few_slots_have_a_short_list() {
    let mut random = Random(2);
    for (given, taken, window, most) in [(1_000, 10, 1 << 11, 50), (100_000, 1_000, 1 << 18, 1_300)] {
        let used: Vec<usize> = Slots::drawn(&mut random, given, window).rising().collect();
        let listed = Slots::drawn(&mut random, taken, given);
        let bytes = body(&listed.rising().map(|at| place(used[at])).collect::<Vec<_>>()).bytes().len();
        println!("{taken} of {given}: {bytes} bytes");
        assert!(bytes <= most, "{taken} of {given}: {bytes} bytes");
    }
}

fn body(slots: &[u32]) -> ShardBody {
    ShardBody::of(slots).expect("slots of a block")
}

fn place(slot: usize) -> u32 {
    u32::try_from(slot % BLOCK).expect("a block is short")
}

/// n·h(r/n): no exact list of any r of n slots is shorter on average.
fn entropy_bytes(taken: usize, given: usize) -> f64 {
    let (taken, given) = (number(taken), number(given));
    let share = taken / given;
    -given * (share * share.log2() + (1.0 - share) * (1.0 - share).log2()) / 8.0
}

/// A set of slots, a bit for each.
struct Slots(Vec<u64>);

impl Slots {
    /// So many of that many slots, each as likely as any other.
    fn drawn(random: &mut Random, mut count: usize, of: usize) -> Self {
        let mut slots = Self(vec![0; of.div_ceil(64)]);
        while count > 0 {
            let slot = random.below(of);
            count -= usize::from(!slots.has(slot));
            slots.0[slot / 64] |= 1 << (slot % 64);
        }
        slots
    }

    fn has(&self, slot: usize) -> bool {
        self.0[slot / 64] >> (slot % 64) & 1 == 1
    }

    fn rising(&self) -> impl Iterator<Item = usize> {
        let without_lowest = |bits: &u64| Some(bits & bits.wrapping_sub(1));
        (0..self.0.len()).flat_map(move |word| {
            let bits = successors(Some(self.0[word]), without_lowest).take_while(|bits| *bits != 0);
            bits.map(move |bits| 64 * word + bits.trailing_zeros() as usize)
        })
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("a small count"))
}

/// `SplitMix64`: the same slots in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from(mixed ^ mixed >> 31).expect("64 bits") % bound
    }
}
