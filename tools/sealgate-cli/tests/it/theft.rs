//! The theft drill: somebody has a copy of a runtime's data directory, every key in it, and the way to its clients
//! (`SECURITY.md`, "A stolen runtime").

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use ed25519_dalek::{Signer as _, SigningKey};
use sealgate::{
    Client, Clock, Error, Family, HttpAnswer, HttpQuestion, HttpTransport, MemoryStore, SecurityError,
    Transport, Unanswered, UnixSeconds, verify_license_file,
};
use sealgate_artifact::{
    AppId, Decision, DeviceRequest, Envelope, Feature, KeyId, KeyRecord, KeyState, KeyUse, Keyset, License,
    LicenseId, MaxDevices, Outcome, PublicKey, Root, ServerCertificate, SignatureEntry, Statement,
    StatementId, TenantId, TenantKeyset, Tier, Unverified,
};
use sealgate_trust::{Message, SignError, Signer, sign_statement};
use sealgate_wire::{OnlineAnswer, OnlineQuestion, TrustUpdate};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::roles::{Vendor, now};
use crate::vendor::text;

/// Every key of a stolen directory, without the rule about what each may sign.
struct Thief(Vec<(KeyUse, SigningKey)>);

impl Thief {
    /// Opens every key file: the file that opens them lies beside them.
    fn break_in(keys: &Path) -> Self {
        let unlock = std::fs::read_to_string(keys.join("unlock.key")).expect("lies beside the keys");
        let master: [u8; 32] = STANDARD.decode(unlock.trim()).expect("base64").try_into().expect("32 bytes");
        let files = std::fs::read_dir(keys).expect("a keystore").map(|file| file.expect("a file").path());
        let keys = files
            .filter(|path| path.extension().is_some_and(|e| e == "key") && !path.ends_with("unlock.key"));
        Self(keys.map(|path| open(&master, &path)).collect())
    }

    fn key_of(&self, key_use: KeyUse) -> PublicKey {
        public(&self.0.iter().find(|(held, _)| *held == key_use).expect("is there").1)
    }

    fn signed<T: Statement>(&self, statement: &T, key: PublicKey) -> Box<RawValue> {
        raw(sign_statement(self, statement, &[key]).expect("a thief signs anything").encode())
    }
}

fn open(master: &[u8; 32], path: &Path) -> (KeyUse, SigningKey) {
    let file: Value = serde_json::from_slice(&std::fs::read(path).expect("is read")).expect("JSON");
    let (key_use, public_key) = (text(&file["use"]), text(&file["public_key"]));
    let sealed = STANDARD.decode(text(&file["sealed"])).expect("base64");
    let (nonce, msg) = sealed.split_first_chunk::<24>().expect("a nonce");
    let aad = format!("sealgate-private-key-v1\0{key_use}\0{public_key}");
    let seed = XChaCha20Poly1305::new(&(*master).into())
        .decrypt(&XNonce::from(*nonce), Payload { msg, aad: aad.as_bytes() })
        .expect("opens");
    let key = SigningKey::from_bytes(&seed.try_into().expect("32 bytes"));
    assert_eq!(public(&key).to_string(), public_key, "the very key");
    (KeyUse::parse(key_use).expect("a use"), key)
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_bytes(key.verifying_key().to_bytes())
}

fn raw(envelope: Vec<u8>) -> Box<RawValue> {
    RawValue::from_string(String::from_utf8(envelope).expect("UTF-8")).expect("JSON")
}

impl Signer for Thief {
    fn generate(&self, _: KeyUse) -> Result<PublicKey, SignError> {
        unreachable!("a thief has what was stolen")
    }

    fn sign(&self, id: KeyId, message: Message<'_>) -> Result<[u8; 64], SignError> {
        let is_named =
            |key: &&(KeyUse, SigningKey)| KeyUse::ALL.iter().any(|any| public(&key.1).id(*any) == id);
        let (_, key) = self.0.iter().find(is_named).ok_or(SignError::KeyMissing(id))?;
        Ok(key.sign(&message.to_bytes()).to_bytes())
    }

