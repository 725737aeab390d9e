//! A vendor's authority and its server's keys, made of the same functions that the real ones use.

use ed25519_dalek::{Signer as _, SigningKey};
use sealgate_artifact::{
    AppId, Conditions, Decision, Feature, KeyId, KeyRecord, KeyState, KeyUse, Keyset, License, LicenseId,
    LicenseKey, MaxDevices, Outcome, PublicKey, Root, ServerCertificate, Statement, StatementId, TenantId,
    TenantKeyset, Tier, UnixSeconds,
};
use sealgate_trust::{Message, SentRequest, SignError, Signer, Verified, sign_statement};

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const DAY: u64 = 86_400;
/// Numbers of the vendor's keys; a thief's begin at 100.
pub(crate) type Seed = u8;

pub(crate) fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(seconds).expect("in range")
}

pub(crate) fn tenant() -> TenantId {
    TenantId::from_bytes([7; 16])
}

pub(crate) fn app() -> AppId {
    AppId::from_bytes([8; 16])
}

pub(crate) fn key() -> String {
    LicenseKey::from_random([9; 16]).expose()
}

pub(crate) fn public_key(seed: Seed) -> PublicKey {
    PublicKey::from_bytes(SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes())
}

/// Holds these private keys, each for every use: a thief's are not picky either.
struct Ring<'a>(&'a [Seed]);

impl Signer for Ring<'_> {
    fn generate(&self, _: KeyUse) -> Result<PublicKey, SignError> {
        Err(SignError::Storage("its keys are given".to_owned()))
    }

    fn sign(&self, key: KeyId, message: Message<'_>) -> Result<[u8; 64], SignError> {
        let named = |seed: &&Seed| public_key(**seed).id(message.signing_use()) == key;
        let seed = self.0.iter().find(named).ok_or(SignError::KeyMissing(key))?;
        Ok(SigningKey::from_bytes(&[*seed; 32]).sign(&message.to_bytes()).to_bytes())
    }

    fn check(&self, _: KeyId) -> Result<(), SignError> {
        Ok(())
    }
}

/// A statement under the signatures of these keys.
pub(crate) fn signed<T: Statement>(statement: &T, by: &[Seed]) -> Vec<u8> {
    let keys: Vec<PublicKey> = by.iter().map(|seed| public_key(*seed)).collect();
    sign_statement(&Ring(by), statement, &keys).expect("well formed").encode()
}

/// Everything a vendor has, as one value that tests change.
#[derive(Debug, Clone)]
pub(crate) struct Authority {
    /// The root sets, oldest first; all of a set must sign.
    pub(crate) roots: Vec<Vec<Seed>>,
    pub(crate) keyset_version: u64,
    pub(crate) keyset_keys: Vec<(KeyUse, Seed, KeyState)>,
    pub(crate) keyset_until: u64,
    pub(crate) tenant_version: u64,
    /// When the tenant keyset was signed.
    pub(crate) tenant_since: u64,
    pub(crate) issuers: Vec<(Seed, KeyState)>,
    /// Those that sign proofs.
    pub(crate) activators: Vec<(Seed, KeyState)>,
    /// Those that sign releases.
    pub(crate) updaters: Vec<(Seed, KeyState)>,
    /// Those that sign revocation data.
    pub(crate) snapshotters: Vec<(Seed, KeyState)>,
    pub(crate) tenant: TenantId,
    pub(crate) server: Seed,
    pub(crate) certificate: ServerCertificate,
    pub(crate) license: License,
}

impl Authority {
    /// Keys are numbered from `first`: root, authority, issuer, server.
    pub(crate) fn new(first: Seed, origin: &str) -> Self {
        Self {
            roots: vec![vec![first]],
            keyset_version: 10,
            keyset_keys: vec![(KeyUse::Authority, first + 1, KeyState::Active)],
            keyset_until: NOW + 400 * DAY,
            tenant_version: 10,
            tenant_since: NOW - DAY,
            issuers: vec![(first + 2, KeyState::Active)],
            activators: vec![],
            updaters: vec![],
            snapshotters: vec![],
            tenant: tenant(),
            server: first + 3,
            certificate: ServerCertificate {
                issued_at: at(NOW - DAY),
                expires_at: at(NOW + 20 * DAY),
                public_key: public_key(first + 3),
                tenants: vec![tenant()],
                origins: vec![origin.to_owned()],
                operations: vec!["validate".to_owned()],
            },
            license: license(),
        }
    }

    /// The license, about to be changed: every change is a new version.
    pub(crate) fn next_license(&mut self) -> &mut License {
        self.license.version += 1;
        &mut self.license
    }

    pub(crate) fn root_statements(&self) -> Vec<Vec<u8>> {
        (0..self.roots.len()).map(|at| self.root_statement(at)).collect()
    }

