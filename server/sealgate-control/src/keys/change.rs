//! One change of published keys: signed first, then stored in one transaction, or not at all.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sealgate_artifact::{
    KeyUse, Keyset, Kind, PublicKey, Root, Statement, StatementId, TenantId, TenantKeyset, UnixSeconds,
    Unverified,
};
use sealgate_authority::{AuthorityError, broken};
use sealgate_store::table::keysets::KeysetRow;
use sealgate_store::table::{self, AuditRow, KeyRow, KeyScope, KeyStage};
use sealgate_store::{Tx, Work};
use sealgate_trust::{Message, Signer, sign_statement};

use super::issued::issued_after;
use super::ring::Ring;
use super::signing::LicenseSigner;
use super::turns::{KeyTurns, Turn};
use super::version::{is_tenants, keyset_end, next_version};
use crate::Caller;
use crate::desk::Desk;

/// Makes keys and publishes what changes about them. Clones take turns with each other: each change builds on what the
/// last one published.
#[derive(Clone)]
pub(crate) struct KeyChanges {
    desk: Desk,
    signer: Arc<dyn Signer>,
    turns: KeyTurns,
    /// How many tenants' keysets had no room when that was in the log last.
    pub(super) full: Arc<AtomicU64>,
}

impl KeyChanges {
    pub(crate) fn new(desk: Desk, signer: Arc<dyn Signer>) -> Self {
        Self { desk, signer, turns: KeyTurns::default(), full: Arc::default() }
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Signs licenses with the tenants' issuers.
    pub(crate) fn issuers(&self) -> LicenseSigner {
        LicenseSigner::new(Arc::clone(&self.signer), self.desk.db.clone(), self.desk.ids.clone())
    }

    /// The turn to change the installation's keys, and what rests on them.
    pub(crate) async fn installations_turn(&self) -> Turn<'_> {
        self.turns.installation().await
    }

