//! An authority whose roots change at random, and a thief with whatever keys have left.

use std::collections::BTreeSet;

use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use sealgate_artifact::{
    KeyId, KeyRecord, KeyState, KeyUse, Keyset, PublicKey, Root, Statement, TenantId, TenantKeyset,
    UnixSeconds,
};
use sealgate_trust::{Message, SignError, Signer, sign_statement};

/// A private key, by the number that its seed repeats.
pub(crate) type Seed = u8;
/// Neither a root nor ever one.
pub(crate) const STRANGER: Seed = 255;
pub(crate) const AUTHORITY: Seed = 254;

/// The root sets of an authority, oldest first. Keys are numbered in the order in which they join.
#[derive(Debug, Clone)]
pub(crate) struct History(pub(crate) Vec<RootSet>);

/// The roots of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RootSet {
    pub(crate) keys: BTreeSet<Seed>,
    pub(crate) threshold: usize,
}

impl RootSet {
    pub(crate) fn public_keys(&self) -> Vec<PublicKey> {
        self.keys.iter().map(|seed| public_key(*seed)).collect()
    }
}

/// Begins with one to three roots; in each step some leave and some join, and a key that left stays away.
pub(crate) fn histories() -> impl Strategy<Value = History> {
    let step = (prop::collection::vec(any::<bool>(), 6), 0..3usize, any::<prop::sample::Index>());
    (1..4u8, prop::collection::vec(step, 1..6)).prop_map(|(roots, steps)| {
        let mut next = roots + 1;
        let mut sets = vec![RootSet { keys: (1..=roots).collect(), threshold: usize::from(roots) / 2 + 1 }];
        for (leaves, joins, threshold) in steps {
            let last = &sets[sets.len() - 1].keys;
            let stays = last.iter().zip(&leaves).filter(|(_, leaves)| !**leaves).map(|(seed, _)| *seed);
            let mut keys: BTreeSet<Seed> = stays.collect();
            let joins = if keys.is_empty() { joins + 1 } else { joins };
            for _ in 0..joins {
                keys.insert(next);
                next += 1;
            }
            let threshold = threshold.index(keys.len()) + 1;
            sets.push(RootSet { keys, threshold });
        }
        History(sets)
    })
}

impl History {
    /// The root statement of each set, signed by everybody who is in it or was in the one before.
    pub(crate) fn statements(&self) -> Vec<Vec<u8>> {
        (0..self.0.len())
            .map(|at| {
                let before = at.checked_sub(1).map(|before| &self.0[before].keys);
                let by = self.0[at].keys.iter().chain(before.into_iter().flatten());
                stated(at as u64 + 1, &self.0[at], &by.copied().collect())
            })
            .collect()
    }

    /// Every key that is in no set from this one on.
    pub(crate) fn left_before(&self, at: usize) -> BTreeSet<Seed> {
        let all = self.0.iter().flat_map(|set| &set.keys).copied().chain([STRANGER]);
        all.filter(|seed| self.0[at..].iter().all(|set| !set.keys.contains(seed))).collect()
    }
}

/// A root statement of this set.
pub(crate) fn stated(version: u64, set: &RootSet, by: &BTreeSet<Seed>) -> Vec<u8> {
    let (issued_at, expires_at) = window();
    let root = Root { version, issued_at, expires_at, threshold: set.threshold, keys: set.public_keys() };
    signed(&root, by)
}

/// A keyset with one authority, signed by these roots.
pub(crate) fn keyset(version: u64, by: &BTreeSet<Seed>) -> Vec<u8> {
    keyset_with(version, vec![], by)
}

/// The same with more entries behind the authority's.
pub(crate) fn keyset_with(version: u64, more: Vec<KeyRecord>, by: &BTreeSet<Seed>) -> Vec<u8> {
    let (issued_at, expires_at) = window();
    let keys = [vec![active(KeyUse::Authority, AUTHORITY)], more].concat();
    signed(&Keyset { version, issued_at, expires_at, keys }, by)
}

/// A tenant keyset without keys: nothing below it matters here.
pub(crate) fn tenant_keyset() -> Vec<u8> {
    tenant_keyset_with(vec![])
}

/// The same with these entries.
pub(crate) fn tenant_keyset_with(keys: Vec<KeyRecord>) -> Vec<u8> {
    tenant_keyset_of(TenantId::from_bytes([7; 16]), 1, keys)
}

/// The same of this tenant and version.
pub(crate) fn tenant_keyset_of(tenant: TenantId, version: u64, keys: Vec<KeyRecord>) -> Vec<u8> {
    let (issued_at, expires_at) = window();
    let keyset = TenantKeyset { tenant, version, issued_at, expires_at, keys };
    signed(&keyset, &BTreeSet::from([AUTHORITY]))
}

/// A time at which everything here holds.
pub(crate) fn now() -> UnixSeconds {
    UnixSeconds::new(1_800_000_000).expect("in range")
}

fn window() -> (UnixSeconds, UnixSeconds) {
    (now(), now().plus(3600))
}

fn active(key_use: KeyUse, seed: Seed) -> KeyRecord {
    KeyRecord { key_use, public_key: public_key(seed), state: KeyState::Active }
}

pub(crate) fn public_key(seed: Seed) -> PublicKey {
    PublicKey::from_bytes(SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes())
}

/// Holds these private keys, each for every use.
struct Ring<'a>(&'a BTreeSet<Seed>);

impl Signer for Ring<'_> {
    fn generate(&self, _: KeyUse) -> Result<PublicKey, SignError> {
        Err(SignError::Storage("its keys are given".to_owned()))
    }

    fn sign(&self, key: KeyId, message: Message<'_>) -> Result<[u8; 64], SignError> {
        let named = |seed: &&Seed| public_key(**seed).id(message.signing_use()) == key;
        let seed = self.0.iter().find(named).ok_or(SignError::KeyMissing(key))?;
        Ok(signature(*seed, &message.to_bytes()))
    }

    fn check(&self, _: KeyId) -> Result<(), SignError> {
        Ok(())
    }
}

pub(crate) fn signature(by: Seed, message: &[u8]) -> [u8; 64] {
    SigningKey::from_bytes(&[by; 32]).sign(message).to_bytes()
}

/// A statement under the signatures of these keys, as the vendor's side makes it.
pub(crate) fn signed<T: Statement>(statement: &T, by: &BTreeSet<Seed>) -> Vec<u8> {
    let keys: Vec<PublicKey> = by.iter().map(|seed| public_key(*seed)).collect();
    sign_statement(&Ring(by), statement, &keys).expect("well formed").encode()
}
