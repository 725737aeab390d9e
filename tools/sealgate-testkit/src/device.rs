//! A device with a key of its own, as bare as can be: it asks, and it judges what comes back by the core's functions.

use sealgate_artifact::{
    AboutDevice, AppId, Decision, DeviceRequest, Envelope, KeyUse, LicenseId, LicenseName, Nonce, Operation,
    Origin, PublicKey, TenantId, UnixSeconds, Unverified, Word,
};
use sealgate_signer::{Keystore, Unlock};
use sealgate_trust::{
    Accepted, SentRequest, ServerRole, Signer, TrustError, TrustFile, sign_statement, verify_certificate,
    verify_decision,
};
use sealgate_wire::{OnlineAnswer, OnlineQuestion, Trust};
use serde_json::value::RawValue;

/// A device.
pub struct TestDevice {
    keystore: Keystore,
    /// Its key.
    pub key: PublicKey,
    _dir: tempfile::TempDir,
}

/// What a build pins, and where it asks.
#[derive(Clone)]
pub struct Build {
    /// The trust.json.
    pub trust: Trust,
    /// The server's origin.
    pub origin: String,
}

impl Default for TestDevice {
    fn default() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let keystore = Keystore::open_or_create(dir.path(), &Unlock::File, "device").expect("a keystore");
        let key = keystore.generate(KeyUse::Device).expect("a key");
        Self { keystore, key, _dir: dir }
    }
}

impl TestDevice {
    /// A signed question about a license, named by its key or its id.
    pub fn question(&self, build: &Build, license: &str, n: u32, holds: &[String]) -> OnlineQuestion {
        self.sign(&self.request(build, license, n), holds)
    }

    /// The same before it is signed.
    pub fn request(&self, build: &Build, license: &str, n: u32) -> DeviceRequest {
        DeviceRequest {
            tenant: TenantId::parse(&build.trust.tenant).expect("an identifier"),
            app: AppId::parse(&build.trust.app).expect("an identifier"),
            license: match LicenseId::parse(license) {
                Ok(id) => LicenseName::Id(id),
                Err(_) => LicenseName::Key(Word::parse(license).expect("1 to 128 bytes")),
            },
            device_key: self.key,
            fingerprint: None,
            operation: Operation::Validate,
            nonce: Nonce::from_random(u128::from(n).to_be_bytes()),
            client_time: UnixSeconds::new(1_800_000_000).expect("in range"),
            about: AboutDevice::default(),
            release: None,
        }
    }

    /// Signs any request.
    pub fn sign(&self, request: &DeviceRequest, holds: &[String]) -> OnlineQuestion {
        let envelope = sign_statement(&self.keystore, request, &[self.key]).expect("signs").encode();
        let text = String::from_utf8(envelope).expect("UTF-8");
        let request = RawValue::from_string(text).expect("JSON");
        OnlineQuestion { request, holds: holds.to_vec() }
    }
}

impl Build {
    /// What the answer decides, if all of it is to be believed at this time.
    pub fn judge(
        &self,
        question: &OnlineQuestion,
        answer: &OnlineAnswer,
        now: u64,
    ) -> Result<Decision, TrustError> {
        let now = UnixSeconds::new(now).expect("in range");
        let text = serde_json::to_vec(&self.trust).expect("a trust.json can be written");
        let mut file = TrustFile::parse(&text)?;
        let bytes = |envelope: &RawValue| envelope.get().as_bytes().to_vec();
        if let Some(newer) = &answer.keyset {
            file.chain.keyset = bytes(newer);
        }
        if let Some(newer) = &answer.tenant_keyset {
            file.chain.tenant_keyset = bytes(newer);
        }
        let trust = file.verify(&Accepted::default(), now)?;
        let origin = Origin::parse(&self.origin).expect("an origin");
        let request = Unverified::<DeviceRequest>::decode(question.request.get().as_bytes())?;
        let id = request.envelope().id();
        let request = request.danger_peek()?;
        let role = ServerRole { tenant: file.tenant, origin: &origin, operation: &request.operation };
        let certificate = answer.certificate.as_deref().map(bytes).unwrap_or_default();
        let certificate = verify_certificate(&trust, &certificate, &role, now)?;
        let decision = answer.decision.get().as_bytes();
        verify_decision(&certificate, decision, &SentRequest::new(&request, id)).map(|d| d.get().clone())
    }
}

/// The name of a statement that came in an answer.
pub fn statement_id(envelope: &RawValue) -> String {
    Envelope::decode(envelope.get().as_bytes()).expect("an envelope").id().to_string()
}
