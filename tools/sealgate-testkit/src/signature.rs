//! Judging signed answers as a client would.

use sealgate_artifact::PublicKey;
use sealgate_trust::ed25519;

/// Whether `signature` (base64) is one by `public_key` (base64) over the ASCII bytes of `text`.
pub fn is_signed_by(public_key: &str, text: &str, signature: &str) -> bool {
    let key = PublicKey::parse(public_key).expect("a public key");
    let signature = sealgate_artifact::decode_base64(signature, "signature").expect("base64");
    ed25519::verify(&key, text.as_bytes(), &signature)
}
