//! The steps that a bundle goes through (`spec/offline.md` §4.2).

use sealgate_artifact::{Bundle, ClockMode, License as Terms, UnixSeconds, Unverified};
use sealgate_container::LicenseStatements;
use sealgate_trust::{
    ChainBytes, Machine, Maximum, TenantTrust, TrustError, Verified, is_for_machine, verify_bundle,
};

use super::BundleError;
use crate::import::bounded;
use crate::judge::{rights, unless_listed};
use crate::offline::{begun_at, known_chain};
use crate::revocations::{Looked, RevocationMemory, Slot};
use crate::state::{State, epoch};
use crate::{Client, Denied, SecurityError};

/// What became of a file, by one state.
pub(super) struct Judged {
    /// The keys that count; the error of step 2 where none do.
    pub(super) keys: Result<Keys, TrustError>,
    /// The bundle; the error of step 3.
    pub(super) bundle: Result<Believed, TrustError>,
}

/// The keys that count.
pub(super) struct Keys {
    pub(super) chain: TenantTrust,
    /// What is to be remembered of the file's; `None`: it carries none, or older ones.
    pub(super) carried: Option<ChainBytes>,
}

/// A bundle that the vendor signed.
pub(super) struct Believed {
    pub(super) bundle: Verified<Bundle>,
    /// What is remembered of it once it is activated; the error of step 4.
    pub(super) newest: Result<Maximum, TrustError>,
    /// What revocation data says of it, with what it says itself.
    pub(super) looked: Looked,
    pub(super) revocations: RevocationMemory,
    pub(super) is_for_this_machine: bool,
    /// The first fault of steps 4 to 6.
    pub(super) refusal: Option<BundleError>,
    /// The time that it raises the signed floor to.
    pub(super) floor: UnixSeconds,
}

impl Client {
    /// `spec/offline.md` §4.2, steps 2 to 6, under what the state remembers. Where a window refuses the keys, a clock that is wrong or missing keeps
    /// nothing out that holds by what is known of the time, as with a snapshot (`spec/revocation.md` §5.1).
    pub(super) fn judge_bundle(&self, state: &State, parts: &LicenseStatements) -> Judged {
        let clock = self.clock.now();
        let floors = self.floors(state);
        let local = local_floor(state);
        let known = floors.newest().max(local);
        let reads_no_clock = peek(parts).is_some_and(|said| reads_no_clock(&said.terms));
        let begun = || {
            let held = self.held(state).chain;
            begun_at(&of_file(parts, &held).unwrap_or(held)).map(|at| at.max(known))
        };
        let begun = if reads_no_clock { begun() } else { None };
        let first = self.keys_at(clock.max(floors.newest()), state, parts);
        let again = [known, floors.signed()].into_iter().chain(begun);
        let keys = again.fold(first, |keys, now| match keys {
            Err(TrustError::NotYetValid { .. } | TrustError::Expired { .. }) => {
                self.keys_at(now, state, parts).or(keys)
            }
            keys => keys,
        });
        let now = if reads_no_clock { known } else { clock.max(floors.newest()) };
        let bundle = match &keys {
            Ok(keys) => self.believe_bundle(state, &keys.chain, parts, now),
            Err(why) => Err(why.clone()),
        };
        Judged { keys, bundle }
    }

    /// Step 2.
    fn keys_at(
        &self,
        now: UnixSeconds,
        state: &State,
        parts: &LicenseStatements,
    ) -> Result<Keys, TrustError> {
        let held = self.held(state);
        let known = known_chain(&self.trust, &state.accepted(), held.clone(), now);
        let Some(carried) = of_file(parts, &held.chain) else {
            let (chain, _) = known.map_err(of_chain)?;
            return Ok(Keys { chain, carried: None });
        };
        let known = known.ok().map(|(chain, _)| chain);
        let reader = (&self.known_maxima(state), known.as_ref());
        let (roots, tenant) = (&self.trust.roots, Some(self.trust.tenant));
        let keys = TenantTrust::verify_file(roots, &carried, tenant, reader, now)?;
        Ok(Keys { chain: keys.trust, carried: keys.taken.map(|_| carried) })
    }

