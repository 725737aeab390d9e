//! What the stops hit.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

/// From so many rounds on, a third must hit an open transaction.
const MANY: u32 = 30;

/// Where a server was when it was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hit {
    /// In an open transaction.
    Open,
    /// Between COMMIT and its answer.
    Commit,
    /// Elsewhere.
    Nothing,
}

/// How many of each.
#[derive(Default)]
pub(super) struct Tally {
    open: AtomicU32,
    commit: AtomicU32,
    nothing: AtomicU32,
}

impl Tally {
    pub(super) fn count(&self, hit: Hit) {
        let counter = match hit {
            Hit::Open => &self.open,
            Hit::Commit => &self.commit,
            Hit::Nothing => &self.nothing,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Stops between transactions are the easy ones. A few rounds may have more of them than many.
    pub(super) fn says_too_little(&self) -> Option<String> {
        let (open, rounds) = (self.open.load(Ordering::Relaxed), self.rounds());
        let too_few = if rounds < MANY { open == 0 } else { open * 3 < rounds };
        too_few.then(|| format!("only {open} of {rounds} stops hit an open transaction"))
    }

    fn rounds(&self) -> u32 {
        [&self.open, &self.commit, &self.nothing].iter().map(|counter| counter.load(Ordering::Relaxed)).sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, commit) = (self.open.load(Ordering::Relaxed), self.commit.load(Ordering::Relaxed));
        write!(f, "{} rounds ({open} hit an open transaction, {commit} a COMMIT)", self.rounds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_must_hit_an_open_transaction_and_one_of_a_few() {
        let tally = Tally::default();
        tally.count(Hit::Commit);
        tally.count(Hit::Nothing);
        assert!(tally.says_too_little().is_some());
        tally.count(Hit::Open);
        assert_eq!(tally.says_too_little(), None);
        assert_eq!(tally.to_string(), "3 rounds (1 hit an open transaction, 1 a COMMIT)");
        (0..MANY).for_each(|_| tally.count(Hit::Nothing));
        assert!(tally.says_too_little().is_some());
        (0..MANY / 2).for_each(|_| tally.count(Hit::Open));
        assert_eq!(tally.says_too_little(), None);
    }
}
