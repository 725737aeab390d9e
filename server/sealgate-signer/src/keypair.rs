//! One private key in memory, and how carefully each use signs.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use sealgate_artifact::{KeyId, KeyUse, PublicKey};
use sealgate_trust::{Message, SignError, ed25519};

/// A loaded private key. It cannot be printed, and the library wipes it when it is dropped.
pub(crate) struct LoadedKey {
    id: KeyId,
    key_use: KeyUse,
    public_key: PublicKey,
    pair: Ed25519KeyPair,
}

impl LoadedKey {
    /// Derives the public key from the seed and proves on a known message that the pair works.
    pub(crate) fn from_seed(key_use: KeyUse, seed: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public_key = PublicKey::from_bytes(pair.public_key().as_ref().try_into().ok()?);
        ed25519::check_key(&public_key).ok()?;
        let key = Self { id: public_key.id(key_use), key_use, public_key, pair };
        key.check().is_ok().then_some(key)
    }

    /// Proves on a known message, which no reader takes for anything, that the pair works.
    pub(crate) fn check(&self) -> Result<(), SignError> {
        let known = b"sealgate: a key is loaded";
        let works = ed25519::verify(&self.public_key, known, &self.sign_once(known));
        works.then_some(()).ok_or(SignError::Fault(self.id))
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        self.public_key
    }

    /// Signs what the key's use covers; releases nothing that a fault could have spoiled (a faulty Ed25519 signature
    /// can reveal the key).
    pub(crate) fn sign(&self, message: Message<'_>) -> Result<[u8; 64], SignError> {
        let id = self.id;
        if message.signing_use() != self.key_use {
            return Err(SignError::KeyMisuse(id, self.key_use));
        }
        let bytes = message.to_bytes();
        let sig = self.sign_once(&bytes);
        let sound = match self.key_use {
            // The hot uses: signing twice and comparing catches a passing fault at a fifth of the cost of verifying.
            KeyUse::App | KeyUse::Server => sig == self.sign_once(&bytes),
            _ => ed25519::verify(&self.public_key, &bytes, &sig),
        };
        if sound { Ok(sig) } else { Err(SignError::Fault(id)) }
    }

    fn sign_once(&self, bytes: &[u8]) -> [u8; 64] {
        self.pair.sign(bytes).as_ref().try_into().expect("an Ed25519 signature has 64 bytes")
    }
}
