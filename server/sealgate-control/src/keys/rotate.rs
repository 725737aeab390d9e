//! Rotation: publish in one version, sign from the next (`spec/keys.md` §7.1, §7.2, §7.4).

use sealgate_artifact::{KeyUse, PublicKey, UnixSeconds, limits};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{self, AuditRow, KeyRow, KeyScope, KeyStage};
use sealgate_store::{StoreError, work};
use serde_json::json;

use super::change::{Change, KeyChanges};
use super::ring::Ring;
use super::version::{keyset_end, room, scope_of};
use crate::Caller;

/// Tenants that are read at once.
const PAGE: u32 = 500;

impl KeyChanges {
    /// Rotates while it is our turn. `revoked` is ended in the same change.
    pub(super) async fn rotate(
        &self,
        caller: &Caller,
        key_use: KeyUse,
        revoked: Option<PublicKey>,
    ) -> Result<(), AuthorityError> {
        keyset_end(&self.desk().ids, None)?;
        let next = self.ring(scope_of(key_use, caller.tenant)).await?.next(key_use);
        next.map_or(Ok(()), |next| self.can_sign(key_use, next))?;
        // Before anything is stored: a key file that nothing refers to does no harm.
        let fresh = self.generate(key_use)?;
        self.publish(caller, key_use, || self.prepare_rotation(caller, key_use, fresh, revoked)).await?;
        if key_use == KeyUse::Snapshot { self.hurry_snapshots().await } else { Ok(()) }
    }

    /// What the former key signed is signed anew by the new one: at once, as nobody believes it any more if that key was revoked.
    pub(crate) async fn hurry_snapshots(&self) -> Result<(), AuthorityError> {
        let hurry = work(self.desk().ids.now(), |now, tx| {
            Box::pin(async move {
                table::jobs::hurry(tx, table::jobs::SIGN_SNAPSHOTS, *now).await?;
                Ok::<_, StoreError>(())
            })
        });
        Ok(self.desk().db.write(hurry).await?)
    }

    async fn prepare_rotation(
        &self,
        caller: &Caller,
        key_use: KeyUse,
        fresh: PublicKey,
        revoked: Option<PublicKey>,
    ) -> Result<Change, AuthorityError> {
        let now = self.desk().ids.now();
        let mut ring = self.ring(scope_of(key_use, caller.tenant)).await?;
        let former = ring.signing(key_use)?;
        ring.rotate(key_use, fresh, now);
        if let Some(key) = revoked {
            ring.revoke(key, None, now);
        }
        self.make_room(&mut ring).await?;
        let signs = ring.signing(key_use)?;
        self.can_sign(key_use, signs)?;
        let detail = json!({ "use": key_use.as_str(), "signs": signs.id(key_use).to_string() });
        let action = if revoked.is_some() { "key.revoked" } else { "key.rotated" };
        let audit = self.desk().audit(caller, action, former.id(key_use).to_string(), &detail);
        let mut change = Change::new(audit);
        match key_use {
            KeyUse::Issuer => {
                self.publish_tenant(&mut change, &ring, self.signing_authority().await?).await?;
                change.set_issuer(caller.tenant, signs);
            }
            KeyUse::Update | KeyUse::Snapshot => {
                self.publish_tenant(&mut change, &ring, self.signing_authority().await?).await?;
            }
            KeyUse::Root => {
                self.publish_root(&mut change, fresh).await?;
                self.publish_installation(&mut change, &ring, fresh).await?;
            }
            _ => self.publish_authorities(&mut change, &ring).await?,
        }
        Ok(change)
    }

