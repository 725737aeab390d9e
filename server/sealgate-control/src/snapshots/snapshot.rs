//! Signing a snapshot once each shard is new enough (`spec/revocation.md` §4, §7.1).

use sealgate_artifact::{ShardEntry, Snapshot, TenantId, UnixSeconds, encode_hex, limits};
use sealgate_authority::{AuthorityError, broken};
use sealgate_store::table::{
    self, AuditRow, KeyScope, ShardRow, SnapshotId, SnapshotLook, SnapshotRow, keys, shards, snapshots,
};
use sealgate_store::{StoreError, Tx, Work, work};
use serde_json::json;

use super::chain::Chain;
use super::due::{DAY, Pace, renewed};
use super::signing::{Place, Snapshots};
use crate::Caller;
use crate::keys::{SnapshotKeys, first_version, next_version};

/// How long it is known which snapshots this history signed: longer than backups are restored from.
const KNOWN_FOR: u64 = 40 * DAY;
/// How long a snapshot is kept after the next one was signed: whoever reads it slowly gets it whole, however often the next is signed.
const KEPT_SECONDS: u64 = 60 * 60;
/// So many are kept beside the newest, however old or large they are; and no more than so many, and so many bytes.
const FEW_KEPT: usize = 2;
const MOST_KEPT: u32 = 70;
const KEPT_BYTES: u64 = 128 * 1024 * 1024;
/// More shards are told of in the log.
const MANY: usize = 1_000;
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
        let (db, now, began) = (&self.desk.db, self.desk.ids.now(), self.desk.ids.elapsed());
        let Some(look) = snapshots::look(db, tenant).await?.filter(|look| is_due(look, tenant, now)) else {
            return Ok(false);
        };
        // The database may have come back older since the tenant's shards were looked at.
        if self.rests(tenant) > 0 || caller.is_none() && self.waits_for_import(tenant) {
            return Ok(false);
        }
        let times_back = db.times_back();
        let keys = self.changes.snapshot_keys(tenant).await?;
        let signer = keys.signer;
        let chain = Chain::read(db, tenant).await?;
        let listed = self.all_shards(tenant).await?;
        let versions = listed.iter().map(|shard| shard.version).sum();
        let listed = named(tenant, listed)?;
        let after = look.newest.map(|(version, ..)| version);
        let last = self.last_version(tenant, after, &keys).await?;
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
            // What was read before: a keyset that came since is in the next one.
            chain: look.chain,
            shards: listed.len() as u64,
            versions,
            listed: listed.iter().map(|shard| shard.listed).sum(),
            bytes: stored.bytes,
            sha256: stored.sha256,
            container: container.clone(),
        };
        let audit = caller.map(|caller| {
            let detail = json!({ "version": version, "shards": row.shards, "revoked": row.listed });
            self.desk.audit(caller, "snapshot.signed", tenant.to_string(), &detail)
        });
        let kept = snapshots::list(db, tenant, None, MOST_KEPT).await?;
        let forget = kept_from(&kept, now);
        let (id, parts) = (SnapshotId { id, version, signer }, stored.parts);
        let work = StoreSnapshot { tenant, after, id, row, parts, statement, forget, now, audit };
        let done = self.store(caller, times_back, work).await;
        self.or_forget((tenant, &container), done).await?;
        self.wrote(tenant, Pace::new(began, self.desk.ids.elapsed()));
        Ok(true)
    }

    /// What was signed of a history that the database lost meanwhile is not one of this history.
    async fn store(
        &self,
        caller: Option<&Caller>,
        times_back: u64,
        work: StoreSnapshot,
    ) -> Result<(), AuthorityError> {
        self.desk.db.read_changes().await?;
        if self.desk.db.times_back() != times_back {
            return Err(AuthorityError::Superseded);
        }
        self.desk.write_for(caller, work).await
    }

    /// The highest version that was signed of the tenant's snapshots, or taken over, and that a key signed which is believed.
    async fn last_version(
        &self,
        tenant: TenantId,
        newest: Option<u64>,
        keys: &SnapshotKeys,
    ) -> Result<Option<u64>, AuthorityError> {
        // One that is kept is always followed by a higher one.
        let mut last = newest;
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
        }
    }
}

