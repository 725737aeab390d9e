//! What a program holds of its license: from its state, else from files that were put beside it.

use sealgate_artifact::{ClockMode, License as Signed, Module, StatementId, UnixSeconds};
use sealgate_rules::{
    Admission, ClockShows, Ending, Enforced, Findings, Held, Known, Learned, LeftBehind, Moment, effective,
    vouched_at,
};
use sealgate_trust::{Accepted, Policies, TenantTrust, TrustError, Verified, verify_license};

use crate::activated::Activated;
use crate::bundle::HeldBundle;
use crate::client::{ATTEMPTS, Found};
use crate::offline::known_chain;
use crate::revocations::{LicenseFiles, Looked, RevocationMemory, Slot};
use crate::state::{Floors, State};
use crate::{Client, ConfigurationError, Error, License, SecurityError};

/// A license that verified, and the admission to it.
#[derive(Debug, Clone)]
pub(crate) struct Material {
    pub(crate) license: Signed,
    pub(crate) admitted: Option<Admitted>,
    /// Until when a trial runs here, as a server decided.
    pub(crate) trial_ends: Option<UnixSeconds>,
    /// When a server admitted this device last, where the state holds it: a state whose own times were edited is not before it.
    pub(crate) signed_at: Option<UnixSeconds>,
    /// What revocation data says of the license and the proof, or the bundle.
    pub(crate) looked: Looked,
    /// Whether it is a bundle: its terms end with it, and it is its own admission.
    pub(crate) is_bundle: bool,
}

/// The vendor's word that this device was admitted.
#[derive(Debug, Clone)]
pub(crate) struct Admitted {
    pub(crate) at: UnixSeconds,
    lease_until: Option<UnixSeconds>,
    ending: Option<Ending>,
    /// The modules that the proof lists.
    pub(crate) modules: Vec<Module>,
}

/// Files that were put beside a program.
#[derive(Default)]
pub(crate) struct Files {
    pub(crate) license: Option<Vec<u8>>,
    pub(crate) proof: Option<Vec<u8>>,
    /// The statement of the release that is installed.
    pub(crate) release: Option<Vec<u8>>,
}

/// What is remembered of keys and revocation data. Where it is another one than before, everything is to be looked up again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct KnownOfFiles {
    pub(crate) accepted: Accepted,
    pub(crate) revocations: RevocationMemory,
    /// The bundle that is kept.
    pub(crate) bundle: Option<StatementId>,
}

/// What a program ran by the time that the newest snapshot says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RanBySnapshot {
    /// That time, as the program found it.
    pub(crate) from: UnixSeconds,
    /// Until when it ran.
    pub(crate) until: UnixSeconds,
}

impl Files {
    /// A license and a proof that somebody shows.
    pub(super) fn of(files: LicenseFiles<'_>) -> Self {
        let owned = |file: Option<&[u8]>| file.map(<[u8]>::to_vec);
        Self { license: owned(files.license), proof: owned(files.proof), release: None }
    }
}

impl RanBySnapshot {
    /// What becomes of what is kept. What was replaced by an earlier time since is not raised again.
    fn over(self, there: Floors) -> Option<UnixSeconds> {
        let known = there.snapshot.max(there.ran);
        (self.from <= there.snapshot && known < self.until).then_some(self.until)
    }
}

impl Material {
    /// `spec/offline.md` §4.7: a bundle is a license that ends when it does, and an admission to it.
    fn of_bundle(held: &HeldBundle) -> Self {
        let terms = held.bundle.get().terms.clone();
        let admitted = Admitted { at: terms.issued_at, lease_until: None, ending: None, modules: vec![] };
        Self {
            license: terms,
            admitted: Some(admitted),
            trial_ends: None,
            signed_at: Some(held.signed_at),
            looked: held.looked.clone(),
            is_bundle: true,
        }
    }

    /// For the program.
    pub(crate) fn shown(&self) -> License {
        License::new(&self.license, None).tried_until(&self.license, self.trial_ends)
    }

    fn reads_no_clock(&self) -> bool {
        let policy = self.license.conditions.policy.as_ref();
        policy.and_then(|policy| policy.clock).is_some_and(|clock| clock.mode == Some(ClockMode::RunTime))
    }

