//! The newest snapshots of each tenant, each a whole container in parts (`spec/revocation.md` §4, `spec/container.md`).

use sealgate_artifact::{PublicKey, StatementId, TenantId, UnixSeconds};

use crate::columns::{count, digest, parsed, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

macro_rules! select_snapshot {
    ($rest:literal) => {
        concat!(
            "SELECT version, issued_at, signer, chain, shards, versions, listed, bytes, sha256, container FROM snapshots ",
            $rest
        )
    };
}

statements! {
    LIST = select_snapshot!("WHERE tenant_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3");
    INSERT = "INSERT INTO snapshots (tenant_id, version, issued_at, signer, chain, shards, versions, listed, bytes, sha256, \
              container, statement) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    STATEMENT = "SELECT statement FROM snapshots WHERE tenant_id = $1 AND version = $2";
    PART = "SELECT contents FROM snapshot_parts WHERE tenant_id = $1 AND container = $2 AND part = $3";
    COUNT_PARTS = "SELECT COUNT(*) FROM snapshot_parts WHERE tenant_id = $1 AND container = $2";
    INSERT_PART = "INSERT INTO snapshot_parts (tenant_id, container, part, contents) VALUES ($1, $2, $3, $4)";
    NOTE = "INSERT INTO snapshot_ids (tenant_id, statement_id, version, signer, noted_at) VALUES ($1, $2, $3, $4, $5) \
            ON CONFLICT (tenant_id, statement_id) DO NOTHING";
    NEWEST_BY = "SELECT version FROM snapshot_ids WHERE tenant_id = $1 AND signer = $2 ORDER BY version DESC LIMIT 1";
    FORGET_IDS = "DELETE FROM snapshot_ids WHERE tenant_id = $1 AND noted_at < $2";
    FORGET = "DELETE FROM snapshots WHERE tenant_id = $1 AND version < $2";
    // What is in no snapshot that is kept was begun and not finished, or belonged to one that is not kept any more.
    FORGET_CONTAINER = "DELETE FROM snapshot_parts WHERE tenant_id = $1 AND container = $2";
    FORGET_PARTS = "DELETE FROM snapshot_parts WHERE tenant_id = $1 AND container NOT IN \
                    (SELECT s.container FROM snapshots s WHERE s.tenant_id = $1)";
}

/// A snapshot, without its statement and its container.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct SnapshotRow {
    pub version: u64,
    pub issued_at: UnixSeconds,
    pub signer: PublicKey,
    /// The ids of the keysets that it names.
    pub chain: String,
    /// How many shards it names, the sum of their versions, and how many slots they list.
    pub shards: u64,
    pub versions: u64,
    pub listed: u64,
    /// The container's length and SHA-256.
    pub bytes: u64,
    pub sha256: [u8; 32],
    /// Under which name the container's parts are stored.
    pub container: String,
}

impl FromRow for SnapshotRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            version: count(row, "version")?,
            issued_at: time(row, "issued_at")?,
            signer: parsed(row, "signer", |t| PublicKey::parse(t).ok())?,
            chain: row.get("chain")?,
            shards: count(row, "shards")?,
            versions: count(row, "versions")?,
            listed: count(row, "listed")?,
            bytes: count(row, "bytes")?,
            sha256: digest(row, "sha256")?,
            container: row.get("container")?,
        })
    }
}

