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

    /// `spec/keys.md` §7.2: the oldest of `removable` that are past make place until at most `most` are listed, revoked snapshot keys
    /// last: what only such a key listed counts again by its entry alone.
    pub(super) fn make_room(&mut self, most: usize, removable: &[PublicKey]) -> Result<(), AuthorityError> {
        while self.records().len() > most {
            // Whoever signs or will sign stays.
            let is_past = |key: &KeyRow| matches!(key.state, KeyStage::Retired | KeyStage::Revoked);
            let may_go = |key: &KeyRow| is_past(key) && removable.contains(&key.public_key);
            let is_revoked_snapshot =
                |key: &KeyRow| (key.key_use, key.state) == (KeyUse::Snapshot, KeyStage::Revoked);
            let oldest = self
                .keys
                .iter()
                .enumerate()
                .filter(|(_, key)| may_go(key))
                .min_by_key(|(_, key)| (is_revoked_snapshot(key), key.ended_at));
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

    /// With update keys, and the keys of servers.
    fn whole_ring() -> Ring {
        let mut ring = ring();
        ring.rotate(KeyUse::Update, key(101), at(0));
        ring.publish(KeyUse::Update, key(102), KeyStage::Next, at(0));
        for n in 201..=204 {
            ring.publish(KeyUse::Activation, key(n), KeyStage::Active, at(0));
        }
        ring
    }

    fn count(ring: &Ring, key_use: KeyUse, state: KeyStage) -> usize {
        ring.keys.iter().filter(|key| key.key_use == key_use && key.state == state).count()
    }

    #[derive(Debug, Clone)]
    enum Step {
        Rotate(KeyUse),
        Revoke(u8),
        End(u8, KeyStage),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let key_use = || prop::sample::select(vec![KeyUse::Issuer, KeyUse::Update]);
        let key = prop_oneof![0..40u8, 101..140u8, 201..205u8];
        let ended = prop::sample::select(vec![KeyStage::Retired, KeyStage::Revoked]);
        let step = prop_oneof![
            2 => key_use().prop_map(Step::Rotate),
            2 => key.prop_map(Step::Revoke),
            1 => (201..205u8, ended).prop_map(|(key, state)| Step::End(key, state)),
        ];
        prop::collection::vec(step, 1..40)
    }

    proptest! {
        /// Whatever is rotated and revoked: of issuers and update keys one key signs, one is next, each key stands once, none comes
        /// back, and whoever signs had been published in the version before.
        #[test]
        fn one_signs_and_one_is_next(steps in steps()) {
            let mut ring = whole_ring();
            let mut made = [2, 102];
            for (time, step) in (1..).zip(steps) {
                let before: Vec<_> = ring.keys.iter().map(|key| (key.public_key, key.state)).collect();
                let mut fresh = |key_use| {
                    let made = &mut made[usize::from(key_use == KeyUse::Update)];
                    *made += 1;
                    key(*made)
                };
                match step {
                    Step::Rotate(key_use) => ring.rotate(key_use, fresh(key_use), at(time)),
                    Step::Revoke(n) => {
                        let signs = [KeyUse::Issuer, KeyUse::Update].map(|key_use| ring.signing(key_use).ok());
                        let found = ring.keys.iter().find(|row| row.public_key == key(n)).cloned();
                        if let Some(found) = found.filter(|_| !signs.contains(&Some(key(n)))) {
                            let next = (found.state == KeyStage::Next).then(|| fresh(found.key_use));
                            ring.revoke(key(n), next, at(time));
                        }
                    }
                    Step::End(n, state) => {
                        let was = ring.keys.iter().find(|row| row.public_key == key(n)).map(|row| row.state);
                        let is_new = ring.end(key(n), state, at(time));
                        prop_assert_eq!(is_new, was.is_some_and(|was| was != KeyStage::Revoked && was != state));
                    }
                }
                ring.make_room(16, &ring.keys.iter().map(|key| key.public_key).collect::<Vec<_>>()).ok();
                for key_use in [KeyUse::Issuer, KeyUse::Update] {
                    let one_of = |state| count(&ring, key_use, state);
                    prop_assert_eq!((one_of(KeyStage::Active), one_of(KeyStage::Next)), (1, 1));
                    let signing = ring.signing(key_use).expect("one signs");
                    prop_assert!(before.iter().any(|(key, _)| *key == signing), "published before");
                }
                let mut once: Vec<_> = ring.keys.iter().map(|key| *key.public_key.as_bytes()).collect();
                once.sort_unstable();
                once.dedup();
                prop_assert_eq!(once.len(), ring.keys.len(), "each stands once");
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
        ring.publish(KeyUse::Snapshot, key(103), KeyStage::Revoked, at(0));
        ring.make_room(16, &[key(5), key(103)]).expect("room");
        ring.publish(KeyUse::Issuer, key(18), KeyStage::Active, at(18));
        ring.make_room(16, &[key(103)]).expect("room");
        assert_eq!(ring.dropped, [key(3), key(5), key(103)], "a revoked snapshot key last");
    }
}
