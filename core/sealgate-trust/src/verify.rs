//! The one function that turns a claim into something believed.

use sealgate_artifact::{Envelope, KeyRecord, KeyState, Kind, PublicKey, Statement, StatementId, Unverified};

use crate::{TrustError, ed25519};

/// A statement that a rule may use. Only [`verify`] makes one, after it checked the signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T> {
    statement: T,
    id: StatementId,
    signed_by: Vec<PublicKey>,
}

impl<T> Verified<T> {
    /// The only constructor. Called once, at the end of [`verify`].
    fn assertion(statement: T, id: StatementId, signed_by: Vec<PublicKey>) -> Self {
        Self { statement, id, signed_by }
    }

    /// What the statement says.
    pub fn get(&self) -> &T {
        &self.statement
    }

    /// The statement's name.
    pub fn id(&self) -> StatementId {
        self.id
    }

    /// The distinct keys whose signatures counted.
    pub fn signed_by(&self) -> &[PublicKey] {
        &self.signed_by
    }
}

/// The signers that may speak for one kind, and how many of them must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signers {
    kind: Kind,
    keys: Vec<PublicKey>,
    threshold: usize,
    /// Keys of the same use that sign nothing any more. They are asked for words only.
    revoked: Vec<PublicKey>,
}

impl Signers {
    /// Signers of `kind` out of a keyset: those whose use fits and who were not revoked.
    pub(crate) fn of_keyset(kind: Kind, records: &[KeyRecord]) -> Self {
        let of_use = records.iter().filter(|r| r.key_use == kind.signing_use());
        let (revoked, keys): (Vec<&KeyRecord>, Vec<_>) = of_use.partition(|r| r.state == KeyState::Revoked);
        let public = |list: Vec<&KeyRecord>| list.into_iter().map(|r| r.public_key).collect();
        Self { revoked: public(revoked), ..Self::new(kind, public(keys), 1) }
    }

    /// Signers of `kind`. The keys were admitted by [`admit_keys`].
    pub(crate) fn new(kind: Kind, keys: Vec<PublicKey>, threshold: usize) -> Self {
        Self { kind, keys, threshold, revoked: vec![] }
    }

    pub(crate) fn keys(&self) -> &[PublicKey] {
        &self.keys
    }
}

/// `spec/keys.md` §2.1 and §2.3: every key is sound, has one use and is listed once, whatever its state. `known` are the
/// keys of the levels above.
pub(crate) fn admit_keys(
    known: &[PublicKey],
    keys: impl Iterator<Item = PublicKey>,
) -> Result<Vec<PublicKey>, TrustError> {
    let mut all = known.to_vec();
    for key in keys {
        admit_key(&all, key)?;
        all.push(key);
    }
    Ok(all)
}

/// The same for one key.
pub(crate) fn admit_key(known: &[PublicKey], key: PublicKey) -> Result<(), TrustError> {
    ed25519::check_key(&key)?;
    if known.contains(&key) { Err(TrustError::KeyDuplicate(key)) } else { Ok(()) }
}

/// Believes a statement, or says why not. The same at every level of the chain (`spec/envelope.md` §5):
/// signatures of the expected signers over the bytes as received, *then* the payload, once.
pub fn verify<T: Statement>(claim: &Unverified<T>, signers: &Signers) -> Result<Verified<T>, TrustError> {
    if signers.kind != T::KIND {
        return Err(TrustError::SignatureInvalid);
    }
    let envelope = claim.envelope();
    let message = envelope.signed_bytes();
    // spec/envelope.md §5.3: signers are counted, not signatures; a key id is not even looked at. A signature is of one
    // key only, because Ed25519 signs the key too: what counted for one need not be tried for the others.
    let mut left: Vec<_> = envelope.signatures().iter().collect();
    let signed = |key: &&PublicKey| {
        let of_key = left.iter().position(|s| ed25519::verify(key, &message, &s.sig));
        of_key.map(|at| left.swap_remove(at)).is_some()
    };
    let signed_by: Vec<PublicKey> = signers.keys.iter().filter(signed).copied().collect();
    match signed_by.len() {
        0 => Err(unsigned(envelope, signers)),
        valid if valid < signers.threshold => {
            Err(TrustError::ThresholdNotMet { valid, threshold: signers.threshold })
        }
        _ => {
            let statement = T::from_payload(envelope.payload(), claim.attachments())?;
            Ok(Verified::assertion(statement, envelope.id(), signed_by))
        }
    }
}

/// `spec/envelope.md` §5.4: hints prove nothing, so they choose the words and not the code.
fn unsigned(envelope: &Envelope, signers: &Signers) -> TrustError {
    let is_named = |key: &PublicKey| {
        let id = key.id(signers.kind.signing_use()).to_string();
        envelope.signatures().iter().any(|signature| signature.keyid == id)
    };
    if signers.keys.iter().any(is_named) {
        TrustError::SignatureInvalid
    } else if signers.revoked.iter().any(is_named) {
        TrustError::SignerRevoked
    } else {
        TrustError::SignerUnknown
    }
}
