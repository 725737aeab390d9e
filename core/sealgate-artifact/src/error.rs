//! What can be wrong with the form of an artifact.

use crate::{Code, Kind};

/// Why bytes are not a well-formed artifact: what is wrong, and where. Of the artifact's text it holds at most names,
/// and shows them escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// `spec/envelope.md` §4.
    #[error("{what} has {actual} bytes, the limit is {limit}")]
    TooLarge {
        /// The part that is too large.
        what: &'static str,
        /// Its limit in bytes.
        limit: usize,
        /// Its size in bytes.
        actual: usize,
    },
    /// `spec/envelope.md` §3.
    #[error("not strict JSON at byte {at}: {why}")]
    Json {
        /// Offset of the first byte that is wrong.
        at: usize,
        /// What is wrong there.
        why: &'static str,
    },
    /// `spec/envelope.md` §1.3.
    #[error("{field} is not canonical base64 with padding")]
    Base64 {
        /// The field.
        field: &'static str,
    },
    /// `spec/envelope.md` §1.
    #[error("envelope: {why}")]
    Envelope {
        /// What is wrong with it.
        why: &'static str,
    },
    /// `spec/envelope.md` §2.2.
    #[error("expected a statement of kind {expected}, found {found}")]
    Kind {
        /// The kind the caller asked for.
        expected: Kind,
        /// What the bytes say they are; control characters are escaped.
        found: String,
    },
    /// `spec/envelope.md` §3.4.
    #[error("field {0} is missing")]
    FieldMissing(&'static str),
    /// `spec/envelope.md` §3.4.
    #[error("unknown field {0:?}")]
    FieldUnknown(String),
    /// `spec/envelope.md` §3.4.
    #[error("field {field}: {why}")]
    FieldInvalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// What is wrong is in an object that stands in a field.
    #[error("in {field}: {error}")]
    Within {
        /// The field.
        field: &'static str,
        /// What is wrong in its object, or with it.
        error: Box<ArtifactError>,
    },
    /// `spec/envelope.md` §3.5.
    #[error("this program does not know the critical extension {0:?}")]
    CritUnknown(String),
    /// `spec/envelope.md` §6.3.
    #[error("the attachment that field {0} names is missing")]
    AttachmentMissing(&'static str),
    /// `spec/envelope.md` §6.3.
    #[error("there is an attachment that no field names")]
    AttachmentUnexpected,
    /// `spec/keys.md` §1.
    #[error("not an identifier (lower-case hyphenated UUID)")]
    Id,
    /// `spec/keys.md` §2.
    #[error("not a public key (32 bytes)")]
    PublicKey,
    /// `spec/license.md` §3.
    #[error("license key: {0}")]
    LicenseKey(&'static str),
    /// `spec/license.md` §3.3.
    #[error("license key: its checksum does not fit, so at least one symbol is mistyped")]
    LicenseKeyMistyped,
}

impl ArtifactError {
    pub(crate) fn within(self, field: &'static str) -> Self {
        Self::Within { field, error: Box::new(self) }
    }

    /// The field that is wrong with those that it stands in, such as `policy.heartbeat.grace`, and what is wrong with it. `None`
    /// where it is not about a field.
    pub fn in_field(&self) -> Option<(String, String)> {
        Some(match self {
            Self::FieldMissing(field) => ((*field).to_owned(), "is needed here".to_owned()),
            Self::FieldUnknown(field) => (field.clone(), "not a field of this object".to_owned()),
            Self::FieldInvalid { field, why } => ((*field).to_owned(), (*why).to_owned()),
            Self::Within { field, error } => {
                let (inner, why) = error.in_field()?;
                // What is wrong with the object as a whole is said of its own field. None has a field of its name.
                if inner == *field { (inner, why) } else { (format!("{field}.{inner}"), why) }
            }
            _ => return None,
        })
    }

    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } => Code::ArtifactTooLarge,
            Self::Json { .. } => Code::JsonInvalid,
            Self::Base64 { .. } => Code::Base64Invalid,
            Self::Envelope { .. } => Code::EnvelopeInvalid,
            Self::Kind { .. } => Code::KindUnexpected,
            Self::FieldMissing(_) => Code::FieldMissing,
            Self::FieldUnknown(_) => Code::FieldUnknown,
            Self::FieldInvalid { .. } => Code::FieldInvalid,
            Self::Within { error, .. } => error.code(),
            Self::CritUnknown(_) => Code::CritUnknown,
            Self::AttachmentMissing(_) => Code::AttachmentMissing,
            Self::AttachmentUnexpected => Code::AttachmentUnexpected,
            Self::Id => Code::IdMalformed,
            Self::PublicKey => Code::KeyMalformed,
            Self::LicenseKey(_) => Code::LicenseKeyMalformed,
            Self::LicenseKeyMistyped => Code::LicenseKeyMistyped,
        }
    }
}
