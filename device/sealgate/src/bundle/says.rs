//! What a bundle says, for programs and people.

use sealgate_artifact::{Bundle, BundleId, Machines, StatementId, UnixSeconds};
use sealgate_trust::Verified;

use super::BundleError;
use crate::{Denied, License};

/// What a bundle says whose signatures verified. Whether it counts on this machine is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BundleSays {
    /// The bundle.
    pub bundle: BundleId,
    /// Its statement's id.
    pub statement: StatementId,
    /// The license's terms that it carries. They end with the bundle.
    pub license: License,
    /// Rises with every bundle of the license.
    pub serial: u64,
    /// When it was signed.
    pub issued_at: UnixSeconds,
    /// From when on it gives rights.
    pub begins_at: UnixSeconds,
    /// From when on it gives none.
    pub ends_at: UnixSeconds,
    /// For which machines it is.
    pub machines: BundleMachines,
}

/// For which machines a bundle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BundleMachines {
    /// For so many that it names, and no others.
    Named(u32),
    /// For so many, whichever they are.
    Any(u32),
}

impl BundleMachines {
    /// How many.
    pub fn count(self) -> u32 {
        match self {
            Self::Named(count) | Self::Any(count) => count,
        }
    }
}

/// A file that was looked at: what is in it, and whether it can be activated here. It is not activated.
#[derive(Debug)]
pub struct LookedBundle {
    pub(super) says: BundleSays,
    /// The statement with what it attaches, as it came.
    pub(super) carrier: Vec<u8>,
    pub(super) is_for_this_machine: bool,
    pub(super) is_kept: bool,
    pub(super) replaces: Option<BundleSays>,
    pub(super) refusal: Option<BundleError>,
}

impl LookedBundle {
    /// What is in it: the vendor's keys signed it.
    pub fn says(&self) -> &BundleSays {
        &self.says
    }

    /// Whether it names this machine, or is for any.
    pub fn is_for_this_machine(&self) -> bool {
        self.is_for_this_machine
    }

    /// Whether this very bundle is the one that this machine keeps.
    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// What this machine keeps now, and would keep no more: another bundle.
    pub fn replaces(&self) -> Option<&BundleSays> {
        self.replaces.as_ref()
    }

    /// Why it cannot be activated here; `None`: it can.
    pub fn refusal(&self) -> Option<&BundleError> {
        self.refusal.as_ref()
    }
}

/// The bundle that a machine keeps, verified anew.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptBundle {
    /// What it says.
    pub says: BundleSays,
    /// Whether the machine goes by it. If not, it goes by an activation proof: one that was issued later, or this bundle is over or
    /// taken back.
    pub is_in_use: bool,
    /// Why it gives no right now: it is over, was taken back, or has not begun. `None`: nothing of this.
    pub denied: Option<Denied>,
}

impl BundleSays {
    pub(crate) fn of(bundle: &Verified<Bundle>) -> Self {
        Self::of_kept(bundle.id(), bundle.get())
    }

    /// Of one that is kept: it verified when it was activated.
    pub(super) fn of_kept(statement: StatementId, said: &Bundle) -> Self {
        Self {
            bundle: said.bundle,
            statement,
            license: License::new(&said.terms, None),
            serial: said.serial,
            issued_at: said.terms.issued_at,
            begins_at: said.terms.not_before,
            ends_at: said.ends_at(),
            machines: match &said.machines {
                machines @ Machines::Bound(_) => BundleMachines::Named(machines.count()),
                machines @ Machines::Pool(_) => BundleMachines::Any(machines.count()),
            },
        }
    }
}
