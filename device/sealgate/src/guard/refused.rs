//! An action that may not be, and a program that may not start.

use sealgate_artifact::{Code, Tier};
use sealgate_rules::{Lack, TenantRefused};

/// An action that the license does not allow. It says nothing about other actions: the program goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActionRefused {
    /// The feature is not among those that the program has.
    #[error("[License] The feature '{feature}' is not available in the tier '{}': {}", .tier.as_str(), .code.meaning())]
    Feature {
        /// Which one.
        feature: String,
        /// The tier that counts.
        tier: Tier,
        /// Why: what took the license's rights away, or `feature_not_licensed`.
        code: Code,
    },
    /// The tier is not enough.
    #[error("[License] The tier '{}' is needed, and it is '{}': {}", .needed.as_str(), .tier.as_str(), .code.meaning())]
    Tier {
        /// The least one.
        needed: Tier,
        /// The one that counts.
        tier: Tier,
        /// Why.
        code: Code,
    },
    /// A tenant of the program does too much.
    #[error("[Policy] API rate limit exceeded for tenant {tenant}: at most {} a minute of '{}', again in {} s", .limit.per_minute, .limit.limit, .limit.wait)]
    Tenant {
        /// Which one.
        tenant: String,
        /// What it does too often, and when it may again.
        limit: TenantRefused,
    },
    /// The program's own addition to the guard says no.
    #[error("{0}")]
    Enhancer(String),
}

impl ActionRefused {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Feature { code, .. } | Self::Tier { code, .. } => *code,
            Self::Tenant { .. } => Code::TenantLimited,
            Self::Enhancer(_) => Code::FeatureNotLicensed,
        }
    }

    /// What to do about it.
    pub fn fix(&self) -> Option<&'static str> {
        self.code().fix()
    }
}

/// Why a program does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartRefused {
    /// The license forbids it: its modules are not the approved ones, or nobody vouched for it for too long.
    #[error("[{prefix}] The program does not start: {}", .lack.code().meaning())]
    Blocked {
        /// Why.
        lack: Lack,
        /// Of whose events it is.
        prefix: &'static str,
    },
    /// The configuration wants a proof on disk, and there is none.
    #[error(
        "[License] The activation proof is not there, and the configuration forbids to activate online: {path}"
    )]
    ProofMissing {
        /// Where it was looked for.
        path: String,
    },
    /// The thread that watches could not be started.
    #[error("[License] {0}")]
    Thread(String),
}

impl StartRefused {
    pub(super) fn of(lack: Lack) -> Self {
        let prefix = if lack == Lack::Unapproved { "Integrity" } else { "License" };
        Self::Blocked { lack, prefix }
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Blocked { lack, .. } => lack.code(),
            Self::ProofMissing { .. } => Code::NotActivated,
            Self::Thread(_) => Code::SystemError,
        }
    }
}
