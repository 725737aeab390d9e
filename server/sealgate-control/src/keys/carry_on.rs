//! After a database came back older: its keysets go on from those that a snapshot has (`spec/revocation.md` §7.9).

use sealgate_artifact::{
    Envelope, KeyRecord, KeyState, KeyUse, PublicKey, StatementId, TenantId, UnixSeconds,
};
use sealgate_authority::{AuthorityError, broken};
use sealgate_store::table::{KeyRow, KeyScope, KeyStage, keysets};
use sealgate_trust::TenantTrust;
use serde_json::json;

use super::change::{Change, KeyChanges};
use super::ring::Ring;
use crate::Caller;

/// One that signs may have been retired, and the one after it. Who follows then is not in the database.
const ROTATIONS: usize = 2;
/// The keys of a tenant that rotate.
const TENANTS: [KeyUse; 3] = [KeyUse::Issuer, KeyUse::Update, KeyUse::Snapshot];

impl KeyChanges {
    /// Retires the keys that these verified keysets list as retired, and publishes keysets that follow them. Which keys were retired
    /// stands in `retired`.
    pub(super) async fn carry_on(
        &self,
        caller: &Caller,
        trust: &TenantTrust,
        retired: &mut Vec<String>,
    ) -> Result<(), AuthorityError> {
        {
            let _turn = self.turn(KeyUse::Authority, caller.tenant).await?;
            let said = trust.keyset();
            self.retire(caller, KeyUse::Authority, &said.get().keys, retired).await?;
            if self.is_behind(KeyScope::Installation, (said.get().version, said.id())).await? {
                self.publish(caller, KeyUse::Authority, || self.prepare_keyset(caller, said.get().version))
                    .await?;
            }
        }
        let _turn = self.turn(KeyUse::Issuer, caller.tenant).await?;
        let said = trust.tenant_keyset();
        let (version, keys) = (said.get().version, &said.get().keys);
        // Before anything else is published: then it is known which is the newer one.
        let is_behind = self.is_behind(KeyScope::Tenant(caller.tenant), (version, said.id())).await?;
        for key_use in TENANTS {
            self.retire(caller, key_use, keys, retired).await?;
        }
        if is_behind {
            self.publish(caller, KeyUse::Issuer, || self.prepare_tenant_keyset(caller, version, keys))
                .await?;
        }
        Ok(())
    }

    /// Rotates while the key that signs is retired there.
    async fn retire(
        &self,
        caller: &Caller,
        key_use: KeyUse,
        listed: &[KeyRecord],
        retired: &mut Vec<String>,
    ) -> Result<(), AuthorityError> {
        let is_retired = |key: PublicKey| {
            listed.iter().any(|listed| listed.public_key == key && listed.state == KeyState::Retired)
        };
        for _ in 0..ROTATIONS {
            let ring = self.ring(super::version::scope_of(key_use, caller.tenant)).await?;
            let Some(signs) = ring.signing(key_use).ok().filter(|key| is_retired(*key)) else { break };
            self.rotate(caller, key_use, None).await?;
            retired.push(signs.id(key_use).to_string());
        }
        Ok(())
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

    async fn prepare_keyset(&self, caller: &Caller, above: u64) -> Result<Change, AuthorityError> {
        let mut ring = self.ring(KeyScope::Installation).await?;
        self.make_room(&mut ring).await?;
        let mut change = self.followed(caller, "installation".to_owned(), (above, 0));
        self.publish_installation(&mut change, &ring, ring.signing(KeyUse::Root)?).await?;
        Ok(change)
    }

    async fn prepare_tenant_keyset(
        &self,
        caller: &Caller,
        above: u64,
        listed: &[KeyRecord],
    ) -> Result<Change, AuthorityError> {
        let mut ring = self.ring(KeyScope::Tenant(caller.tenant)).await?;
        let without = ring.clone();
        know(&mut ring, caller.tenant, listed, self.desk().ids.now());
        // What they signed is refused where there is no room for them. The others count more.
        let ring = if self.make_room(&mut ring).await.is_ok() { ring } else { without };
        let mut change = self.followed(caller, caller.tenant.to_string(), (0, above));
        self.publish_tenant(&mut change, &ring, self.signing_authority().await?).await?;
        Ok(change)
    }

    fn followed(&self, caller: &Caller, subject: String, above: (u64, u64)) -> Change {
        let detail = json!({ "installation": above.0, "tenant": above.1 });
        Change::new(self.desk().audit(caller, "keyset.followed", subject, &detail)).above(above)
    }
}

/// Keys that were made after the copy are lost, and sign no more; what they signed stays in force.
fn know(ring: &mut Ring, tenant: TenantId, listed: &[KeyRecord], now: UnixSeconds) {
    let scope = KeyScope::Tenant(tenant);
    for key in listed.iter().filter(|key| TENANTS.contains(&key.key_use) && key.state != KeyState::Revoked) {
        if !ring.lists(key.public_key) {
            ring.keys.push(KeyRow {
                public_key: key.public_key,
                key_use: key.key_use,
                scope,
                state: KeyStage::Retired,
                published_at: now,
                ended_at: Some(now),
            });
        }
    }
}
