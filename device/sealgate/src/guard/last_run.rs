//! What a guarded program's last run left behind, for whoever looks for the reason of a failure. Nothing is changed.

use sealgate_artifact::UnixSeconds;
use sealgate_rules::{Enforced, Findings, Lack};

use super::material::Files;
use crate::{Client, Error, LicenseFiles};

/// What a guarded program left behind when it ran last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LastRun {
    /// Why its rights fell, for reasons that outlive it (`spec/guard.md` §4.2).
    pub fell: Vec<Fell>,
    /// When it asked and reached no server, for the last time since it was admitted.
    pub unheard_at: Option<UnixSeconds>,
}

/// Rights that fell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fell {
    /// Why.
    pub lack: Lack,
    /// When it was found, by the program's time.
    pub at: UnixSeconds,
    /// Whether a start lifts this now, if its checks of the machine find nothing.
    pub restart_helps: bool,
}

impl Client {
    /// What the last run of a guarded program with this state left behind.
    pub fn last_run(&self) -> Result<LastRun, Error> {
        self.last_run_for(LicenseFiles::default())
    }

    /// The same on a machine that is not activated, of a program beside which a license and a proof lie in files.
    pub fn last_run_for(&self, files: LicenseFiles<'_>) -> Result<LastRun, Error> {
        let Some(found) = self.kept()? else { return Ok(LastRun::default()) };
        let left = found.state.guarded.unwrap_or_default();
        let material = self.found_material(&Files::of(files)).ok().flatten();
        let held = material.as_ref().map(|material| material.held(None));
        let fell = left.latches.into_iter().map(|latch| Fell {
            restart_helps: !latch.is_of(held.as_ref()) || latch.is_lifted(held.as_ref(), Findings::default()),
            lack: latch.lack,
            at: latch.at,
        });
        Ok(LastRun { fell: fell.collect(), unheard_at: left.unheard_at })
    }

    /// What the license that is held asks a program to enforce, before the program's own configuration narrows it. `None` where no activation
    /// is held.
    pub fn enforced(&self) -> Result<Option<Enforced>, Error> {
        let material = self.found_material(&Files::default())?;
        Ok(material.map(|material| Enforced::of(&material.license.conditions)))
    }
}