    /// The turn to change keys of that use.
    pub(super) async fn turn(&self, key_use: KeyUse, tenant: TenantId) -> Result<Turn<'_>, AuthorityError> {
        match key_use {
            key_use if is_tenants(key_use) => self.turns.tenant(tenant),
            _ => Ok(self.turns.installation().await),
        }
    }

    /// Stores a change of keys of that use by whoever has the turn for it.
    pub(super) async fn publish<F>(
        &self,
        caller: &Caller,
        key_use: KeyUse,
        prepare: impl Fn() -> F,
    ) -> Result<(), AuthorityError>
    where
        F: Future<Output = Result<Change, AuthorityError>>,
    {
        let _beside = if is_tenants(key_use) { Some(self.turns.beside_others().await) } else { None };
        self.desk.retry_for(caller, prepare).await
    }

    /// Makes a key pair.
    pub(crate) fn generate(&self, key_use: KeyUse) -> Result<PublicKey, AuthorityError> {
        Ok(self.signer.generate(key_use)?)
    }

    /// Makes sure that the key can sign, before anything says that it does: a key store may be older than the database.
    pub(super) fn can_sign(&self, key_use: KeyUse, key: PublicKey) -> Result<(), AuthorityError> {
        let kind = match key_use {
            KeyUse::Root => Kind::Keyset,
            KeyUse::Authority => Kind::TenantKeyset,
            KeyUse::Update => Kind::Release,
            KeyUse::Snapshot => Kind::Snapshot,
            _ => Kind::License,
        };
        // Nobody ever sees this signature, and what it signs is no statement.
        self.signer.sign(key.id(key_use), Message::Statement(kind, b""))?;
        Ok(())
    }

    /// Signs a statement about keys.
    pub(crate) fn sign<T: Statement>(
        &self,
        statement: &T,
        keys: &[PublicKey],
    ) -> Result<Vec<u8>, AuthorityError> {
        Ok(sign_statement(&*self.signer, statement, keys)?.encode())
    }

    /// Signs a statement, and says its id.
    pub(crate) fn sign_named<T: Statement>(
        &self,
        statement: &T,
        key: PublicKey,
    ) -> Result<(StatementId, Vec<u8>), AuthorityError> {
        let carrier = sign_statement(&*self.signer, statement, &[key])?;
        Ok((carrier.envelope.id(), carrier.encode()))
    }

    /// The tenant's snapshot keys.
    pub(crate) async fn snapshot_keys(&self, tenant: TenantId) -> Result<SnapshotKeys, AuthorityError> {
        let ring = self.ring(KeyScope::Tenant(tenant)).await?;
        let keys = ring.keys.iter().filter(|key| key.key_use == KeyUse::Snapshot);
        let believed = keys.filter(|key| key.state != KeyStage::Revoked).map(|key| key.public_key);
        Ok(SnapshotKeys { signer: ring.signing(KeyUse::Snapshot)?, believed: believed.collect() })
    }

    /// The keys of a scope as they are now.
    pub(super) async fn ring(&self, scope: KeyScope) -> Result<Ring, AuthorityError> {
        Ok(Ring::new(scope, table::keys::of_scope(&self.desk.db, scope).await?))
    }

    /// The authority that signs now.
    pub(crate) async fn signing_authority(&self) -> Result<PublicKey, AuthorityError> {
        self.ring(KeyScope::Installation).await?.signing(KeyUse::Authority)
    }

    /// The tenant's keyset with these keys, signed by that authority.
    pub(super) async fn publish_tenant(
        &self,
        change: &mut Change,
        ring: &Ring,
        authority: PublicKey,
    ) -> Result<(), AuthorityError> {
        let last = self.published::<TenantKeyset>(ring.scope).await?;
        let issued_at = issued_after(&self.desk.db, self.desk.ids.now(), ring, &last).await?;
        let version = next_version(last.version.max(change.above.1), issued_at)?;
        let statement = TenantKeyset {
            tenant: last.tenant,
            version,
            issued_at,
            expires_at: keyset_end(&self.desk.ids, change.former_end(last.expires_at))?,
            keys: ring.records(),
        };
        let envelope = self.sign(&statement, &[authority])?;
        change.replace(ring, last.version, KeysetRow { version, expires_at: statement.expires_at, envelope });
        Ok(())
    }

    /// The installation's keyset with these keys, signed by that root.
    pub(super) async fn publish_installation(
        &self,
        change: &mut Change,
        ring: &Ring,
        root: PublicKey,
    ) -> Result<(), AuthorityError> {
        let last = self.published::<Keyset>(KeyScope::Installation).await?;
        let issued_at = self.desk.ids.now();
        let version = next_version(last.version.max(change.above.0), issued_at)?;
        let expires_at = keyset_end(&self.desk.ids, change.former_end(last.expires_at))?;
        let statement = Keyset { version, issued_at, expires_at, keys: ring.records() };
        let envelope = self.sign(&statement, &[root])?;
        change.replace(ring, last.version, KeysetRow { version, expires_at, envelope });
        Ok(())
    }

    /// The next root statement: `root` alone, signed by itself and by every root before it.
    pub(super) async fn publish_root(
        &self,
        change: &mut Change,
        root: PublicKey,
    ) -> Result<(), AuthorityError> {
        let statements = table::roots::list(&self.desk.db).await?;
        let last = statements.last().ok_or_else(|| broken("there is no root statement"))?;
        let last = Unverified::<Root>::decode(last)?.danger_peek()?;
        let issued_at = self.desk.ids.now();
        let statement = Root {
            version: last.version + 1,
            issued_at,
            expires_at: keyset_end(&self.desk.ids, None)?,
            threshold: 1,
            keys: vec![root],
        };
        let signers = [&last.keys[..], &[root]].concat();
        change.root = Some((statement.version, self.sign(&statement, &signers)?));
        Ok(())
    }

    /// The version of the newest keyset of a scope.
    pub(super) async fn published_version(&self, scope: KeyScope) -> Result<u64, AuthorityError> {
        Ok(match scope {
            KeyScope::Installation => self.published::<Keyset>(scope).await?.version,
            _ => self.published::<TenantKeyset>(scope).await?.version,
        })
    }

    /// The newest statement of a scope, as this program published it.
    async fn published<T: Statement>(&self, scope: KeyScope) -> Result<T, AuthorityError> {
        let envelope = table::keysets::find(&self.desk.db, scope).await?;
        let envelope = envelope.ok_or_else(|| broken(format!("scope {scope} has no keyset")))?;
        Ok(Unverified::<T>::decode(&envelope)?.danger_peek()?)
    }
}

