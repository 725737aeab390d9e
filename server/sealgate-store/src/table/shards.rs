//! The newest shard of each block, as it was signed (`spec/revocation.md` §3).

use sealgate_artifact::{AppId, PublicKey, StatementId, TenantId, UnixSeconds};

use crate::columns::{count, optional_count, parsed, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

macro_rules! about {
    ($rest:literal) => {
        concat!(
            "SELECT app_id, block, version, issued_at, listed, listings, signer, statement_id FROM shards ",
            $rest
        )
    };
}

statements! {
    // A block from which no slot was given has nothing that could be taken back, and needs no shard.
    // What a revoked key signed counts no more, whatever its version.
    DUE = "SELECT b.app_id, b.block, b.listings, CASE WHEN EXISTS (SELECT 1 FROM signing_keys r WHERE r.public_key = s.signer \
           AND r.state = 'revoked') THEN NULL ELSE s.version END AS version FROM slot_blocks b \
           LEFT JOIN shards s ON s.app_id = b.app_id AND s.block = b.block \
           WHERE b.tenant_id = $1 AND (b.app_id, b.block) > ($2, $3) AND (s.listings <> b.listings OR s.issued_at <= $4 \
           OR s.issued_at > $5 OR s.signer <> (SELECT k.public_key FROM signing_keys k WHERE k.scope = $1 \
           AND k.key_use = 'snapshot' AND k.state = 'active') \
           OR s.block IS NULL AND (b.listings > 0 OR EXISTS (SELECT 1 FROM slots o WHERE o.app_id = b.app_id \
           AND o.slot >= b.block * 1048576 AND o.slot < (b.block + 1) * 1048576))) \
           ORDER BY b.app_id, b.block LIMIT $6";
    AFTER = about!("WHERE tenant_id = $1 AND (app_id, block) > ($2, $3) ORDER BY app_id, block LIMIT $4");
    STATEMENT = "SELECT statement FROM shards WHERE app_id = $1 AND block = $2 AND tenant_id = $3";
    NEWEST_AT = "SELECT COALESCE(MAX(issued_at), 0) AS issued_at FROM shards WHERE tenant_id = $1";
    IS_NEWEST = "SELECT block FROM shards WHERE app_id = $1 AND block = $2 AND tenant_id = $3 AND statement_id = $4";
    BY_SIGNER = "SELECT block FROM shards WHERE signer = $1 LIMIT 1";
    // Whoever was faster signed a newer one. What a revoked key signed counts no more, whatever its version.
    UPSERT = "INSERT INTO shards (app_id, block, tenant_id, version, issued_at, listed, listings, signer, statement_id, \
              statement) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (app_id, block) DO UPDATE SET \
              version = excluded.version, issued_at = excluded.issued_at, listed = excluded.listed, listings = excluded.listings, \
              signer = excluded.signer, statement_id = excluded.statement_id, statement = excluded.statement \
              WHERE shards.tenant_id = excluded.tenant_id AND (shards.version < excluded.version OR EXISTS \
              (SELECT 1 FROM signing_keys k WHERE k.public_key = shards.signer AND k.state = 'revoked'))";
    // What was read before it was signed still holds.
    AS_READ = "SELECT b.block FROM slot_blocks b LEFT JOIN shards s ON s.app_id = b.app_id AND s.block = b.block \
               AND NOT EXISTS (SELECT 1 FROM signing_keys r WHERE r.public_key = s.signer AND r.state = 'revoked') \
               WHERE b.app_id = $1 AND b.block = $2 AND b.listings >= $3 AND COALESCE(s.version, -1) = $4";
    // One that another history signed under the same version: it is followed by a newer one at once.
    OUTDATE = "UPDATE shards SET issued_at = 0 WHERE app_id = $1 AND block = $2 AND version = $3 AND statement_id <> $4";
}

/// A shard, without its statement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct ShardRow {
    pub app: AppId,
    pub block: u64,
    pub version: u64,
    pub issued_at: UnixSeconds,
    /// How many slots it lists.
    pub listed: u64,
    /// What [`BlockDue::listings`] was before its list was read.
    pub listings: u64,
    pub signer: PublicKey,
    pub id: StatementId,
}

impl FromRow for ShardRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            block: count(row, "block")?,
            version: count(row, "version")?,
            issued_at: time(row, "issued_at")?,
            listed: count(row, "listed")?,
            listings: count(row, "listings")?,
            signer: parsed(row, "signer", |t| PublicKey::parse(t).ok())?,
            id: parsed(row, "statement_id", StatementId::parse)?,
        })
    }
}

