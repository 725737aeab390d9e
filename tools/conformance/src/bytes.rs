//! Bytes in a vector file.

use serde::{Deserialize, Serialize};

/// Bytes: as text where they are UTF-8 without NUL, else as base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bytes {
    /// The bytes are the UTF-8 of this text.
    Text(String),
    /// The bytes are what this standard base64 stands for.
    Base64(String),
}

impl Bytes {
    /// The bytes; `None` where the base64 is damaged.
    pub fn to_vec(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Base64(text) => sealgate_artifact::decode_base64(text, "vector").ok(),
        }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            // A strict reader of the vector file itself would refuse a NUL.
            Ok(text) if !text.contains('\0') => Self::Text(text),
            Ok(text) => Self::Base64(sealgate_artifact::encode_base64(text.as_bytes())),
            Err(error) => Self::Base64(sealgate_artifact::encode_base64(error.as_bytes())),
        }
    }
}
