//! Where slots lie, and how far a block is opened (`spec/revocation.md` §1). What was seen of a block and randomness are
//! parameters.

use sealgate_artifact::limits;

/// The whole block (`spec/revocation.md` §1.2).
const LAST_BITS: u32 = limits::BLOCK_SLOTS.ilog2();
const BLOCK_SLOTS: u64 = limits::BLOCK_SLOTS as u64;

/// The part of a block that slots are drawn from (`spec/revocation.md` §1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotWindow {
    /// Which block.
    pub block: u64,
    /// Its first 2^bits slots.
    pub bits: u32,
}

/// How many slots of a window were looked at, and how many of them were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Slots at random places of the window.
    pub looked: u64,
    /// Those that were taken.
    pub taken: u64,
}

/// What becomes of a block where so many slots are wanted of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// How far its window reaches then: never less than before.
    pub bits: u32,
    /// Whether half of the block is used: licenses that have no slot yet get theirs from the next one.
    pub is_crowded: bool,
    /// Whether 15/16 are used: nothing is drawn from it any more.
    pub is_full: bool,
}

impl SlotWindow {
    /// The slot of the window at which a random number points.
    pub fn slot(self, random: u64) -> u64 {
        self.block * BLOCK_SLOTS + random % self.len()
    }

    /// What a sample says of the block, where so many more slots are wanted.
    pub fn outlook(self, sample: Sample, wanted: u64) -> Outlook {
        let used = self.len() * sample.taken / sample.looked.max(1) + wanted;
        let reaches = |bits: &u32| *bits == LAST_BITS || used <= half(1 << bits);
        let bits = (self.bits..=LAST_BITS).find(reaches).unwrap_or(LAST_BITS);
        Outlook { bits, is_crowded: used > half(BLOCK_SLOTS), is_full: used > BLOCK_SLOTS / 16 * 15 }
    }

    fn len(self) -> u64 {
        1 << self.bits
    }
}

fn half(slots: u64) -> u64 {
    slots / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{Shard, limits};

    use super::{BLOCK_SLOTS, LAST_BITS, Sample, SlotWindow};

    const FIRST_BITS: u32 = 10;

    fn windows() -> impl Strategy<Value = SlotWindow> {
        (0..limits::BLOCKS, FIRST_BITS..=LAST_BITS).prop_map(|(block, bits)| SlotWindow { block, bits })
    }

    fn samples() -> impl Strategy<Value = Sample> {
        (1..1_000u64).prop_flat_map(|looked| (0..=looked).prop_map(move |taken| Sample { looked, taken }))
    }

    #[test]
    fn a_window_reaches_so_far_that_half_of_it_is_used() {
        let of = |bits, looked, taken, wanted| {
            let is = SlotWindow { block: 3, bits }.outlook(Sample { looked, taken }, wanted);
            (is.bits, is.is_crowded, is.is_full)
        };
        for (bits, looked, taken, wanted, is) in [
            (10, 25, 0, 1, (10, false, false)),
            (10, 25, 12, 1, (10, false, false)),
            (10, 25, 13, 1, (11, false, false)),
            (10, 25, 25, 1, (12, false, false)),
            (10, 25, 0, 512, (10, false, false)),
            (10, 25, 0, 513, (11, false, false)),
            (10, 25, 0, 1_000, (11, false, false)),
            (10, 25, 12, 1_000, (12, false, false)),
            (19, 100, 51, 1, (20, false, false)),
            (20, 100, 50, 0, (20, false, false)),
            (20, 100, 50, 1, (20, true, false)),
            (20, 16, 15, 0, (20, true, false)),
            (20, 16, 15, 1, (20, true, true)),
            (20, 16, 16, 1, (20, true, true)),
        ] {
            assert_eq!(
                of(bits, looked, taken, wanted),
                is,
                "{taken} of {looked} at {bits}, and {wanted} more"
            );
        }
    }

    #[test]
    fn the_last_slot_is_below_2_to_53() {
        let last = SlotWindow { block: limits::BLOCKS - 1, bits: LAST_BITS }.slot(BLOCK_SLOTS - 1);
        assert_eq!(last, (1 << 53) - 1);
    }

    proptest! {
        #[test]
        fn a_slot_lies_in_the_window_of_its_block(window in windows(), random: u64) {
            let slot = window.slot(random);
            prop_assert_eq!(Shard::block_of(slot), window.block);
            prop_assert!(slot % BLOCK_SLOTS < 1 << window.bits);
        }

        /// A window never gets smaller, a fuller block never less full, and what is wanted fits into half of the window
        /// unless that is the whole block.
        #[test]
        fn a_fuller_block_is_never_less_full(window in windows(), sample in samples(), wanted in 0..2_000u64) {
            let is = window.outlook(sample, wanted);
            prop_assert!((window.bits..=LAST_BITS).contains(&is.bits));
            prop_assert!(is.is_crowded || !is.is_full);
            prop_assert!(!is.is_crowded || is.bits == LAST_BITS);
            prop_assert!(is.bits == LAST_BITS || wanted <= 1 << (is.bits - 1));
            for more in [
                window.outlook(sample, wanted + 1),
                window.outlook(Sample { taken: (sample.taken + 1).min(sample.looked), ..sample }, wanted),
            ] {
                prop_assert!(more.bits >= is.bits);
                prop_assert!(more.is_crowded >= is.is_crowded && more.is_full >= is.is_full);
            }
        }
    }
}
