//! The least that answers a heartbeat: one verification, one row that is replaced durably, one signature over an answer of the
//! same form.

use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use axum::http::StatusCode;
use axum::{Json, extract::State};
use sealgate_artifact::{
    BeatOutcome, Envelope, HeartbeatAnswer, HeartbeatRequest, InstanceId, NextBeat, Nonce, SignatureEntry, Statement,
    StatementId, Unverified, pre_authentication_encoding,
};
use sealgate_wire::{HeartbeatQuestion, HeartbeatReply};
use serde_json::value::RawValue;

use crate::bare::Bare;

pub async fn beat(
    State(bare): State<Arc<Bare>>,
    Json(ask): Json<HeartbeatQuestion>,
) -> Result<Json<HeartbeatReply>, StatusCode> {
    let claim = Unverified::<HeartbeatRequest>::decode(ask.request.get().as_bytes());
    let claim = claim.map_err(|_| StatusCode::BAD_REQUEST)?;
    let said = claim.danger_peek().map_err(|_| StatusCode::BAD_REQUEST)?;
    let envelope = claim.envelope();
    let signature = envelope.signatures().first().ok_or(StatusCode::BAD_REQUEST)?;
    UnparsedPublicKey::new(&ED25519, said.device_key.as_bytes())
        .verify(&envelope.signed_bytes(), &signature.sig)
        .map_err(|_| StatusCode::BAD_REQUEST)?;
    if let Some(inserts) = &bare.inserts {
        inserts.insert(said.license.to_string(), said.device_key.to_string(), said.nonce.to_string()).await;
    }
    let answer = answer(&bare.key, &said, envelope.id());
    let answer = RawValue::from_string(answer).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let (certificate, keyset, tenant_keyset, license, proof) = (None, None, None, None, None);
    Ok(Json(HeartbeatReply { answer, certificate, keyset, tenant_keyset, license, proof }))
}

fn answer(key: &Ed25519KeyPair, said: &HeartbeatRequest, request: StatementId) -> String {
    let next = NextBeat {
        instance: said.instance.unwrap_or(InstanceId::from_bytes([7; 16])),
        nonce: Nonce::from_random(fastrand::u128(..).to_be_bytes()),
        not_before: said.client_time,
    };
    let answer = HeartbeatAnswer {
        tenant: said.tenant,
        app: said.app,
        license: said.license,
        device_key: said.device_key,
        proof: said.proof,
        request,
        seq: said.seq,
        nonce: said.nonce,
        issued_at: said.client_time,
        outcome: BeatOutcome::Admitted { license_statement: request, current_proof: said.proof, next, lease_until: None },
        head: None,
        resend_from: None,
        snapshot: None,
        epoch: 0,
    };
    let (kind, payload) = (HeartbeatAnswer::KIND.payload_type(), answer.to_payload());
    let sig = key.sign(&pre_authentication_encoding(kind, &payload)).as_ref().to_vec();
    let entry = SignatureEntry { keyid: "0".repeat(32), sig };
    String::from_utf8(Envelope::new(kind, payload, vec![entry]).encode()).expect("an envelope is text")
}
