//! The one way from signed text to a value that a client may act on.

use std::marker::PhantomData;

use sealgate_artifact::{PublicKey, decode_base64};

/// Whether `key` made `signature` over `text`: the signature rule, which `sealgate_trust::ed25519::verify` carries out.
///
/// It is a plain function, so it cannot bring a key of its own: it answers for the keys that `open` was given.
pub type Verify = fn(key: &PublicKey, text: &[u8], signature: &[u8]) -> bool;

/// A payload and its signature as they came. Nobody has checked who signed it, and nothing of it has been decoded.
pub struct Unopened<T> {
    payload: String,
    signature: [u8; 64],
    content: PhantomData<T>,
}

impl<T> Unopened<T> {
    /// `signature` is base64; `None` unless it is the canonical spelling of 64 bytes.
    pub(crate) fn new(payload: String, signature: &str) -> Option<Self> {
        let signature = decode_base64(signature, "signature").ok()?.try_into().ok()?;
        Some(Self { payload, signature, content: PhantomData })
    }

    /// The payload, if one of `keys` signed it. The only maker of [`Signed`].
    pub(crate) fn signed(&self, keys: &[PublicKey], verify: Verify) -> Option<Signed<'_>> {
        let text = &self.payload;
        let signed_by = *keys.iter().find(|key| verify(key, text.as_bytes(), &self.signature))?;
        Some(Signed { text, signed_by })
    }
}

/// Text that a trusted key signed, not decoded yet.
pub(crate) struct Signed<'a> {
    text: &'a str,
    signed_by: PublicKey,
}

impl<'a> Signed<'a> {
    /// The text of the payload.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// `value` is what the text says, and all that the caller had to compare was right. The only maker of [`Opened`].
    pub(crate) fn opened<T>(self, value: T) -> Opened<T> {
        Opened { value, signed_by: self.signed_by }
    }
}

/// What a trusted key signed, in the documented form, for whoever opened it: the app and machine of a license file
/// ([`Here`](crate::Here)), the request of an answer ([`Expected`](crate::Expected)). Nothing else makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened<T> {
    value: T,
    signed_by: PublicKey,
}

impl<T> Opened<T> {
    /// What was signed.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// The trusted key that signed it.
    pub fn signed_by(&self) -> PublicKey {
        self.signed_by
    }
}
