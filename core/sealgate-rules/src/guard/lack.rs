//! Why a program has no more than what works without a license.

use sealgate_artifact::Code;

/// Why a license gives a program nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Lack {
    /// There is none.
    NoLicense,
    /// The license wants to be heard of, and this device was not admitted to it.
    NotActivated,
    /// The machine's clock is behind what is known.
    ClockRolledBack,
    /// The license does not begin yet.
    NotYetValid,
    /// It is a trial, and nobody said until when.
    TrialNotBegun,
    /// Nobody vouched for long enough that the license was not taken back.
    Stale,
    /// The vendor took the license's version or the proof back, as revocation data says.
    Revoked,
    /// The license has ended, or its trial.
    Expired,
    /// No server was heard until the deadline.
    Unheard,
    /// A server said that the rights end, for this reason, and the time that it gave is over.
    Ended(String),
    /// Somebody looks into the program while it runs, or changes it.
    Tampered,
    /// The program is not the one that the vendor approved.
    Unapproved,
}

impl Lack {
    /// Whether it outlives the program (`spec/guard.md` §4).
    pub fn lasts(&self) -> bool {
        matches!(
            self,
            Self::Revoked
                | Self::Expired
                | Self::Unheard
                | Self::Ended(_)
                | Self::Tampered
                | Self::Unapproved
        )
    }

    /// `spec/guard.md` §5.2: whether a server's answer could say otherwise, so that a program asks before it starts with this.
    pub fn may_be_answered(&self) -> bool {
        matches!(
            self,
            Self::ClockRolledBack
                | Self::Revoked
                | Self::Expired
                | Self::Unheard
                | Self::Ended(_)
                | Self::Stale
        )
    }

    /// Whether it follows from what time it is, so that a doubted clock may be the cause.
    pub(super) fn is_of_time(&self) -> bool {
        matches!(self, Self::Expired | Self::Unheard | Self::Ended(_) | Self::Stale | Self::NotYetValid)
    }

    /// The stable code (`spec/errors.md` §2). What a server said stands in `Ended` as the server said it.
    pub fn code(&self) -> Code {
        match self {
            Self::NoLicense => Code::LicenseMissing,
            Self::NotActivated => Code::NotActivated,
            Self::ClockRolledBack => Code::ClockRolledBack,
            Self::NotYetValid => Code::NotYetValid,
            Self::TrialNotBegun => Code::TrialNotBegun,
            Self::Stale => Code::RevocationsStale,
            Self::Revoked => Code::Revoked,
            Self::Expired => Code::Expired,
            Self::Unheard => Code::GraceOver,
            Self::Ended(code) => Code::parse(code).unwrap_or(Code::Blocked),
            Self::Tampered => Code::TamperDetected,
            Self::Unapproved => Code::UnapprovedModule,
        }
    }
}
