//! Blocks of slots (`spec/revocation.md` §1.2), and how far each is opened.

use std::collections::BTreeSet;

use sealgate_artifact::{AppId, TenantId, UnixSeconds};

use crate::columns::{count, flag, parsed, signed, small, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

const FIRST_BITS: i64 = 10;

statements! {
    FIND = "SELECT block, bits, is_full FROM slot_blocks WHERE app_id = $1 AND block = $2";
    NEWEST = "SELECT block, bits, is_full FROM slot_blocks WHERE app_id = $1 ORDER BY block DESC LIMIT 1";
    // Whoever was faster opened it, or moved its window.
    OPEN = "INSERT INTO slot_blocks (tenant_id, app_id, block, bits, is_full) VALUES ($1, $2, $3, $4, 0) \
            ON CONFLICT (app_id, block) DO NOTHING";
    WIDEN = "UPDATE slot_blocks SET bits = $3 WHERE app_id = $1 AND block = $2 AND bits < $3";
    CLOSE = "UPDATE slot_blocks SET is_full = 1 WHERE app_id = $1 AND block = $2 AND is_full = 0";
    CLOSE_ALL = "UPDATE slot_blocks SET is_full = 1 WHERE tenant_id = $1 AND is_full = 0";
    // What only an imported snapshot knows lies in a block of which nobody knows what else was given out.
    KNOW = "INSERT INTO slot_blocks (tenant_id, app_id, block, bits, is_full) VALUES ($1, $2, $3, 20, 1) \
            ON CONFLICT (app_id, block) DO NOTHING";
    FORGOTTEN_UNTIL = "SELECT forgotten_until FROM slot_blocks WHERE app_id = $1 AND block = $2";
    FORGET_UNTIL = "UPDATE slot_blocks SET forgotten_until = $3 WHERE app_id = $1 AND block = $2 AND forgotten_until < $3";
    NEXT_FULL = "SELECT app_id, block FROM slot_blocks WHERE (app_id, block) > ($1, $2) AND is_full = 1 \
                 ORDER BY app_id, block LIMIT 1";
    IS_FULL = "SELECT app_id FROM slot_blocks WHERE app_id = $1 AND block = $2 AND is_full = 1";
    LISTED = "SELECT app_id, block, listings FROM slot_blocks WHERE tenant_id = $1 AND (app_id, block) > ($2, $3) \
              ORDER BY app_id, block LIMIT $4";
    COUNT_LISTING = "UPDATE slot_blocks SET listings = listings + 1 WHERE app_id = $1 AND block = $2";
}

/// SQLite has no users, and no functions.
const OPEN_NEXT: &str = "SELECT open_slot_block($1, $2, $3) AS opened";
const KNOW_SHOWN: &str = "SELECT know_slot_block($1, $2, $3) AS known";
const WIDEN_BY_FUNCTION: &str = "SELECT widen_slot_block($1, $2, $3) AS widened";
const CLOSE_BY_FUNCTION: &str = "SELECT close_slot_block($1, $2) AS closed";

/// How far a block is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct SlotBlock {
    pub block: u64,
    pub bits: u32,
    pub is_full: bool,
}

impl FromRow for SlotBlock {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { block: count(row, "block")?, bits: small(row, "bits")?, is_full: flag(row, "is_full")? })
    }
}

/// A block, and how often its list changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockListed {
    /// The app.
    pub app: AppId,
    /// The block.
    pub block: u64,
    /// How often something in it was listed or forgotten; 0: nothing ever was.
    pub listings: u64,
}

impl FromRow for BlockListed {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            block: count(row, "block")?,
            listings: count(row, "listings")?,
        })
    }
}

/// This block of the app.
pub async fn find(on: impl Read, app: AppId, block: u64) -> Result<Option<SlotBlock>, StoreError> {
    query_as(FIND).bind(app.to_string()).bind(signed(block)).fetch_optional(on).await
}

/// The app's last block.
pub async fn newest(on: impl Read, app: AppId) -> Result<Option<SlotBlock>, StoreError> {
    query_as(NEWEST).bind(app.to_string()).fetch_optional(on).await
}

/// Opens the first block of a new app.
pub(super) async fn open_first(tx: &mut Tx<'_>, app: (TenantId, AppId)) -> Result<(), StoreError> {
    open(tx, app, 0).await
}

/// Opens the block after the app's last one; the first without one. Somebody else may have done so: that changes nothing.
pub async fn open_next(
    tx: &mut Tx<'_>,
    (tenant, app): (TenantId, AppId),
    last: Option<u64>,
) -> Result<(), StoreError> {
    if !tx.connection.locks_rows() {
        return open(tx, (tenant, app), last.map_or(0, |last| last + 1)).await;
    }
    let query = query(OPEN_NEXT).bind(tenant.to_string()).bind(app.to_string());
    query.bind(last.map_or(-1, signed)).fetch_one(&mut *tx).await?;
    Ok(())
}

async fn open(tx: &mut Tx<'_>, (tenant, app): (TenantId, AppId), block: u64) -> Result<(), StoreError> {
    let query = query(OPEN).bind(tenant.to_string()).bind(app.to_string());
    query.bind(signed(block)).bind(FIRST_BITS).execute(tx).await?;
    Ok(())
}

/// Moves the window of a block further, unless it reaches as far already.
pub async fn widen(tx: &mut Tx<'_>, app: AppId, block: u64, bits: u32) -> Result<(), StoreError> {
    let by_function = tx.connection.locks_rows();
    let query = query(if by_function { WIDEN_BY_FUNCTION } else { WIDEN });
    let query = query.bind(app.to_string()).bind(signed(block)).bind(i64::from(bits));
    if by_function { query.fetch_one(tx).await.map(drop) } else { query.execute(tx).await.map(drop) }
}

