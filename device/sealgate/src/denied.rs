//! A no: who says it, and why.

use std::time::Duration;

use sealgate_artifact::{Code, Decision, Family, License, LicenseId, Module, UnixSeconds};

use crate::looked::{HeldStatement, Listed};
use crate::seat::UnverifiedSeat;
use crate::wait;

/// The license says no. Nothing makes one but a verified decision, a verified license, a mistyped key, or a missing activation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{}", self.said_by(), self.meaning(), self.times())]
#[non_exhaustive]
pub struct Denied {
    /// Why: a code of `spec/errors.md` §2, or one that this program does not know.
    pub code: String,
    /// Who says so.
    pub by: DeniedBy,
    /// When asking again may help: a day at most.
    pub retry_after: Option<Duration>,
    /// The license, where one was found.
    pub license: Option<LicenseId>,
    /// How many devices use it, as the server says.
    pub devices_used: Option<u32>,
    /// How many may, where none is left for this one, as the server says.
    pub max_devices: Option<u32>,
    /// Where no seat is left: some devices that have one, those first that were not seen for longest. Not signed, unlike
    /// all of the above.
    pub unverified_seats: Box<[UnverifiedSeat]>,
    /// The server's time, where the server decided.
    pub server_time: Option<UnixSeconds>,
    more: Option<Box<More>>,
}

/// What few denials have.
#[derive(Debug, Clone, PartialEq, Eq)]
enum More {
    Outside(Outside),
    Unapproved(Vec<Module>),
    /// The statements that revocation data lists.
    Listed(Vec<Listed>),
    /// It may list them, and is lost.
    Unseen,
}

/// Two times: the one that a license's window begins or ended at, and the one by which it was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outside {
    /// When the license begins, or when it ended, or its trial.
    pub limit: UnixSeconds,
    /// This machine's clock, or a later time that the vendor's keys had signed.
    pub judged_at: UnixSeconds,
}

/// Who says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeniedBy {
    /// The vendor's server, in a verified decision.
    Server,
    /// The license itself: its own window is not open.
    License,
    /// This program, before it asked: the key is mistyped.
    Typing,
    /// This program: it keeps no activation, or a newer one, or revocation data that lists the license or the proof.
    State,
}

impl std::fmt::Display for DeniedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Server => "denied by the server",
            Self::License => "the license is not in force",
            Self::Typing => "the license key cannot be right",
            Self::State => "by what this machine keeps",
        })
    }
}

impl Denied {
    /// `spec/online.md` §6.2: what a verified decision with a code says.
    pub(crate) fn by_server(
        decision: &Decision,
        (code, retry_after): (&str, Option<u64>),
        (seats, modules): (Vec<UnverifiedSeat>, Vec<Module>),
    ) -> Self {
        Self {
            code: code.to_owned(),
            by: DeniedBy::Server,
            retry_after: retry_after.map(Duration::from_secs).map(wait::bounded),
            license: decision.license(),
            devices_used: decision.devices_used.and_then(|devices| u32::try_from(devices).ok()),
            max_devices: decision.max_devices.and_then(|seats| u32::try_from(seats).ok()),
            unverified_seats: seats.into(),
            server_time: Some(decision.issued_at),
            more: (!modules.is_empty()).then(|| Box::new(More::Unapproved(modules))),
        }
    }

    /// `spec/license.md` §4: what the license's own window says.
    pub(crate) fn by_license(
        code: Code,
        license: &License,
        trial_ends: Option<UnixSeconds>,
        now: UnixSeconds,
    ) -> Self {
        let limit = match code {
            Code::NotYetValid => Some(license.not_before),
            Code::Expired => license.expires_at.filter(|end| *end <= now).or(trial_ends),
            _ => None,
        };
        let more = limit.map(|limit| Box::new(More::Outside(Outside { limit, judged_at: now })));
        Self { license: Some(license.license), more, ..Self::here(code, DeniedBy::License) }
    }

    /// `spec/license.md` §3.4: SDKs check the key before they ask.
    pub(crate) fn mistyped(code: Code) -> Self {
        Self::here(code, DeniedBy::Typing)
    }

    /// Whoever keeps no activation needs no server to say so.
    pub(crate) fn not_activated() -> Self {
        Self::here(Code::NotActivated, DeniedBy::State)
    }

