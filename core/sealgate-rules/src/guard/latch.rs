//! What outlives a program: why its rights ended, until something newer says otherwise (`spec/guard.md` §4).

use sealgate_artifact::{LicenseId, UnixSeconds};

use super::{Finding, Findings, Held, Lack};

/// Why the rights ended, and what counted then.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Latch {
    /// Why.
    pub lack: Lack,
    /// When it was found.
    pub at: UnixSeconds,
    /// Of which license.
    pub license: Option<LicenseId>,
    /// When that license ended or was to end; `None`: never.
    pub license_ends: Option<UnixSeconds>,
    /// When the device was admitted last.
    pub admitted_at: Option<UnixSeconds>,
}

impl Latch {
    /// What is found now.
    pub(super) fn new(lack: Lack, at: UnixSeconds, held: Option<&Held<'_>>) -> Self {
        Self {
            lack,
            at,
            license: held.map(|held| held.license.license),
            license_ends: held.and_then(Held::ends),
            admitted_at: held.and_then(|held| held.admission.map(|admission| admission.admitted_at)),
        }
    }

    /// Whether this says anything of what is held: what was found on the machine does, and of the rest what is of the license. Where no license
    /// is held, nobody knows.
    pub fn is_of(&self, held: Option<&Held<'_>>) -> bool {
        let of_machine = matches!(self.lack, Lack::Tampered | Lack::Unapproved);
        of_machine || held.is_none_or(|held| Some(held.license.license) == self.license)
    }

    /// Whether what a program holds and finds when it starts is newer than this, so that it counts no more. Another license lifts nothing:
    /// this [is of](Self::is_of) its own.
    pub fn is_lifted(&self, held: Option<&Held<'_>>, findings: Findings) -> bool {
        match self.lack {
            // Where nothing asks for a check any more, nothing is held against the program.
            Lack::Tampered => is_clean(findings.tamper),
            Lack::Unapproved => is_clean(findings.integrity),
            // Those below are of one license.
            _ if held.is_none() || !self.is_of(held) => false,
            Lack::Expired => held.is_some_and(|held| ends_later(held.ends(), self.license_ends)),
            Lack::Unheard | Lack::Ended(_) => held.is_some_and(|held| self.is_before_admission(held)),
            // spec/revocation.md §5.3: what was listed is remembered by itself, beside this.
            Lack::Revoked => held.is_some_and(|held| !held.is_revoked),
            Lack::NoLicense
            | Lack::NotActivated
            | Lack::ClockRolledBack
            | Lack::NotYetValid
            | Lack::TrialNotBegun
            | Lack::Stale => true,
        }
    }

    fn is_before_admission(&self, held: &Held<'_>) -> bool {
        held.admission.is_some_and(|now| Some(now.admitted_at) > self.admitted_at)
    }
}

fn is_clean(finding: Finding) -> bool {
    matches!(finding, Finding::Nothing | Finding::NotSought)
}

fn ends_later(now: Option<UnixSeconds>, before: Option<UnixSeconds>) -> bool {
    match (now, before) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(now), Some(before)) => now > before,
    }
}
