//! After a database came back older: its keysets go on from those that a snapshot has (`spec/revocation.md` §7.9).

use sealgate_artifact::{Code, Envelope, KeyRecord, KeyState, KeyUse, PublicKey, StatementId};
use sealgate_authority::{AuthorityError, broken};
use sealgate_store::table::{self, KeyRow, KeyScope, KeyStage, keysets};
use sealgate_trust::TenantTrust;
use serde_json::json;

use super::change::{Change, KeyChanges};
use super::ring::Ring;
use crate::Caller;

/// One that signs may have been retired, and the one after it. Who follows then is not in the database.
const ROTATIONS: usize = 2;
/// The keys of a tenant that rotate.
const TENANTS: [KeyUse; 3] = [KeyUse::Issuer, KeyUse::Update, KeyUse::Snapshot];

/// What became of keys, each by its id.
#[derive(Default)]
pub(crate) struct CarriedOn {
    /// They signed and sign no more, or the database did not know them.
    pub(crate) retired: Vec<String>,
    /// The database did not know them.
    pub(crate) revoked: Vec<String>,
    /// There is no room for them.
    pub(crate) without_room: Vec<String>,
}

impl KeyChanges {
    /// Retires the keys that these verified keysets list as retired, and publishes keysets that follow them and list what the database
    /// does not know. What was done stands in `came`.
    pub(super) async fn carry_on(
        &self,
        caller: &Caller,
        trust: &TenantTrust,
        came: &mut CarriedOn,
    ) -> Result<(), AuthorityError> {
        {
            let _turn = self.turn(KeyUse::Authority, caller.tenant).await?;
            let (scope, said) = (KeyScope::Installation, trust.keyset());
            self.retire(caller, KeyUse::Authority, &said.get().keys, came).await?;
            let lost = self.lost(scope, &said.get().keys).await?;
            if !lost.is_empty() || self.is_behind(scope, (said.get().version, said.id())).await? {
                let prepare = || self.prepare_keyset(caller, said.get().version, &lost);
                self.publish(caller, KeyUse::Authority, prepare).await?;
            }
            self.tell_lost(scope, &lost, came).await?;
        }
        let _turn = self.turn(KeyUse::Issuer, caller.tenant).await?;
        let (scope, said) = (KeyScope::Tenant(caller.tenant), trust.tenant_keyset());
        let (version, keys) = (said.get().version, &said.get().keys);
        for key_use in TENANTS {
            self.retire(caller, key_use, keys, came).await?;
        }
        // Whatever was published since: versions do not say what the database forgot.
        let lost = self.lost(scope, keys).await?;
        if !lost.is_empty() && self.is_over(said.signed_by()).await? {
            // Whoever stole an authority's key would have keys of their own listed.
            return Err(AuthorityError::Refused(Code::SignatureInvalid));
        }
        if !lost.is_empty() || self.is_behind(scope, (version, said.id())).await? {
            let prepare = || self.prepare_tenant_keyset(caller, version, &lost);
            self.publish(caller, KeyUse::Issuer, prepare).await?;
        }
        self.tell_lost(scope, &lost, came).await
    }

    /// Rotates while the key that signs is retired there.
    async fn retire(
        &self,
        caller: &Caller,
        key_use: KeyUse,
        listed: &[KeyRecord],
        came: &mut CarriedOn,
    ) -> Result<(), AuthorityError> {
        let is_retired = |key: PublicKey| {
            listed.iter().any(|listed| listed.public_key == key && listed.state == KeyState::Retired)
        };
        for _ in 0..ROTATIONS {
            let ring = self.ring(super::version::scope_of(key_use, caller.tenant)).await?;
            let Some(signs) = ring.signing(key_use).ok().filter(|key| is_retired(*key)) else { break };
            self.rotate(caller, key_use, None).await?;
            came.retired.push(signs.id(key_use).to_string());
        }
        Ok(())
    }

