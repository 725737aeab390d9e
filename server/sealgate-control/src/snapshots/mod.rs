//! Revocation data: shards and snapshots, signed by each tenant's snapshot key (`spec/revocation.md` §7.1).

mod again;
mod chain;
mod container;
mod due;
mod import;
mod job;
mod shards;
mod snapshot;

use sealgate_artifact::{AppId, Code, TenantId};
use sealgate_authority::{AuthorityError, Side};
use sealgate_store::table::{SnapshotRow, snapshots};
use sealgate_wire::{CountedQuery, Nothing, Page, SnapshotSigned, SnapshotView, Timestamp};

pub(crate) use self::again::Again;
use self::due::DAY;
pub use self::import::SnapshotImports;
pub use self::job::SnapshotStep;
use crate::Caller;
use crate::desk::Desk;
use crate::keys::KeyChanges;
use crate::page::Part;
use crate::turns::Turns;

/// Pages of shards that one request signs. More would exceed its deadline.
const PAGES: u32 = 4;

/// Signs revocation data, and shows what was signed. Clones take turns with each other.
#[derive(Clone)]
pub struct Snapshots {
    desk: Desk,
    changes: KeyChanges,
    /// One signs for a tenant at a time.
    turns: Turns<TenantId>,
}

impl Snapshots {
    pub(crate) fn new(changes: KeyChanges) -> Self {
        Self { desk: changes.desk().clone(), changes, turns: Turns::default() }
    }

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

    /// What is signed here counts for ever: its version stands in the memory of every machine that takes it over.
    fn may_sign(&self) -> Result<(), AuthorityError> {
        self.desk.ids.clock_watch().may_sign_until(Side::Vendor, None)
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

/// A block of an app.
type Place = (AppId, u64);

/// Whether a tenant cannot sign because it has no snapshot key yet.
fn lacks_key(error: &AuthorityError) -> bool {
    matches!(error, AuthorityError::Refused(Code::KeyMissing))
}
