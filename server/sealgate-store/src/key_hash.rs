//! How the database knows license keys.

use sealgate_artifact::{decode_hex, encode_hex};

/// HMAC of a license key under the installation's pepper. The database knows a key by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        decode_hex(text).map(Self)
    }
}

impl std::fmt::Display for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&encode_hex(&self.0))
    }
}