    fn check(&self, _: KeyId) -> Result<(), SignError> {
        unreachable!("nobody asks a thief")
    }
}

/// A clock that says what it was told.
struct At(u64);

impl Clock for At {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.0).expect("in range")
    }
}

/// The thief answers every question: a yes by the stolen server key, and beside it what was made up.
struct Hijacked {
    loot: Arc<Loot>,
    shown: OnlineAnswer,
    /// The license that the yes is about.
    license: Box<RawValue>,
    update: Option<TrustUpdate>,
    at: u64,
}

impl Transport for Hijacked {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        let body = match (question.body, &self.update) {
            (Some(body), _) => {
                let asked: OnlineQuestion = serde_json::from_slice(body).expect("the client's question");
                let claim =
                    Unverified::<DeviceRequest>::decode(asked.request.get().as_bytes()).expect("a request");
                let (id, request) = (claim.envelope().id(), claim.danger_peek().expect("a request"));
                let decision = self.loot.yes(&request, id, &self.license, self.at);
                serde_json::to_vec(&OnlineAnswer { decision, ..self.shown.clone() })
            }
            (None, Some(update)) => serde_json::to_vec(update),
            (None, None) => return Err(Unanswered("nothing to say".to_owned())),
        };
        Ok(HttpAnswer { status: 200, retry_after: None, body: body.expect("can be written") })
    }
}

/// What the thief also has: everything that was ever sent to a client.
struct Loot {
    thief: Thief,
    url: String,
    trust: &'static [u8],
    certificate: Box<RawValue>,
    license: Box<RawValue>,
    license_id: LicenseId,
    tenant: TenantId,
    app: AppId,
    key: String,
}

impl Loot {
    /// What a client with this trust makes of the thief's answer at a time.
    fn try_on(
        self: &Arc<Self>,
        trust: &'static [u8],
        (shown, update): (OnlineAnswer, Option<TrustUpdate>),
        at: u64,
    ) -> Result<sealgate::License, Error> {
        let license = shown.license.clone().expect("one is offered");
        let way = Hijacked { loot: Arc::clone(self), shown, license, update, at };
        let client = Client::builder(trust).server(&*self.url).store(MemoryStore::new()).clock(At(at));
        client.transport(way).build().expect("a client").validate_license(&self.key)
    }

    /// An answer with the genuine certificate and this license.
    fn answer(&self, license: &RawValue) -> OnlineAnswer {
        OnlineAnswer {
            decision: license.to_owned(),
            certificate: Some(self.certificate.clone()),
            keyset: None,
            tenant_keyset: None,
            license: Some(license.to_owned()),
            proof: None,
            unapproved: vec![],
            seats: vec![],
        }
    }

    /// A yes to this question, signed by the stolen server key, about this version of the license.
    fn yes(&self, request: &DeviceRequest, id: StatementId, license: &RawValue, at: u64) -> Box<RawValue> {
        let statement = Envelope::decode(license.get().as_bytes()).expect("an envelope").id();
        let decision = Decision {
            tenant: request.tenant,
            app: request.app,
            device_key: request.device_key,
            operation: request.operation.clone(),
            request: id,
            nonce: request.nonce,
            issued_at: UnixSeconds::new(at).expect("in range"),
            outcome: Outcome::allowed(self.license_id, statement),
            devices_used: Some(1),
            max_devices: None,
        };
        self.thief.signed(&decision, self.thief.key_of(KeyUse::Server))
    }

    /// The license that the thief would like to have.
    fn wish(&self) -> License {
        License {
            tenant: self.tenant,
            app: self.app,
            license: self.license_id,
            version: 1 << 40,
            issued_at: At(now()).now(),
            not_before: At(now() - 3600).now(),
            expires_at: None,
            tier: Tier::Enterprise,
            features: vec![Feature::named("everything")],
            max_devices: MaxDevices::Unlimited,
            limits: vec![],
            variables: vec![],
            licensee: None,
            trial_days: None,
            conditions: sealgate_artifact::Conditions::default(),
        }
    }
}