/// Whether a snapshot is to be signed: it lacks a shard, is old, or names other keysets or another key than those of now.
fn is_due(look: &SnapshotLook, tenant: TenantId, now: UnixSeconds) -> bool {
    let (old, soon) = renewed(tenant, now);
    look.newest.is_none_or(|(_, issued_at, says_all)| !says_all || issued_at <= old || issued_at > soon)
}

/// The shards that a snapshot names (`spec/revocation.md` §4.2): all, or where they are too many, those that list something, and as many
/// others as fit, those of the oldest apps first. What it does not name lists nothing (§6.3), and nobody vouches for it anew.
fn named(tenant: TenantId, mut shards: Vec<ShardRow>) -> Result<Vec<ShardRow>, AuthorityError> {
    let (all, most) = (shards.len(), limits::SHARDS);
    if all > MANY {
        tracing::warn!(%tenant, all, most, "a snapshot can name few more blocks: make fewer apps");
    }
    let listing = shards.iter().filter(|shard| shard.listed > 0).count();
    let too_many = || broken("of more blocks than a snapshot can name something was taken back");
    let mut room = most.checked_sub(listing).ok_or_else(too_many)?;
    shards.retain(|shard| {
        let is_named = shard.listed > 0 || room > 0;
        room -= usize::from(is_named && shard.listed == 0);
        is_named
    });
    Ok(shards)
}

/// The version before which snapshots are not kept any more. `kept` are the newest ones; with the one that is stored now, some stay in any
/// case, and the others for an hour after they were replaced, as far as there is room.
fn kept_from(kept: &[SnapshotRow], now: UnixSeconds) -> Option<u64> {
    let mut bytes = 0;
    let stays = |(n, row): &(usize, &SnapshotRow)| {
        bytes += row.bytes;
        let replaced_at = n.checked_sub(1).map_or(now, |next| kept[next].issued_at);
        *n < FEW_KEPT || replaced_at.plus(KEPT_SECONDS) > now && bytes <= KEPT_BYTES
    };
    kept.iter().enumerate().take_while(stays).last().map(|(_, row)| row.version)
}

struct StoreSnapshot {
    tenant: TenantId,
    /// The newest one must still be this.
    after: Option<u64>,
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
        let newest = snapshots::newest(&mut *tx, self.tenant).await?;
        if newest.map(|newest| newest.version) != self.after {
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

#[cfg(test)]
mod tests {
    use sealgate_artifact::{PublicKey, UnixSeconds};
    use sealgate_store::table::SnapshotRow;

    use super::{KEPT_BYTES, kept_from};

    const NOW: u64 = 1_800_000_000;

    /// Of that version, and so many minutes old.
    fn row(version: u64, minutes: u64, bytes: u64) -> SnapshotRow {
        SnapshotRow {
            version,
            issued_at: UnixSeconds::new(NOW - minutes * 60).expect("in range"),
            signer: PublicKey::from_bytes([0; 32]),
            chain: String::new(),
            shards: 1,
            versions: 1,
            listed: 0,
            bytes,
            sha256: [0; 32],
            container: String::new(),
        }
    }

    fn kept(rows: &[SnapshotRow]) -> Option<u64> {
        kept_from(rows, UnixSeconds::new(NOW).expect("in range"))
    }

    #[test]
    fn a_snapshot_is_kept_for_an_hour_after_it_was_replaced() {
        // Each stands below the one that replaced it.
        let daily =
            |since| [row(4, 1, 1), row(3, 2, 1), row(2, since, 1), row(1, 20 * 60, 1), row(0, 21 * 60, 1)];
        assert_eq!(kept(&daily(59)), Some(1), "somebody may have begun to read it an hour ago");
        assert_eq!(kept(&daily(60)), Some(2));
        assert_eq!(kept(&[]), None);
        let large = [row(4, 1, KEPT_BYTES), row(3, 2, 1), row(2, 3, 1)];
        assert_eq!(kept(&large), Some(3), "two in any case");
    }
}
