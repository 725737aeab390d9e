//! The device's own key (`spec/keys.md` §2.5): made here, kept in the state, and never shown.

use ed25519_dalek::{Signer, SigningKey};
use sealgate_artifact::{ArtifactError, Carrier, Envelope, KeyUse, PublicKey, SignatureEntry, Statement};
use zeroize::Zeroizing;

/// The private half. It signs requests of this device and nothing else; its memory is wiped when it goes.
pub(crate) struct DeviceKey(SigningKey);

impl DeviceKey {
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    pub(crate) fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.verifying_key().to_bytes())
    }

    /// `spec/envelope.md` §2.4: before it signs, a signer reads the payload as a reader of that kind would.
    pub(crate) fn sign<T: Statement>(&self, request: &T) -> Result<Carrier, ArtifactError> {
        assert!(T::KIND.signing_use() == KeyUse::Device, "a device signs its own requests only");
        let (payload, attachments) = (request.to_payload(), request.attachments());
        T::from_payload(&payload, &attachments)?;
        let typ = T::KIND.payload_type();
        let message = sealgate_artifact::pre_authentication_encoding(typ, &payload);
        let signature = SignatureEntry {
            keyid: self.public().id(KeyUse::Device).to_string(),
            sig: self.0.sign(&message).to_bytes().to_vec(),
        };
        Ok(Carrier { envelope: Envelope::new(typ, payload, vec![signature]), attachments })
    }
}