/// Who signs revocation data of a tenant, and whose is believed.
pub(crate) struct SnapshotKeys {
    /// Signs now.
    pub(crate) signer: PublicKey,
    /// Those that are not revoked.
    pub(crate) believed: Vec<PublicKey>,
}

/// A keyset in the place of the one that it was made from.
struct Replacement {
    scope: KeyScope,
    before: u64,
    keyset: KeysetRow,
}

/// Statements and key states that become true together.
pub(super) struct Change {
    replacements: Vec<Replacement>,
    root: Option<(u64, Vec<u8>)>,
    keys: Vec<KeyRow>,
    dropped: Vec<(KeyScope, PublicKey)>,
    issuer: Option<(TenantId, PublicKey)>,
    audit: Option<AuditRow>,
    /// Versions of keysets that the next ones are above, whatever the database says: the installation's, and the tenant's.
    above: (u64, u64),
}

impl Change {
    pub(super) fn new(audit: AuditRow) -> Self {
        Self { audit: Some(audit), ..Self::of_nothing() }
    }

    /// What nobody asked for: the same keys, published again, or what follows from a decision about a server. It ends when the
    /// former statement does.
    pub(super) fn of_nothing() -> Self {
        Self {
            replacements: vec![],
            root: None,
            keys: vec![],
            dropped: vec![],
            issuer: None,
            audit: None,
            above: (0, 0),
        }
    }

    /// Has the keysets follow these versions, too: the installation's, and the tenant's.
    pub(super) fn above(mut self, versions: (u64, u64)) -> Self {
        self.above = versions;
        self
    }

    /// When the statement ends that this one follows; `None` where somebody asked for something new.
    fn former_end(&self, end: UnixSeconds) -> Option<UnixSeconds> {
        self.audit.is_none().then_some(end)
    }

    /// From then on, that key signs the tenant's licenses.
    pub(super) fn set_issuer(&mut self, tenant: TenantId, key: PublicKey) {
        self.issuer = Some((tenant, key));
    }

    fn replace(&mut self, ring: &Ring, before: u64, keyset: KeysetRow) {
        self.replacements.push(Replacement { scope: ring.scope, before, keyset });
        self.keys.extend(ring.keys.iter().cloned());
        self.dropped.extend(ring.dropped.iter().map(|key| (ring.scope, *key)));
    }
}

impl Work for Change {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        for r in &self.replacements {
            if !table::keysets::replace(tx, r.scope, r.before, &r.keyset).await? {
                return Err(AuthorityError::Superseded);
            }
        }
        if let Some((version, envelope)) = &self.root {
            table::roots::insert(tx, *version, envelope).await?;
        }
        for key in &self.keys {
            table::keys::upsert(tx, key).await?;
        }
        for (scope, key) in &self.dropped {
            table::keys::forget(tx, *scope, *key).await?;
        }
        if let Some((tenant, key)) = self.issuer {
            table::tenants::set_issuer(tx, tenant, key).await?;
        }
        if let Some(audit) = &self.audit {
            table::audit::insert(tx, audit).await?;
        }
        Ok(())
    }
}