    /// What is to be listed of keys that were made after the copy: they sign no more. What they signed stays in force unless they
    /// were revoked. Those by whose entry most is decided come last. A key that left a keyset here does not come back, and one that
    /// serves something else would make the whole chain unusable.
    async fn lost(&self, scope: KeyScope, listed: &[KeyRecord]) -> Result<Vec<KeyRow>, AuthorityError> {
        let (db, now) = (&self.desk().db, self.desk().ids.now());
        let mut lost = vec![];
        for KeyRecord { key_use, public_key, state } in listed.iter().copied() {
            let is_rotated = match scope {
                KeyScope::Installation => key_use == KeyUse::Authority && state == KeyState::Revoked,
                _ => TENANTS.contains(&key_use),
            };
            let is_known = table::keys::is_known(db, public_key).await?
                || table::keys::is_forgotten(db, public_key).await?;
            if is_rotated && !is_known {
                let is_revoked = state == KeyState::Revoked;
                let state = if is_revoked { KeyStage::Revoked } else { KeyStage::Retired };
                let (published_at, ended_at) = (now, Some(now));
                lost.push(KeyRow { public_key, key_use, scope, state, published_at, ended_at });
            }
        }
        lost.sort_by_key(|key| match (key.state, key.key_use) {
            // It verifies nothing without an entry either.
            (KeyStage::Revoked, KeyUse::Issuer | KeyUse::Update | KeyUse::Authority) => 0,
            (KeyStage::Revoked, _) => 2,
            _ => 1,
        });
        Ok(lost)
    }

    async fn is_over(&self, keys: &[PublicKey]) -> Result<bool, AuthorityError> {
        for key in keys {
            if table::keys::is_over(&self.desk().db, *key).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the database's keyset is older than that one, or another one of its version.
    async fn is_behind(
        &self,
        scope: KeyScope,
        (version, id): (u64, StatementId),
    ) -> Result<bool, AuthorityError> {
        let held = keysets::find(&self.desk().db, scope).await?;
        let held = held.ok_or_else(|| broken(format!("scope {scope} has no keyset")))?;
        Ok(Envelope::decode(&held)?.id() != id && self.published_version(scope).await? <= version)
    }

    async fn prepare_keyset(
        &self,
        caller: &Caller,
        above: u64,
        lost: &[KeyRow],
    ) -> Result<Change, AuthorityError> {
        let ring = self.ring_with(KeyScope::Installation, lost).await?;
        let mut change = self.followed(caller, "installation".to_owned(), (above, 0));
        self.publish_installation(&mut change, &ring, ring.signing(KeyUse::Root)?).await?;
        Ok(change)
    }

    async fn prepare_tenant_keyset(
        &self,
        caller: &Caller,
        above: u64,
        lost: &[KeyRow],
    ) -> Result<Change, AuthorityError> {
        let ring = self.ring_with(KeyScope::Tenant(caller.tenant), lost).await?;
        let mut change = self.followed(caller, caller.tenant.to_string(), (0, above));
        self.publish_tenant(&mut change, &ring, self.signing_authority().await?).await?;
        Ok(change)
    }

    /// The ring with as many of these as there is room for. The last ones count most.
    async fn ring_with(&self, scope: KeyScope, lost: &[KeyRow]) -> Result<Ring, AuthorityError> {
        let mut ring = self.ring(scope).await?;
        self.make_room(&mut ring).await?;
        for key in lost.iter().filter(|lost| lost.scope == scope) {
            let mut with = ring.clone();
            with.keys.push(key.clone());
            match self.make_room(&mut with).await {
                Ok(()) => ring = with,
                Err(AuthorityError::Refused(Code::KeysetFull)) => {}
                Err(error) => return Err(error),
            }
        }
        // What was never listed here may be tried again.
        ring.dropped.retain(|dropped| lost.iter().all(|lost| lost.public_key != *dropped));
        Ok(ring)
    }

    async fn tell_lost(
        &self,
        scope: KeyScope,
        lost: &[KeyRow],
        came: &mut CarriedOn,
    ) -> Result<(), AuthorityError> {
        let ring = self.ring(scope).await?;
        for key in lost {
            let told = match (ring.lists(key.public_key), key.state) {
                (false, _) => &mut came.without_room,
                (true, KeyStage::Revoked) => &mut came.revoked,
                (true, _) => &mut came.retired,
            };
            told.push(key.public_key.id(key.key_use).to_string());
        }
        Ok(())
    }

    fn followed(&self, caller: &Caller, subject: String, above: (u64, u64)) -> Change {
        let detail = json!({ "installation": above.0, "tenant": above.1 });
        Change::new(self.desk().audit(caller, "keyset.followed", subject, &detail)).above(above)
    }
}