    /// The installation's keyset, and every tenant's keyset signed again, so that an authority can be revoked later
    /// without haste.
    pub(super) async fn publish_authorities(
        &self,
        change: &mut Change,
        ring: &Ring,
    ) -> Result<(), AuthorityError> {
        self.publish_installation(change, ring, ring.signing(KeyUse::Root)?).await?;
        let authority = ring.signing(KeyUse::Authority)?;
        let mut after = None;
        loop {
            let page = table::keysets::tenants(&self.desk().db, after, PAGE).await?;
            for tenant in &page {
                let tenant = self.ring(KeyScope::Tenant(*tenant)).await?;
                self.publish_tenant(change, &tenant, authority).await?;
            }
            after = page.last().copied();
            if page.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    /// Publishes that a server's key is revoked (`spec/keys.md` §5.10). Certificates end by themselves, so the entry
    /// goes when none can be left. Doing it again changes nothing. Says whether it is new.
    pub(crate) async fn revoke_server(
        &self,
        server: KeyRow,
        audit: AuditRow,
    ) -> Result<bool, AuthorityError> {
        let is_listed = |key: &KeyRow| key.public_key == server.public_key;
        if self.ring(KeyScope::Installation).await?.keys.iter().any(is_listed) {
            return Ok(false);
        }
        let prepare = || async {
            let mut ring = self.ring(KeyScope::Installation).await?;
            if ring.keys.iter().all(|key| key.public_key != server.public_key) {
                ring.keys.push(server.clone());
            }
            self.make_room(&mut ring).await?;
            let mut change = Change::new(audit.clone());
            self.publish_installation(&mut change, &ring, ring.signing(KeyUse::Root)?).await?;
            Ok(change)
        };
        self.desk().retry(prepare).await?;
        Ok(true)
    }

    /// Removes former keys from a full ring, where nothing depends on them any more (`spec/keys.md` §7.2).
    pub(super) async fn make_room(&self, ring: &mut Ring) -> Result<(), AuthorityError> {
        let removable = self.removable(ring).await?;
        ring.make_room(room(ring.scope), &removable)
    }

    /// Former keys by whose entry nothing is decided any more: what they signed was replaced or has ended, or nobody believes it
    /// without the entry either.
    pub(super) async fn removable(&self, ring: &Ring) -> Result<Vec<PublicKey>, AuthorityError> {
        let now = self.desk().ids.now();
        let mut removable = vec![];
        for key in &ring.keys {
            let may_go = match (key.key_use, key.state) {
                (KeyUse::Server, KeyStage::Revoked) => has_no_certificate(ring, key, now),
                // A key that is not listed verifies nothing either.
                (KeyUse::Issuer, KeyStage::Retired) => !self.holds(key.public_key, now).await?,
                // An approved server has it: else its keyset would list it again.
                (KeyUse::Activation, KeyStage::Retired | KeyStage::Revoked) => {
                    let found = table::activation_keys::find(&self.desk().db, key.public_key).await?;
                    found.is_none_or(|key| key.is_over())
                }
                (KeyUse::Update, KeyStage::Retired) => !self.holds_releases(key.public_key).await?,
                (KeyUse::Snapshot, KeyStage::Retired) => !self.holds_snapshots(ring, key.public_key).await?,
                (_, KeyStage::Revoked | KeyStage::Retired) => true,
                (_, KeyStage::Next | KeyStage::Active) => false,
            };
            if may_go {
                removable.push(key.public_key);
            }
        }
        Ok(removable)
    }

    /// Whether a shard, or the tenant's newest snapshot, is signed by that key.
    async fn holds_snapshots(&self, ring: &Ring, key: PublicKey) -> Result<bool, AuthorityError> {
        let KeyScope::Tenant(tenant) = ring.scope else { return Ok(false) };
        let newest = table::snapshots::newest(&self.desk().db, tenant).await?;
        let is_newest = newest.is_some_and(|newest| newest.signer == key);
        Ok(is_newest || table::shards::is_signer(&self.desk().db, key).await?)
    }

    /// Whether a license in force, or a live bundle, is signed by that issuer.
    async fn holds(&self, issuer: PublicKey, now: UnixSeconds) -> Result<bool, AuthorityError> {
        let db = &self.desk().db;
        let licenses = table::licenses::in_force_by_signer(db, issuer, now, 1).await?;
        Ok(!licenses.is_empty() || !table::bundles::live_by_signer(db, issuer, (now, 1)).await?.is_empty())
    }
}

/// `spec/keys.md` §5.10: whether a server has been revoked for so long that none of its certificates is in force, or each authority
/// that is still believed was published after that, and so signed none of them.
fn has_no_certificate(ring: &Ring, server: &KeyRow, now: UnixSeconds) -> bool {
    let Some(revoked_at) = server.ended_at else { return false };
    let is_believed = |key: &&KeyRow| {
        key.key_use == KeyUse::Authority && matches!(key.state, KeyStage::Active | KeyStage::Retired)
    };
    let oldest = ring.keys.iter().filter(is_believed).map(|key| key.published_at).min();
    revoked_at < now.minus(limits::CERTIFICATE_SECONDS) || oldest.is_some_and(|oldest| revoked_at < oldest)
}
