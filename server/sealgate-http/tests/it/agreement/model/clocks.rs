//! What the servers' clocks show, and whether the vendor's side doubts them.

use super::{Code, Model, Server};

/// How far a clock may leave the time that passed, in seconds.
const TOLERANCE: u64 = 5 * 60;

impl Model {
    pub(crate) fn set(&mut self, at: usize, ahead: i64) {
        self.servers[at].ahead = ahead;
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
        let Server { ahead, accepted, .. } = self.servers[at];
        let set_by = ahead - accepted;
        if set_by.unsigned_abs() > TOLERANCE { set_by } else { 0 }
    }

    /// Whether a license may be signed that does not end.
    pub(super) fn may_sign(&self, at: usize) -> Result<(), Code> {
        if self.set_by(at) == 0 { Ok(()) } else { Err("clock_in_doubt") }
    }

    /// That server takes its clock as set by so much.
    pub(crate) fn takes_clock(&mut self, at: usize, set_by: i64) {
        self.servers[at].accepted = self.servers[at].ahead - set_by;
    }
}
