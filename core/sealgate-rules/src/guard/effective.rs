//! What a program may do now: one function for the program and for whoever wants to know what it would do (`spec/guard.md` §1.1, §3).

use sealgate_artifact::{Heartbeat, Tier, UnixSeconds};

use super::freshness::{stale_at, warn_at};
use super::{Admission, Enforced, Held, Known, Lack, Latch};
use crate::Window;

/// What a program may do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Effective {
    /// Its rights.
    pub rights: Rights,
    /// `spec/guard.md` §1.3: until when the rights do not change by themselves; `None`: for good.
    pub until: Option<UnixSeconds>,
    /// Since when somebody should vouch anew that the license was not taken back.
    pub needs_refresh: Option<UnixSeconds>,
}

/// How far a program's rights go (`spec/guard.md` §1.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Rights {
    /// As far as the license goes.
    License(Tier),
    /// The same, until the grace is over.
    Grace {
        /// The license's tier.
        tier: Tier,
        /// When the grace is over.
        until: UnixSeconds,
        /// Why there is one.
        why: GraceWhy,
    },
    /// What works without a license.
    Free(Lack),
    /// None: the program does not start.
    Blocked(Lack),
}

/// Why a license's rights are in grace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GraceWhy {
    /// The program was not heard when it should have been.
    Unheard,
    /// A server said that the rights end, for this reason.
    Ended(String),
}

impl Effective {
    /// The tier that counts.
    pub fn tier(&self) -> Tier {
        match self.rights {
            Rights::License(tier) | Rights::Grace { tier, .. } => tier,
            Rights::Free(_) | Rights::Blocked(_) => Tier::Free,
        }
    }

    /// Why the program has no more than what works without a license.
    pub fn lack(&self) -> Option<&Lack> {
        match &self.rights {
            Rights::Free(lack) | Rights::Blocked(lack) => Some(lack),
            Rights::License(_) | Rights::Grace { .. } => None,
        }
    }

    pub(super) fn lacking(lack: Lack) -> Self {
        Self { rights: Rights::Free(lack), until: None, needs_refresh: None }
    }
}

/// What a program may do, from what it knows and what a program before it left behind.
pub fn effective(known: &Known<'_>, latch: Option<&Latch>) -> Effective {
    let Some(held) = &known.held else { return Effective::lacking(Lack::NoLicense) };
    let now = match known.now {
        Ok(moment) => moment.at,
        Err(_) => return Effective::lacking(Lack::ClockRolledBack),
    };
    if let Some(lack) = lack(held, known, now) {
        return Effective::lacking(lack);
    }
    let counts = |latch: &&Latch| latch.is_of(Some(held)) && !latch.is_lifted(Some(held), known.findings);
    if let Some(latch) = latch.filter(counts) {
        return Effective::lacking(latch.lack.clone());
    }
    let tier = held.license.tier;
    let deadline = held.admission.and_then(|admission| admission.deadline(known.enforced));
    let grace = held.admission.and_then(|admission| in_grace(&admission, known.enforced, now));
    let (rights, overdue) = match (grace, deadline) {
        (Some(why), Some(until)) => (Rights::Grace { tier, until, why }, None),
        _ => (Rights::License(tier), overdue_at(held, known.enforced)),
    };
    let changes = [held.ends(), deadline, overdue, stale_at(held, known.enforced)];
    Effective {
        rights,
        until: changes.into_iter().flatten().filter(|at| *at > now).min(),
        needs_refresh: Some(warn_at(held, known.enforced)).filter(|since| *since <= now),
    }
}

/// `spec/guard.md` §3.1, §3.2: what takes the rights away now, whatever happened before.
fn lack(held: &Held<'_>, known: &Known<'_>, now: UnixSeconds) -> Option<Lack> {
    let (license, enforced) = (held.license, known.enforced);
    if !Window::from(license).has_begun(now) {
        return Some(Lack::NotYetValid);
    }
    // spec/revocation.md §5.3: there is no grace.
    if held.is_revoked {
        return Some(Lack::Revoked);
    }
    if held.ends().is_some_and(|end| end <= now) {
        return Some(Lack::Expired);
    }
    if license.trial_days.is_some() && held.trial_ends.is_none() {
        return Some(Lack::TrialNotBegun);
    }
    match held.admission {
        None if enforced.heartbeat.is_some() => return Some(Lack::NotActivated),
        Some(admission) if admission.deadline(enforced).is_some_and(|deadline| deadline <= now) => {
            return Some(admission.ending.map_or(Lack::Unheard, |ending| Lack::Ended(ending.code.clone())));
        }
        _ => {}
    }
    if held.is_unseen || stale_at(held, enforced).is_some_and(|at| at <= now) {
        return Some(Lack::Stale);
    }
    if known.findings.integrity.counts(true) {
        return Some(Lack::Unapproved);
    }
    known.findings.tamper.counts(enforced.doubts_sensors()).then_some(Lack::Tampered)
}

/// `spec/guard.md` §3.5.
fn in_grace(admission: &Admission<'_>, enforced: &Enforced, now: UnixSeconds) -> Option<GraceWhy> {
    if let Some(ending) = admission.ending {
        return Some(GraceWhy::Ended(ending.code.clone()));
    }
    let heartbeat = enforced.heartbeat?;
    let is_overdue = silent_at(admission, &heartbeat) <= now;
    (admission.unheard_at.is_some() || is_overdue).then_some(GraceWhy::Unheard)
}

/// When a program that is silent is in grace, also where no question failed: it slept, or asked none.
fn overdue_at(held: &Held<'_>, enforced: &Enforced) -> Option<UnixSeconds> {
    let (admission, heartbeat) = (held.admission?, enforced.heartbeat?);
    Some(silent_at(&admission, &heartbeat))
}

/// Two intervals after the last admission. A program's own configuration may name one of any length.
fn silent_at(admission: &Admission<'_>, heartbeat: &Heartbeat) -> UnixSeconds {
    admission.admitted_at.plus(heartbeat.interval.saturating_mul(2))
}
