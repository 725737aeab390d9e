//! Whoever sits between a client and its server, and what they can try.

use std::sync::{Arc, Mutex};

use sealgate::{HttpAnswer, HttpQuestion, HttpTransport, Transport, Unanswered};
use sealgate_artifact::{
    Decision, DeviceRequest, Envelope, KeyUse, Keyset, LicenseId, Outcome, PublicKey, ServerCertificate,
    Statement, StatementId, UnixSeconds, Unverified,
};
use sealgate_signer::{Keystore, Unlock};
use sealgate_trust::{SignError, Signer, sign_statement};
use sealgate_wire::{OnlineAnswer, OnlineQuestion};
use serde_json::value::RawValue;

/// What is done to the next answers.
pub(super) enum Mischief {
    /// Nothing.
    None,
    /// One letter of the decision is another.
    Forge,
    /// The answer to the question before is given again.
    Replay,
    /// Somebody else answers, with keys of their own.
    Impersonate(Box<Impostor>),
}

/// A client's way to the server, which leads past somebody.
pub(super) struct Between {
    honest: HttpTransport,
    /// What is tried now.
    pub(super) mischief: Mutex<Mischief>,
    /// How many bytes the last genuine answer had.
    pub(super) bytes: Mutex<usize>,
    before: Mutex<Option<HttpAnswer>>,
}

impl Between {
    pub(super) fn new(honest: HttpTransport) -> Arc<Self> {
        let mischief = Mutex::new(Mischief::None);
        Arc::new(Self { honest, mischief, bytes: Mutex::default(), before: Mutex::default() })
    }

    pub(super) fn try_this(&self, mischief: Mischief) {
        *self.mischief.lock().expect("no holder of this lock panics") = mischief;
    }
}

impl Transport for Between {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        let mischief = self.mischief.lock().expect("no holder of this lock panics");
        if let Mischief::Impersonate(impostor) = &*mischief {
            let body = question.body.unwrap_or_default();
            return impostor.answer(body).ok_or_else(|| Unanswered("nothing to say".to_owned()));
        }
        let mut answer = self.honest.exchange(question)?;
        let mut before = self.before.lock().expect("no holder of this lock panics");
        match &*mischief {
            Mischief::Forge => answer.body = with_another_letter(&answer.body),
            Mischief::Replay => answer = before.clone().unwrap_or(answer),
            _ => {
                *self.bytes.lock().expect("no holder of this lock panics") = answer.body.len();
                *before = Some(answer.clone());
            }
        }
        Ok(answer)
    }
}

/// A letter of the decision's payload is exchanged for another: still well formed, no longer true.
fn with_another_letter(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let at = text.find("\"payload\":\"").map_or(20, |begin| begin + 60);
    let other = if text[at..].starts_with('A') { "B" } else { "A" };
    format!("{}{other}{}", &text[..at], &text[at + 1..]).into_bytes()
}

/// Somebody with a server and keys of their own, who says yes to everybody.
pub(super) struct Impostor {
    keystore: Keystore,
    origin: String,
    authority: PublicKey,
    server: PublicKey,
    root: PublicKey,
    now: UnixSeconds,
    _dir: tempfile::TempDir,
}

impl Impostor {
    pub(super) fn new(origin: &str, now: UnixSeconds) -> Result<Self, SignError> {
        let storage = |e: String| SignError::Storage(e);
        let dir = tempfile::tempdir().map_err(|e| storage(e.to_string()))?;
        let keystore = Keystore::open_or_create(dir.path(), &Unlock::File, "impostor");
        let keystore = keystore.map_err(|e| storage(e.to_string()))?;
        let [root, authority, server] =
            [KeyUse::Root, KeyUse::Authority, KeyUse::Server].map(|key_use| keystore.generate(key_use));
        let (root, authority, server) = (root?, authority?, server?);
        Ok(Self { keystore, origin: origin.to_owned(), authority, server, root, now, _dir: dir })
    }

    /// A whole answer, well formed and well signed, by the wrong keys.
    fn answer(&self, body: &[u8]) -> Option<HttpAnswer> {
        let question: OnlineQuestion = serde_json::from_slice(body).ok()?;
        let claim = Unverified::<DeviceRequest>::decode(question.request.get().as_bytes()).ok()?;
        let (id, asked) = (claim.envelope().id(), claim.danger_peek().ok()?);
        let until = self.now.plus(7 * 24 * 60 * 60);
        let certificate = ServerCertificate {
            issued_at: self.now,
            expires_at: until,
            public_key: self.server,
            tenants: vec![asked.tenant],
            origins: vec![self.origin.clone()],
            operations: vec!["validate".to_owned()],
        };
        let keyset =
            Keyset { version: u64::from(u32::MAX), issued_at: self.now, expires_at: until, keys: vec![] };
        let decision = Decision {
            tenant: asked.tenant,
            app: asked.app,
            device_key: asked.device_key,
            operation: asked.operation.clone(),
            request: id,
            nonce: asked.nonce,
            issued_at: self.now,
            outcome: Outcome::allowed(LicenseId::from_bytes([7; 16]), StatementId::from_bytes([7; 32])),
            devices_used: Some(1),
            max_devices: None,
        };
        let answer = OnlineAnswer {
            decision: self.signed(&decision, self.server)?,
            certificate: Some(self.signed(&certificate, self.authority)?),
            keyset: Some(self.signed(&keyset, self.root)?),
            tenant_keyset: None,
            license: None,
            proof: None,
            unapproved: vec![],
            seats: vec![],
        };
        let body = serde_json::to_vec(&answer).ok()?;
        Some(HttpAnswer { status: 200, retry_after: None, body })
    }

    fn signed<T: Statement>(&self, statement: &T, key: PublicKey) -> Option<Box<RawValue>> {
        let envelope = sign_statement(&self.keystore, statement, &[key]).ok()?.encode();
        Envelope::decode(&envelope).ok()?;
        RawValue::from_string(String::from_utf8(envelope).ok()?).ok()
    }
}
