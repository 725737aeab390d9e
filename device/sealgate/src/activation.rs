//! A device that was admitted to a license (`spec/activation.md` §3).

use sealgate_artifact::{ActivationId, ActivationProof, License, LicenseId, Module, UnixSeconds};
use sealgate_journal::{ChainActivation, ChainKey};
use sealgate_rules::{Ending, Rhythm};
use sealgate_trust::Verified;

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
    rights_until: UnixSeconds,
    ended_by: Option<String>,
}

impl Activation {
    pub(crate) fn new(
        (proof, license): (&Verified<ActivationProof>, &Verified<License>),
        chain_secret: &[u8; 32],
        (admitted_at, ending): (UnixSeconds, Option<&Ending>),
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
            rights_until: rhythm.deadline(admitted_at, ending),
            ended_by: ending.map(|ending| ending.code.clone()),
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

    /// Until when the license gives this device rights without another heartbeat, as far as it gives any: the server's time in the
    /// last answer that admitted the device, plus the license's grace, or what the server said of an end. By the server's clock.
    pub fn rights_until(&self) -> UnixSeconds {
        self.rights_until
    }

    /// Why the rights end then, where the server said so: a code of `spec/errors.md` §2, or one that this program does not know.
    pub fn ended_by(&self) -> Option<&str> {
        self.ended_by.as_deref()
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
