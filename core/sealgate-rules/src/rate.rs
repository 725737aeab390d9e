//! The arithmetic of a rate: a bucket that refills (`spec/http.md` §1.8).

use core::num::NonZeroU32;

/// How many units may be used per minute, and at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Units that come back each minute.
    pub per_minute: NonZeroU32,
    /// Units that may be used at once after a pause.
    pub burst: NonZeroU32,
}

impl Rate {
    /// A rate whose burst is a minute's worth.
    pub fn per_minute(units: NonZeroU32) -> Self {
        Self { per_minute: units, burst: units }
    }

    /// Microseconds until one unit comes back.
    fn interval(self) -> u64 {
        MINUTE / u64::from(self.per_minute.get())
    }

    fn worth(self, units: u32) -> u64 {
        self.interval() * u64::from(units)
    }
}

const MINUTE: u64 = 60_000_000;

/// What somebody has used up, kept as the time at which all of it will have come back, in microseconds. After that time
/// the bucket is the same as a new one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bucket {
    full_at: u64,
}

impl Bucket {
    /// Takes one unit. If none is left, it takes nothing and returns how many microseconds to wait.
    pub fn take(&mut self, rate: Rate, now: u64) -> Result<(), u64> {
        self.forgive(rate, now);
        let full_at = self.full_at + rate.interval();
        let earliest = full_at.saturating_sub(rate.worth(rate.burst.get()));
        if earliest > now {
            return Err(earliest - now);
        }
        self.full_at = full_at;
        Ok(())
    }

    /// Takes units that were already used, even if none is left.
    pub fn charge(&mut self, rate: Rate, units: u32, now: u64) {
        self.forgive(rate, now);
        self.full_at += rate.worth(units);
        self.forgive(rate, now);
    }

    /// Gives back one unit that was taken.
    pub fn give_back(&mut self, rate: Rate) {
        self.full_at = self.full_at.saturating_sub(rate.interval());
    }

    /// Whether it is the same as a new one.
    pub fn is_full(self, now: u64) -> bool {
        self.full_at <= now
    }

    /// Limits the debt to twice the burst, so that setting the clock back locks nobody out for long.
    fn forgive(&mut self, rate: Rate, now: u64) {
        self.full_at = self.full_at.clamp(now, now + 2 * rate.worth(rate.burst.get()));
    }
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU32;

    use proptest::prelude::*;

    use super::{Bucket, MINUTE, Rate};

    fn rate(per_minute: u32, burst: u32) -> Rate {
        let number = |n| NonZeroU32::new(n).expect("not zero");
        Rate { per_minute: number(per_minute), burst: number(burst) }
    }

    #[test]
    fn a_burst_is_used_up_and_comes_back() {
        let (rate, mut bucket) = (rate(60, 3), Bucket::default());
        for _ in 0..3 {
            assert_eq!(bucket.take(rate, 1_000_000), Ok(()));
        }
        assert_eq!(bucket.take(rate, 1_000_000), Err(1_000_000));
        assert_eq!(bucket.take(rate, 1_999_999), Err(1));
        assert_eq!(bucket.take(rate, 2_000_000), Ok(()));
        assert!(!bucket.is_full(4_999_999) && bucket.is_full(5_000_000));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_and_is_never_more_than_a_burst() {
        let (rate, mut bucket) = (rate(60, 2), Bucket::default());
        bucket.give_back(rate);
        for _ in 0..2 {
            assert_eq!(bucket.take(rate, MINUTE), Ok(()));
        }
        bucket.give_back(rate);
        assert_eq!((bucket.take(rate, MINUTE), bucket.take(rate, MINUTE)), (Ok(()), Err(1_000_000)));
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out_for_long() {
        let (rate, mut bucket) = (rate(60, 3), Bucket::default());
        bucket.charge(rate, 3, 1_000 * MINUTE);
        assert_eq!(bucket.take(rate, MINUTE), Err(4_000_000));
    }

    proptest! {
        /// Nobody ever takes more units than the burst plus what came back; charges only lower that.
        #[test]
        fn never_more_than_burst_and_refill(
            per_minute in 1_u32..10_000, burst in 1_u32..100,
            steps in prop::collection::vec((0_u64..2_000_000, prop::bool::weighted(0.1)), 1..300),
        ) {
            let (rate, mut bucket, mut now, mut taken) = (rate(per_minute, burst), Bucket::default(), MINUTE, 0_u64);
            for (pause, charged) in steps {
                now += pause;
                if charged {
                    bucket.charge(rate, 2, now);
                } else if bucket.take(rate, now).is_ok() {
                    taken += 1;
                }
                let refilled = (now - MINUTE) / (MINUTE / u64::from(per_minute));
                prop_assert!(taken <= u64::from(burst) + refilled, "{taken} taken, {refilled} came back");
            }
        }

        /// A charge leaves what it did not use up, and nothing where it used up more than there was.
        #[test]
        fn a_charge_takes_as_many_units_as_it_says(per_minute in 1_u32..10_000, burst in 1_u32..50, used in 0_u32..100) {
            let (rate, mut bucket) = (rate(per_minute, burst), Bucket::default());
            bucket.charge(rate, used, MINUTE);
            let left = (0..burst).filter(|_| bucket.take(rate, MINUTE).is_ok()).count();
            prop_assert_eq!(left, burst.saturating_sub(used) as usize);
        }

        /// Whoever waits as long as they were told gets a unit.
        #[test]
        fn the_wait_is_long_enough(per_minute in 1_u32..10_000, burst in 1_u32..50, used in 0_u32..200) {
            let (rate, mut bucket) = (rate(per_minute, burst), Bucket::default());
            bucket.charge(rate, used, MINUTE);
            if let Err(wait) = bucket.take(rate, MINUTE) {
                prop_assert_eq!(bucket.take(rate, MINUTE + wait - 1), Err(1));
                prop_assert_eq!(bucket.take(rate, MINUTE + wait), Ok(()));
            }
        }
    }
}
