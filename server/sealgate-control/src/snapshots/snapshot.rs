//! Signing a snapshot once each shard is new enough (`spec/revocation.md` §4, §7.1).

use sealgate_artifact::{ShardEntry, Snapshot, TenantId, UnixSeconds, encode_hex};
use sealgate_authority::{AuthorityError, broken};
use sealgate_store::table::{
    self, AuditRow, KeyScope, ShardRow, SnapshotId, SnapshotRow, keys, shards, snapshots,
};
use sealgate_store::{StoreError, Tx, Work, work};
use serde_json::json;

use super::chain::Chain;
use super::due::{DAY, of_snapshot};
use super::signing::{Place, Snapshots};
use crate::Caller;
use crate::keys::{SnapshotKeys, first_version, next_version};

/// Snapshots that are kept of each tenant: whoever fetches one while the next is signed gets it whole.
const KEPT: u32 = 3;
/// How long it is known which snapshots this history signed: longer than backups are restored from.
const KNOWN_FOR: u64 = 40 * DAY;
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
        let keys = self.changes.snapshot_keys(tenant).await?;
        let signer = keys.signer;
        let (chain, sum) = (Chain::read(db, tenant).await?, shards::sum(db, tenant).await?);
        let kept = snapshots::list(db, tenant, None, KEPT).await?;
        let newest = kept.first();
        if !of_snapshot(newest, &sum, &chain.name()?, (signer, now)) {
            return Ok(false);
        }
        let listed = self.all_shards(tenant).await?;
        let last = self.last_version(tenant, newest, &keys).await?;
        let version = last.map_or_else(|| Ok(first_version(now)), |last| next_version(last, now))?;
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
        let (id, statement) = self.changes.sign_named(&snapshot, signer)?;
        let container = encode_hex(&self.desk.ids.random::<16>());
        let stored = self.store_container((tenant, &container), &statement, (&chain, &listed)).await;
        let stored = self.or_forget((tenant, &container), stored).await?;
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
            container: container.clone(),
        };
        let audit = caller.map(|caller| {
            let detail = json!({ "version": version, "shards": row.shards, "revoked": row.listed });
            self.desk.audit(caller, "snapshot.signed", tenant.to_string(), &detail)
        });
        let oldest = kept.get(KEPT as usize - 2).map(|row| row.version);
        let (id, parts) = (SnapshotId { id, version, signer }, stored.parts);
        let work = StoreSnapshot { tenant, id, row, parts, statement, forget: oldest, now, audit };
        let done = db.write(work).await;
        self.or_forget((tenant, &container), done).await?;
        Ok(true)
    }

    /// The highest version that was signed of the tenant's snapshots, or taken over, and that a key signed which is believed.
    async fn last_version(
        &self,
        tenant: TenantId,
        newest: Option<&SnapshotRow>,
        keys: &SnapshotKeys,
    ) -> Result<Option<u64>, AuthorityError> {
        // One that is kept is always followed by a higher one.
        let mut last = newest.map(|newest| newest.version);
        for key in &keys.believed {
            last = last.max(snapshots::newest_by(&self.desk.db, tenant, *key).await?);
        }
        Ok(last)
    }

    /// What was done; where it came to nothing, the parts of its container go, too.
    async fn or_forget<T>(
        &self,
        (tenant, container): (TenantId, &str),
        done: Result<T, AuthorityError>,
    ) -> Result<T, AuthorityError> {
        if done.is_err() {
            let forget = work(container.to_owned(), move |container, tx| {
                Box::pin(async move { snapshots::forget_container(tx, tenant, container).await })
            });
            // What fails here is forgotten with the next snapshot.
            let _ = self.desk.db.write(forget).await;
        }
        done
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

struct StoreSnapshot {
    tenant: TenantId,
    /// Its signer must still be the key that signs.
    id: SnapshotId,
    row: SnapshotRow,
    parts: u64,
    statement: Vec<u8>,
    /// Those before this version are not kept.
    forget: Option<u64>,
    now: UnixSeconds,
    audit: Option<AuditRow>,
}

impl Work for StoreSnapshot {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        if !keys::hold_active(tx, KeyScope::Tenant(self.tenant), self.id.signer).await? {
            return Err(AuthorityError::Superseded);
        }
        // A version is given out once: whoever was faster has it.
        match snapshots::insert(tx, self.tenant, (&self.row, self.parts), &self.statement).await {
            Ok(true) => {}
            Ok(false) | Err(StoreError::Duplicate) => return Err(AuthorityError::Superseded),
            Err(error) => return Err(error.into()),
        }
        snapshots::note_id(tx, self.tenant, &self.id, self.now).await?;
        snapshots::forget_ids(tx, self.tenant, self.now.minus(KNOWN_FOR)).await?;
        snapshots::forget(tx, self.tenant, self.forget.unwrap_or_default()).await?;
        if let Some(audit) = &self.audit {
            table::audit::insert(tx, audit).await?;
        }
        Ok(())
    }
}
