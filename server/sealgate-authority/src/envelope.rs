//! Envelopes on their way out: they travel byte for byte as they were signed.

use sealgate_artifact::{Envelope, StatementId};
use serde_json::value::RawValue;

use crate::{AuthorityError, broken};

/// A signed statement as it travels, with its id.
#[derive(Debug, Clone)]
pub struct SignedEnvelope {
    /// The statement's id.
    pub id: StatementId,
    /// The envelope's JSON text.
    pub text: Box<RawValue>,
}

impl SignedEnvelope {
    /// Takes a stored envelope.
    pub fn new(envelope: Vec<u8>) -> Result<Self, AuthorityError> {
        let id = Envelope::decode(&envelope)?.id();
        Ok(Self { id, text: as_json(envelope)? })
    }

    /// The envelope, for a client that lacks it.
    pub fn unless_held(&self, lacks: &impl Fn(StatementId) -> bool) -> Option<Box<RawValue>> {
        lacks(self.id).then(|| self.text.clone())
    }
}

/// A stored envelope as a part of a JSON answer, unchanged.
pub fn as_json(envelope: Vec<u8>) -> Result<Box<RawValue>, AuthorityError> {
    let text = String::from_utf8(envelope).ok();
    text.and_then(|text| RawValue::from_string(text).ok())
        .ok_or_else(|| broken("a stored envelope is not JSON"))
}
