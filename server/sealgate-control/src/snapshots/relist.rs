//! What an imported snapshot lists is listed from then on (`spec/revocation.md` §7.3).

use std::collections::BTreeSet;

use sealgate_artifact::{
    AppId, Carrier, Envelope, KeyUse, Shard, ShardBody, SignatureEntry, Snapshot, TenantId, UnixSeconds,
    limits,
};
use sealgate_authority::{AuthorityError, Ids};
use sealgate_store::table::{self, ShardRow, SnapshotId};
use sealgate_store::{Db, StoreError, Tx, Work};
use sealgate_trust::Verified;

/// Slots that one transaction takes over: others write in between.
const SLOTS: usize = 5_000;

/// What was listed again.
#[derive(Default)]
pub(super) struct Relisted {
    /// Slots that were not listed.
    pub(super) listed: u64,
    /// Shards that list some of them.
    pub(super) shards: u64,
    /// Shards of apps that the database does not know.
    pub(super) unknown: u64,
}

/// The first thing that an import writes (`spec/revocation.md` §7.7). Where another history signed the snapshot, what that gave out is not known: nothing more
/// is drawn from the blocks that the tenant has.
pub(super) struct Begin {
    tenant: TenantId,
    id: SnapshotId,
    now: UnixSeconds,
}

impl Begin {
    pub(super) fn of(snapshot: &Verified<Snapshot>, now: UnixSeconds) -> Self {
        let said = snapshot.get();
        let id = SnapshotId { id: snapshot.id(), version: said.version, signer: snapshot.signed_by()[0] };
        Self { tenant: said.tenant, id, now }
    }
}

impl Work for Begin {
    /// Whether another history signed it.
    type Output = bool;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, AuthorityError> {
        let was_lost = table::snapshots::note_id(tx, self.tenant, &self.id, self.now).await?;
        if was_lost {
            table::slot_blocks::close_all(tx, self.tenant).await?;
        }
        Ok(was_lost)
    }
}

/// Lists what the shards list of a snapshot that was signed then.
pub(super) async fn list_again(
    (db, ids): (&Db, &Ids),
    tenant: TenantId,
    (signed_at, shards): (UnixSeconds, &[(Verified<Shard>, Carrier)]),
) -> Result<Relisted, AuthorityError> {
    let mut came = Relisted::default();
    for (shard, carrier) in shards {
        let said = shard.get();
        if table::apps::find(db, tenant, said.app).await?.is_none() {
            came.unknown += 1;
            continue;
        }
        // First: what was forgotten of a block is known while it is.
        let missing = missing(db, tenant, said).await?;
        db.write(KeepShard::of(tenant, shard, carrier)).await?;
        for some in missing.chunks(SLOTS) {
            let (slots, at) = (some.to_vec(), ids.now());
            db.write(ListAgain { tenant, app: said.app, slots, at, signed_at }).await?;
        }
        came.listed += missing.len() as u64;
        came.shards += u64::from(!missing.is_empty());
    }
    Ok(came)
}

/// The slots that a shard lists and the database does not (`spec/revocation.md` §7.10). What was forgotten since the shard was signed had ended.
async fn missing(db: &Db, tenant: TenantId, shard: &Shard) -> Result<Vec<u64>, AuthorityError> {
    // Also what has ended since.
    let begin = UnixSeconds::new(0).expect("the first second");
    let known = table::slots::listed(db, tenant, (shard.app, shard.block), begin).await?;
    let first = first_of(shard);
    let slots = shard.body.iter().flat_map(ShardBody::slots);
    let missing = slots.filter(|slot| known.binary_search(slot).is_err());
    let mut missing: Vec<u64> = missing.map(|slot| first + u64::from(slot)).collect();
    let forgotten = table::slot_blocks::forgotten_until(db, shard.app, shard.block).await?;
    if forgotten.is_some_and(|forgotten| shard.issued_at < forgotten) {
        let asked: BTreeSet<u64> = missing.iter().copied().collect();
        let taken = table::slots::taken(db, shard.app, &asked).await?;
        missing.retain(|slot| taken.contains(slot));
    }
    Ok(missing)
}

fn first_of(shard: &Shard) -> u64 {
    shard.block * u64::from(limits::BLOCK_SLOTS)
}

/// How many slots a shard lists.
pub(super) fn count(shard: &Shard) -> u64 {
    shard.body.as_ref().map_or(0, |body| body.count().into())
}

/// Lists some slots of an app.
struct ListAgain {
    tenant: TenantId,
    app: AppId,
    slots: Vec<u64>,
    at: UnixSeconds,
    signed_at: UnixSeconds,
}

impl Work for ListAgain {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        table::slots::list_known(tx, (self.tenant, self.app), &self.slots, (self.at, self.signed_at)).await
    }
}

/// Keeps a shard, if it is newer than the database's: the next version goes on from it.
struct KeepShard {
    tenant: TenantId,
    row: ShardRow,
    statement: Vec<u8>,
}

impl KeepShard {
    fn of(tenant: TenantId, shard: &Verified<Shard>, carrier: &Carrier) -> Self {
        let said = shard.get();
        let row = ShardRow {
            app: said.app,
            block: said.block,
            version: said.version,
            issued_at: said.issued_at,
            listed: count(said),
            // If anything is listed here, the next one is due.
            listings: 0,
            signer: shard.signed_by()[0],
            id: shard.id(),
        };
        Self { tenant, statement: named(carrier, shard).encode(), row }
    }
}

impl Work for KeepShard {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        // Also where it lists nothing: the slots of that block were given out.
        table::slot_blocks::know(tx, (self.tenant, self.row.app), self.row.block).await?;
        if !table::shards::upsert(tx, self.tenant, &self.row, &self.statement).await? {
            table::shards::outdate(tx, &self.row).await?;
        }
        Ok(())
    }
}

/// `spec/container.md` §4.2: key ids do not travel, so it gets its signer's back.
fn named<T>(carrier: &Carrier, verified: &Verified<T>) -> Carrier {
    let envelope = &carrier.envelope;
    let signer = verified.signed_by()[0].id(KeyUse::Snapshot).to_string();
    let entry =
        |signature: &SignatureEntry| SignatureEntry { keyid: signer.clone(), sig: signature.sig.clone() };
    let signatures = envelope.signatures().iter().map(entry).collect();
    let envelope = Envelope::new(envelope.payload_type(), envelope.payload().to_vec(), signatures);
    Carrier { envelope, attachments: carrier.attachments.clone() }
}
