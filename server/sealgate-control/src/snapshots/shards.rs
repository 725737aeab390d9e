//! Signing a page of shards (`spec/revocation.md` §3): those of which something changed, and those that are old.

use sealgate_artifact::{PublicKey, Shard, ShardBody, TenantId};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{BlockDue, KeyScope, ShardRow, keys, shards, slots};
use sealgate_store::{Tx, Work};

use super::due::{DAY, renewed};
use super::signing::{Place, Snapshots};
use crate::Caller;
use crate::keys::{first_version, next_version};

/// Blocks of one transaction: others write in between.
const PAGE: u32 = 50;
/// How often it is tried while others sign.
const ATTEMPTS: u32 = 3;

/// What came of a page.
pub(super) struct SignedPage {
    /// Its last block; `None` if no more are due.
    pub(super) last: Option<Place>,
    /// How many shards were signed.
    pub(super) signed: u64,
}

impl Snapshots {
    /// Signs a page of what is due of the tenant's blocks after that one, for whoever asks or for the server itself. Whoever has nothing due costs one statement.
    pub(super) async fn sign_page(
        &self,
        tenant: TenantId,
        caller: Option<&Caller>,
        after: Option<Place>,
    ) -> Result<SignedPage, AuthorityError> {
        for _ in 0..ATTEMPTS {
            let renewed = renewed(tenant, self.desk.ids.now());
            let due = shards::due(&self.desk.db, tenant, after, renewed, PAGE).await?;
            let last = due.last().map(|block| (block.app, block.block));
            let last = last.filter(|_| due.len() == PAGE as usize);
            if due.is_empty() {
                return Ok(SignedPage { last, signed: 0 });
            }
            let page = self.prepare_page(tenant, &due).await?;
            match self.desk.write_for(caller, page).await {
                Err(AuthorityError::Superseded) => {}
                signed => return Ok(SignedPage { last, signed: signed? }),
            }
        }
        Err(AuthorityError::Busy("another process signs the tenant's shards"))
    }

    async fn prepare_page(&self, tenant: TenantId, due: &[BlockDue]) -> Result<StoreShards, AuthorityError> {
        let signer = self.changes.snapshot_keys(tenant).await?.signer;
        let mut shards = vec![];
        for block in due {
            shards.push(self.sign_shard(tenant, block, signer).await?);
            // Signatures take a while; other requests go on in between.
            tokio::task::yield_now().await;
        }
        Ok(StoreShards { tenant, signer, due: due.to_vec(), shards })
    }

    /// The next shard of a block. Its list is read after the block's number of changes: what is listed in between is in it, or due.
    async fn sign_shard(
        &self,
        tenant: TenantId,
        &BlockDue { app, block, listings, version: before }: &BlockDue,
        signer: PublicKey,
    ) -> Result<(ShardRow, Vec<u8>), AuthorityError> {
        let now = self.desk.ids.now();
        let body = ShardBody::of(&slots::listed(&self.desk.db, tenant, (app, block), now).await?);
        let version = before.map_or_else(|| Ok(first_version(now)), |before| next_version(before, now))?;
        let listed = body.as_ref().map_or(0, |body| body.count().into());
        let shard = Shard { tenant, app, block, version, issued_at: now, next_update: now.plus(DAY), body };
        let (id, statement) = self.changes.sign_named(&shard, signer)?;
        Ok((ShardRow { app, block, version, issued_at: now, listed, listings, signer, id }, statement))
    }
}

struct StoreShards {
    tenant: TenantId,
    /// It must still be the key that signs.
    signer: PublicKey,
    due: Vec<BlockDue>,
    /// A shard for each of them.
    shards: Vec<(ShardRow, Vec<u8>)>,
}

impl Work for StoreShards {
    type Output = u64;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, AuthorityError> {
        if !keys::hold_active(tx, KeyScope::Tenant(self.tenant), self.signer).await? {
            return Err(AuthorityError::Superseded);
        }
        for (due, (shard, statement)) in self.due.iter().zip(&self.shards) {
            // A version is given out once: whoever was faster has it.
            if !shards::is_as_read(tx, due).await?
                || !shards::upsert(tx, self.tenant, shard, statement).await?
            {
                return Err(AuthorityError::Superseded);
            }
        }
        Ok(self.shards.len() as u64)
    }
}
