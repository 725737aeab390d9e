//! A license with its chain, and our own verifier to set beside other people's.

use sealgate_artifact::{PublicKey, UnixSeconds};
use sealgate_trust::{Accepted, ChainBytes, Policies, TrustError, TrustFile, verify_license};

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
    pinned: TrustFile,
}

impl Chain {
    /// Takes apart a trust.json (`spec/keys.md` §6) and sets a license file beside it.
    pub(crate) fn new(trust: &[u8], license: Vec<u8>) -> Self {
        let pinned = TrustFile::parse(trust).expect("a trust.json");
        let ChainBytes { roots, keyset, tenant_keyset } = pinned.chain.clone();
        Self {
            root_statements: roots,
            keyset,
            tenant_keyset,
            license,
            roots: pinned.roots.iter().map(ToString::to_string).collect(),
            pinned,
        }
    }

    /// The same statements as a build sees them that pins what `other` does.
    #[must_use]
    pub fn pinned_as(&self, other: &Self) -> Self {
        Self { roots: other.roots.clone(), pinned: other.pinned.clone(), ..self.clone() }
    }

    /// Our own verdict at this time, in Unix seconds: the ids of keyset, tenant keyset and license, or the stable code.
    pub fn judge(&self, now: u64) -> Result<[String; 3], String> {
        self.verify(UnixSeconds::new(now).expect("a time before the year 10000"))
            .map_err(|e| e.code().to_string())
    }

    fn verify(&self, now: UnixSeconds) -> Result<[String; 3], TrustError> {
        let chain = ChainBytes {
            roots: self.root_statements.clone(),
            keyset: self.keyset.clone(),
            tenant_keyset: self.tenant_keyset.clone(),
        };
        let roots = self.roots.iter().map(|root| PublicKey::parse(root).expect("a public key")).collect();
        let file = TrustFile { roots, chain, ..self.pinned.clone() };
        let trust = file.verify(&Accepted::default(), now)?;
        let license = verify_license(&trust, &self.license, Some(file.app), Policies::Known)?;
        Ok([trust.keyset().id(), trust.tenant_keyset().id(), license.id()].map(|id| id.to_string()))
    }
}
