//! Revocation data: shards and snapshots, signed by each tenant's snapshot key (`spec/revocation.md` §7.1).

mod again;
mod chain;
mod container;
mod due;
mod import;
mod job;
mod relist;
mod runs;
mod shards;
mod signing;
mod snapshot;
mod taken;
mod went_back;

use sealgate_authority::AuthorityError;
use sealgate_store::table::{SnapshotRow, snapshots};
use sealgate_wire::{CountedQuery, Nothing, Page, SnapshotSigned, SnapshotView, Timestamp};

pub(crate) use self::again::Again;
use self::due::DAY;
pub use self::import::SnapshotImports;
pub use self::job::SnapshotStep;
pub use self::signing::Snapshots;
use crate::Caller;
use crate::page::Part;

/// Pages of shards that one request signs. More would exceed its deadline.
const PAGES: u32 = 4;

impl Snapshots {
    /// Signs what is due of the caller's tenant now, as far as one request can. Asking again goes on.
    pub async fn sign_now(&self, caller: &Caller, _: &Nothing) -> Result<SnapshotSigned, AuthorityError> {
        let _turn = self.turns.wait(caller.tenant).await;
        self.may_sign()?;
        let (mut at, mut pages) = (None, 0);
        let complete = loop {
            let page = self.sign_page(caller.tenant, at).await?;
            pages += u32::from(page.signed > 0);
            match page.last {
                None => break true,
                Some(_) if pages >= PAGES => break false,
                last => at = last,
            }
        };
        if complete {
            self.sign_snapshot(caller.tenant, Some(caller)).await?;
        }
        let newest = snapshots::newest(&self.desk.db, caller.tenant).await?;
        Ok(SnapshotSigned { complete, snapshot: newest.map(|row| self.view(&row)) })
    }

    /// The snapshots of the caller's tenant that are kept, newest first.
    pub async fn list(
        &self,
        caller: &Caller,
        query: &CountedQuery,
    ) -> Result<Page<SnapshotView>, AuthorityError> {
        let part = Part::new("snapshots", query.cursor.as_deref(), query.limit, str::parse::<u64>)?
            .or_count(query.count);
        let rows = |before, most| snapshots::list(&self.desk.db, caller.tenant, before, most);
        part.of_short_rows().read(rows, |row| row.version, |row| Ok(self.view(row))).await
    }

    fn view(&self, row: &SnapshotRow) -> SnapshotView {
        let now = self.desk.ids.now();
        SnapshotView {
            version: row.version,
            issued_at: Timestamp(row.issued_at),
            next_update: Timestamp(row.issued_at.plus(DAY)),
            age: now.get().saturating_sub(row.issued_at.get()),
            shards: row.shards,
            revoked: row.listed,
            bytes: row.bytes,
            sha256: sealgate_artifact::encode_hex(&row.sha256),
        }
    }
}
