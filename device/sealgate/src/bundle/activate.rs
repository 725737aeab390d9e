//! Activating a bundle, and forgetting it (`spec/offline.md` §4).

use sealgate_artifact::Carrier;
use sealgate_container::LicenseStatements;
use sealgate_trust::TrustError;

use super::{BundleError, BundleSays, LookedBundle};
use crate::bundled::Bundled;
use crate::client::{ATTEMPTS, Found};
use crate::state::{Floors, Memory, State};
use crate::{Client, ConfigurationError};

impl Client {
    /// Activates a bundle that was looked at, once a person said yes: all that decides is judged again. It is kept in the state, whole or not at
    /// all, and durable when this returns. The file is needed no more.
    pub fn activate_bundle(&self, looked: &LookedBundle) -> Result<BundleSays, BundleError> {
        let bundle = Carrier::decode(&looked.carrier).map_err(TrustError::from)?;
        // Its keys counted when it was looked at.
        let parts = LicenseStatements { bundle, roots: vec![], keyset: None, tenant_keyset: None };
        for _ in 0..ATTEMPTS {
            let Found { state, bytes } = self.state()?;
            let judged = self.judge_bundle(&state, &parts);
            let next = self.after_look(state, &judged);
            let (keys, believed) = (judged.keys?, judged.bundle?);
            let newest = believed.newest?;
            if let Some(refusal) = believed.refusal {
                return Err(refusal);
            }
            let says = BundleSays::of(&believed.bundle);
            let answered = believed.bundle.get().request;
            let memory = next.memory.clone().unwrap_or_else(|| self.with_keys(&next, &keys));
            // spec/offline.md §4.7: a server's answer replaces it.
            let floors = Floors { server: memory.floors.server.max(believed.floor), ..memory.floors };
            let mut bundled = Bundled { kept: Some(looked.carrier.clone()), ..next.bundled.clone() };
            bundled.newest.insert(believed.bundle.get().terms.license, newest);
            if answered.is_some() && answered == bundled.asked_id() {
                bundled.asked = None;
            }
            let next = State { memory: Some(Memory { floors, ..memory }), bundled, ..next }.encode();
            if next == bytes || self.replace_all(Some(&bytes), &next)? {
                return Ok(says);
            }
        }
        Err(ConfigurationError::StateContended.into())
    }

    /// Forgets the bundle that this machine keeps, and says whether there was one. The vendor does not hear of it: the seat is held until the
    /// bundle's end, and the same file can be activated again.
    pub fn forget_bundle(&self) -> Result<bool, ConfigurationError> {
        for _ in 0..ATTEMPTS {
            let Some(Found { state, bytes }) = self.kept()? else { return Ok(false) };
            if state.bundled.kept.is_none() {
                return Ok(false);
            }
            let next = State { bundled: Bundled { kept: None, ..state.bundled.clone() }, ..state };
            if self.replace_all(Some(&bytes), &next.encode())? {
                return Ok(true);
            }
        }
        Err(ConfigurationError::StateContended)
    }
}
