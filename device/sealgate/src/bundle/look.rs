//! Looking at a bundle's file (`spec/offline.md` §4.2).

use std::io::Read;
use std::path::Path;

use sealgate_artifact::{Bundle, UnixSeconds, Unverified};
use sealgate_container::{LicenseStatements, Parts, Purpose};
use sealgate_trust::{TenantTrust, Verified};

use super::judge::{Judged, Keys};
use super::{BundleError, BundleSays, LookedBundle};
use crate::client::{ATTEMPTS, Found};
use crate::container::{StageError, Staged};
use crate::import::{held_slots, is_newer};
use crate::revocations::{LicenseFiles, Listed};
use crate::state::{Floors, Memory, State};
use crate::{Client, ConfigurationError};

impl Client {
    /// Looks at the file of a bundle, so that a program can show a person what is in it. The file is read once, into a private copy, and
    /// nothing is activated.
    ///
    /// An error says that nothing in it is to be believed. Where the bundle is the vendor's and cannot be activated here,
    /// [`LookedBundle::refusal`] says why. Newer keys that the file carries count from now on, and so does what a bundle says was taken back.
    pub fn look_at_bundle(&self, file: &Path) -> Result<LookedBundle, BundleError> {
        let (folder, purpose) = (self.private_folder()?, Some(Purpose::License));
        self.look_at_staged(&Staged::copy_file_of(purpose, file, folder, |_, _| ())?)
    }

    /// The same from a medium that is read once. `size` is the file's, if it is known.
    pub fn look_at_bundle_on(
        &self,
        medium: impl Read,
        size: Option<u64>,
    ) -> Result<LookedBundle, BundleError> {
        let (folder, purpose) = (self.private_folder()?, Some(Purpose::License));
        self.look_at_staged(&Staged::copy_of(purpose, medium, size, folder, |_, _| ())?)
    }

    fn private_folder(&self) -> Result<&Path, ConfigurationError> {
        let store = self.revocation_store.as_deref().ok_or(ConfigurationError::RevocationStoreMissing)?;
        Ok(store.folder())
    }

    fn look_at_staged(&self, staged: &Staged) -> Result<LookedBundle, BundleError> {
        let parts: LicenseStatements =
            Parts::new(staged.container(), |entry: &_| -> Result<_, StageError> { staged.read(entry) })
                .license()?;
        for _ in 0..ATTEMPTS {
            let Found { state, bytes } = self.state()?;
            let judged = self.judge_bundle(&state, &parts);
            let kept = state.bundled.kept.clone();
            let next = self.after_look(state, &judged).encode();
            // Who deletes the newer copy of the state gets back no keys that were replaced, and nothing that was listed.
            if next != bytes && !self.replace_all(Some(&bytes), &next)? {
                continue;
            }
            return looked(judged, parts.bundle.encode(), kept.as_deref());
        }
        Err(ConfigurationError::StateContended.into())
    }

    /// What stays in force whatever comes of the rest (`spec/offline.md` §4.2): the file's keys, and what the bundle says was taken back.
    pub(super) fn after_look(&self, state: State, judged: &Judged) -> State {
        let Ok(keys) = &judged.keys else { return state };
        let mut revocations = state.revocations.clone();
        revocations.forget_revoked(&keys.chain);
        if let Ok(believed) = &judged.bundle {
            revocations = believed.revocations.clone();
            revocations.note(&believed.looked);
            if believed.newest.is_ok() {
                revocations.list(&listed_of(&state, &believed.bundle, self));
            }
        }
        let memory = keys.carried.as_ref().map(|_| self.with_keys(&state, keys)).or(state.memory.clone());
        State { memory, revocations, ..state }
    }

    /// The file's keys count as those from an answer do, and with them no clock runs behind what was signed.
    pub(super) fn with_keys(&self, state: &State, keys: &Keys) -> Memory {
        let chain: &TenantTrust = &keys.chain;
        let floors = state.floors_kept();
        let vouched = [chain.keyset().get().issued_at, chain.tenant_keyset().get().issued_at];
        let authority = vouched.into_iter().fold(floors.authority, UnixSeconds::max);
        // The same statements in another form are nothing new.
        let is_same = !is_newer(chain, &state.accepted());
        let held = self.held(state);
        let carried = keys.carried.clone().filter(|_| !is_same);
        Memory {
            accepted: if is_same { state.accepted() } else { chain.accepted().clone() },
            floors: Floors { authority, ..floors },
            licenses: state.licenses(),
            statements: carried.map_or(held.clone(), |carried| held.under(carried)),
        }
    }
}

/// What this device holds, and the bundle says was taken back.
fn listed_of(state: &State, bundle: &Verified<Bundle>, client: &Client) -> Vec<Listed> {
    let said = bundle.get();
    let is_listed = |slot: u64| said.revoked.binary_search(&slot).is_ok();
    let held = held_slots(state, LicenseFiles::default(), client.trust.app).into_iter();
    let held = held.filter(|held| held.license == said.terms.license && held.number.is_some_and(is_listed));
    held.map(|held| Listed { what: held.what, id: held.id, keys: bundle.signed_by().to_vec() }).collect()
}

fn looked(judged: Judged, carrier: Vec<u8>, kept: Option<&[u8]>) -> Result<LookedBundle, BundleError> {
    let believed = judged.bundle?;
    let says = BundleSays::of(&believed.bundle);
    let before = kept.and_then(|kept| Unverified::<Bundle>::decode(kept).ok());
    let before =
        before.and_then(|claim| Some(BundleSays::of_kept(claim.envelope().id(), &claim.danger_peek().ok()?)));
    Ok(LookedBundle {
        is_kept: before.as_ref().is_some_and(|before| before.statement == says.statement),
        replaces: before.filter(|before| before.statement != says.statement),
        says,
        carrier,
        is_for_this_machine: believed.is_for_this_machine,
        refusal: believed.refusal,
    })
}