/// Passes on and keeps the first answer.
struct Tap(HttpTransport, Arc<std::sync::Mutex<Option<HttpAnswer>>>);

impl Transport for Tap {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        let answer = self.0.exchange(question)?;
        self.1.lock().expect("no panics").get_or_insert(answer.clone());
        Ok(answer)
    }
}

/// A runtime at work, and what is stolen from it.
fn steal(vendor: &Vendor) -> (Arc<Loot>, String) {
    let app = vendor.json(&["app", "create", "Editor"]);
    let issued = vendor.json(&["license", "issue", "--app", text(&app["app_id"]), "--max-devices", "5"]);
    let license = &issued["licenses"][0];
    vendor.share();
    let runtime = vendor.start_runtime();
    let server = text(&vendor.json(&["server", "list"])[0]["server_id"]).to_owned();
    vendor.json(&["server", "approve", &server, "--yes"]);
    let file = vendor.path("trust.json");
    vendor.json(&["keys", "export", "--app", text(&app["app_id"]), "-o", &file]);
    let trust: &'static [u8] = std::fs::read(&file).expect("is there").leak();
    let pinned: Value = serde_json::from_slice(trust).expect("JSON");

    let kept = Arc::default();
    let tap = Tap(HttpTransport::builder().build().expect("a transport"), Arc::clone(&kept));
    let client = Client::builder(trust).server(&*runtime.url).store(MemoryStore::new()).transport(tap);
    let key = text(&license["license_key"]).to_owned();
    client.build().expect("a client").validate_license(&key).expect("an honest server");
    let kept = kept.lock().expect("no panics").take().expect("an answer");
    let kept: OnlineAnswer = serde_json::from_slice(&kept.body).expect("an answer");
    let loot = Loot {
        thief: Thief::break_in(&Path::new(&vendor.path("runtime")).join("keys")),
        url: runtime.url.clone(),
        trust,
        certificate: kept.certificate.expect("came along"),
        license: kept.license.expect("came along"),
        license_id: LicenseId::parse(text(&license["license_id"])).expect("an id"),
        tenant: TenantId::parse(text(&pinned["tenant"])).expect("an id"),
        app: AppId::parse(text(&pinned["app"])).expect("an id"),
        key,
    };
    (Arc::new(loot), server)
}

/// Every statement about keys that could lead to the thief's license, each signed by this stolen key.
fn forged_chains(loot: &Loot, key: PublicKey) -> Vec<(&'static str, OnlineAnswer, Option<TrustUpdate>)> {
    let (thief, issued_at) = (&loot.thief, At(now()).now());
    let expires_at = issued_at.plus(7 * 24 * 60 * 60);
    let record = |key_use| KeyRecord { key_use, public_key: key, state: KeyState::Active };
    let license = thief.signed(&loot.wish(), key);
    let keyset = thief.signed(
        &Keyset { version: 1 << 40, issued_at, expires_at, keys: vec![record(KeyUse::Authority)] },
        key,
    );
    let tenant_keyset = thief.signed(
        &TenantKeyset {
            tenant: loot.tenant,
            version: 1 << 40,
            issued_at,
            expires_at,
            keys: vec![record(KeyUse::Issuer)],
        },
        key,
    );
    let certificate = thief.signed(
        &ServerCertificate {
            issued_at,
            expires_at,
            public_key: thief.key_of(KeyUse::Server),
            tenants: vec![loot.tenant],
            origins: vec![loot.url.clone()],
            operations: vec!["validate".to_owned()],
        },
        key,
    );
    let root = thief.signed(&Root { version: 2, issued_at, expires_at, threshold: 1, keys: vec![key] }, key);
    let mine = loot.answer(&license);
    let update = TrustUpdate {
        roots: vec![root],
        keyset: Some(keyset.clone()),
        tenant_keyset: Some(tenant_keyset.clone()),
        certificate: None,
    };
    vec![
        ("license", mine.clone(), None),
        ("keyset", OnlineAnswer { keyset: Some(keyset.clone()), ..mine.clone() }, None),
        ("tenant keyset", OnlineAnswer { tenant_keyset: Some(tenant_keyset.clone()), ..mine.clone() }, None),
        (
            "certificate",
            OnlineAnswer { certificate: Some(certificate.clone()), ..loot.answer(&loot.license) },
            None,
        ),
        (
            "root statement",
            OnlineAnswer {
                keyset: Some(keyset),
                tenant_keyset: Some(tenant_keyset),
                certificate: Some(certificate),
                ..mine
            },
            Some(update),
        ),
    ]
}