/// A block whose shard is to be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct BlockDue {
    pub app: AppId,
    pub block: u64,
    /// How often its list changed. Whoever reads the list afterwards has all of these changes.
    pub listings: u64,
    /// The version of the shard that it has, unless its key was revoked.
    pub version: Option<u64>,
}

impl FromRow for BlockDue {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            block: count(row, "block")?,
            listings: count(row, "listings")?,
            version: optional_count(row, "version")?,
        })
    }
}

/// The tenant's blocks whose shards are due, by app and block, starting after that one: there is none; the list changed; it was signed
/// at `old` or before, or after `soon`; or another key signs now.
pub async fn due(
    on: impl Read,
    tenant: TenantId,
    after: Option<(AppId, u64)>,
    (old, soon): (UnixSeconds, UnixSeconds),
    limit: u32,
) -> Result<Vec<BlockDue>, StoreError> {
    let (app, block) = after.map_or((String::new(), 0), |(app, block)| (app.to_string(), block));
    let query = query_as(DUE).bind(tenant.to_string()).bind(app).bind(signed(block));
    let query = query.bind(signed(old.get())).bind(signed(soon.get()));
    query.bind(signed(limit.into())).fetch_all(on).await
}

/// The tenant's shards by app and block, starting after that one.
pub async fn after(
    on: impl Read,
    tenant: TenantId,
    after: Option<(AppId, u64)>,
    limit: u32,
) -> Result<Vec<ShardRow>, StoreError> {
    let (app, block) = after.map_or((String::new(), 0), |(app, block)| (app.to_string(), block));
    let query = query_as(AFTER).bind(tenant.to_string()).bind(app).bind(signed(block));
    query.bind(signed(limit.into())).fetch_all(on).await
}

/// The statement of a block's shard, with its body.
pub async fn statement(
    on: impl Read,
    tenant: TenantId,
    (app, block): (AppId, u64),
) -> Result<Option<Vec<u8>>, StoreError> {
    let query = query(STATEMENT).bind(app.to_string()).bind(signed(block)).bind(tenant.to_string());
    query.fetch_optional(on).await?.map(|row| row.get(0)).transpose()
}

/// Whether this statement is the newest shard of its block.
pub async fn is_newest(
    on: impl Read,
    tenant: TenantId,
    (app, block): (AppId, u64),
    id: StatementId,
) -> Result<bool, StoreError> {
    let query = query(IS_NEWEST).bind(app.to_string()).bind(signed(block)).bind(tenant.to_string());
    Ok(query.bind(id.to_string()).fetch_optional(on).await?.is_some())
}

/// When the newest of the tenant's shards was signed; the first second if there is none.
pub async fn newest_at(on: impl Read, tenant: TenantId) -> Result<UnixSeconds, StoreError> {
    time(&query(NEWEST_AT).bind(tenant.to_string()).fetch_one(on).await?, "issued_at")
}

/// Whether that key signed the newest shard of any block.
pub async fn is_signer(on: impl Read, key: PublicKey) -> Result<bool, StoreError> {
    Ok(query(BY_SIGNER).bind(key.to_string()).fetch_optional(on).await?.is_some())
}

/// Stores a shard; `false` if there is one of this version or a newer one.
pub async fn upsert(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    shard: &ShardRow,
    statement: &[u8],
) -> Result<bool, StoreError> {
    let query = query(UPSERT)
        .bind(shard.app.to_string())
        .bind(signed(shard.block))
        .bind(tenant.to_string())
        .bind(signed(shard.version))
        .bind(signed(shard.issued_at.get()))
        .bind(signed(shard.listed))
        .bind(signed(shard.listings))
        .bind(shard.signer.to_string())
        .bind(shard.id.to_string());
    Ok(query.bind(statement.to_vec()).execute(tx).await? > 0)
}

/// Whether the block has the shard that was read, or none yet, and its list changed at least as often. It is not so where the database came
/// back older meanwhile: what was signed of the lost list then must not stand for this one.
pub async fn is_as_read(tx: &mut Tx<'_>, due: &BlockDue) -> Result<bool, StoreError> {
    let query = query(AS_READ).bind(due.app.to_string()).bind(signed(due.block)).bind(signed(due.listings));
    Ok(query.bind(due.version.map_or(-1, signed)).fetch_optional(tx).await?.is_some())
}

/// Has the shard of a block signed anew, if it is another one than this and has the same version.
pub async fn outdate(tx: &mut Tx<'_>, other: &ShardRow) -> Result<(), StoreError> {
    let query = query(OUTDATE).bind(other.app.to_string()).bind(signed(other.block));
    query.bind(signed(other.version)).bind(other.id.to_string()).execute(tx).await?;
    Ok(())
}
