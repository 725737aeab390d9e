//! Devices that are activated, and what they send: as bare as can be, and without a look at the signatures of what comes back.

use std::io::{Error, Result};

use ed25519_dalek::SigningKey;
use sealgate_artifact::{
    ActivationProof, ActivationRequest, HeartbeatAnswer, HeartbeatRequest, InstanceId, License, Nonce, Operation, PublicKey, SealingKey,
    Statement, StatementId, UnixSeconds, Unverified,
};
use sealgate_wire::{HeartbeatReply, OnlineAnswer};

use crate::load::post;
use crate::native::{Pinned, device_key, sign};

/// The base point: a secret that is sealed to it can be opened by anybody, and takes as long as any other.
const SEALING: SealingKey = SealingKey::from_bytes([9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/// What a device keeps.
pub struct Activated {
    key: SigningKey,
    proof: ActivationProof,
    proof_id: StatementId,
    license: String,
    instance: Option<InstanceId>,
    seq: u64,
    nonce: Nonce,
}

/// A new device wants to be admitted. The same number makes the same device.
pub fn wish(pinned: &Pinned, key: &str, device: u64) -> Result<Vec<u8>> {
    let asks = pinned.request(key, device, Operation::Activate)?;
    let request = ActivationRequest { asks, sealing_key: SEALING, modules: vec![] };
    question("/api/v1/activate", &device_key(device), &request, &[])
}

/// Whether the answer admits the device.
pub fn admits(answer: &[u8]) -> bool {
    serde_json::from_slice::<OnlineAnswer>(answer).is_ok_and(|answer| answer.proof.is_some())
}

impl Activated {
    /// What the device of this number keeps of the answer to its wish.
    pub fn of(answer: &[u8], device: u64) -> Result<Self> {
        let answer: OnlineAnswer = serde_json::from_slice(answer)?;
        let (Some(proof), Some(license)) = (answer.proof, answer.license) else {
            return Err(Error::other("a device was not admitted"));
        };
        let claim = Unverified::<ActivationProof>::decode(proof.get().as_bytes()).map_err(Error::other)?;
        let proof = claim.danger_peek().map_err(Error::other)?;
        let license = Unverified::<License>::decode(license.get().as_bytes()).map_err(Error::other)?;
        Ok(Self {
            key: device_key(device),
            proof_id: claim.envelope().id(),
            license: license.envelope().id().to_string(),
            instance: None,
            seq: 0,
            nonce: proof.nonce,
            proof,
        })
    }

    /// Its next heartbeat.
    pub fn beat(&self) -> Result<Vec<u8>> {
        let request = HeartbeatRequest {
            tenant: self.proof.tenant,
            app: self.proof.app,
            license: self.proof.license,
            device_key: PublicKey::from_bytes(self.key.verifying_key().to_bytes()),
            proof: self.proof_id,
            generation: self.proof.generation,
            fingerprint: None,
            instance: self.instance,
            seq: self.seq + 1,
            nonce: self.nonce,
            client_time: UnixSeconds::new(1_800_000_000).ok_or_else(|| Error::other("no time"))?,
            leaves: false,
            head: None,
            entries: vec![],
        };
        let holds = [self.license.clone(), self.proof_id.to_string()];
        question("/api/v1/heartbeat", &self.key, &request, &holds)
    }

    /// Goes on from the answer.
    pub fn take(&mut self, reply: &[u8]) -> Result<()> {
        let reply: HeartbeatReply = serde_json::from_slice(reply)?;
        let claim = Unverified::<HeartbeatAnswer>::decode(reply.answer.get().as_bytes()).map_err(Error::other)?;
        let answer = claim.danger_peek().map_err(Error::other)?;
        let next = answer.next().ok_or_else(|| Error::other("a heartbeat did not count"))?;
        (self.instance, self.seq, self.nonce) = (Some(next.instance), answer.seq, next.nonce);
        Ok(())
    }
}

fn question<T: Statement>(
    path: &str,
    key: &SigningKey,
    request: &T,
    holds: &[String],
) -> Result<Vec<u8>> {
    let envelope = String::from_utf8(sign(key, request).encode()).map_err(Error::other)?;
    let holds = serde_json::to_string(holds)?;
    Ok(post(path, &format!(r#"{{"request":{envelope},"holds":{holds}}}"#)))
}
