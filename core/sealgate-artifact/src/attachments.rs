//! Attachments: bytes that do not fit into a payload, which names them by their hash (`spec/envelope.md` §6).

use sha2::{Digest, Sha256};

use crate::envelope::exactly;
use crate::fields::{Fields, int, invalid};
use crate::{ArtifactError, Envelope, Value, b64, hex, json, limits};

/// An envelope and the attachments that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carrier {
    /// The signed part.
    pub envelope: Envelope,
    /// In the order in which they came. The statement may not name them all.
    pub attachments: Vec<Vec<u8>>,
}

impl Carrier {
    /// Reads an envelope, bare or with attachments, and verifies nothing.
    pub fn decode(bytes: &[u8]) -> Result<Self, ArtifactError> {
        limits::check("artifact", bytes.len(), limits::CARRIER_BYTES)?;
        match json::parse(bytes)? {
            Value::Object(members) if members.iter().any(|(name, _)| name == "statement") => {
                Self::of_members(members)
            }
            value => {
                limits::check("envelope", bytes.len(), limits::ENVELOPE_BYTES)?;
                Ok(Self { envelope: Envelope::from_value(value)?, attachments: vec![] })
            }
        }
    }

    /// The compact text: a bare envelope where there are no attachments.
    pub fn encode(&self) -> Vec<u8> {
        if self.attachments.is_empty() {
            return self.envelope.encode();
        }
        let attachments = self.attachments.iter().map(|bytes| Value::Text(b64::encode(bytes)));
        Value::Object(vec![
            ("statement".into(), self.envelope.to_value()),
            ("attachments".into(), Value::List(attachments.collect())),
        ])
        .to_string()
        .into_bytes()
    }

    fn of_members(members: Vec<(String, Value)>) -> Result<Self, ArtifactError> {
        let invalid = |why| ArtifactError::Envelope { why };
        let [statement, Value::List(attachments)] = exactly(members, ["statement", "attachments"])? else {
            return Err(invalid("attachments is a list"));
        };
        if !(1..=limits::ATTACHMENTS).contains(&attachments.len())
            || !attachments.iter().all(|attachment| matches!(attachment, Value::Text(_)))
        {
            return Err(invalid("attachments are 1 to 4 strings"));
        }
        let envelope = Envelope::from_value(statement)?;
        Ok(Self { envelope, attachments: attachments.into_iter().map(content).collect::<Result<_, _>>()? })
    }
}

fn content(attachment: Value) -> Result<Vec<u8>, ArtifactError> {
    let Value::Text(text) = attachment else { unreachable!("checked by the caller") };
    let bytes = b64::decode(&text, "attachments")?;
    limits::check("attachment", bytes.len(), limits::ATTACHMENT_BYTES)?;
    Ok(bytes)
}

/// The attachments that a statement has not named yet.
#[derive(Debug)]
pub struct Attachments<'a>(Vec<&'a [u8]>);

impl<'a> Attachments<'a> {
    pub(crate) fn new(list: &'a [Vec<u8>]) -> Self {
        Self(list.iter().map(Vec::as_slice).collect())
    }

    /// Takes the attachment that `reference` names. It is hashed before it is read: nobody reads bytes that were not signed.
    pub(crate) fn take(&mut self, field: &'static str, reference: Value) -> Result<&'a [u8], ArtifactError> {
        let mut fields = Fields::new(reference)?;
        let Ok(length @ 1..=limits::ATTACHMENT_BYTES) = usize::try_from(fields.count("length")?) else {
            return Err(invalid("length", "not 1 to 262,144"));
        };
        let sha256 = fields.parsed("sha256", "not 64 lower-case hexadecimal digits", hex::decode::<32>)?;
        fields.finish()?;
        let is_named = |bytes: &&[u8]| bytes.len() == length && Sha256::digest(bytes)[..] == sha256;
        let at = self.0.iter().position(is_named).ok_or(ArtifactError::AttachmentMissing(field))?;
        Ok(self.0.remove(at))
    }

    pub(crate) fn finish(self) -> Result<(), ArtifactError> {
        if self.0.is_empty() { Ok(()) } else { Err(ArtifactError::AttachmentUnexpected) }
    }
}

/// What a payload says of an attachment.
pub(crate) fn reference(content: &[u8]) -> Value {
    Value::Object(vec![
        ("length".into(), int(content.len() as u64)),
        ("sha256".into(), Value::Text(hex::encode(&Sha256::digest(content)))),
    ])
}
