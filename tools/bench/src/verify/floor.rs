//! The floor: one strict verification of the same bytes by a key that was read before.

use ed25519_dalek::{Signature, VerifyingKey};
use sealgate_artifact::{License, PublicKey, Unverified};

use super::Peer;

pub fn peer(key: PublicKey, message: Vec<u8>, file: &[u8]) -> Peer {
    let key = VerifyingKey::from_bytes(key.as_bytes()).expect("a key");
    let claim = Unverified::<License>::decode(file).expect("a license");
    let sig = claim.envelope().signatures()[0].sig[..].try_into().expect("64 bytes");
    let sig = Signature::from_bytes(&sig);
    let bytes = message.len() + 64;
    let read = move || key.verify_strict(&message, &sig).expect("verifies");
    Peer { name: "floor", bytes, read: Box::new(read) }
}
