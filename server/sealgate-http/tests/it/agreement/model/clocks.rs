//! What the servers' clocks show, and whether the vendor's side doubts them.

use super::{Code, Model, Server};

/// How far a clock may leave the time that passed, in seconds.
const TOLERANCE: u64 = 5 * 60;
/// `docs/design.md`, "A clock in doubt": a start so long after the noted time doubts the clock, in seconds.
const UNSEEN: i64 = 30 * 86_400;

/// Whether a start so many seconds after the noted time doubts the clock. One before that time does, too.
pub(crate) fn is_doubted_after(gap: i64) -> bool {
    gap.abs_diff(gap.clamp(0, UNSEEN)) > TOLERANCE
}

impl Model {
    /// That server's clock is set, and it looks. After a pause, the first setting that may be right is.
    pub(crate) fn set(&mut self, at: usize, ahead: i64) {
        self.servers[at].ahead = ahead;
        if self.is_paused(at) && self.set_by(at) == 0 {
            self.takes_clock(at, 0);
        }
    }

    /// Whether that server was started so long after the noted time, or before it, that it doubts what its clock shows.
    pub(crate) fn is_paused(&self, at: usize) -> bool {
        self.servers[at].pause > 0
    }

    /// What that server's clock shows.
    pub(crate) fn clock(&self, at: usize) -> u64 {
        self.now.saturating_add_signed(self.servers[at].ahead)
    }

    /// How far that server's clock is ahead.
    pub(crate) fn ahead(&self, at: usize) -> i64 {
        self.servers[at].ahead
    }

    /// `spec/http.md` §3.16: by how much that server's clock was set; 0 while it is not doubted.
    pub(crate) fn set_by(&self, at: usize) -> i64 {
        let Server { ahead, accepted, pause, .. } = self.servers[at];
        let nearest = ahead.clamp(accepted, accepted + pause);
        if ahead.abs_diff(nearest) > TOLERANCE { ahead - accepted } else { 0 }
    }

    /// Whether a license may be signed that does not end.
    pub(super) fn may_sign(&self, at: usize) -> Result<(), Code> {
        if self.set_by(at) == 0 { Ok(()) } else { Err("clock_in_doubt") }
    }

    /// That server takes its clock as set by so much.
    pub(crate) fn takes_clock(&mut self, at: usize, set_by: i64) {
        self.servers[at].accepted = self.servers[at].ahead - set_by;
        self.servers[at].pause = 0;
    }

    /// That server was started so long after the noted time, or before it: nobody knows for how long no server worked.
    pub(crate) fn starts_after(&mut self, at: usize, gap: i64) {
        self.takes_clock(at, gap);
        self.servers[at].pause = UNSEEN;
    }
}
