//! Signing a snapshot once each shard is new enough (`spec/revocation.md` §4, §7.1).

use sealgate_artifact::{Carrier, PublicKey, ShardEntry, Snapshot, TenantId};
use sealgate_authority::{AuthorityError, broken};
use sealgate_store::table::{self, AuditRow, KeyScope, ShardRow, SnapshotRow, keys, shards, snapshots};
use sealgate_store::{StoreError, Tx, Work};
use sealgate_trust::Verified;
use serde_json::json;

use super::chain::Chain;
use super::due::{DAY, of_snapshot};
use super::signing::{Place, Snapshots};
use crate::Caller;
use crate::keys::{first_version, next_version};

/// Snapshots that are kept of each tenant: whoever fetches one while the next is signed gets it whole.
const KEPT: u32 = 3;
/// Shards that are read at once.
const PAGE: u32 = 200;
/// How often it is tried while others sign.
const ATTEMPTS: u32 = 3;

impl Snapshots {
    /// Signs the tenant's snapshot if it is due. Says whether it was.
    pub(super) async fn sign_snapshot(
        &self,
        tenant: TenantId,
        caller: Option<&Caller>,
    ) -> Result<bool, AuthorityError> {
        for _ in 0..ATTEMPTS {
            match self.try_snapshot(tenant, caller).await {
                Err(AuthorityError::Superseded) => {}
                done => return done,
            }
        }
        Err(AuthorityError::Busy("another process signs the tenant's snapshot"))
    }

    async fn try_snapshot(&self, tenant: TenantId, caller: Option<&Caller>) -> Result<bool, AuthorityError> {
        let (db, now) = (&self.desk.db, self.desk.ids.now());
        let signer = self.changes.signing_snapshot_key(tenant).await?;
        let (chain, sum) = (Chain::read(db, tenant).await?, shards::sum(db, tenant).await?);
        let kept = snapshots::list(db, tenant, None, KEPT).await?;
        let newest = kept.first();
        if !of_snapshot(newest, &sum, &chain.name()?, (signer, now)) {
            return Ok(false);
        }
        let listed = self.all_shards(tenant).await?;
        let version = newest.map_or_else(|| first_version(now), |newest| next_version(newest.version, now));
        let entry = |shard: &ShardRow| ShardEntry { app: shard.app, block: shard.block, statement: shard.id };
        let snapshot = Snapshot {
            tenant,
            version,
            issued_at: now,
            next_update: now.plus(DAY),
            root: chain.root()?,
            keyset: chain.keyset.id(),
            tenant_keyset: chain.tenant_keyset.id(),
            shards: listed.iter().map(entry).collect(),
        };
        let (_, statement) = self.changes.sign_named(&snapshot, signer)?;
        let stored = self.store_container(tenant, &statement, (&chain, &listed)).await?;
        let row = SnapshotRow {
            version,
            issued_at: now,
            signer,
            chain: chain.name()?,
            shards: listed.len() as u64,
            versions: listed.iter().map(|shard| shard.version).sum(),
            listed: listed.iter().map(|shard| shard.listed).sum(),
            bytes: stored.bytes,
            sha256: stored.sha256,
            container: stored.name,
        };
        let audit = caller.map(|caller| {
            let detail = json!({ "version": version, "shards": row.shards, "revoked": row.listed });
            self.desk.audit(caller, "snapshot.signed", tenant.to_string(), &detail)
        });
        let oldest = kept.get(KEPT as usize - 2).map(|row| row.version);
        let work =
            StoreSnapshot { tenant, signer, row, parts: stored.parts, statement, forget: oldest, audit };
        db.write(work).await?;
        Ok(true)
    }

    /// Keeps a snapshot that was verified, with the container in which it came, as the tenant's newest.
    pub(super) async fn adopt(
        &self,
        tenant: TenantId,
        (snapshot, main): (&Verified<Snapshot>, &Carrier),
        file: &[u8],
    ) -> Result<(), AuthorityError> {
        let (said, stored) = (snapshot.get(), self.store_file(tenant, file).await?);
        let row = SnapshotRow {
            version: said.version,
            issued_at: said.issued_at,
            signer: snapshot.signed_by()[0],
            chain: format!("{} {} {}", said.root, said.keyset, said.tenant_keyset),
            shards: said.shards.len() as u64,
            // What the database holds besides is not in it: the next one is due.
            versions: 0,
            listed: 0,
            bytes: stored.bytes,
            sha256: stored.sha256,
            container: stored.name,
        };
        self.desk.db.write(AdoptSnapshot { tenant, row, parts: stored.parts, statement: main.encode() }).await
    }

    /// Every shard of the tenant, by app and block.
    async fn all_shards(&self, tenant: TenantId) -> Result<Vec<ShardRow>, AuthorityError> {
        let (mut all, mut after): (Vec<ShardRow>, Option<Place>) = (vec![], None);
        loop {
            let page = shards::after(&self.desk.db, tenant, after, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            after = page.last().map(|shard| (shard.app, shard.block));
            all.extend(page);
            if is_last {
                // spec/revocation.md §4.2: in the order of their texts, whatever the database's is.
                all.sort_by_key(|shard| (shard.app, shard.block));
                return Ok(all);
            }
            if all.len() > sealgate_artifact::limits::SHARDS {
                return Err(broken("the tenant has more blocks than a snapshot can name"));
            }
        }
    }
}

struct AdoptSnapshot {
    tenant: TenantId,
    row: SnapshotRow,
    parts: u64,
    statement: Vec<u8>,
}

impl Work for AdoptSnapshot {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        match snapshots::insert(tx, self.tenant, (&self.row, self.parts), &self.statement).await {
            Ok(_) | Err(StoreError::Duplicate) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

struct StoreSnapshot {
    tenant: TenantId,
    /// It must still be the key that signs.
    signer: PublicKey,
    row: SnapshotRow,
    parts: u64,
    statement: Vec<u8>,
    /// Those before this version are not kept.
    forget: Option<u64>,
    audit: Option<AuditRow>,
}

impl Work for StoreSnapshot {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        if !keys::hold_active(tx, KeyScope::Tenant(self.tenant), self.signer).await? {
            return Err(AuthorityError::Superseded);
        }
        // A version is given out once: whoever was faster has it.
        match snapshots::insert(tx, self.tenant, (&self.row, self.parts), &self.statement).await {
            Ok(true) => {}
            Ok(false) | Err(StoreError::Duplicate) => return Err(AuthorityError::Superseded),
            Err(error) => return Err(error.into()),
        }
        snapshots::forget(tx, self.tenant, self.forget.unwrap_or_default()).await?;
        if let Some(audit) = &self.audit {
            table::audit::insert(tx, audit).await?;
        }
        Ok(())
    }
}
