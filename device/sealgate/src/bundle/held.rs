//! The bundle that a machine keeps, as it counts at a start (`spec/offline.md` §4.6, §4.8).

use sealgate_artifact::{ActivationProof, Bundle, UnixSeconds, Unverified};
use sealgate_trust::{Machine, TenantTrust, TrustError, Verified, is_for_machine, verify_bundle};

use super::judge::{in_force, local_floor, reads_no_clock};
use crate::import::bounded;
use crate::offline::known_chain;
use crate::revocations::{Looked, Slot};
use crate::state::State;
use crate::{Client, Denied, Error, SecurityError};

/// The bundle that is kept, verified anew with the keys that count now, for this machine.
pub(crate) struct HeldBundle {
    pub(crate) bundle: Verified<Bundle>,
    /// When it was signed, as far as it may move a floor.
    pub(crate) signed_at: UnixSeconds,
    /// What revocation data says of it.
    pub(crate) looked: Looked,
    /// Why it gives no right now.
    pub(crate) denied: Option<Denied>,
}

impl HeldBundle {
    /// `spec/offline.md` §4.6: whether this proof was issued after it, of whatever license.
    pub(crate) fn is_before(&self, proof: &[u8]) -> bool {
        let claim = Unverified::<ActivationProof>::decode(proof).ok();
        let said = claim.and_then(|claim| claim.danger_peek().ok());
        said.is_some_and(|said| said.issued_at > self.bundle.get().terms.issued_at)
    }
}

impl Client {
    /// `None` where none is kept. Nothing is remembered of it.
    pub(crate) fn held_bundle(&self, state: &State) -> Result<Option<HeldBundle>, Error> {
        let Some(kept) = &state.bundled.kept else { return Ok(None) };
        let floors = self.floors(state).newest();
        let at = |now| self.bundle_at(state, kept, now);
        let held = at(self.clock.now().max(floors));
        // It was accepted: keys that have expired since end nothing (spec/guard.md §2.2).
        let (bundle, chain) = held.or_else(|why| at(floors).map_err(|_| why))?;
        let looked = self.look(&state.revocations, &chain, Slot::of_bundle(&bundle), None);
        let terms = &bundle.get().terms;
        let signed_at = bounded(terms.issued_at, &chain);
        let clock = if reads_no_clock(terms) { local_floor(state) } else { self.clock.now() };
        let denied = in_force(terms, &looked, clock.max(floors).max(signed_at)).err();
        Ok(Some(HeldBundle { bundle, signed_at, looked, denied }))
    }

    /// `spec/offline.md` §4.8.
    fn bundle_at(
        &self,
        state: &State,
        kept: &[u8],
        now: UnixSeconds,
    ) -> Result<(Verified<Bundle>, TenantTrust), SecurityError> {
        let (chain, _) = known_chain(&self.trust, &state.accepted(), self.held(state), now)?;
        let chain = chain.for_accepted();
        let of_bundle = |why: TrustError| SecurityError::Statement { what: "bundle", why };
        let claim = Unverified::<Bundle>::decode(kept).map_err(|why| of_bundle(why.into()))?;
        let bundle = verify_bundle(&chain, &claim, Some(self.trust.app)).map_err(of_bundle)?;
        let machine = Machine { device_key: state.device_key.public(), request: None, has_activated: true };
        is_for_machine(&bundle, &machine).map_err(of_bundle)?;
        Ok((bundle, chain))
    }
}
