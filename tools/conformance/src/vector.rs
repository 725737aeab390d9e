//! The format of a vector file (`vectors/README.md`).

use serde::{Deserialize, Serialize};

/// What a folder of vectors is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Artifact {
    /// Envelopes on their own.
    Envelope,
    /// Keysets under pinned roots.
    Keyset,
    /// Tenant keysets under a keyset.
    TenantKeyset,
    /// Licenses under a tenant keyset.
    License,
    /// The signature rule and the check of keys.
    Ed25519,
    /// License keys as people type them.
    LicenseKey,
    /// Identifiers.
    Identifier,
}

impl Artifact {
    /// Every folder there is.
    pub const ALL: [Self; 7] = [
        Self::Envelope,
        Self::Keyset,
        Self::TenantKeyset,
        Self::License,
        Self::Ed25519,
        Self::LicenseKey,
        Self::Identifier,
    ];

    /// The folder's name.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::Keyset => "keyset",
            Self::TenantKeyset => "tenant-keyset",
            Self::License => "license",
            Self::Ed25519 => "ed25519",
            Self::LicenseKey => "license-key",
            Self::Identifier => "identifier",
        }
    }
}

/// One file: what it shows and what is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vector {
    /// The claim, in one sentence.
    pub shows: String,
    /// What to do with the rest.
    #[serde(flatten)]
    pub question: Question,
}

/// What is asked of an implementation. The field `check` says which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "check", rename_all = "kebab-case")]
pub enum Question {
    /// Decode an envelope (`spec/envelope.md` §1 and §4).
    Envelope {
        /// The envelope as received.
        envelope: Bytes,
    },
    /// Verify a chain (`spec/keys.md` §4).
    Chain(Box<Chain>),
    /// Verify each signature (`spec/ed25519.md` §1); all get the same verdict.
    Signatures {
        /// The signatures.
        list: Vec<SignatureClaim>,
    },
    /// Check each key (`spec/ed25519.md` §2); all get the same verdict.
    Keys {
        /// The keys.
        list: Vec<KeyClaim>,
    },
    /// Read a license key (`spec/license.md` §3).
    LicenseKey {
        /// What someone typed.
        text: String,
        /// The 128 bits that its printed form stands for, in hexadecimal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bits: Option<String>,
    },
    /// Read an identifier (`spec/keys.md` §1).
    Identifier {
        /// What someone sent.
        text: String,
    },
}

/// A chain of statements and what the caller expects of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The one time of the whole verification, in Unix seconds.
    pub now: u64,
    /// The pinned root keys, base64.
    pub roots: Vec<String>,
    /// How many of them must sign.
    pub threshold: usize,
    /// The keyset's envelope.
    pub keyset: Bytes,
    /// The tenant keyset's envelope.
    pub tenant_keyset: Bytes,
    /// The license's envelope, where the question is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<Bytes>,
    /// The tenant that the caller expects; `null` expects none.
    pub expect_tenant: Option<String>,
    /// The app that the caller is; `null` expects none.
    pub expect_app: Option<String>,
}

/// A signature in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureClaim {
    /// What is special about it.
    pub shows: String,
    /// The public key.
    pub key: String,
    /// The message.
    pub message: String,
    /// The signature.
    pub signature: String,
}

/// A public key in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyClaim {
    /// What is special about it.
    pub shows: String,
    /// The public key.
    pub key: String,
}

/// Bytes: as text where they are UTF-8, else as base64.
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
            Ok(text) => Self::Text(text),
            Err(error) => Self::Base64(sealgate_artifact::encode_base64(error.as_bytes())),
        }
    }
}
