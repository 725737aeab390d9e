//! From pinned roots to today's roots (`spec/keys.md` §4.2).

use std::cmp::Ordering;

use sealgate_artifact::{Kind, PublicKey, Root, StatementId, UnixSeconds, Unverified, limits};

use crate::memory::{Fact, Maximum};
use crate::verify::{admit_key, admit_keys};
use crate::{KeyWindow, Signers, TrustError, Verified, verify, window};

/// The root keys that a program or a person trusts from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    keys: Vec<PublicKey>,
    threshold: usize,
    version: Option<u64>,
}

impl Roots {
    /// Pins root keys, `threshold` of which must sign: at least one (`spec/keys.md` §4.5).
    ///
    /// `version` is the version of the root statement that names these keys. Programs pin it. A person who types keys does
    /// not know it.
    pub fn pin(keys: Vec<PublicKey>, threshold: usize, version: Option<u64>) -> Result<Self, TrustError> {
        if threshold == 0 {
            return Err(TrustError::ThresholdZero);
        }
        let keys = admit_keys(&[], keys.into_iter())?;
        Ok(Self { keys, threshold, version })
    }

    /// Follows the root statements from the pinned set to the last.
    pub(crate) fn follow(
        &self,
        statements: &[Vec<u8>],
        remembered: Option<&Maximum>,
        now: UnixSeconds,
    ) -> Result<RootTrust, TrustError> {
        if statements.len() > limits::ROOT_STATEMENTS {
            return Err(TrustError::ChainTooLong);
        }
        let remembered = remembered.filter(|m| m.stands(&self.keys, self.threshold));
        let mut follower = Follower { pinned: self, last: None, seen: self.keys.clone(), remembered };
        for statement in statements {
            follower.step(&Unverified::decode(statement)?)?;
        }
        let last = follower.last.ok_or(TrustError::RootUnknown)?;
        let root = last.get();
        window::check(KeyWindow::Root, root.issued_at, root.expires_at, now)?;
        let fact = Fact { version: root.version, statement: last.id(), raised_by: follower.seen.clone() };
        fact.against(remembered)?;
        Ok(RootTrust { last, seen: follower.seen, fact })
    }

    /// Only chooses where to begin. Nothing in the statement is believed yet.
    fn are_claimed_by(&self, root: &Root) -> bool {
        root.threshold == self.threshold
            && root.keys.len() == self.keys.len()
            && self.keys.iter().all(|key| root.keys.contains(key))
            && self.version.is_none_or(|version| version == root.version)
    }
}

/// Follows root statements alone, for a caller that has no keyset (`spec/keys.md` §4.2).
pub fn verify_roots(
    pinned: &Roots,
    statements: &[Vec<u8>],
    now: UnixSeconds,
) -> Result<Verified<Root>, TrustError> {
    pinned.follow(statements, None, now).map(|trust| trust.last)
}

/// What the root statements led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RootTrust {
    pub(crate) last: Verified<Root>,
    /// Every root key from the pinned set to the last statement's.
    pub(crate) seen: Vec<PublicKey>,
    pub(crate) fact: Fact,
}

impl RootTrust {
    pub(crate) fn keyset_signers(&self) -> Signers {
        signers(Kind::Keyset, self.last.get())
    }
}

struct Follower<'a> {
    pinned: &'a Roots,
    last: Option<Verified<Root>>,
    seen: Vec<PublicKey>,
    remembered: Option<&'a Maximum>,
}

impl Follower<'_> {
    fn step(&mut self, claim: &Unverified<Root>) -> Result<(), TrustError> {
        let claimed = claim.danger_peek()?;
        let next = match &self.last {
            None if !self.pinned.are_claimed_by(&claimed) => return Ok(()),
            None => {
                let pinned = self.pinned;
                verify(claim, &Signers::new(Kind::Root, pinned.keys.clone(), pinned.threshold))?
            }
            Some(last) => {
                is_next(last, claimed.version, claim.envelope().id())?;
                // spec/keys.md §4.2: N's signers first; only then are the keys it names looked at.
                let of_last = last.get().keys.clone();
                let by_last = verify(claim, &signers(Kind::Root, last.get()))?;
                self.admit(by_last.get(), &of_last)?;
                verify(claim, &signers(Kind::Root, by_last.get()))?
            }
        };
        self.compare(&next)?;
        self.last = Some(next);
        Ok(())
    }

    /// `spec/keys.md` §2.1 and §6.3: every key is sound and listed once, and a key that left does not return.
    fn admit(&mut self, root: &Root, of_last: &[PublicKey]) -> Result<(), TrustError> {
        for (at, key) in root.keys.iter().enumerate() {
            let has_left = self.seen.contains(key) && !of_last.contains(key);
            admit_key(if has_left { &self.seen } else { &root.keys[..at] }, *key)?;
        }
        let new: Vec<PublicKey> = root.keys.iter().filter(|key| !self.seen.contains(key)).copied().collect();
        self.seen.extend(new);
        Ok(())
    }

    /// `spec/keys.md` §4.7: the statement that was accepted before must be among those that are followed.
    fn compare(&self, next: &Verified<Root>) -> Result<(), TrustError> {
        match self.remembered {
            Some(m) if m.version == next.get().version && m.statement != next.id() => {
                Err(TrustError::Equivocation)
            }
            _ => Ok(()),
        }
    }
}

fn is_next(last: &Verified<Root>, version: u64, id: StatementId) -> Result<(), TrustError> {
    let of_last = last.get().version;
    match version.cmp(&of_last) {
        Ordering::Less => Err(TrustError::VersionRollback),
        Ordering::Equal if id == last.id() => Err(TrustError::VersionRollback),
        Ordering::Equal => Err(TrustError::Equivocation),
        Ordering::Greater if version == of_last + 1 => Ok(()),
        Ordering::Greater => Err(TrustError::VersionGap),
    }
}

fn signers(kind: Kind, root: &Root) -> Signers {
    Signers::new(kind, root.keys.clone(), root.threshold)
}
