//! Questions of our own clients: signed by a device key that nobody has seen before.

use std::io::{Error, Result};

use ed25519_dalek::{Signer, SigningKey};
use sealgate_artifact::{
    AppId, Decision, AboutDevice, DeviceRequest, Envelope, KeyUse, LicenseName, Nonce, Operation, Outcome, PublicKey,
    SignatureEntry, Statement, TenantId, UnixSeconds, Unverified, Word, pre_authentication_encoding,
};
use sealgate_wire::OnlineAnswer;
use serde_json::Value;

use crate::load::post;

/// What a build pins, as far as a question names it.
pub struct Pinned {
    tenant: TenantId,
    app: AppId,
}

impl Pinned {
    /// From the app's `trust.json`.
    pub fn of(trust: &Value) -> Result<Self> {
        let text = |name: &str| trust[name].as_str().unwrap_or_default().to_owned();
        let tenant = TenantId::parse(&text("tenant")).map_err(Error::other)?;
        let app = AppId::parse(&text("app")).map_err(Error::other)?;
        Ok(Self { tenant, app })
    }

    /// May a new device use the license of this key? The same number makes the same device.
    pub fn question(&self, key: &str, device: u64) -> Result<Vec<u8>> {
        let request = self.request(key, device, Operation::Validate)?;
        let envelope = sign(&device_key(device), &request).encode();
        let envelope = String::from_utf8(envelope).map_err(Error::other)?;
        Ok(post("/api/v1/validate", &format!(r#"{{"request":{envelope},"holds":[]}}"#)))
    }

    /// What a device asks, whatever it asks for.
    pub fn request(&self, key: &str, device: u64, operation: Operation) -> Result<DeviceRequest> {
        Ok(DeviceRequest {
            tenant: self.tenant,
            app: self.app,
            license: LicenseName::Key(Word::parse(key).ok_or_else(|| Error::other("not a license key"))?),
            device_key: PublicKey::from_bytes(device_key(device).verifying_key().to_bytes()),
            fingerprint: None,
            operation,
            nonce: Nonce::from_random(fastrand::u128(..).to_be_bytes()),
            client_time: UnixSeconds::new(1_800_000_000).ok_or_else(|| Error::other("no time"))?,
            about: AboutDevice::default(),
            release: None,
        })
    }
}

/// The key of the device of this number.
pub fn device_key(device: u64) -> SigningKey {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&device.to_be_bytes());
    SigningKey::from_bytes(&seed)
}

/// Signs a statement without attachments by a device's key.
pub fn sign<T: Statement>(device_key: &SigningKey, request: &T) -> Envelope {
    let (kind, payload) = (T::KIND.payload_type(), request.to_payload());
    let public = PublicKey::from_bytes(device_key.verifying_key().to_bytes());
    let entry = SignatureEntry {
        keyid: public.id(KeyUse::Device).to_string(),
        sig: device_key.sign(&pre_authentication_encoding(kind, &payload)).to_bytes().to_vec(),
    };
    Envelope::new(kind, payload, vec![entry])
}

/// Whether the answer carries a yes. A no is signed, and comes with the status 200, too.
pub fn allows(answer: &[u8]) -> bool {
    let allows = || {
        let answer: OnlineAnswer = serde_json::from_slice(answer).ok()?;
        let decision = Unverified::<Decision>::decode(answer.decision.get().as_bytes()).ok()?;
        Some(matches!(decision.danger_peek().ok()?.outcome, Outcome::Allowed { .. }))
    };
    allows().unwrap_or(false)
}
