//! Statements: what an envelope's payload means (`spec/envelope.md` §2).

use std::fmt::Debug;
use std::marker::PhantomData;

use crate::{ArtifactError, Attachments, Carrier, Envelope, Kind, Value, fields::Fields, json, limits};

/// A statement that can be signed.
pub trait Statement: Sized + Clone + PartialEq + Debug {
    /// The kind, fixed per type, so that no statement is read as another.
    const KIND: Kind;

    /// Takes this kind's fields. The caller refuses whatever is left.
    #[doc(hidden)]
    fn take(fields: &mut Fields, attachments: &mut Attachments<'_>) -> Result<Self, ArtifactError>;

    /// This kind's members in the order of its spec page, without `typ`.
    #[doc(hidden)]
    fn members(&self) -> Vec<(&'static str, Value)>;

    /// What does not fit into the payload and therefore travels beside it.
    fn attachments(&self) -> Vec<Vec<u8>> {
        vec![]
    }

    /// The payload bytes to be signed.
    fn to_payload(&self) -> Vec<u8> {
        let typ = ("typ".to_owned(), Value::Text(Self::KIND.as_str().to_owned()));
        let members = self.members().into_iter().map(|(name, value)| (name.to_owned(), value));
        Value::Object(std::iter::once(typ).chain(members).collect()).to_string().into_bytes()
    }

    /// Reads a payload and the attachments it names by the strict profile. It checks the form only, and verifies nothing.
    fn from_payload(payload: &[u8], attachments: &[Vec<u8>]) -> Result<Self, ArtifactError> {
        limits::check("payload", payload.len(), limits::PAYLOAD_BYTES)?;
        let mut fields = Fields::new(json::parse(payload)?)?;
        // spec/envelope.md §2.2: the kind stands in the type *and* in the payload.
        let typ = fields.text("typ")?;
        if typ != Self::KIND.as_str() {
            return Err(ArtifactError::Kind {
                expected: Self::KIND,
                found: typ.escape_default().to_string(),
            });
        }
        let mut attachments = Attachments::new(attachments);
        let statement = Self::take(&mut fields, &mut attachments)?;
        fields.finish()?;
        attachments.finish()?;
        Ok(statement)
    }
}

/// An envelope that claims to hold a `T`. Nothing in it may be acted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unverified<T> {
    carrier: Carrier,
    kind: PhantomData<T>,
}

impl<T: Statement> Unverified<T> {
    /// Decodes an envelope, with attachments where the kind knows any, and checks that it claims to be of this kind.
    pub fn decode(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let carrier = if T::KIND.has_attachments() {
            Carrier::decode(bytes)?
        } else {
            Carrier { envelope: Envelope::decode(bytes)?, attachments: vec![] }
        };
        Self::of_carrier(carrier)
    }

    /// The same of parts that travelled in another form than JSON (`spec/container.md` §4).
    pub fn of_carrier(carrier: Carrier) -> Result<Self, ArtifactError> {
        let envelope = &carrier.envelope;
        if envelope.payload_type() != T::KIND.payload_type() {
            let found = envelope.payload_type().escape_default().to_string();
            return Err(ArtifactError::Kind { expected: T::KIND, found });
        }
        Ok(Self { carrier, kind: PhantomData })
    }

    /// The envelope, for whoever verifies it.
    pub fn envelope(&self) -> &Envelope {
        &self.carrier.envelope
    }

    /// What came beside the envelope. A statement that does not name all of it is refused.
    pub fn attachments(&self) -> &[Vec<u8>] {
        &self.carrier.attachments
    }

    /// What the payload claims, for people to look at. Nobody has verified it.
    pub fn danger_peek(&self) -> Result<T, ArtifactError> {
        T::from_payload(self.carrier.envelope.payload(), &self.carrier.attachments)
    }
}