    /// A newer proof lies here.
    pub(crate) fn superseded() -> Self {
        Self::here(Code::Superseded, DeniedBy::State)
    }

    /// `spec/revocation.md` §5.3: the vendor took it back, as imported data says.
    pub(crate) fn revoked(license: LicenseId, listed: Vec<Listed>) -> Self {
        let more = Some(Box::new(More::Listed(listed)));
        Self { license: Some(license), more, ..Self::here(Code::Revoked, DeniedBy::State) }
    }

    /// `spec/revocation.md` §5.5: nobody can say here whether the vendor took it back.
    pub(crate) fn unseen(license: LicenseId) -> Self {
        let more = Some(Box::new(More::Unseen));
        Self { license: Some(license), more, ..Self::here(Code::RevocationsStale, DeniedBy::State) }
    }

    /// Whether imported revocation data lists the activation alone: the license is as good as before.
    pub fn is_of_activation_alone(&self) -> bool {
        let listed = self.listed();
        !listed.is_empty() && listed.iter().all(|found| found.what == HeldStatement::Proof)
    }

    /// Whether a bundle for machines without a network is what was taken back.
    fn is_of_bundle(&self) -> bool {
        self.listed().iter().any(|found| found.what == HeldStatement::Bundle)
    }

    /// What is to be remembered as taken back.
    pub(crate) fn listed(&self) -> &[Listed] {
        match self.more.as_deref() {
            Some(More::Listed(listed)) => listed,
            _ => &[],
        }
    }

    fn here(code: Code, by: DeniedBy) -> Self {
        Self {
            code: code.as_str().to_owned(),
            by,
            retry_after: None,
            license: None,
            devices_used: None,
            max_devices: None,
            unverified_seats: Box::default(),
            server_time: None,
            more: None,
        }
    }

    /// What revocation data says, says itself where it is from.
    fn said_by(&self) -> String {
        match self.more.as_deref() {
            Some(More::Listed(_) | More::Unseen) => String::new(),
            _ => format!("{}: ", self.by),
        }
    }

    /// Without a full stop, as errors are written: programs go on behind it.
    fn meaning(&self) -> &str {
        if self.is_of_activation_alone() {
            return "the vendor took this machine's activation back, and not the license";
        }
        if self.is_of_bundle() {
            return "the vendor took this license file back";
        }
        if !self.listed().is_empty() {
            return "imported revocation data lists this version of the license: the license was revoked, or its terms changed";
        }
        if matches!(self.more.as_deref(), Some(More::Unseen)) {
            return "revocation data that was imported before is lost, and may list the license or its activation";
        }
        let meaning = match Code::parse(&self.code) {
            Some(code) => code.meaning(),
            None => &self.code,
        };
        meaning.trim_end_matches('.')
    }

    fn times(&self) -> String {
        let Some(Outside { limit, judged_at }) = self.outside() else { return String::new() };
        let verb = if judged_at < limit { "begins" } else { "ended" };
        format!(": it {verb} at {limit}, and the clock shows {judged_at}")
    }

    /// Where modules are not approved for the license: which ones. Not signed, unlike the code.
    pub fn unverified_modules(&self) -> &[Module] {
        match self.more.as_deref() {
            Some(More::Unapproved(modules)) => modules,
            _ => &[],
        }
    }

    /// By how much a license is outside its own window, where that is why.
    pub fn outside(&self) -> Option<&Outside> {
        match self.more.as_deref() {
            Some(More::Outside(outside)) => Some(outside),
            _ => None,
        }
    }

    /// One sentence: what would put it right.
    pub fn fix(&self) -> &'static str {
        if self.is_of_activation_alone() {
            return "Activate this machine again.";
        }
        if self.is_of_bundle() {
            return "Ask the vendor for another license file: make a request on this machine and send it.";
        }
        if !self.listed().is_empty() {
            return "Connect the program to the vendor's server, or activate this machine again: where only the terms changed, that brings the \
                    present license. Else, or without a network, ask the vendor.";
        }
        if matches!(self.more.as_deref(), Some(More::Unseen)) {
            return "Import a snapshot of the vendor's revocation data again.";
        }
        // A denial by any other code is about the vendor's set-up, which the user cannot change.
        let of_license = Code::parse(&self.code).filter(|code| code.family() == Family::License);
        of_license.and_then(Code::fix).unwrap_or("Ask the vendor about this license.")
    }
}
