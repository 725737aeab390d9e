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

use sealgate_artifact::TenantId;
use sealgate_authority::AuthorityError;
use sealgate_store::table::{self, SnapshotLook, SnapshotRow, snapshots};
use sealgate_wire::{CountedQuery, Nothing, Page, SnapshotSigned, SnapshotView, Timestamp};

pub(crate) use self::again::Again;
pub(crate) use self::chain::Chain;
use self::due::DAY;
pub use self::import::SnapshotImports;
pub use self::job::SnapshotStep;
pub use self::signing::Snapshots;
use crate::Caller;
use crate::keys::first_version;
use crate::page::Part;

/// Pages of shards that one request signs. More would exceed its deadline.
const PAGES: u32 = 4;
const MINUTE: u64 = 60;
/// So far a tenant's versions may run ahead of the minutes. After a database came back older, they are behind those that were lost for
/// as long at most.
const AHEAD: u64 = 5;

impl Snapshots {
    /// Signs what is due of the caller's tenant now, as far as one request can. Asking again goes on. A tenant of whom much was
    /// signed within the minute gets the snapshot that there is: its versions do not run far ahead of the minutes.
    pub async fn sign_now(&self, caller: &Caller, _: &Nothing) -> Result<SnapshotSigned, AuthorityError> {
        let tenant = caller.tenant;
        let turn = self.turns.take(tenant);
        let _turn = turn.ok_or(AuthorityError::Busy("the tenant's revocation data is being signed"))?;
        self.may_sign()?;
        self.is_cared_for(tenant);
        let waits = snapshots::look(&self.desk.db, tenant).await?.map_or(0, |look| self.waits(tenant, &look));
        let is_signed = waits == 0 && self.sign_pages(caller).await?;
        if is_signed {
            self.sign_snapshot(tenant, Some(caller)).await?;
        }
        let newest = snapshots::newest(&self.desk.db, tenant).await?;
        let says_all = self.says_all(tenant).await?;
        let complete = is_signed || waits > 0 && says_all;
        Ok(SnapshotSigned {
            complete,
            again_in: (waits > 0 && !complete).then_some(waits),
            snapshot: newest.map(|row| self.view(&row, says_all)),
        })
    }

    /// Signs pages of shards. Says whether all are.
    async fn sign_pages(&self, caller: &Caller) -> Result<bool, AuthorityError> {
        let mut at = None;
        for _ in 0..PAGES {
            at = self.sign_page(caller.tenant, Some(caller), at).await?.last;
            if at.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// For how many seconds nothing more is signed on request: for a minute where the newest version is far ahead, and until the last
    /// snapshot is as old as it took to write.
    fn waits(&self, tenant: TenantId, look: &SnapshotLook) -> u64 {
        let now = self.desk.ids.now();
        let rests = self.rests(tenant);
        let Some((version, issued_at, _)) = look.newest else { return rests };
        let is_ahead =
            version >= first_version(now) + AHEAD && issued_at.plus(MINUTE) > now && issued_at <= now;
        if is_ahead { rests.max(issued_at.plus(MINUTE).get() - now.get()) } else { rests }
    }

    /// Whether the newest snapshot has all that is to be in it.
    async fn says_all(&self, tenant: TenantId) -> Result<bool, AuthorityError> {
        let (db, renewed) = (&self.desk.db, due::renewed(tenant, self.desk.ids.now()));
        let look = snapshots::look(db, tenant).await?;
        let says_all = look.and_then(|look| look.newest).is_some_and(|(.., says_all)| says_all);
        Ok(says_all && table::shards::due(db, tenant, None, renewed, 1).await?.is_empty())
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
        // Read before the rows: one that is signed in between is said to lack something, and lacks nothing.
        let look = snapshots::look(&self.desk.db, caller.tenant).await?;
        let newest = look.and_then(|look| look.newest).map(|(version, ..)| version);
        let says_all = self.says_all(caller.tenant).await?;
        let view = |row: &SnapshotRow| Ok(self.view(row, says_all && newest == Some(row.version)));
        part.of_short_rows().read(rows, |row| row.version, view).await
    }

    /// `says_all`: whether nothing was taken back since that it lacks.
    fn view(&self, row: &SnapshotRow, says_all: bool) -> SnapshotView {
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
            due: !says_all,
        }
    }
}
