//! The port behind which private keys live.

use std::borrow::Cow;

use sealgate_artifact::{
    ArtifactError, Carrier, Code, Envelope, KeyId, KeyUse, Kind, PublicKey, SignatureEntry, Statement,
    pre_authentication_encoding,
};

/// What a key may be asked to sign. The signer builds the bytes itself, so no key signs bytes that somebody else made.
#[derive(Debug, Clone, Copy)]
pub enum Message<'a> {
    /// A statement, under DSSE's encoding.
    Statement(Kind, &'a [u8]),
    /// The base64 text of an answer on AuthForge's wire (`spec/http.md` §2.4).
    AppAnswer(&'a str),
}

impl Message<'_> {
    /// The one use whose keys may sign this.
    pub fn signing_use(&self) -> KeyUse {
        match self {
            Self::Statement(kind, _) => kind.signing_use(),
            Self::AppAnswer(_) => KeyUse::App,
        }
    }

    /// The bytes to be signed.
    pub fn to_bytes(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Statement(kind, payload) => {
                Cow::Owned(pre_authentication_encoding(kind.payload_type(), payload))
            }
            Self::AppAnswer(text) => Cow::Borrowed(text.as_bytes()),
        }
    }
}

/// Why a signer did not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// No such private key here.
    #[error("the signer does not hold the key {0}")]
    KeyMissing(KeyId),
    /// The key exists, but for something else.
    #[error("the key {0} is for {1} and may not sign this")]
    KeyMisuse(KeyId, KeyUse),
    /// The signature did not verify, or two attempts differed: a hardware fault or an attack. It was not released.
    #[error("a signature of key {0} did not verify right after it was made")]
    Fault(KeyId),
    /// The statement breaks its own format, so nobody could read it.
    #[error("refused to sign: {0}")]
    Malformed(ArtifactError),
    /// The key's storage does not work now, for example because a disk is full. What it holds is not known to be damaged.
    #[error("key storage does not answer: {0}")]
    Unavailable(String),
    /// What the key's storage holds is damaged.
    #[error("key storage: {0}")]
    Storage(String),
}

impl SignError {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::KeyMissing(_) => Code::KeyMissing,
            Self::KeyMisuse(..) => Code::KeyMisuse,
            Self::Fault(_) => Code::SigningFault,
            Self::Malformed(e) => e.code(),
            Self::Unavailable(_) => Code::Unavailable,
            Self::Storage(_) => Code::KeystoreInvalid,
        }
    }
}

/// Custody of private keys. A private key never leaves the implementation.
pub trait Signer: Send + Sync {
    /// Makes a key pair and stores it durably before it returns the public key.
    fn generate(&self, key_use: KeyUse) -> Result<PublicKey, SignError>;

    /// Signs with the key of that name, if its use covers the message.
    fn sign(&self, key: KeyId, message: Message<'_>) -> Result<[u8; 64], SignError>;

    /// Fails if the key of that name is not here or makes no sound signatures. Nothing is released that is signed for this.
    fn check(&self, key: KeyId) -> Result<(), SignError>;
}

/// Signs a statement with each of `keys`. Their use must be the one that signs this kind.
pub fn sign_statement<T: Statement>(
    signer: &dyn Signer,
    statement: &T,
    keys: &[PublicKey],
) -> Result<Carrier, SignError> {
    let (payload, attachments) = (statement.to_payload(), statement.attachments());
    // What cannot be read must not be signed: every reader would refuse it.
    T::from_payload(&payload, &attachments).map_err(SignError::Malformed)?;
    let signatures = keys.iter().map(|key| {
        let id = key.id(T::KIND.signing_use());
        let sig = signer.sign(id, Message::Statement(T::KIND, &payload))?;
        Ok(SignatureEntry { keyid: id.to_string(), sig: sig.to_vec() })
    });
    let signatures = signatures.collect::<Result<_, _>>()?;
    let envelope = Envelope::new(T::KIND.payload_type(), payload, signatures);
    Ok(Carrier { envelope, attachments })
}