/// Kinds that later versions know, and that no stolen key may be believed about either.
const LATER_KINDS: [&str; 5] = ["bundle", "snapshot", "shard", "release", "activation-proof"];

#[test]
fn a_thief_of_a_runtime_makes_nothing_that_counts() {
    let vendor = Vendor::new();
    let (loot, _) = steal(&vendor);
    let mut uses: Vec<KeyUse> = loot.thief.0.iter().map(|(key_use, _)| *key_use).collect();
    uses.sort_by_key(|key_use| key_use.as_str());
    let expected = [KeyUse::Activation, KeyUse::App, KeyUse::App, KeyUse::Server];
    assert_eq!(uses, expected, "no other key lies there");
    for (_, signing) in &loot.thief.0 {
        let key = public(signing);
        for (what, answer, update) in forged_chains(&loot, key) {
            let Err(error) = loot.try_on(loot.trust, (answer, update), now()) else {
                panic!("{what} by {key} was believed")
            };
            assert_eq!(error.family(), Family::Security, "{what} by {key}: {error}");
        }
        let forged = loot.thief.signed(&loot.wish(), key);
        let refused = verify_license_file(loot.trust, forged.get().as_bytes(), At(now()).now());
        assert_eq!(refused.expect_err("forged").family(), Family::Security);
        for kind in LATER_KINDS {
            let payload_type = format!("application/vnd.sealgate.{kind}.v1+json");
            let payload = format!(r#"{{"typ":"{kind}"}}"#).into_bytes();
            let sign = |sig| vec![SignatureEntry { keyid: String::new(), sig }];
            let unsigned = Envelope::new(payload_type.clone(), payload.clone(), sign(vec![0; 64]));
            let sig = signing.sign(&unsigned.signed_bytes()).to_bytes().to_vec();
            let envelope = Envelope::new(payload_type, payload, sign(sig)).encode();
            let refused =
                verify_license_file(loot.trust, &envelope, At(now()).now()).expect_err("is no license");
            assert_eq!(refused.code().to_string(), "kind_unexpected", "{kind}");
        }
    }
}

#[test]
fn a_thief_of_a_runtime_can_say_yes_about_licenses_that_exist_until_it_ends() {
    let vendor = Vendor::new();
    let (loot, server) = steal(&vendor);
    let yes = || (loot.answer(&loot.license), None);
    let rights = loot.try_on(loot.trust, yes(), now()).expect("this is what a stolen server can do");
    assert_eq!(rights.tier(), Tier::Licensed, "and the rights are the license's own");
    let after = now() + 15 * 24 * 60 * 60;
    let ended = loot.try_on(loot.trust, yes(), after);
    assert!(matches!(ended, Err(Error::Security(SecurityError::CertificateExpired))), "{ended:?}");

    vendor.json(&["server", "revoke", &server, "--reason", "stolen"]);
    let file = vendor.path("later.json");
    vendor.json(&["keys", "export", "-o", &file]);
    let later: &'static [u8] = std::fs::read(&file).expect("is there").leak();
    let refused = loot.try_on(later, yes(), now());
    assert!(matches!(refused, Err(Error::Security(SecurityError::ServerRevoked))), "{refused:?}");
}
