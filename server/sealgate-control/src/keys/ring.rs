//! The keys of one scope and what becomes of them. Decides; stores nothing.

use sealgate_artifact::{Code, KeyRecord, KeyState, KeyUse, PublicKey, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{KeyRow, KeyScope, KeyStage};

/// Every key of a scope, the longest published first.
#[derive(Debug, Clone)]
pub(super) struct Ring {
    pub(super) scope: KeyScope,
    pub(super) keys: Vec<KeyRow>,
    /// Keys that left the ring, to be forgotten.
    pub(super) dropped: Vec<PublicKey>,
}

impl Ring {
    /// The keys of a scope.
    pub(super) fn new(scope: KeyScope, keys: Vec<KeyRow>) -> Self {
        Self { scope, keys, dropped: vec![] }
    }

    /// The key of that use that signs now.
    pub(super) fn signing(&self, key_use: KeyUse) -> Result<PublicKey, AuthorityError> {
        let signs = |key: &&KeyRow| key.key_use == key_use && key.state == KeyStage::Active;
        let found = self.keys.iter().find(signs).map(|key| key.public_key);
        found.ok_or(AuthorityError::Refused(Code::KeyMissing))
    }

    /// The key that signs after the next rotation, if one was published.
    pub(super) fn next(&self, key_use: KeyUse) -> Option<PublicKey> {
        let mut next = self.keys.iter().filter(|key| key.key_use == key_use && key.state == KeyStage::Next);
        next.next().map(|key| key.public_key)
    }

    /// `spec/keys.md` §7.1: the next key signs, the former one retires, `fresh` is published. A use without a published
    /// next key, as the roots, gets `fresh` as the signing one.
    pub(super) fn rotate(&mut self, key_use: KeyUse, fresh: PublicKey, now: UnixSeconds) {
        let mut fresh_signs = true;
        for key in self.keys.iter_mut().filter(|key| key.key_use == key_use) {
            match key.state {
                KeyStage::Active => (key.state, key.ended_at) = (KeyStage::Retired, Some(now)),
                KeyStage::Next => (key.state, fresh_signs) = (KeyStage::Active, false),
                _ => {}
            }
        }
        let state = if fresh_signs { KeyStage::Active } else { KeyStage::Next };
        self.publish(key_use, fresh, state, now);
    }

    /// Ends a key that does not sign any more. One that had not begun to is replaced by `fresh`.
    pub(super) fn revoke(&mut self, revoked: PublicKey, fresh: Option<PublicKey>, now: UnixSeconds) {
        let Some(key) = self.keys.iter_mut().find(|key| key.public_key == revoked) else { return };
        let was_next = key.state == KeyStage::Next;
        (key.state, key.ended_at) = (KeyStage::Revoked, Some(now));
        let key_use = key.key_use;
        if let (true, Some(fresh)) = (was_next, fresh) {
            self.publish(key_use, fresh, KeyStage::Next, now);
        }
    }

    /// Whether that key is in the ring, in whatever state.
    pub(super) fn lists(&self, key: PublicKey) -> bool {
        self.keys.iter().any(|row| row.public_key == key)
    }

    /// Retires or revokes a key that signs no more. One that was revoked stays so. Says whether that is new.
    pub(super) fn end(&mut self, ended: PublicKey, state: KeyStage, now: UnixSeconds) -> bool {
        let Some(key) = self.keys.iter_mut().find(|key| key.public_key == ended) else { return false };
        if key.state == KeyStage::Revoked || key.state == state {
            return false;
        }
        (key.state, key.ended_at) = (state, Some(now));
        true
    }

    /// `spec/keys.md` §7.2: the oldest of `removable` that are past make place until at most `most` are listed.
    pub(super) fn make_room(&mut self, most: usize, removable: &[PublicKey]) -> Result<(), AuthorityError> {
        while self.records().len() > most {
            // Whoever signs or will sign stays.
            let is_past = |key: &KeyRow| matches!(key.state, KeyStage::Retired | KeyStage::Revoked);
            let may_go = |key: &KeyRow| is_past(key) && removable.contains(&key.public_key);
            let oldest = self
                .keys
                .iter()
                .enumerate()
                .filter(|(_, key)| may_go(key))
                .min_by_key(|(_, key)| key.ended_at);
            let (at, _) = oldest.ok_or(AuthorityError::Refused(Code::KeysetFull))?;
            self.dropped.push(self.keys.remove(at).public_key);
        }
        Ok(())
    }

    /// What a keyset says of this ring. Roots stand in root statements only.
    pub(super) fn records(&self) -> Vec<KeyRecord> {
        let listed = self.keys.iter().filter(|key| key.key_use != KeyUse::Root);
        let record = |key: &KeyRow| KeyRecord {
            key_use: key.key_use,
            public_key: key.public_key,
            state: match key.state {
                KeyStage::Next | KeyStage::Active => KeyState::Active,
                KeyStage::Retired => KeyState::Retired,
                KeyStage::Revoked => KeyState::Revoked,
            },
        };
        listed.map(record).collect()
    }

    /// Adds a key.
    pub(super) fn publish(
        &mut self,
        key_use: KeyUse,
        public_key: PublicKey,
        state: KeyStage,
        now: UnixSeconds,
    ) {
        let scope = self.scope;
        self.keys.push(KeyRow { public_key, key_use, scope, state, published_at: now, ended_at: None });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{KeyUse, PublicKey, TenantId, UnixSeconds};
    use sealgate_store::table::{KeyScope, KeyStage};

    use super::Ring;

    fn key(n: u8) -> PublicKey {
        PublicKey::from_bytes([n; 32])
    }

    fn at(n: u64) -> UnixSeconds {
        UnixSeconds::new(n).expect("in range")
    }

    fn ring() -> Ring {
        let mut ring = Ring::new(KeyScope::Tenant(TenantId::from_bytes([0; 16])), vec![]);
        ring.rotate(KeyUse::Issuer, key(1), at(0));
        ring.publish(KeyUse::Issuer, key(2), KeyStage::Next, at(0));
        ring
    }

    fn count(ring: &Ring, state: KeyStage) -> usize {
        ring.keys.iter().filter(|key| key.state == state).count()
    }

    proptest! {
        /// Whatever is rotated and revoked: one key signs, one is next, each key stands once, none comes back, and whoever
        /// signs had been published in the version before.
        #[test]
        fn one_signs_and_one_is_next(steps in prop::collection::vec(prop::option::of(0..40u8), 1..40)) {
            let mut ring = ring();
            let mut fresh = 2;
            for (time, step) in (1..).zip(steps) {
                let before: Vec<_> = ring.keys.iter().map(|key| (key.public_key, key.state)).collect();
                fresh += 1;
                match step {
                    None => ring.rotate(KeyUse::Issuer, key(fresh), at(time)),
                    Some(n) if ring.signing(KeyUse::Issuer).ok() != Some(key(n)) => {
                        ring.revoke(key(n), Some(key(fresh)), at(time));
                    }
                    Some(_) => {}
                }
                ring.make_room(16, &ring.keys.iter().map(|key| key.public_key).collect::<Vec<_>>()).ok();
                prop_assert_eq!((count(&ring, KeyStage::Active), count(&ring, KeyStage::Next)), (1, 1));
                let signing = ring.signing(KeyUse::Issuer).expect("one signs");
                prop_assert!(before.iter().any(|(key, _)| *key == signing), "published before");
                for (key, state) in before {
                    let now = ring.keys.iter().find(|row| row.public_key == key).map(|row| row.state);
                    let ended = matches!(state, KeyStage::Retired | KeyStage::Revoked);
                    prop_assert!(!ended || !matches!(now, Some(KeyStage::Active | KeyStage::Next)), "came back");
                    let is_dark = matches!(now, None | Some(KeyStage::Revoked));
                    prop_assert!(state != KeyStage::Revoked || is_dark, "revoked forever");
                }
            }
        }
    }

    #[test]
    fn a_full_ring_drops_only_what_may_go() {
        let mut ring = ring();
        for n in 3..=17 {
            ring.rotate(KeyUse::Issuer, key(n), at(n.into()));
        }
        assert_eq!(ring.records().len(), 17);
        assert!(ring.clone().make_room(16, &[]).is_err());
        assert!(ring.clone().make_room(16, &[key(16), key(17)]).is_err(), "signing and next stay");
        ring.make_room(16, &[key(5), key(3)]).expect("room");
        assert_eq!(ring.dropped, [key(3)], "the one that retired first");
    }
}