    /// For the rules to judge, with what the guard knows of failures.
    pub(crate) fn held(&self, unheard_at: Option<UnixSeconds>) -> Held<'_> {
        let admission = self.admitted.as_ref().map(|admitted| Admission {
            admitted_at: admitted.at,
            unheard_at: unheard_at.filter(|at| *at >= admitted.at),
            lease_until: admitted.lease_until,
            ending: admitted.ending.as_ref(),
        });
        let admitted_at = self.admitted.as_ref().map(|admitted| admitted.at);
        Held {
            license: &self.license,
            admission,
            trial_ends: self.trial_ends,
            is_revoked: self.looked.is_revoked(),
            is_unseen: self.looked.is_unseen,
            vouched_at: vouched_at(self.license.issued_at, admitted_at, self.looked.says),
        }
    }
}

impl Client {
    /// What guards left behind.
    pub(crate) fn left_behind(&self) -> Result<LeftBehind, ConfigurationError> {
        Ok(self.kept()?.and_then(|found| found.state.guarded).unwrap_or_default())
    }

    /// `spec/guard.md` §4.5: leaves this for the next start, and beside it what other processes have left. Where there is no state, one is made.
    pub(crate) fn leave_behind(
        &self,
        left: &LeftBehind,
        learned: &Learned,
        (looked, ran): (Option<&Looked>, RanBySnapshot),
    ) -> Result<(), ConfigurationError> {
        for _ in 0..ATTEMPTS {
            let Found { state, bytes } = self.state()?;
            let there = state.guarded.clone().unwrap_or_default();
            let known = there.latches.clone();
            let left = left.clone().over(there, learned);
            let has_new = left.latches.iter().any(|latch| !known.contains(latch));
            let mut revocations = state.revocations.clone();
            // A reason that revocation data gave is nothing without what was found there.
            looked.inspect(|looked| revocations.note(looked));
            let raised = ran.over(state.floors_kept());
            let is_same = state.guarded.as_ref() == Some(&left) && state.revocations == revocations;
            if is_same && raised.is_none() {
                return Ok(());
            }
            // No older copy is left that does not know why the rights ended.
            let replace = if has_new { Self::replace_all } else { Self::replace };
            let mut next = State { guarded: Some(left), revocations, ..state };
            if let (Some(memory), Some(raised)) = (&mut next.memory, raised) {
                memory.floors.ran = raised;
            }
            if replace(self, Some(&bytes), &next.encode())? {
                return Ok(());
            }
        }
        Err(ConfigurationError::StateContended)
    }

    /// The newest times under signatures that this client believed.
    pub(crate) fn signed_floors(&self) -> Result<Floors, ConfigurationError> {
        Ok(self.kept()?.map_or(Floors::none(), |found| self.floors(&found.state)))
    }

    /// What the state holds, verified anew; where it holds neither a bundle nor an activation, what the files hold. Nobody is asked. What was found there of
    /// revocation data is remembered, also of files.
    pub(crate) fn material(&self, files: &Files) -> Result<Option<Material>, Error> {
        let material = self.found_material(files)?;
        if let Some(material) = &material {
            // Where the state cannot be written, a guard says so when it keeps what it knows.
            let _ = self.remember_looked(&material.looked);
        }
        Ok(material)
    }

    /// What is remembered of what files may bring.
    pub(crate) fn known_of_files(&self) -> Result<KnownOfFiles, ConfigurationError> {
        let found = self.kept()?.map(|Found { state, .. }| KnownOfFiles {
            accepted: state.accepted(),
            bundle: state.bundled.kept_id(),
            revocations: state.revocations,
        });
        Ok(found.unwrap_or_default())
    }

    /// Whether this device's time comes from no clock, as its license says, or one of these files.
    pub(crate) fn reads_no_clock(&self, files: LicenseFiles<'_>) -> bool {
        let held = self.found_material(&Files::of(files)).ok().flatten();
        held.is_some_and(|material| material.reads_no_clock())
    }

    /// The same. Nothing is remembered.
    pub(super) fn found_material(&self, files: &Files) -> Result<Option<Material>, Error> {
        let found = self.kept()?;
        let Some(held) = found.as_ref().map(|found| self.held_bundle(&found.state)) else {
            return self.without_bundle(None, files);
        };
        let state = found.as_ref().map(|found| &found.state);
        let kept = state.and_then(|state| state.activated.as_ref()).map(|kept| kept.proof.as_slice());
        let proof = kept.or(files.proof.as_deref()).map(<[u8]>::to_vec);
        match held {
            Ok(None) => self.without_bundle(found, files),
            Ok(Some(bundle)) => {
                let is_earlier = proof.is_some_and(|proof| bundle.is_before(&proof));
                if bundle.denied.is_none() && !is_earlier {
                    return Ok(Some(Material::of_bundle(&bundle)));
                }
                let other = self.without_bundle(found, files);
                Ok(Some(self.instead_of(&bundle, is_earlier, other.ok().flatten())))
            }
            // One that does not verify any more, or is another machine's, gives way to whatever else is held.
            Err(why) => self.without_bundle(found, files)?.map(Some).ok_or(why),
        }
    }

