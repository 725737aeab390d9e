//! What is sealed to a device (`spec/activation.md` §3).

use crate::{ArtifactError, b64};

/// 32 bytes that claim to be a device's X25519 public key. Only what seals to it decides whether it may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SealingKey([u8; 32]);

/// 32 secret bytes as only the holder of the sealing key can read them: 80 bytes (RFC 9180, `spec/activation.md` §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedSecret([u8; 80]);

impl SealingKey {
    /// Wraps the bytes. Any 32 bytes are accepted here.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads padded standard base64 of 32 bytes.
    pub fn parse(text: &str) -> Result<Self, ArtifactError> {
        let bytes = b64::decode(text, "sealing key").map_err(|_| ArtifactError::PublicKey)?;
        bytes.try_into().map(Self).map_err(|_| ArtifactError::PublicKey)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl SealedSecret {
    /// Wraps the bytes.
    pub const fn from_bytes(bytes: [u8; 80]) -> Self {
        Self(bytes)
    }

    /// Reads padded standard base64 of 80 bytes.
    pub fn parse(text: &str) -> Option<Self> {
        b64::decode(text, "sealed secret").ok()?.try_into().map(Self).ok()
    }

    /// The 80 bytes: the sender's key, then what is sealed.
    pub fn as_bytes(&self) -> &[u8; 80] {
        &self.0
    }
}

impl std::fmt::Display for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&b64::encode(&self.0))
    }
}

impl std::fmt::Display for SealedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&b64::encode(&self.0))
    }
}
