//! The DSSE 1.0.2 envelope (`spec/envelope.md` §1).

use crate::{ArtifactError, StatementId, Value, b64, json, limits};

/// A decoded envelope. Its payload is exactly the bytes that were transmitted, and may hold a secret: the `Debug` text
/// says only how long it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<SignatureEntry>,
}

/// One signature and the hint at who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureEntry {
    /// A hint for looking up the key. It proves nothing.
    pub keyid: String,
    /// The signature's bytes. Their number is not checked here.
    pub sig: Vec<u8>,
}

impl Envelope {
    /// Puts signed parts into an envelope.
    pub fn new(payload_type: impl Into<String>, payload: Vec<u8>, signatures: Vec<SignatureEntry>) -> Self {
        Self { payload_type: payload_type.into(), payload, signatures }
    }

    /// Reads an envelope in the order of `spec/envelope.md` §1.7, and verifies nothing.
    pub fn decode(bytes: &[u8]) -> Result<Self, ArtifactError> {
        limits::check("envelope", bytes.len(), limits::ENVELOPE_BYTES)?;
        Self::from_value(json::parse(bytes)?)
    }

    pub(crate) fn from_value(value: Value) -> Result<Self, ArtifactError> {
        let Value::Object(members) = value else {
            return Err(invalid("not an object"));
        };
        // spec/envelope.md §1.2: exactly these three fields, in any order.
        let [payload_type, payload, signatures] = exactly(members, ["payloadType", "payload", "signatures"])?;
        let (Value::Text(payload_type), Value::Text(payload)) = (payload_type, payload) else {
            return Err(invalid("payloadType and payload are strings"));
        };
        let payload = b64::decode(&payload, "payload")?;
        limits::check("payload", payload.len(), limits::PAYLOAD_BYTES)?;
        Ok(Self { payload_type, payload, signatures: signature_list(signatures)? })
    }

    /// The compact text of this envelope.
    pub fn encode(&self) -> Vec<u8> {
        self.to_value().to_string().into_bytes()
    }

    pub(crate) fn to_value(&self) -> Value {
        let signatures = self.signatures.iter().map(|s| {
            Value::Object(vec![
                ("keyid".into(), Value::Text(s.keyid.clone())),
                ("sig".into(), Value::Text(b64::encode(&s.sig))),
            ])
        });
        Value::Object(vec![
            ("payload".into(), Value::Text(b64::encode(&self.payload))),
            ("payloadType".into(), Value::Text(self.payload_type.clone())),
            ("signatures".into(), Value::List(signatures.collect())),
        ])
    }

    /// What the payload says it is; part of the signed bytes.
    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    /// The payload as transmitted.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signatures, 1 to 24 of them.
    pub fn signatures(&self) -> &[SignatureEntry] {
        &self.signatures
    }

    /// The bytes that are signed.
    pub fn signed_bytes(&self) -> Vec<u8> {
        pre_authentication_encoding(&self.payload_type, &self.payload)
    }

    /// `spec/envelope.md` §2.3: what the statement is known by, whoever signed it.
    pub fn id(&self) -> StatementId {
        StatementId::of(&self.signed_bytes())
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Envelope")
            .field("payload_type", &self.payload_type)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .field("signatures", &self.signatures)
            .finish()
    }
}

/// DSSE's PAE: `DSSEv1 SP len(type) SP type SP len(payload) SP payload`, lengths in decimal.
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

fn signature_list(value: Value) -> Result<Vec<SignatureEntry>, ArtifactError> {
    let Value::List(entries) = value else {
        return Err(invalid("signatures is a list"));
    };
    if entries.is_empty() || entries.len() > limits::SIGNATURES {
        return Err(invalid("1 to 24 signatures"));
    }
    entries.into_iter().map(signature_entry).collect()
}

fn signature_entry(value: Value) -> Result<SignatureEntry, ArtifactError> {
    let Value::Object(members) = value else {
        return Err(invalid("a signature is an object"));
    };
    let [Value::Text(keyid), Value::Text(sig)] = exactly(members, ["keyid", "sig"])? else {
        return Err(invalid("keyid and sig are strings"));
    };
    limits::check("keyid", keyid.len(), limits::KEYID_BYTES)?;
    Ok(SignatureEntry { keyid, sig: b64::decode(&sig, "sig")? })
}

/// The values of exactly these members, in this order.
pub(crate) fn exactly<const N: usize>(
    mut members: Vec<(String, Value)>,
    names: [&'static str; N],
) -> Result<[Value; N], ArtifactError> {
    if members.len() != N {
        return Err(invalid("other fields than its own"));
    }
    let mut found = [const { Value::Null }; N];
    for (slot, name) in found.iter_mut().zip(names) {
        let at = members.iter().position(|(n, _)| n == name).ok_or_else(|| invalid("a field is missing"))?;
        *slot = members.swap_remove(at).1;
    }
    Ok(found)
}

fn invalid(why: &'static str) -> ArtifactError {
    ArtifactError::Envelope { why }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Envelope, SignatureEntry, pre_authentication_encoding};

    /// The example of the DSSE 1.0.2 text.
    #[test]
    fn encoding_matches_the_standard() {
        let pae = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(pae, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    proptest! {
        /// Any envelope within the limits is read back the same.
        #[test]
        fn what_is_encoded_is_decoded(
            payload_type in "[^\0]{0,80}",
            payload in prop::collection::vec(any::<u8>(), 0..600),
            signatures in prop::collection::vec(("[a-f0-9]{0,64}", prop::collection::vec(any::<u8>(), 0..80)), 1..24),
        ) {
            let signatures = signatures.into_iter().map(|(keyid, sig)| SignatureEntry { keyid, sig }).collect();
            let envelope = Envelope::new(payload_type, payload, signatures);
            prop_assert_eq!(Envelope::decode(&envelope.encode()), Ok(envelope));
        }

        /// No bytes whatever make the decoder panic.
        #[test]
        fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = Envelope::decode(&bytes);
        }
    }
}
