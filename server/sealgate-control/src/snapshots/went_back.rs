//! A server that sees its database come back older gives no slot out from the blocks of before: what was given out since is not known
//! (`spec/revocation.md` §7.7).

use std::sync::atomic::Ordering;

use sealgate_artifact::TenantId;
use sealgate_authority::AuthorityError;
use sealgate_store::table::{keysets, slot_blocks};
use sealgate_store::work;

use super::signing::Snapshots;

/// Tenants that are read at once.
const PAGE: u32 = 500;

impl Snapshots {
    /// Closes the blocks of all tenants, once for each time that the database came back older.
    pub(super) async fn close_after_going_back(&self) -> Result<(), AuthorityError> {
        let times = self.desk.db.times_back();
        if self.closed.load(Ordering::SeqCst) >= times {
            return Ok(());
        }
        let mut after = None;
        loop {
            let page = keysets::tenants(&self.desk.db, after, PAGE).await?;
            for tenant in &page {
                self.close_blocks(*tenant).await?;
            }
            after = page.last().copied();
            if page.len() < PAGE as usize {
                break;
            }
        }
        self.closed.fetch_max(times, Ordering::SeqCst);
        Ok(())
    }

    async fn close_blocks(&self, tenant: TenantId) -> Result<(), AuthorityError> {
        let close = work(tenant, |tenant, tx| {
            Box::pin(async move { slot_blocks::close_all(tx, *tenant).await.map(drop) })
        });
        Ok(self.desk.db.write(close).await?)
    }
}
