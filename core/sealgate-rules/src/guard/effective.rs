//! What a program may do now: one function for the program and for whoever wants to know what it would do (`spec/guard.md` §3).

use sealgate_artifact::{License, Tier, UnixSeconds};

use super::{ClockRolledBack, Enforced, Lack, Latch, Moment};
use crate::{Ending, Window};

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
    /// When somebody vouched last that the license was not taken back: it was signed then, or a server said yes.
    pub vouched_at: UnixSeconds,
}

/// The vendor's word that a device was admitted, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub struct Admission<'a> {
    /// The server's time in the last answer that admitted the device; the proof's, before the first one.
    pub admitted_at: UnixSeconds,
    /// When a question reached no server for the last time since then.
    pub unheard_at: Option<UnixSeconds>,
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

/// What a program may do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Effective {
    /// Its rights.
    pub rights: Rights,
    /// Until when nothing changes by itself; `None`: for good.
    pub until: Option<UnixSeconds>,
    /// Since when somebody should vouch anew that the license was not taken back.
    pub needs_refresh: Option<UnixSeconds>,
}

/// How far a program's rights go.
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

impl Held<'_> {
    /// When it ends by itself, or its trial.
    pub fn ends(&self) -> Option<UnixSeconds> {
        [self.license.expires_at, self.trial_ends].into_iter().flatten().min()
    }
}

impl Known<'_> {
    /// Why a program with this license does not even start.
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
    /// Until when the device has its rights where it is not heard again. No failure moves it, except where the license signs how far.
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
        told.or(heartbeat)
    }
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
    if let Some(latch) = latch.filter(|latch| !latch.is_lifted(Some(held), known.findings)) {
        return Effective::lacking(latch.lack.clone());
    }
    let tier = held.license.tier;
    let deadline = held.admission.and_then(|admission| admission.deadline(known.enforced));
    let grace = held.admission.and_then(|admission| in_grace(&admission, known.enforced, now));
    let rights = match (grace, deadline) {
        (Some(why), Some(until)) => Rights::Grace { tier, until, why },
        _ => Rights::License(tier),
    };
    let changes = [held.ends(), deadline, overdue_at(held, known.enforced), stale_at(held, known.enforced)];
    Effective {
        rights,
        until: changes.into_iter().flatten().filter(|at| *at > now).min(),
        needs_refresh: warn_at(held, known.enforced).filter(|since| *since <= now),
    }
}

/// What takes the rights away now, whatever happened before.
fn lack(held: &Held<'_>, known: &Known<'_>, now: UnixSeconds) -> Option<Lack> {
    let (license, enforced) = (held.license, known.enforced);
    if !Window::from(license).has_begun(now) {
        return Some(Lack::NotYetValid);
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
    if stale_at(held, enforced).is_some_and(|at| at <= now) {
        return Some(Lack::Stale);
    }
    if known.findings.integrity.counts(true) {
        return Some(Lack::Unapproved);
    }
    known.findings.tamper.counts(enforced.doubts_sensors()).then_some(Lack::Tampered)
}

impl Finding {
    /// Whether it takes rights away; `unknown`: what a check that could not run counts as.
    fn counts(self, unknown: bool) -> bool {
        self == Self::Something || (self == Self::Unknown && unknown)
    }
}

fn in_grace(admission: &Admission<'_>, enforced: &Enforced, now: UnixSeconds) -> Option<GraceWhy> {
    if let Some(ending) = admission.ending {
        return Some(GraceWhy::Ended(ending.code.clone()));
    }
    let heartbeat = enforced.heartbeat?;
    let is_overdue = admission.admitted_at.plus(2 * heartbeat.interval) <= now;
    (admission.unheard_at.is_some() || is_overdue).then_some(GraceWhy::Unheard)
}

/// When a program that is silent is in grace, also where no question failed: it slept, or asked none.
fn overdue_at(held: &Held<'_>, enforced: &Enforced) -> Option<UnixSeconds> {
    let (admission, heartbeat) = (held.admission?, enforced.heartbeat?);
    Some(admission.admitted_at.plus(2 * heartbeat.interval))
}

fn warn_at(held: &Held<'_>, enforced: &Enforced) -> Option<UnixSeconds> {
    let freshness = enforced.freshness;
    let least = [freshness.restrict, freshness.block].into_iter().flatten().min();
    let default = sealgate_artifact::Freshness::WARN;
    let days = freshness.warn.unwrap_or(least.map_or(default, |least| least.min(default)));
    Some(held.vouched_at.plus(days * DAY))
}

fn stale_at(held: &Held<'_>, enforced: &Enforced) -> Option<UnixSeconds> {
    let days = [enforced.freshness.restrict, enforced.freshness.block].into_iter().flatten().min()?;
    Some(held.vouched_at.plus(days * DAY))
}