    /// Signed by the set before and by itself.
    fn root_statement(&self, place: usize) -> Vec<u8> {
        let set = &self.roots[place];
        let before = place.checked_sub(1).map(|before| self.roots[before].as_slice()).unwrap_or_default();
        let mut by = [before, set].concat();
        by.sort_unstable();
        by.dedup();
        let root = Root {
            version: place as u64 + 1,
            issued_at: at(NOW - DAY),
            expires_at: at(NOW + 4000 * DAY),
            threshold: set.len(),
            keys: set.iter().map(|seed| public_key(*seed)).collect(),
        };
        signed(&root, &by)
    }

    pub(crate) fn keyset(&self) -> Vec<u8> {
        let record = |(key_use, seed, state): &(KeyUse, Seed, KeyState)| KeyRecord {
            key_use: *key_use,
            public_key: public_key(*seed),
            state: *state,
        };
        let keyset = Keyset {
            version: self.keyset_version,
            issued_at: at(NOW - DAY),
            expires_at: at(self.keyset_until),
            keys: self.keyset_keys.iter().map(record).collect(),
        };
        signed(&keyset, self.roots.last().expect("one set at least"))
    }

    pub(crate) fn tenant_keyset(&self) -> Vec<u8> {
        let record = |key_use| {
            move |(seed, state): &(Seed, KeyState)| KeyRecord {
                key_use,
                public_key: public_key(*seed),
                state: *state,
            }
        };
        let issuers = self.issuers.iter().map(record(KeyUse::Issuer));
        let keyset = TenantKeyset {
            tenant: self.tenant,
            version: self.tenant_version,
            issued_at: at(self.tenant_since),
            expires_at: at(NOW + 400 * DAY),
            keys: issuers
                .chain(self.activators.iter().map(record(KeyUse::Activation)))
                .chain(self.updaters.iter().map(record(KeyUse::Update)))
                .chain(self.snapshotters.iter().map(record(KeyUse::Snapshot)))
                .collect(),
        };
        signed(&keyset, &[self.signing_authority()])
    }

    pub(crate) fn certificate(&self) -> Vec<u8> {
        signed(&self.certificate, &[self.signing_authority()])
    }

    pub(crate) fn license(&self) -> Vec<u8> {
        let active = self.issuers.iter().find(|(_, state)| *state == KeyState::Active);
        signed(&self.license, &[active.expect("one issuer signs").0])
    }

    fn signing_authority(&self) -> Seed {
        let signs = |(key_use, _, state): &&(KeyUse, Seed, KeyState)| {
            *key_use == KeyUse::Authority && *state == KeyState::Active
        };
        self.keyset_keys.iter().find(signs).expect("one authority signs").1
    }

    /// What a build pins today.
    pub(crate) fn trust_json(&self) -> &'static [u8] {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("JSON");
        let chain: Vec<String> =
            self.root_statements().into_iter().chain([self.keyset()]).map(text).collect();
        let roots = self.roots.last().expect("one set at least");
        let keys: Vec<String> = roots.iter().map(|seed| format!("\"{}\"", public_key(*seed))).collect();
        let json = format!(
            r#"{{"roots":[{}],"threshold":{},"root_version":{},"keyset_chain":[{}],"tenant_keyset":{},"tenant":"{}","app":"{}"}}"#,
            keys.join(","),
            roots.len(),
            self.roots.len(),
            chain.join(","),
            text(self.tenant_keyset()),
            self.tenant,
            app(),
        );
        json.into_bytes().leak()
    }

    /// An answer to this question, signed by the server's key.
    pub(crate) fn decision(&self, asked: &SentRequest<'_>, outcome: Outcome, time: u64) -> Vec<u8> {
        let decision = Decision {
            tenant: asked.tenant,
            app: asked.app,
            device_key: asked.device_key,
            operation: asked.operation.clone(),
            request: asked.request,
            nonce: asked.nonce,
            issued_at: at(time),
            outcome,
            devices_used: Some(2),
            max_devices: None,
        };
        signed(&decision, &[self.server])
    }

    /// The outcome that lets a device use the license as it is now.
    pub(crate) fn allowance(&self) -> Outcome {
        Outcome::allowed(self.license.license, id_of(&self.license()))
    }
}

/// A statement's name.
pub(crate) fn id_of(bytes: &[u8]) -> StatementId {
    sealgate_artifact::Carrier::decode(bytes).expect("well formed").envelope.id()
}

fn license() -> License {
    License {
        tenant: tenant(),
        app: app(),
        license: LicenseId::from_bytes([10; 16]),
        version: 1,
        issued_at: at(NOW - DAY),
        not_before: at(NOW - 2 * DAY),
        expires_at: Some(at(NOW + 30 * DAY)),
        tier: Tier::Licensed,
        features: vec![Feature::named("export"), Feature::named("sync")],
        max_devices: MaxDevices::Limited(3),
        limits: vec![],
        variables: vec![],
        licensee: None,
        trial_days: None,
        conditions: Conditions::default(),
    }
}

/// What a verified request asks.
pub(crate) fn asked(request: &Verified<sealgate_artifact::DeviceRequest>) -> SentRequest<'_> {
    SentRequest::new(request.get(), request.id())
}
