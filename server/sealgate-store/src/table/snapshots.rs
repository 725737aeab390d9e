//! The newest snapshots of each tenant, each a whole container in parts (`spec/revocation.md` §4, `spec/container.md`).

use sealgate_artifact::{PublicKey, StatementId, TenantId, UnixSeconds};

use crate::columns::{count, digest, optional, optional_count, parsed, signed, time};
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

macro_rules! look {
    ($rest:literal) => {
        concat!(
            "SELECT CAST((SELECT MAX(r.version) FROM roots r) AS TEXT) || ' ' \
             || CAST((SELECT k.version FROM keysets k WHERE k.scope = 'installation') AS TEXT) || ' ' \
             || CAST((SELECT k.version FROM keysets k WHERE k.scope = $1) AS TEXT) AS chain_now, \
             (SELECT k.public_key FROM signing_keys k WHERE k.scope = $1 AND k.key_use = 'snapshot' AND k.state = 'active') \
             AS signer_now, \
             (SELECT CAST(COALESCE(SUM(s.version), 0) AS BIGINT) FROM shards s WHERE s.tenant_id = $1) AS versions_now, ",
            $rest
        )
    };
}

statements! {
    LIST = select_snapshot!("WHERE tenant_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3");
    // Of one that another database signed, nobody knows what it lacks: its `chain` is empty.
    LOOK = look!("n.version, n.issued_at, n.signer, n.chain, n.versions FROM snapshots n WHERE n.tenant_id = $1 \
                  ORDER BY n.version DESC LIMIT 1");
    LOOK_FIRST = look!("CAST(NULL AS BIGINT) AS version FROM keysets t WHERE t.scope = $1");
    INSERT = "INSERT INTO snapshots (tenant_id, version, issued_at, signer, chain, shards, versions, listed, bytes, sha256, \
              container, statement) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    STATEMENT = "SELECT statement FROM snapshots WHERE tenant_id = $1 AND version = $2";
    PART = "SELECT contents FROM snapshot_parts WHERE tenant_id = $1 AND container = $2 AND part = $3";
    // A container of as many shards as a snapshot can name, each as long as one can be, has fewer.
    COUNT_PARTS = "SELECT COUNT(*) FROM (SELECT 1 FROM snapshot_parts WHERE tenant_id = $1 AND container = $2 LIMIT 4096) counted";
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
    /// The versions of the keysets that it names; empty where another database signed it.
    pub chain: String,
    /// How many shards it names, the sum of the versions of all that there were, and how many slots they list.
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

/// What a tenant's newest snapshot is to say, and whether it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotLook {
    /// The versions of the keysets that it is to name.
    pub chain: String,
    /// The key that is to sign it.
    pub signer: Option<PublicKey>,
    /// The sum of the versions of the tenant's shards: it rises with each new one.
    pub versions: u64,
    /// The newest one's version and date, and whether it says all this.
    pub newest: Option<(u64, UnixSeconds, bool)>,
}

impl FromRow for SnapshotLook {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let (chain, versions): (String, u64) = (row.get("chain_now")?, count(row, "versions_now")?);
        let signer: Option<String> = row.get("signer_now")?;
        let newest = match optional_count(row, "version")? {
            None => None,
            Some(version) => {
                let said: (String, String) = (row.get("signer")?, row.get("chain")?);
                let says_all = Some(&said.0) == signer.as_ref()
                    && said.1 == chain
                    && count(row, "versions")? == versions;
                Some((version, time(row, "issued_at")?, says_all))
            }
        };
        Ok(Self {
            chain,
            signer: optional(row, "signer_now", |t| PublicKey::parse(t).ok())?,
            versions,
            newest,
        })
    }
}

/// What the tenant's newest snapshot is to say; `None` for a tenant without a keyset.
pub async fn look(on: impl Read + Copy, tenant: TenantId) -> Result<Option<SnapshotLook>, StoreError> {
    let tenant = tenant.to_string();
    if let Some(look) = query_as(LOOK).bind(&tenant).fetch_optional(on).await? {
        return Ok(Some(look));
    }
    query_as(LOOK_FIRST).bind(&tenant).fetch_optional(on).await
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