    /// `spec/offline.md` §4.6: what counts beside a bundle that is over or taken back, or older than a proof.
    fn instead_of(&self, bundle: &HeldBundle, is_earlier: bool, other: Option<Material>) -> Material {
        let other = other.filter(|other| is_earlier || self.would_do(other));
        other.unwrap_or_else(|| Material::of_bundle(bundle))
    }

    /// Whether this would give rights now, if nothing was found on the machine.
    fn would_do(&self, material: &Material) -> bool {
        let Ok(at) = self.trusted_time() else { return false };
        let enforced = Enforced::of(&material.license.conditions);
        let now = Ok(Moment { at, clock: ClockShows::Fits });
        let known = Known {
            held: Some(material.held(None)),
            findings: Findings::default(),
            enforced: &enforced,
            now,
        };
        effective(&known, None).lack().is_none()
    }

    fn without_bundle(&self, found: Option<Found>, files: &Files) -> Result<Option<Material>, Error> {
        if let Some(Found { state, .. }) = &found
            && let Some(kept) = &state.activated
        {
            let known = self.floors(state).newest();
            let material = self.material_of(state, kept, self.clock.now().max(known));
            // It was accepted: keys that have expired since end nothing (spec/guard.md §2.2).
            let then = || self.material_of(state, kept, known).ok();
            let material = material.or_else(|why| then().ok_or(why))?;
            let signed_at = material.admitted.as_ref().map(|admitted| admitted.at);
            return Ok(Some(Material { signed_at, ..material }));
        }
        let Some(license) = &files.license else { return Ok(None) };
        // A proof is of one device. Where there was no state, this one has no key yet: the license alone says what it gives.
        let placed = (license.as_slice(), files.proof.as_deref().filter(|_| found.is_some()));
        let found = match found {
            Some(found) => found,
            None => self.state()?,
        };
        let known = self.floors(&found.state).newest();
        let material = self.placed(&found.state, placed, self.clock.now().max(known));
        // Of a license that reads no clock, the windows of its keys are judged without one, too.
        let without = || self.placed(&found.state, placed, known).ok().filter(Material::reads_no_clock);
        material.or_else(|why| without().ok_or(why)).map(Some)
    }

    /// What files beside the program hold.
    fn placed(
        &self,
        state: &State,
        (license, proof): (&[u8], Option<&[u8]>),
        now: UnixSeconds,
    ) -> Result<Material, Error> {
        if let Some(proof) = proof {
            let begun = crate::activate::begin(proof, license.to_vec())?;
            return self.material_of(state, &begun, now);
        }
        let (chain, license) = self.license_of(state, license, now)?;
        let looked = self.look(&state.revocations, &chain, Slot::of_license(&license), None);
        let license = license.get().clone();
        Ok(Material { license, admitted: None, trial_ends: None, signed_at: None, looked, is_bundle: false })
    }

    fn material_of(&self, state: &State, kept: &Activated, now: UnixSeconds) -> Result<Material, Error> {
        let (activation, looked) = self.verified_at(state, kept, now)?;
        let chain = self.chain_for(state, kept, now)?;
        let license = self.license_under(&chain, state, &kept.license)?.get().clone();
        let admitted = Admitted {
            at: activation.admitted_at(),
            lease_until: kept.lease_until,
            ending: kept.ending.clone(),
            modules: activation.modules().to_vec(),
        };
        let trial_ends = activation.trial_ends();
        Ok(Material {
            license,
            admitted: Some(admitted),
            trial_ends,
            signed_at: None,
            looked,
            is_bundle: false,
        })
    }

    /// A license that verifies, of a version that is not older than the newest one that this client saw.
    fn license_of(
        &self,
        state: &State,
        bytes: &[u8],
        now: UnixSeconds,
    ) -> Result<(TenantTrust, Verified<Signed>), Error> {
        let (chain, _) = known_chain(&self.trust, &state.accepted(), self.held(state), now)?;
        let license = self.license_under(&chain, state, bytes)?;
        Ok((chain, license))
    }

    fn license_under(
        &self,
        chain: &TenantTrust,
        state: &State,
        bytes: &[u8],
    ) -> Result<Verified<Signed>, Error> {
        let of_license = |why: TrustError| SecurityError::Statement { what: "license", why };
        let license =
            verify_license(chain, bytes, Some(self.trust.app), Policies::Known).map_err(of_license)?;
        crate::judge::newest(chain, &license, &state.licenses())?;
        Ok(license)
    }
}
