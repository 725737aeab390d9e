//! Activation proofs as this server makes them (`spec/activation.md` §3).

use std::sync::Arc;

use sealgate_artifact::{
    ActivationId, ActivationProof, ActivationRequest, ChainHead, Code, Nonce, StatementId, UnixSeconds,
    Unverified, Word,
};
use sealgate_authority::{AuthorityError, Ids, SharedSecrets};
use sealgate_journal::seal_chain_secret;
use sealgate_store::table::{ActivationRow, LicenseRow};
use sealgate_trust::{Signer, Verified, sign_statement};

use crate::identity::Identity;

/// What a proof is made with.
#[derive(Clone)]
pub(super) struct Proofs {
    signer: Arc<dyn Signer>,
    secrets: Arc<SharedSecrets>,
    identity: Arc<Identity>,
    ids: Ids,
}

impl Proofs {
    pub(super) fn new(
        signer: Arc<dyn Signer>,
        secrets: Arc<SharedSecrets>,
        identity: Arc<Identity>,
        ids: Ids,
    ) -> Self {
        Self { signer, secrets, identity, ids }
    }

    /// The next generation of a device, `known` from an earlier one or not: a proof of it, and what is kept.
    pub(super) fn begin(
        &self,
        license: &LicenseRow,
        request: &Verified<ActivationRequest>,
        known: Option<&ActivationRow>,
        at: UnixSeconds,
    ) -> Result<ActivationRow, AuthorityError> {
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
            slot: None,
        };
        let (proof_id, envelope) = self.sign(&proof)?;
        Ok(ActivationRow {
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
        })
    }

    /// The same generation, admitted to another version of the license (`spec/activation.md` §3.4).
    pub(super) fn renew(
        &self,
        row: &ActivationRow,
        license: &LicenseRow,
        at: UnixSeconds,
    ) -> Result<ActivationRow, AuthorityError> {
        let proof = Unverified::<ActivationProof>::decode(&row.proof)?.danger_peek()?;
        let proof = ActivationProof { license_statement: license.statement, issued_at: at, ..proof };
        let (proof_id, envelope) = self.sign(&proof)?;
        Ok(ActivationRow { proof_id, proof: envelope, statement: license.statement, ..row.clone() })
    }

    fn sign(&self, proof: &ActivationProof) -> Result<(StatementId, Vec<u8>), AuthorityError> {
        let key = self.identity.activation_key();
        let key =
            key.ok_or(AuthorityError::Busy("this server has no key that signs activation proofs yet"))?;
        let carrier = sign_statement(&*self.signer, proof, &[key])?;
        Ok((carrier.envelope.id(), carrier.encode()))
    }
}
