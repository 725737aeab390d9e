//! Activation proofs as this server makes them (`spec/activation.md` §3).

use std::sync::Arc;

use sealgate_artifact::{
    ActivationId, ActivationProof, ActivationRequest, ChainHead, Code, Nonce, StatementId, UnixSeconds,
    Unverified, Word,
};
use sealgate_authority::{AuthorityError, Ids, SharedSecrets, Slots};
use sealgate_journal::seal_chain_secret;
use sealgate_store::table::{self, ActivationRow, LicenseRow, SlotRow, Slotted};
use sealgate_store::{Db, Tx};
use sealgate_trust::{Signer, Verified, sign_statement};

use crate::identity::Identity;

/// What a proof is made with.
#[derive(Clone)]
pub(super) struct Proofs {
    signer: Arc<dyn Signer>,
    secrets: Arc<SharedSecrets>,
    identity: Arc<Identity>,
    slots: Slots,
    ids: Ids,
}

/// An activation as it is kept with a new proof, and the slot of that proof, which is given out in the same transaction.
pub(super) struct Proved {
    pub(super) row: ActivationRow,
    pub(super) slot: SlotRow,
}

impl Proofs {
    pub(super) fn new(
        signer: Arc<dyn Signer>,
        secrets: Arc<SharedSecrets>,
        identity: Arc<Identity>,
        (db, ids): (&Db, &Ids),
    ) -> Self {
        let (slots, ids) = (Slots::new(db.clone(), ids.clone()), ids.clone());
        Self { signer, secrets, identity, slots, ids }
    }

    /// The next generation of a device, `known` from an earlier one or not: a proof of it, and what is kept.
    pub(super) async fn begin(
        &self,
        license: &LicenseRow,
        request: &Verified<ActivationRequest>,
        known: Option<&ActivationRow>,
        at: UnixSeconds,
    ) -> Result<Proved, AuthorityError> {
        let slot = self.slot(license).await?;
        let (request, id) = (request.get(), request.id());
        let asks = &request.asks;
        let activation = known.map_or_else(|| self.ids.fresh(ActivationId::new), |known| known.id);
        let generation = known.map_or(1, |known| known.generation + 1);
        let secret = self.secrets.chain_secret(activation, (generation, id));
        let sealed = seal_chain_secret(&secret, request.sealing_key, (activation, id), self.ids.random());
        let proof = ActivationProof {
            tenant: license.tenant,
            app: license.app,
            license: license.id,
            license_statement: license.statement,
            activation,
            generation,
            device_key: asks.device_key,
            fingerprint: asks.fingerprint.clone(),
            request: id,
            sealing_key: request.sealing_key,
            sealed_secret: sealed.ok_or(AuthorityError::Refused(Code::KeyWeak))?,
            nonce: Nonce::from_random(self.ids.random()),
            issued_at: at,
            modules: request.modules.clone(),
            slot: Some(slot),
        };
        let (proof_id, envelope) = self.sign(&proof)?;
        let row = ActivationRow {
            id: activation,
            tenant: license.tenant,
            license: license.id,
            device_key: asks.device_key,
            generation,
            begun: known.map_or_else(Vec::new, |known| known.begun.clone()),
            request: id,
            first_nonce: proof.nonce,
            fingerprint: asks.fingerprint.as_ref().map(Word::to_string),
            proof_id,
            statement: license.statement,
            proof: envelope,
            ended: None,
            head: ChainHead::EMPTY,
            anchor: 0,
            reanchor_asked_at: None,
            activated_at: at,
        };
        Ok(Proved { slot: slot_row(license, &row, slot), row })
    }

    /// The same generation, admitted to another version of the license (`spec/activation.md` §3.4).
    pub(super) async fn renew(
        &self,
        row: &ActivationRow,
        license: &LicenseRow,
        at: UnixSeconds,
    ) -> Result<Proved, AuthorityError> {
        let slot = self.slot(license).await?;
        let proof = Unverified::<ActivationProof>::decode(&row.proof)?.danger_peek()?;
        let (license_statement, slot) = (license.statement, slot_row(license, row, slot));
        let proof = ActivationProof { license_statement, issued_at: at, slot: Some(slot.slot), ..proof };
        let (proof_id, envelope) = self.sign(&proof)?;
        let row = ActivationRow { proof_id, proof: envelope, statement: license.statement, ..row.clone() };
        Ok(Proved { row, slot })
    }

    /// A slot in the block of the license (`spec/revocation.md` §1.2).
    async fn slot(&self, license: &LicenseRow) -> Result<u64, AuthorityError> {
        let drawn = self.slots.draw_for(&[license]).await?;
        drawn.first().copied().ok_or(AuthorityError::Superseded)
    }

    fn sign(&self, proof: &ActivationProof) -> Result<(StatementId, Vec<u8>), AuthorityError> {
        let key = self.identity.activation_key();
        let key =
            key.ok_or(AuthorityError::Busy("this server has no key that signs activation proofs yet"))?;
        let carrier = sign_statement(&*self.signer, proof, &[key])?;
        Ok((carrier.envelope.id(), carrier.encode()))
    }
}

/// Gives a proof of this version its slot. spec/revocation.md §1.5: nothing is proved of a license that was revoked or changed meanwhile,
/// because what was taken back then is listed without it.
pub(super) async fn give_slot(
    tx: &mut Tx<'_>,
    slot: &SlotRow,
    statement: StatementId,
) -> Result<(), AuthorityError> {
    if !table::licenses::stands(&mut *tx, (slot.tenant, slot.license), statement).await? {
        return Err(AuthorityError::Superseded);
    }
    Ok(table::slots::give_proof(tx, slot).await?)
}

/// spec/revocation.md §1.4: a proof is listed as long as the version that it names lasts.
pub(super) fn slot_row(license: &LicenseRow, row: &ActivationRow, slot: u64) -> SlotRow {
    SlotRow {
        tenant: license.tenant,
        app: license.app,
        slot,
        license: license.id,
        what: Slotted::Proof(row.id, row.generation),
        expires_at: license.expires_at,
    }
}
