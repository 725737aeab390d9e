//! Signing a page of shards (`spec/revocation.md` §3): those of which something changed, and those that are old.

use std::collections::HashMap;

use sealgate_artifact::{PublicKey, Shard, ShardBody, TenantId, Unverified};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{BlockListed, KeyScope, ShardRow, keys, shards, slots};
use sealgate_store::{Tx, Work};

use super::due::{DAY, Due, of_block};
use super::signing::{Place, Snapshots};
use crate::keys::{SnapshotKeys, first_version, next_version};

/// Blocks of one transaction: others write in between.
const PAGE: u32 = 50;
/// How often it is tried while others sign.
const ATTEMPTS: u32 = 3;

/// What came of a page.
pub(super) struct SignedPage {
    /// Its last block; `None` if there are no more.
    pub(super) last: Option<Place>,
    /// How many shards were signed.
    pub(super) signed: u64,
}

impl Snapshots {
    /// Signs what is due of a page of the tenant's blocks after that one.
    pub(super) async fn sign_page(
        &self,
        tenant: TenantId,
        after: Option<Place>,
    ) -> Result<SignedPage, AuthorityError> {
        let db = &self.desk.db;
        let blocks = slots::blocks(db, tenant, after, PAGE).await?;
        let last = blocks.last().map(|block| (block.app, block.block));
        let last = last.filter(|_| blocks.len() == PAGE as usize);
        for _ in 0..ATTEMPTS {
            let page = self.prepare_page(tenant, after, &blocks).await?;
            if page.signed.is_empty() {
                return Ok(SignedPage { last, signed: 0 });
            }
            match db.write(page).await {
                Err(AuthorityError::Superseded) => {}
                signed => return Ok(SignedPage { last, signed: signed? }),
            }
        }
        Err(AuthorityError::Busy("another process signs the tenant's shards"))
    }

    async fn prepare_page(
        &self,
        tenant: TenantId,
        after: Option<Place>,
        blocks: &[BlockListed],
    ) -> Result<StoreShards, AuthorityError> {
        let keys = self.changes.snapshot_keys(tenant).await?;
        let signer = keys.signer;
        let Some(last) = blocks.last().map(|block| (block.app, block.block)) else {
            return Ok(StoreShards { tenant, signer, signed: vec![] });
        };
        let known = shards::between(&self.desk.db, tenant, after, last).await?;
        let known: HashMap<Place, ShardRow> =
            known.into_iter().map(|shard| ((shard.app, shard.block), shard)).collect();
        let mut fresh = vec![];
        for block in blocks {
            let before = known.get(&(block.app, block.block));
            let due = of_block(block, before, (signer, self.desk.ids.now()));
            if due != Due::No
                && let Some(shard) = self.sign_shard(tenant, block, (before, due), &keys).await?
            {
                fresh.push(shard);
                // Signatures take a while; other requests go on in between.
                tokio::task::yield_now().await;
            }
        }
        Ok(StoreShards { tenant, signer, signed: fresh })
    }

    /// The next shard of a block; `None` if it would list what the one before lists, and that was good enough.
    async fn sign_shard(
        &self,
        tenant: TenantId,
        block: &BlockListed,
        (before, due): (Option<&ShardRow>, Due),
        keys: &SnapshotKeys,
    ) -> Result<Option<(ShardRow, Vec<u8>)>, AuthorityError> {
        let (db, now, place) = (&self.desk.db, self.desk.ids.now(), (block.app, block.block));
        let body = ShardBody::of(&slots::listed(db, tenant, place, now).await?);
        if due == Due::IfChanged && self.listed_before(tenant, place).await?.as_ref() == Some(&body) {
            return Ok(None);
        }
        // Whoever has a key that was revoked may have wound the version up: what that key signed counts no more.
        let before = before.filter(|before| keys.is_believed(before.signer));
        let version =
            before.map_or_else(|| Ok(first_version(now)), |before| next_version(before.version, now))?;
        let signer = keys.signer;
        let listed = body.as_ref().map_or(0, |body| body.count().into());
        let (app, block, next_update) = (block.app, block.block, now.plus(DAY));
        let shard = Shard { tenant, app, block, version, issued_at: now, next_update, body };
        let (id, statement) = self.changes.sign_named(&shard, signer)?;
        Ok(Some((ShardRow { app, block, version, issued_at: now, listed, signer, id }, statement)))
    }

    /// What the present shard of a block lists.
    async fn listed_before(
        &self,
        tenant: TenantId,
        place: Place,
    ) -> Result<Option<Option<ShardBody>>, AuthorityError> {
        let Some(statement) = shards::statement(&self.desk.db, tenant, place).await? else { return Ok(None) };
        Ok(Some(Unverified::<Shard>::decode(&statement)?.danger_peek()?.body))
    }
}

struct StoreShards {
    tenant: TenantId,
    /// It must still be the key that signs.
    signer: PublicKey,
    signed: Vec<(ShardRow, Vec<u8>)>,
}

impl Work for StoreShards {
    type Output = u64;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, AuthorityError> {
        if !keys::hold_active(tx, KeyScope::Tenant(self.tenant), self.signer).await? {
            return Err(AuthorityError::Superseded);
        }
        for (shard, statement) in &self.signed {
            // A version is given out once: whoever was faster has it.
            if !shards::upsert(tx, self.tenant, shard, statement).await? {
                return Err(AuthorityError::Superseded);
            }
        }
        Ok(self.signed.len() as u64)
    }
}
