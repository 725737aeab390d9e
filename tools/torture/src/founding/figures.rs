//! The figures of a run.

use std::fmt;

/// What was done, and what went wrong.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) races: u32,
    pub(super) refused: u32,
    pub(super) killed_starts: u32,
    pub(super) shares: u32,
    pub(super) killed_shares: u32,
    pub(super) killed_approvals: u32,
    pub(super) faults: Vec<String>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} races of two first starts ({} said data_in_use), {} killed before they served, {} races of two shares, {} \
             shares killed, {} approvals killed, {} faults",
            self.races,
            self.refused,
            self.killed_starts,
            self.shares,
            self.killed_shares,
            self.killed_approvals,
            self.faults.len()
        )
    }
}
