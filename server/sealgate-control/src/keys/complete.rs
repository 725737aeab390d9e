//! What a tenant's keyset lists besides its issuers: update and snapshot keys of its own, and the activation keys of the license
//! servers that were approved (`spec/keys.md` §7.5).

use std::sync::atomic::Ordering;

use sealgate_artifact::{Code, KeyUse, PublicKey, TenantId, UnixSeconds, limits};
use sealgate_authority::AuthorityError;
use sealgate_store::table::activation_keys::{self, ActivationKeyRow};
use sealgate_store::table::{KeyScope, KeyStage};
use sealgate_store::{Tx, Work};

use super::change::{Change, KeyChanges};
use super::ring::Ring;

/// Tenants that are read at once.
const PAGE: u32 = 100;
/// Uses of keys that each tenant has of its own beside its issuers, one that signs and one that is next.
const OWN: [KeyUse; 2] = [KeyUse::Update, KeyUse::Snapshot];
/// Entries that servers, and snapshot keys that are added later, leave free in a tenant's keyset: however many servers there are, a
/// stolen issuer and a stolen update key can still be replaced, each of which stays listed until what it signed was signed again. A
/// stolen snapshot key needs no entry more: it ends in the very change that replaces it, and then makes room.
const SPARE: usize = 2;
/// The most keys that a tenant's keyset lists once a server's key was added.
pub(crate) const ROOM_FOR_SERVERS: usize = limits::TENANT_KEYSET_KEYS - SPARE;

/// How far the keysets of all tenants came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Completed {
    /// Tenants whose keyset has no room for the key of each approved server.
    full: u64,
}

impl Completed {
    /// `keyset_full` if a key of a server is missing anywhere.
    pub(crate) fn needs_room(self) -> Result<(), AuthorityError> {
        if self.full == 0 { Ok(()) } else { Err(AuthorityError::Refused(Code::KeysetFull)) }
    }
}

impl KeyChanges {
    /// Brings every tenant's keyset in line with what was decided about the servers, and gives it keys of its own where it has none: one
    /// tenant after the other, each in a transaction of its own. Doing it again changes nothing. What is wrong with one tenant is in
    /// the log and stops no other.
    pub(crate) async fn complete_tenants(&self) -> Result<Completed, AuthorityError> {
        let (mut after, mut full, mut outcome) = (None, 0, Ok(()));
        loop {
            let page = activation_keys::incomplete(&self.desk().db, after, PAGE).await?;
            for tenant in &page {
                match self.complete(*tenant).await {
                    Ok(is_full) => full += u64::from(is_full),
                    Err(error) => {
                        tracing::error!(%tenant, %error, "a tenant's keyset lacks keys");
                        outcome = outcome.and(Err(error));
                    }
                }
            }
            after = page.last().copied();
            if page.len() < PAGE as usize {
                break;
            }
        }
        self.tell(full);
        outcome.map(|()| Completed { full })
    }

    /// The log says it once: the job asks every few seconds.
    fn tell(&self, full: u64) {
        let before = self.full.swap(full, Ordering::SeqCst);
        if full > 0 && full != before {
            let code = Code::KeysetFull.as_str();
            tracing::error!(
                code,
                tenants = full,
                "keysets have no room for the activation key of each server"
            );
        }
    }

    /// Completes the keyset of one tenant. Says whether it has no room for all.
    async fn complete(&self, tenant: TenantId) -> Result<bool, AuthorityError> {
        let _turn = self.installations_turn().await;
        let fresh = self.missing_keys(tenant).await?;
        self.desk().retry(|| self.prepare_completion(tenant, &fresh)).await
    }

    /// New keys of each use of which a tenant has none, if its keyset has room for them: a key file that nothing will refer to is not
    /// made.
    async fn missing_keys(&self, tenant: TenantId) -> Result<Vec<Pair>, AuthorityError> {
        let mut ring = self.ring(KeyScope::Tenant(tenant)).await?;
        let mut pairs = vec![];
        for key_use in OWN {
            if ring.signing(key_use).is_err()
                && let Some(roomy) = self.with_room(&ring, 2, spare_beside(key_use)).await?
            {
                let pair = (key_use, [self.generate(key_use)?, self.generate(key_use)?]);
                ring = roomy;
                publish_pair(&mut ring, pair, self.desk().ids.now());
                pairs.push(pair);
            }
        }
        Ok(pairs)
    }