/// Has nothing more drawn from a block. Where a runtime's database user may ask for it, only from one that is used.
pub async fn close(tx: &mut Tx<'_>, app: AppId, block: u64) -> Result<(), StoreError> {
    let by_function = tx.connection.locks_rows();
    let query = query(if by_function { CLOSE_BY_FUNCTION } else { CLOSE });
    let query = query.bind(app.to_string()).bind(signed(block));
    if by_function { query.fetch_one(tx).await.map(drop) } else { query.execute(tx).await.map(drop) }
}

/// Has nothing more drawn from any block of the tenant. After a database came back older: what was given out meanwhile is not
/// known, and not given out again.
pub async fn close_all(tx: &mut Tx<'_>, tenant: TenantId) -> Result<u64, StoreError> {
    query(CLOSE_ALL).bind(tenant.to_string()).execute(tx).await
}

/// Notes a block of which only an imported snapshot is known: nothing is drawn from it.
pub async fn know(tx: &mut Tx<'_>, (tenant, app): (TenantId, AppId), block: u64) -> Result<(), StoreError> {
    let query = query(KNOW).bind(tenant.to_string()).bind(app.to_string());
    query.bind(signed(block)).execute(tx).await?;
    Ok(())
}

/// Slots of this block may be forgotten whose statements ended before then; `None` if there is no such block.
pub async fn forgotten_until(
    on: impl Read,
    app: AppId,
    block: u64,
) -> Result<Option<UnixSeconds>, StoreError> {
    let found = query(FORGOTTEN_UNTIL).bind(app.to_string()).bind(signed(block)).fetch_optional(on).await?;
    found.map(|row| time(&row, "forgotten_until")).transpose()
}

/// Notes that slots of this block are forgotten whose statements ended before then.
pub(super) async fn forget_until(
    tx: &mut Tx<'_>,
    app: AppId,
    block: u64,
    until: UnixSeconds,
) -> Result<(), StoreError> {
    let query = query(FORGET_UNTIL).bind(app.to_string()).bind(signed(block));
    query.bind(signed(until.get())).execute(tx).await?;
    Ok(())
}

/// The same for a block of which a device shows a proof. `false` if it lies too far behind those that are known.
pub async fn know_shown(
    tx: &mut Tx<'_>,
    (tenant, app): (TenantId, AppId),
    block: u64,
) -> Result<bool, StoreError> {
    if find(&mut *tx, app, block).await?.is_some() {
        return Ok(true);
    }
    if tx.connection.locks_rows() {
        let query = query(KNOW_SHOWN).bind(tenant.to_string()).bind(app.to_string());
        query.bind(signed(block)).fetch_one(&mut *tx).await?;
    } else {
        know(tx, (tenant, app), block).await?;
    }
    Ok(find(tx, app, block).await?.is_some())
}

/// The first block after that one, of any app, from which nothing is drawn any more.
pub(super) async fn next_full(
    on: impl Read,
    (app, block): (&str, i64),
) -> Result<Option<(AppId, u64)>, StoreError> {
    let row = query(NEXT_FULL).bind(app).bind(block).fetch_optional(on).await?;
    row.map(|row| Ok((parsed(&row, "app_id", |t| AppId::parse(t).ok())?, count(&row, "block")?))).transpose()
}

/// Whether nothing is drawn from this block any more.
pub(super) async fn is_full(on: impl Read, app: AppId, block: u64) -> Result<bool, StoreError> {
    Ok(query(IS_FULL).bind(app.to_string()).bind(signed(block)).fetch_optional(on).await?.is_some())
}

/// Notes that the lists of these blocks changed: their shards are due. **Every** statement that sets or removes `slots.listed_at` or
/// deletes slots calls this in its transaction, once for each block that it touched (on PostgreSQL `list_proofs` does so by itself):
/// one that does not leaves its revocation out of shards for a day.
pub(super) async fn count_listings(
    tx: &mut Tx<'_>,
    blocks: impl IntoIterator<Item = (AppId, u64)>,
) -> Result<(), StoreError> {
    for (app, block) in blocks.into_iter().collect::<BTreeSet<_>>() {
        query(COUNT_LISTING).bind(app.to_string()).bind(signed(block)).execute(&mut *tx).await?;
    }
    Ok(())
}

/// The same for what a statement returned: rows with `app_id` and `block`. Says how many rows these are.
pub(super) async fn count_listed(tx: &mut Tx<'_>, rows: &[Row]) -> Result<u64, StoreError> {
    let place = |row: &Row| Ok((parsed(row, "app_id", |t| AppId::parse(t).ok())?, count(row, "block")?));
    let blocks: BTreeSet<_> = rows.iter().map(place).collect::<Result<_, StoreError>>()?;
    count_listings(tx, blocks).await?;
    Ok(rows.len() as u64)
}

/// The tenant's blocks and how often their lists changed, by app and block, starting after that one.
pub async fn listed(
    on: impl Read,
    tenant: TenantId,
    after: Option<(AppId, u64)>,
    limit: u32,
) -> Result<Vec<BlockListed>, StoreError> {
    let (app, block) = after.map_or((String::new(), 0), |(app, block)| (app.to_string(), block));
    let query = query_as(LISTED).bind(tenant.to_string()).bind(app).bind(signed(block));
    query.bind(signed(limit.into())).fetch_all(on).await
}
