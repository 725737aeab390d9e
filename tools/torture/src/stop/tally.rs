//! What the stops hit.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

/// From so many rounds on, a third must hit an open transaction.
const MANY: u32 = 30;

/// Of so many rounds, one may hit an answer that was decided and has not left the server.
const ON_ITS_WAY: u32 = 20;

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
    on_their_way: AtomicU32,
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

    /// An answer came late that may have been decided before the stop.
    pub(super) fn was_on_its_way(&self) {
        self.on_their_way.fetch_add(1, Ordering::Relaxed);
    }

    /// If decisions were given however old they are, there would be one in most rounds.
    pub(super) fn says_too_much(&self) -> Option<String> {
        let (came, rounds) = (self.on_their_way.load(Ordering::Relaxed), self.rounds());
        let too_many = came > 1.max(rounds / ON_ITS_WAY);
        too_many
            .then(|| format!("{came} answers came late in {rounds} rounds: these were not all on their way"))
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
        let came = self.on_their_way.load(Ordering::Relaxed);
        write!(
            f,
            "{} rounds ({open} hit an open transaction, {commit} a COMMIT, {came} an answer on its way)",
            self.rounds()
        )
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
        assert_eq!(
            tally.to_string(),
            "3 rounds (1 hit an open transaction, 1 a COMMIT, 0 an answer on its way)"
        );
        (0..MANY).for_each(|_| tally.count(Hit::Nothing));
        assert!(tally.says_too_little().is_some());
        (0..MANY / 2).for_each(|_| tally.count(Hit::Open));
        assert_eq!(tally.says_too_little(), None);
    }

    #[test]
    fn few_answers_may_have_been_on_their_way() {
        let tally = Tally::default();
        tally.was_on_its_way();
        assert_eq!(tally.says_too_much(), None);
        tally.was_on_its_way();
        assert!(tally.says_too_much().is_some());
        (0..40).for_each(|_| tally.count(Hit::Open));
        assert_eq!(tally.says_too_much(), None);
        tally.was_on_its_way();
        assert!(tally.says_too_much().is_some());
    }
}