/// The tenant's snapshots, newest first, starting with those of a lower version.
pub async fn list(
    on: impl Read,
    tenant: TenantId,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<SnapshotRow>, StoreError> {
    let query = query_as(LIST).bind(tenant.to_string()).bind(before.map_or(i64::MAX, signed));
    query.bind(signed(limit.into())).fetch_all(on).await
}

/// The tenant's newest snapshot.
pub async fn newest(on: impl Read, tenant: TenantId) -> Result<Option<SnapshotRow>, StoreError> {
    query_as(LIST).bind(tenant.to_string()).bind(i64::MAX).bind(1_i64).fetch_optional(on).await
}

/// The statement of a snapshot that is kept, with its list of shards.
pub async fn statement(on: impl Read, tenant: TenantId, version: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let query = query(STATEMENT).bind(tenant.to_string()).bind(signed(version));
    query.fetch_optional(on).await?.map(|row| row.get("statement")).transpose()
}

/// A part of a container; `None` behind its last one, or where it is not kept any more.
pub async fn part(
    on: impl Read,
    tenant: TenantId,
    (container, part): (&str, u64),
) -> Result<Option<Vec<u8>>, StoreError> {
    let query = query(PART).bind(tenant.to_string()).bind(container).bind(signed(part));
    query.fetch_optional(on).await?.map(|row| row.get(0)).transpose()
}

/// Stores a part of a container that is not finished yet.
pub async fn insert_part(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    (container, part): (&str, u64),
    contents: &[u8],
) -> Result<(), StoreError> {
    let query = query(INSERT_PART).bind(tenant.to_string()).bind(container).bind(signed(part));
    query.bind(contents.to_vec()).execute(tx).await?;
    Ok(())
}

/// Adds a snapshot all of whose parts are there; `false` if they are not any more. [`StoreError::Duplicate`] if there is one of this
/// version.
pub async fn insert(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    (row, parts): (&SnapshotRow, u64),
    statement: &[u8],
) -> Result<bool, StoreError> {
    let there = query(COUNT_PARTS).bind(tenant.to_string()).bind(&row.container);
    if there.fetch_one(&mut *tx).await?.get::<i64>(0)? != signed(parts) {
        return Ok(false);
    }
    query(INSERT)
        .bind(tenant.to_string())
        .bind(signed(row.version))
        .bind(signed(row.issued_at.get()))
        .bind(row.signer.to_string())
        .bind(&row.chain)
        .bind(signed(row.shards))
        .bind(signed(row.versions))
        .bind(signed(row.listed))
        .bind(signed(row.bytes))
        .bind(row.sha256.to_vec())
        .bind(&row.container)
        .bind(statement.to_vec())
        .execute(tx)
        .await?;
    Ok(true)
}

/// Forgets the tenant's snapshots before that version, and the parts of containers that are in none that is kept.
pub async fn forget(tx: &mut Tx<'_>, tenant: TenantId, before: u64) -> Result<(), StoreError> {
    query(FORGET).bind(tenant.to_string()).bind(signed(before)).execute(&mut *tx).await?;
    query(FORGET_PARTS).bind(tenant.to_string()).execute(tx).await?;
    Ok(())
}

/// Forgets the parts of a container that came to nothing.
pub async fn forget_container(tx: &mut Tx<'_>, tenant: TenantId, container: &str) -> Result<(), StoreError> {
    query(FORGET_CONTAINER).bind(tenant.to_string()).bind(container).execute(tx).await?;
    Ok(())
}

/// What stays of a snapshot for longer than itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct SnapshotId {
    pub id: StatementId,
    pub version: u64,
    pub signer: PublicKey,
}

/// Notes a snapshot that was signed or taken over. `false` if it is known: then it is one of this history.
pub async fn note_id(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    snapshot: &SnapshotId,
    now: UnixSeconds,
) -> Result<bool, StoreError> {
    let query = query(NOTE).bind(tenant.to_string()).bind(snapshot.id.to_string());
    let query = query.bind(signed(snapshot.version)).bind(snapshot.signer.to_string());
    Ok(query.bind(signed(now.get())).execute(tx).await? > 0)
}

/// The highest version that was noted of the snapshots of that key.
pub async fn newest_by(
    on: impl Read,
    tenant: TenantId,
    signer: PublicKey,
) -> Result<Option<u64>, StoreError> {
    let query = query(NEWEST_BY).bind(tenant.to_string()).bind(signer.to_string());
    query.fetch_optional(on).await?.map(|row| count(&row, "version")).transpose()
}

/// Forgets the ids that were noted before then.
pub async fn forget_ids(tx: &mut Tx<'_>, tenant: TenantId, before: UnixSeconds) -> Result<(), StoreError> {
    query(FORGET_IDS).bind(tenant.to_string()).bind(signed(before.get())).execute(tx).await?;
    Ok(())
}
