//! What a program knows when it is judged (`spec/guard.md` §1).

use sealgate_artifact::{License, UnixSeconds};

use super::{ClockRolledBack, Enforced, Lack, Moment};
use crate::Ending;

const DAY: u64 = 24 * 60 * 60;

/// A license that verified, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// It.
    pub license: &'a License,
    /// The admission to it; `None`: the device was never admitted.
    pub admission: Option<Admission<'a>>,
    /// Until when a trial runs, as a server decided.
    pub trial_ends: Option<UnixSeconds>,
    /// Whether revocation data lists this version of the license, or the proof (`spec/revocation.md` §5.3).
    pub is_revoked: bool,
    /// Whether the shard that would say so was taken over, and is lost (`spec/revocation.md` §5.5).
    pub is_unseen: bool,
    /// When somebody vouched last that the license was not taken back ([`vouched_at`](super::vouched_at())).
    pub vouched_at: UnixSeconds,
}

/// The vendor's word that a device was admitted, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub struct Admission<'a> {
    /// The server's time in the last answer that admitted the device; the proof's, before the first one.
    pub admitted_at: UnixSeconds,
    /// When a question reached no server for the last time since then.
    pub unheard_at: Option<UnixSeconds>,
    /// Until when the device holds a seat that is lent; `None`: it holds none.
    pub lease_until: Option<UnixSeconds>,
    /// Why the rights end, where a server said so since then.
    pub ending: Option<&'a Ending>,
}

/// What a check said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Finding {
    /// Nothing asked for it.
    #[default]
    NotSought,
    /// It found nothing.
    Nothing,
    /// It found something.
    Something,
    /// It could not run.
    Unknown,
}

/// What all checks said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Findings {
    /// Whether the program is another one than the vendor approved.
    pub integrity: Finding,
    /// Whether somebody looks into it or changes it.
    pub tamper: Finding,
}

/// All that counts for what a program may do.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What it holds.
    pub held: Option<Held<'a>>,
    /// What it found.
    pub findings: Findings,
    /// What it enforces.
    pub enforced: &'a Enforced,
    /// What time it is.
    pub now: Result<Moment, ClockRolledBack>,
}

impl Held<'_> {
    /// When it ends by itself, or its trial. What is said of a trial changes nothing about a license that is none.
    pub fn ends(&self) -> Option<UnixSeconds> {
        let trial = self.trial_ends.filter(|_| self.license.trial_days.is_some());
        [self.license.expires_at, trial].into_iter().flatten().min()
    }
}

impl Known<'_> {
    /// `spec/guard.md` §3.6: why a program with this license does not even start.
    pub(super) fn blocks(&self) -> Option<Lack> {
        let held = self.held.as_ref()?;
        if self.enforced.is_hard && self.findings.integrity.counts(true) {
            return Some(Lack::Unapproved);
        }
        let (Ok(now), Some(days)) = (self.now, self.enforced.freshness.block) else { return None };
        (held.vouched_at.plus(days * DAY) <= now.at).then_some(Lack::Stale)
    }
}

impl Admission<'_> {
    /// `spec/guard.md` §3.3: until when the device has its rights where it is not heard again. No failure moves it, except where the license signs how far.
    pub fn deadline(&self, enforced: &Enforced) -> Option<UnixSeconds> {
        let told = self.ending.map(|ending| ending.grace_until);
        let heartbeat = enforced.heartbeat.map(|heartbeat| {
            let plain = self.admitted_at.plus(heartbeat.grace);
            match (heartbeat.longest_grace, self.unheard_at) {
                (Some(longest), Some(unheard)) => {
                    plain.max(unheard.plus(heartbeat.grace)).min(self.admitted_at.plus(longest))
                }
                _ => plain,
            }
        });
        // What a server said of an end counts in the place of what silence would mean.
        let silent = told.or(heartbeat);
        // Another device may have the seat from then on.
        let lent = enforced.is_lease.then(|| self.lease_until.unwrap_or(self.admitted_at));
        [silent, lent].into_iter().flatten().min()
    }
}

impl Finding {
    /// Whether it takes rights away; `unknown`: what a check that could not run counts as.
    pub(super) fn counts(self, unknown: bool) -> bool {
        self == Self::Something || (self == Self::Unknown && unknown)
    }
}
