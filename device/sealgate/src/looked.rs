//! What is looked up in revocation data, and what is found.

use sealgate_artifact::{
    ActivationProof, Bundle, License, LicenseId, PublicKey, StatementId, UnixSeconds, Unverified,
};
use sealgate_rules::ShardSays;
use sealgate_trust::Verified;

/// What a device holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeldStatement {
    /// A license.
    License,
    /// An activation proof.
    Proof,
    /// A bundle for machines without a network.
    Bundle,
}

impl HeldStatement {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::License => "license",
            Self::Proof => "proof",
            Self::Bundle => "bundle",
        }
    }
}

/// A statement that can be taken back, and its slot, where it has one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) what: HeldStatement,
    pub(crate) id: StatementId,
    /// Of which license it is.
    pub(crate) license: LicenseId,
    pub(crate) number: Option<u64>,
    /// When somebody vouched for it last who is no shard: its issuer, or a server that admitted the device with it.
    pub(crate) vouched_at: UnixSeconds,
}

impl Slot {
    pub(crate) fn of_license(license: &Verified<License>) -> Self {
        Self::of_terms(HeldStatement::License, license.id(), license.get())
    }

    pub(crate) fn of_bundle(bundle: &Verified<Bundle>) -> Self {
        Self::of_terms(HeldStatement::Bundle, bundle.id(), &bundle.get().terms)
    }

    /// Of a statement that has these terms.
    pub(crate) fn of_terms(what: HeldStatement, id: StatementId, terms: &License) -> Self {
        let (number, vouched_at) = (terms.conditions.slot, terms.issued_at);
        Self { what, id, license: terms.license, number, vouched_at }
    }

    /// Of a proof that was just verified. `None` for what is none.
    pub(crate) fn of_proof(proof: &[u8]) -> Option<Self> {
        let claim = Unverified::<ActivationProof>::decode(proof).ok()?;
        let said = claim.danger_peek().ok()?;
        let (id, vouched_at) = (claim.envelope().id(), said.issued_at);
        let license = said.license;
        Some(Self { what: HeldStatement::Proof, id, license, number: said.slot, vouched_at })
    }

    /// The same once a server said yes to it.
    pub(crate) fn admitted(self, at: UnixSeconds) -> Self {
        Self { vouched_at: self.vouched_at.max(at), ..self }
    }
}

/// A statement that was taken back, and the keys of the shards that say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) what: HeldStatement,
    pub(crate) id: StatementId,
    pub(crate) keys: Vec<PublicKey>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Looked {
    /// What the newest shard of the license's block says; `None` where none is held.
    pub(crate) says: Option<ShardSays>,
    /// Those that were taken back.
    pub(crate) listed: Vec<Listed>,
    /// Those that were looked up, and were not.
    pub(crate) seen: Vec<Seen>,
    /// Whether one of them could not be looked up and may be listed (`spec/revocation.md` §5.5, §5.6).
    pub(crate) is_unseen: bool,
    /// Why revocation data that was taken over before is not there, or not to be believed.
    pub(crate) missing: Option<String>,
    /// Keys by which something was remembered as listed, and that were revoked since, and when the keyset was signed that says so.
    pub(crate) revoked_keys: Option<(Vec<PublicKey>, UnixSeconds)>,
}

impl Looked {
    pub(crate) fn is_revoked(&self) -> bool {
        !self.listed.is_empty()
    }

    /// Whether there is nothing to remember.
    pub(crate) fn is_nothing(&self) -> bool {
        self.listed.is_empty() && self.seen.is_empty() && self.revoked_keys.is_none()
    }
}

/// A statement that was looked up in a shard that does not list it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) statement: StatementId,
    pub(crate) shard: StatementId,
}
