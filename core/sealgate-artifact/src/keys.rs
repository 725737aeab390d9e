//! Public keys and their names (`spec/keys.md` §2).

use sha2::{Digest, Sha256};

use crate::{ArtifactError, KeyUse, b64, hex};

/// 32 bytes that claim to be an Ed25519 public key. `sealgate-trust` decides whether they may be used.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Wraps the bytes. Any 32 bytes are accepted here.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads padded standard base64 of 32 bytes.
    pub fn parse(text: &str) -> Result<Self, ArtifactError> {
        let bytes = b64::decode(text, "public key").map_err(|_| ArtifactError::PublicKey)?;
        bytes.try_into().map(Self).map_err(|_| ArtifactError::PublicKey)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key as DER `SubjectPublicKeyInfo` (RFC 8410), for libraries that need this form.
    pub fn to_spki(&self) -> Vec<u8> {
        const PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        [&PREFIX[..], &self.0].concat()
    }

    /// `spec/keys.md` §2.2: a look-up hint that binds algorithm, use and key.
    pub fn id(&self, key_use: KeyUse) -> KeyId {
        let mut hash = Sha256::new();
        hash.update(b"sealgate-key-v1\0ed25519\0");
        hash.update(key_use.as_str());
        hash.update(b"\0");
        hash.update(self.0);
        let digest: [u8; 32] = hash.finalize().into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        KeyId(id)
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&b64::encode(&self.0))
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// The name of a key: 32 hexadecimal digits. Two keys may have the same name and are still two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// Reads 32 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        hex::decode(text).map(Self)
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}
