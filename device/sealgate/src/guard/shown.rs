//! What a guard shows: to actions, millions of times a second, and to people.

use std::sync::Arc;
use std::time::Duration;

use sealgate_artifact::{Limit, Tier, UnixSeconds};
use sealgate_rules::{Effective, Features, GraceWhy, Lack, Revocations, Rights};

use crate::License;

/// Where a guarded program stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuardState {
    /// How far its rights go.
    pub standing: Standing,
    /// The tier that counts now.
    pub tier: Tier,
    /// When the license itself ends; `None` where it never does, or where there is none.
    pub license_ends: Option<UnixSeconds>,
    /// When the bundle ends, by which the program runs, once that is near: how near,
    /// [`tell_days_before_end`](super::GuardBuilder::tell_days_before_end) says.
    pub ends_soon: Option<UnixSeconds>,
    /// Since when the program should be connected to its server again, or get newer files.
    pub needs_refresh: Option<UnixSeconds>,
    /// What is known of what the vendor took back, and how fresh that is (`spec/revocation.md` §6.2). It takes no right by itself.
    pub revocations: Revocations,
    /// Whether the program would have more rights if it were started again.
    pub restart_helps: bool,
    /// Whether what the guard learns outlives the program. If not, the state cannot be written (`StateNotPersistent` in the log): a license
    /// whose seats are lent suits machines whose files do not last.
    pub is_kept: bool,
}

/// How far a program's rights go.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// As far as the license.
    Licensed,
    /// As far as the license, until a time. No failure moves it later, but as far as the license signs.
    Grace {
        /// When the tier becomes `free`.
        until: UnixSeconds,
        /// Why.
        why: GraceWhy,
    },
    /// What works without a license works.
    Free(Lack),
}

/// What counts for actions now. It is replaced as a whole.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) state: GuardState,
    pub(crate) features: Arc<Features>,
    pub(crate) license: Option<Arc<License>>,
    /// Of the program's tenants.
    pub(crate) limits: Vec<Limit>,
    /// From then on, by the clock for glances, all is to be judged again.
    pub(crate) until: Duration,
}

impl Shown {
    /// Before anything was judged.
    pub(crate) fn nothing() -> Self {
        let state = GuardState {
            standing: Standing::Free(Lack::NoLicense),
            tier: Tier::Free,
            license_ends: None,
            ends_soon: None,
            needs_refresh: None,
            revocations: Revocations::Unknown,
            restart_helps: false,
            is_kept: true,
        };
        Self { state, features: Arc::default(), license: None, limits: vec![], until: Duration::ZERO }
    }
}

impl Standing {
    pub(crate) fn of(effective: &Effective) -> Self {
        match &effective.rights {
            Rights::License(_) => Self::Licensed,
            Rights::Grace { until, why, .. } => Self::Grace { until: *until, why: why.clone() },
            Rights::Free(lack) | Rights::Blocked(lack) => Self::Free(lack.clone()),
        }
    }

    /// Why the program has no more than what works without a license.
    pub fn lack(&self) -> Option<&Lack> {
        match self {
            Self::Free(lack) => Some(lack),
            Self::Licensed | Self::Grace { .. } => None,
        }
    }
}
