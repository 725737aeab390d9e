//! A device with a key of its own, as bare as can be: it asks, and it judges what comes back by the core's functions.

use sealgate_artifact::{
    AboutDevice, AppId, Decision, DeviceRequest, Envelope, KeyUse, LicenseId, LicenseName, Nonce, Operation,
    Origin, PublicKey, Release, ServerCertificate, Statement, TenantId, UnixSeconds, Unverified, Word,
};
use sealgate_signer::{Keystore, Unlock};
use sealgate_trust::{
    Accepted, SentRequest, ServerRole, Signer, TenantTrust, TrustError, TrustFile, Verified, sign_statement,
    verify_certificate, verify_decision, verify_release,
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
        OnlineQuestion { request: self.sign_any(request), holds: holds.to_vec() }
    }

    /// Signs whatever a device may sign.
    pub fn sign_any<T: Statement>(&self, statement: &T) -> Box<RawValue> {
        let carrier = sign_statement(&self.keystore, statement, &[self.key]).expect("signs").encode();
        RawValue::from_string(String::from_utf8(carrier).expect("UTF-8")).expect("JSON")
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
        let request = Unverified::<DeviceRequest>::decode(question.request.get().as_bytes())?;
        let (id, request) = (request.envelope().id(), request.danger_peek()?);
        let trust = self.trust_of((answer.keyset.as_deref(), answer.tenant_keyset.as_deref()), now)?;
        let certificate = self.certified(&trust, answer.certificate.as_deref(), &request.operation, now)?;
        let decision = answer.decision.get().as_bytes();
        verify_decision(&certificate, decision, &SentRequest::new(&request, id)).map(|d| d.get().clone())
    }

    /// A release of the app, if it is to be believed at this time.
    pub fn release(&self, statement: &[u8], now: u64) -> Result<Release, TrustError> {
        let trust = self.trust_of((None, None), now)?;
        verify_release(&trust, statement, self.app()).map(|release| release.get().clone())
    }

    /// The chain that the build pins, with newer keysets where some came.
    pub(crate) fn trust_of(
        &self,
        (keyset, tenant_keyset): (Option<&RawValue>, Option<&RawValue>),
        now: u64,
    ) -> Result<TenantTrust, TrustError> {
        let text = serde_json::to_vec(&self.trust).expect("a trust.json can be written");
        let mut file = TrustFile::parse(&text)?;
        if let Some(newer) = keyset {
            file.chain.keyset = newer.get().as_bytes().to_vec();
        }
        if let Some(newer) = tenant_keyset {
            file.chain.tenant_keyset = newer.get().as_bytes().to_vec();
        }
        file.verify(&Accepted::default(), UnixSeconds::new(now).expect("in range"))
    }

    /// The certificate of the server that answered.
    pub(crate) fn certified(
        &self,
        trust: &TenantTrust,
        certificate: Option<&RawValue>,
        operation: &Operation,
        now: u64,
    ) -> Result<Verified<ServerCertificate>, TrustError> {
        let origin = Origin::parse(&self.origin).expect("an origin");
        let tenant = TenantId::parse(&self.trust.tenant).expect("an identifier");
        let role = ServerRole { tenant, origin: &origin, operation };
        let certificate = certificate.map(|it| it.get().as_bytes()).unwrap_or_default();
        verify_certificate(trust, certificate, &role, UnixSeconds::new(now).expect("in range"))
    }

    /// The app that the build is of.
    pub(crate) fn app(&self) -> AppId {
        AppId::parse(&self.trust.app).expect("an identifier")
    }
}

/// The name of a statement that came in an answer.
pub fn statement_id(envelope: &RawValue) -> String {
    Envelope::decode(envelope.get().as_bytes()).expect("an envelope").id().to_string()
}
