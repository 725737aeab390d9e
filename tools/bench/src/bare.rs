//! The cheapest program that could do the job: parse the same request, sign an answer of the same length.

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::signature::Ed25519KeyPair;
use axum::serve::ListenerExt;
use axum::{Json, Router, extract::State, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use sealgate_authforge::{Status, ValidateAnswer, ValidateRequest};

use crate::bare_beat::beat;
use crate::insert::Inserts;

/// The length of a real answer's payload: 519 bytes in base64.
const PAYLOAD_BYTES: usize = 519;

pub struct Bare {
    pub key: Ed25519KeyPair,
    payload: Vec<u8>,
    pub inserts: Option<Inserts>,
}

async fn validate(State(bare): State<Arc<Bare>>, Json(ask): Json<ValidateRequest>) -> Json<ValidateAnswer> {
    if let Some(inserts) = &bare.inserts {
        inserts.insert(ask.license_key, ask.hwid, ask.nonce.clone()).await;
    }
    let mut payload = bare.payload.clone();
    payload[..ask.nonce.len()].copy_from_slice(ask.nonce.as_bytes());
    let payload = STANDARD.encode(payload);
    let signature = STANDARD.encode(bare.key.sign(payload.as_bytes()));
    Json(ValidateAnswer {
        status: Status::Success,
        valid: true,
        payload,
        signature,
        key_id: "0".repeat(32),
        nonce: ask.nonce,
    })
}

/// Serves on a free port, which it prints, until it is ended. With a database, each answer waits for a durable row.
#[tokio::main]
pub async fn serve(database: Option<&Path>) -> std::io::Result<()> {
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed of 32 bytes");
    let inserts = database.map(Inserts::start).transpose().map_err(std::io::Error::other)?;
    let bare = Arc::new(Bare { key, payload: vec![b'x'; PAYLOAD_BYTES], inserts });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|connection| connection.set_nodelay(true).expect("a socket option"));
    let router = Router::new().route("/auth/validate", post(validate)).route("/api/v1/heartbeat", post(beat));
    axum::serve(listener, router.with_state(bare)).await
}
