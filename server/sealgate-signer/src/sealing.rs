//! Sealing of secrets at rest: XChaCha20-Poly1305 under a master key, the file's meaning as associated data.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const NONCE_BYTES: usize = 24;

/// Argon2id with 64 MiB, 3 passes, 1 lane: about a tenth of a second per guess (RFC 9106's second choice, one lane).
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;

/// The key that every file of a keystore is sealed under.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct MasterKey([u8; 32]);

impl MasterKey {
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(*bytes)
    }

    /// Derived from a passphrase; slow on purpose.
    pub(crate) fn from_passphrase(passphrase: &[u8], salt: &[u8; 16]) -> Self {
        let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).expect("constant parameters are in range");
        let mut key = Self([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase, salt, &mut key.0)
            .expect("the lengths of salt and key are in range");
        key
    }

    /// A fresh nonce, then the ciphertext.
    pub(crate) fn seal(&self, secret: &[u8], meaning: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random();
        let payload = Payload { msg: secret, aad: meaning };
        let sealed =
            self.cipher().encrypt(&XNonce::from(nonce), payload).expect("short messages can be sealed");
        [&nonce[..], &sealed].concat()
    }

    /// `None` when the key, the meaning or a single bit does not fit.
    pub(crate) fn open(&self, sealed: &[u8], meaning: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: ciphertext, aad: meaning };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

/// Bytes from the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("an operating system without randomness cannot keep keys");
    bytes
}