    async fn prepare_completion(
        &self,
        tenant: TenantId,
        fresh: &[Pair],
    ) -> Result<Completion, AuthorityError> {
        let now = self.desk().ids.now();
        let mut ring = self.ring(KeyScope::Tenant(tenant)).await?;
        let keys = activation_keys::all(&self.desk().db).await?;
        let mut is_changed = ends(&keys).fold(false, |is_changed, (key, state)| {
            let ends_now = ring.end(key, state, now);
            is_changed || ends_now
        });
        let mut is_full = false;
        for key_use in OWN.into_iter().filter(|key_use| ring.signing(*key_use).is_err()).collect::<Vec<_>>() {
            let made = fresh.iter().find(|(made, _)| *made == key_use);
            match (self.with_room(&ring, 2, spare_beside(key_use)).await?, made) {
                (Some(roomy), Some(pair)) => {
                    ring = roomy;
                    publish_pair(&mut ring, *pair, now);
                    is_changed = true;
                }
                _ => is_full = true,
            }
        }
        let mut added = vec![];
        for key in keys.iter().filter(|key| key.signs_since.is_some()) {
            if ring.lists(key.public_key) {
                continue;
            }
            let Some(roomy) = self.with_room(&ring, 1, SPARE).await? else {
                is_full = true;
                break;
            };
            ring = roomy;
            ring.publish(KeyUse::Activation, key.public_key, KeyStage::Active, now);
            added.push(key.public_key);
        }
        let mut change = Change::of_nothing();
        if is_changed || !added.is_empty() {
            self.publish_tenant(&mut change, &ring, self.signing_authority().await?).await?;
        }
        Ok(Completion { change, added, is_full })
    }

    /// The ring with room for so many more keys and a spare, if former keys can make it.
    async fn with_room(
        &self,
        ring: &Ring,
        more: usize,
        spare: usize,
    ) -> Result<Option<Ring>, AuthorityError> {
        let mut roomy = ring.clone();
        let most = limits::TENANT_KEYSET_KEYS.saturating_sub(more + spare);
        match roomy.make_room(most, &self.removable(ring).await?) {
            Ok(()) => Ok(Some(roomy)),
            Err(AuthorityError::Refused(Code::KeysetFull)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Keys of a use that were made for a tenant: the one that signs, and the next one.
type Pair = (KeyUse, [PublicKey; 2]);

fn publish_pair(ring: &mut Ring, (key_use, [first, next]): Pair, now: UnixSeconds) {
    ring.publish(key_use, first, KeyStage::Active, now);
    ring.publish(key_use, next, KeyStage::Next, now);
}

/// What new keys of that use leave free. A keyset that was full of servers before there were snapshot keys goes without: a stolen
/// issuer must be replaced, whatever else waits.
fn spare_beside(key_use: KeyUse) -> usize {
    if key_use == KeyUse::Snapshot { SPARE } else { 0 }
}

/// The keys that sign no more, and what becomes of their entries: a key of a revoked server is revoked, one that another key of its
/// server followed is retired.
fn ends(keys: &[ActivationKeyRow]) -> impl Iterator<Item = (PublicKey, KeyStage)> {
    let over = keys.iter().filter(|key| key.is_over());
    over.map(|key| {
        let state = if key.revoked_at.is_some() { KeyStage::Revoked } else { KeyStage::Retired };
        (key.public_key, state)
    })
}

/// The keyset of one tenant, completed.
struct Completion {
    change: Change,
    /// Keys of servers that it lists for the first time.
    added: Vec<PublicKey>,
    is_full: bool,
}

impl Work for Completion {
    /// Whether there is no room for all.
    type Output = bool;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, AuthorityError> {
        // Whoever was revoked meanwhile is not listed.
        for key in &self.added {
            let found = activation_keys::find(&mut *tx, *key).await?;
            if found.is_none_or(|key| key.signs_since.is_none()) {
                return Err(AuthorityError::Superseded);
            }
        }
        self.change.run(tx).await?;
        Ok(self.is_full)
    }
}