    /// Steps 3 to 6.
    fn believe_bundle(
        &self,
        state: &State,
        chain: &TenantTrust,
        parts: &LicenseStatements,
        now: UnixSeconds,
    ) -> Result<Believed, TrustError> {
        let claim = Unverified::<Bundle>::of_carrier(parts.bundle.clone())?;
        let id = claim.envelope().id();
        // spec/revocation.md §5.4: what was accepted before is not judged by keys that were retired since.
        let has_activated = state.bundled.newest.values().any(|newest| newest.statement == id);
        let by = if has_activated { &chain.for_accepted() } else { chain };
        let bundle = verify_bundle(by, &claim, Some(self.trust.app))?;
        let license = bundle.get().terms.license;
        let before = state.bundled.newest.get(&license);
        let newest = chain.newest_bundle(&bundle, before, state.licenses().get(&license));
        let mut revocations = state.revocations.clone();
        revocations.forget_revoked(chain);
        if newest.is_ok() {
            revocations.list_by(&bundle);
        }
        let looked = self.look(&revocations, chain, Slot::of_bundle(&bundle), None);
        let machine = Machine {
            device_key: state.device_key.public(),
            request: state.bundled.asked_id(),
            has_activated,
        };
        let is_for = is_for_machine(&bundle, &machine);
        let floor = bounded(bundle.get().terms.issued_at, chain);
        let judged = newest.clone().map(drop).and(is_for.clone()).map_err(BundleError::from);
        let judged = judged.and_then(|()| Ok(in_force(&bundle.get().terms, &looked, now.max(floor))?));
        Ok(Believed {
            newest,
            looked,
            revocations,
            is_for_this_machine: is_for.is_ok(),
            refusal: judged.err(),
            floor,
            bundle,
        })
    }
}

/// Step 6: begun, not listed, not over.
pub(super) fn in_force(terms: &Terms, looked: &Looked, now: UnixSeconds) -> Result<(), Denied> {
    unless_listed(rights(terms, None, now), terms.license, looked.listed.clone())?;
    // spec/revocation.md §5.5.
    if looked.is_unseen { Err(Denied::unseen(terms.license)) } else { Ok(()) }
}

/// What the guard knows of this machine's clocks.
pub(super) fn local_floor(state: &State) -> UnixSeconds {
    state.guarded.as_ref().map_or(epoch(), |left| left.floor.at)
}

/// `spec/license.md` §2.18.
pub(super) fn reads_no_clock(terms: &Terms) -> bool {
    let policy = terms.conditions.policy.as_ref();
    policy.and_then(|policy| policy.clock).is_some_and(|clock| clock.mode == Some(ClockMode::RunTime))
}

/// What it says of itself, where it reads. Only a choice of when its keys are judged.
fn peek(parts: &LicenseStatements) -> Option<Bundle> {
    Unverified::<Bundle>::of_carrier(parts.bundle.clone()).ok()?.danger_peek().ok()
}

/// `None` where the file carries no keys.
fn of_file(parts: &LicenseStatements, known: &ChainBytes) -> Option<ChainBytes> {
    let carries = !parts.roots.is_empty() || parts.keyset.is_some() || parts.tenant_keyset.is_some();
    let keysets = (parts.keyset.as_ref(), parts.tenant_keyset.as_ref());
    ChainBytes::of_file(&parts.roots, keysets, Some(known)).filter(|_| carries)
}

/// What is known of keys is refused by one of its statements, and by nothing else.
fn of_chain(why: SecurityError) -> TrustError {
    match why {
        SecurityError::Statement { why, .. } => why,
        _ => TrustError::SignerUnknown,
    }
}
