//! A device that was admitted to a license (`spec/activation.md` §3).

use sealgate_artifact::{ActivationId, ActivationProof, License, LicenseId, Module, UnixSeconds};
use sealgate_journal::{ChainActivation, ChainKey};
use sealgate_rules::{Admission, Ending, Enforced, Rhythm};
use sealgate_trust::Verified;

use crate::activated::Activated;

/// The vendor's word that this device was admitted to a license. There is no way to make one but to verify the proof.
///
/// It gives no rights: those come from the license (`spec/activation.md` §1.1).
#[derive(Debug, Clone)]
pub struct Activation {
    chain: ChainActivation,
    chain_key: ChainKey,
    license: LicenseId,
    modules: Vec<Module>,
    issued_at: UnixSeconds,
    admitted_at: UnixSeconds,
    rights_until: UnixSeconds,
    enforced: Enforced,
    ending: Option<Ending>,
    license_ends: Option<UnixSeconds>,
    trial_ends: Option<UnixSeconds>,
    lease_until: Option<UnixSeconds>,
    last_heartbeat: Option<UnixSeconds>,
    license_carrier: Vec<u8>,
    proof_carrier: Vec<u8>,
}

impl Activation {
    pub(crate) fn new(
        (proof, license): (&Verified<ActivationProof>, &Verified<License>),
        chain_secret: &[u8; 32],
        (admitted_at, trial_ends, kept): (UnixSeconds, Option<UnixSeconds>, &Activated),
    ) -> Self {
        let said = proof.get();
        let chain = ChainActivation {
            activation: said.activation,
            request: said.request,
            generation: said.generation,
        };
        let rhythm = Rhythm::of(&license.get().conditions);
        Self {
            chain,
            chain_key: ChainKey::derive(chain_secret, &chain),
            license: said.license,
            modules: said.modules.clone(),
            issued_at: said.issued_at,
            admitted_at,
            rights_until: rhythm.deadline(admitted_at, kept.ending.as_ref()),
            enforced: Enforced::of(&license.get().conditions),
            ending: kept.ending.clone(),
            license_ends: license.get().expires_at,
            trial_ends,
            lease_until: kept.lease_until,
            last_heartbeat: kept.last.as_ref().map(|last| last.received_at),
            license_carrier: kept.license.clone(),
            proof_carrier: kept.proof.clone(),
        }
    }

    /// The activation. It stays the same when the device is activated again.
    pub fn id(&self) -> ActivationId {
        self.chain.activation
    }

    /// How often the device was activated, from 1 on.
    pub fn generation(&self) -> u64 {
        self.chain.generation
    }

    /// The license that the device was admitted to. Safe in logs, unlike its key.
    pub fn license(&self) -> LicenseId {
        self.license
    }

    /// The modules that were approved. Empty where none were named.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The server's time in the proof.
    pub fn issued_at(&self) -> UnixSeconds {
        self.issued_at
    }

    /// The server's time in the last answer that admitted the device; the proof's, before the first one.
    pub fn admitted_at(&self) -> UnixSeconds {
        self.admitted_at
    }

    /// Until when the license gives this device rights without another heartbeat, as far as it gives any: the server's time in the
    /// last answer that admitted the device, plus the license's grace, or what the server said of an end. By the server's clock. A license
    /// without a policy counts here as one with a day's grace; what a guard goes by is [`deadline`](Self::deadline).
    pub fn rights_until(&self) -> UnixSeconds {
        self.rights_until
    }

    /// `spec/guard.md` §3.3: when a guard takes the rights where the device is not heard again. `None`: the license asks for no heartbeats, and
    /// no server said of an end. `unheard_at` is when a question reached no server ([`LastRun`](crate::guard::LastRun) says it): it counts where the
    /// license signs how far it moves the deadline.
    pub fn deadline(&self, unheard_at: Option<UnixSeconds>) -> Option<UnixSeconds> {
        let admission = Admission {
            admitted_at: self.admitted_at,
            unheard_at: unheard_at.filter(|at| *at >= self.admitted_at),
            lease_until: self.lease_until,
            ending: self.ending.as_ref(),
        };
        admission.deadline(&self.enforced)
    }

    /// Why the rights end then, where the server said so: a code of `spec/errors.md` §2, or one that this program does not know.
    pub fn ended_by(&self) -> Option<&str> {
        self.ending.as_ref().map(|ending| ending.code.as_str())
    }

    /// When the license itself ends; `None` where it never does.
    pub fn license_ends(&self) -> Option<UnixSeconds> {
        self.license_ends
    }

    /// When the trial that the license is ends on this device, as the server said when it was activated; `None` where it is no trial, and
    /// where it became one since: then the device is activated again.
    pub fn trial_ends(&self) -> Option<UnixSeconds> {
        self.trial_ends
    }

    /// Until when the device holds a seat that is lent.
    pub fn lease_until(&self) -> Option<UnixSeconds> {
        self.lease_until
    }

    /// When the last answer to a heartbeat that counted came, by this machine's clock.
    pub fn last_heartbeat(&self) -> Option<UnixSeconds> {
        self.last_heartbeat
    }

    /// The license's version that counts, as it is kept: to lie in a file beside the program.
    pub fn license_carrier(&self) -> &[u8] {
        &self.license_carrier
    }

    /// The proof, likewise. It names no secret that another machine could open.
    pub fn proof_carrier(&self) -> &[u8] {
        &self.proof_carrier
    }

    /// Which chain of actions this generation of the activation has (`spec/chain.md` §1.1).
    pub fn chain(&self) -> ChainActivation {
        self.chain
    }

    /// The key of that chain.
    pub fn chain_key(&self) -> &ChainKey {
        &self.chain_key
    }
}
