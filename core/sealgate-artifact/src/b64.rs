//! Padded standard base64 in its only spelling (`spec/envelope.md` §1.3).

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::ArtifactError;

/// Standard alphabet, padded.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes text whose re-encoding equals it. `field` names it in the error.
pub fn decode(text: &str, field: &'static str) -> Result<Vec<u8>, ArtifactError> {
    let bytes = STANDARD.decode(text).map_err(|_| ArtifactError::Base64 { field })?;
    // The engine refuses spare bits and missing padding already; the clause is stated on the result, so check it there.
    if encode(&bytes) == text { Ok(bytes) } else { Err(ArtifactError::Base64 { field }) }
}
