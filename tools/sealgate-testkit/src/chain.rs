//! A license with its chain, and our own verifier to set beside other people's.

use sealgate_artifact::{AppId, PublicKey, TenantId, UnixSeconds};
use sealgate_trust::{Accepted, ChainBytes, Roots, TenantTrust, TrustError, verify_license};
use sealgate_wire::Trust;
use serde_json::value::RawValue;

/// What a verifier of one license is given: envelopes as bytes that a test may spoil, and what is pinned.
#[derive(Debug, Clone)]
pub struct Chain {
    /// The root statements' envelopes, oldest first.
    pub root_statements: Vec<Vec<u8>>,
    /// The keyset's envelope.
    pub keyset: Vec<u8>,
    /// The tenant keyset's envelope.
    pub tenant_keyset: Vec<u8>,
    /// The license's envelope.
    pub license: Vec<u8>,
    /// The pinned root keys, base64.
    pub roots: Vec<String>,
    threshold: usize,
    root_version: u64,
    tenant: String,
    app: String,
}

impl Chain {
    /// Takes apart a trust.json (`spec/keys.md` §6) and sets a license file beside it.
    pub(crate) fn new(trust: &[u8], license: Vec<u8>) -> Self {
        let trust: Trust = serde_json::from_slice(trust).expect("a trust.json");
        let bytes = |envelope: &RawValue| envelope.get().as_bytes().to_vec();
        let (keyset, root_statements) =
            trust.keyset_chain.split_last().expect("a chain ends with the keyset");
        Self {
            root_statements: root_statements.iter().map(|root| bytes(root)).collect(),
            root_version: trust.root_version,
            keyset: bytes(keyset),
            tenant_keyset: trust.tenant_keyset.get().as_bytes().to_vec(),
            license,
            roots: trust.roots,
            threshold: trust.threshold,
            tenant: trust.tenant,
            app: trust.app,
        }
    }

    /// The same statements as a build sees them that pins what `other` does.
    #[must_use]
    pub fn pinned_as(&self, other: &Self) -> Self {
        let (roots, threshold, root_version) = (other.roots.clone(), other.threshold, other.root_version);
        Self { roots, threshold, root_version, ..self.clone() }
    }

    /// Our own verdict at this time, in Unix seconds: the ids of keyset, tenant keyset and license, or the stable code.
    pub fn judge(&self, now: u64) -> Result<[String; 3], String> {
        self.verify(UnixSeconds::new(now).expect("a time before the year 10000"))
            .map_err(|e| e.code().to_string())
    }

    fn verify(&self, now: UnixSeconds) -> Result<[String; 3], TrustError> {
        let root = |text: &String| PublicKey::parse(text).expect("a public key");
        let roots =
            Roots::pin(self.roots.iter().map(root).collect(), self.threshold, Some(self.root_version))?;
        let tenant = TenantId::parse(&self.tenant).expect("an identifier");
        let app = AppId::parse(&self.app).expect("an identifier");
        let chain = ChainBytes {
            roots: self.root_statements.clone(),
            keyset: self.keyset.clone(),
            tenant_keyset: self.tenant_keyset.clone(),
        };
        let trust = TenantTrust::verify(&roots, &chain, Some(tenant), &Accepted::default(), now)?;
        let license = verify_license(&trust, &self.license, Some(app))?;
        Ok([trust.keyset().id(), trust.tenant_keyset().id(), license.id()].map(|id| id.to_string()))
    }
}
