//! The audit log, and its chains of hashes (`spec/audit.md` §2).

use std::borrow::Cow;

use sealgate_artifact::{RecordId, TenantId, UnixSeconds};

use super::page::{Part, readable};
use crate::columns::{count, digest, optional_count, optional_digest, parsed, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

macro_rules! select_audit {
    ($rest:literal) => {
        concat!(
            "SELECT audit_id, tenant_id, at, actor, action, subject, detail, request_id, seq, hash FROM audit ",
            $rest
        )
    };
}

statements! {
    LIST = select_audit!("WHERE tenant_id = $1 AND audit_id < $2 AND COALESCE(seq, 1) > 0 ORDER BY audit_id DESC LIMIT $3");
    CHAIN = select_audit!("WHERE tenant_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4");
    WAITING = select_audit!("WHERE seq IS NULL ORDER BY audit_id LIMIT $1");
    WAITING_WITHIN = select_audit!(
        "WHERE tenant_id = $1 AND audit_id >= $2 AND audit_id <= $3 AND seq IS NULL ORDER BY audit_id LIMIT $4"
    );
    WAITING_OF = "SELECT MIN(audit_id) AS first, MAX(audit_id) AS last FROM audit WHERE tenant_id = $1 AND seq IS NULL";
    IS_WAITING = "SELECT COUNT(*) FROM (SELECT audit_id FROM audit WHERE seq IS NULL LIMIT 1) w";
    HEAD = "SELECT seq, hash FROM audit_heads WHERE tenant_id = $1";
    INSERT = "INSERT INTO audit (audit_id, tenant_id, at, actor, action, subject, detail, request_id) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    // Below zero: in no chain and in no list, and still there.
    SET_ASIDE = "UPDATE audit SET seq = (SELECT COALESCE(MIN(o.seq), 0) - 1 FROM audit o \
                 WHERE o.tenant_id = audit.tenant_id AND o.seq < 0) WHERE audit_id = $1";
    LINK = "UPDATE audit SET seq = $2, hash = $3 WHERE audit_id = $1";
    UPSERT_HEAD = "INSERT INTO audit_heads (tenant_id, seq, hash) VALUES ($1, $2, $3) \
                   ON CONFLICT (tenant_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash";
}

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct AuditRow {
    /// A version 7 UUID.
    pub id: String,
    pub tenant: TenantId,
    pub at: UnixSeconds,
    /// Who did it, such as `token:…`.
    pub actor: String,
    /// What was done, such as `license.revoked`.
    pub action: Cow<'static, str>,
    /// What it was done to.
    pub subject: String,
    /// JSON, without secrets.
    pub detail: String,
    /// The request that caused it.
    pub request_id: String,
    /// Its number and hash in the tenant's chain; `None` until they are given.
    pub link: Option<(u64, [u8; 32])>,
}

impl FromRow for AuditRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row, "audit_id", |t| RecordId::parse(t).ok())?.to_string(),
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            at: time(row, "at")?,
            actor: row.get("actor")?,
            action: Cow::Owned(row.get("action")?),
            subject: row.get("subject")?,
            detail: row.get("detail")?,
            request_id: row.get("request_id")?,
            link: optional_count(row, "seq")?.zip(optional_digest(row, "hash")?),
        })
    }
}

/// The tenant's log, newest first, starting with rows older than `before`.
pub async fn list(
    on: impl Read + Copy,
    tenant: TenantId,
    before: Option<String>,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    readable((LIST, None), Part { tenant, before, limit }, on, "audit").await
}

/// The tenant's chain, oldest first, from behind one row number to another.
pub async fn chain(
    on: impl Read,
    tenant: TenantId,
    (after, last): (u64, u64),
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let query = query_as(CHAIN).bind(tenant.to_string()).bind(signed(after)).bind(signed(last));
    query.bind(signed(limit.into())).fetch_all(on).await
}

/// Which of the rows that have no number yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// All.
    All,
    /// A tenant's.
    Within(Stretch),
}

/// A tenant's rows from one identifier to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    tenant: TenantId,
    first: String,
    last: String,
}

/// Where the tenant's rows lie that have no number yet.
pub async fn waiting_of(on: impl Read, tenant: TenantId) -> Result<Option<Stretch>, StoreError> {
    let row = query(WAITING_OF).bind(tenant.to_string()).fetch_one(on).await?;
    let ends = row.get::<Option<String>>("first")?.zip(row.get("last")?);
    Ok(ends.map(|(first, last)| Stretch { tenant, first, last }))
}

/// Rows that have no number yet, oldest first. One that cannot be read is given by its column `audit_id` alone.
pub async fn waiting(
    on: impl Read,
    which: &Waiting,
    limit: u32,
) -> Result<Vec<Result<AuditRow, String>>, StoreError> {
    let query = match which {
        Waiting::All => query(WAITING),
        Waiting::Within(Stretch { tenant, first, last }) => {
            query(WAITING_WITHIN).bind(tenant.to_string()).bind(first).bind(last)
        }
    };
    let rows = query.bind(signed(limit.into())).fetch_all(on).await?;
    let read = |row: &Row| match AuditRow::from_row(row) {
        Ok(row) => Ok(Ok(row)),
        Err(StoreError::Corrupt(_)) => Ok(Err(row.get("audit_id")?)),
        Err(error) => Err(error),
    };
    rows.iter().map(read).collect()
}

/// Sets aside rows that cannot be read, so that the others get their numbers.
pub async fn set_aside(tx: &mut Tx<'_>, ids: &[String]) -> Result<(), StoreError> {
    for id in ids {
        query(SET_ASIDE).bind(id).execute(&mut *tx).await?;
    }
    if let Some(first) = ids.first() {
        let rows = ids.len();
        tracing::error!(
            rows,
            first,
            "rows of the audit log that no server wrote were set aside: somebody else has rights on this table"
        );
    }
    Ok(())
}

/// Whether any row has no number yet.
pub async fn is_waiting(on: impl Read) -> Result<bool, StoreError> {
    Ok(query(IS_WAITING).fetch_one(on).await?.get::<i64>(0)? > 0)
}

/// The number and hash of the last row in the tenant's chain.
pub async fn head(on: impl Read, tenant: TenantId) -> Result<Option<(u64, [u8; 32])>, StoreError> {
    let row = query(HEAD).bind(tenant.to_string()).fetch_optional(on).await?;
    row.map(|row| Ok((count(&row, "seq")?, digest(&row, "hash")?))).transpose()
}

/// Records what somebody did. Written in the transaction that does it.
pub async fn insert(tx: &mut Tx<'_>, row: &AuditRow) -> Result<(), StoreError> {
    query(INSERT)
        .bind(&row.id)
        .bind(row.tenant.to_string())
        .bind(signed(row.at.get()))
        .bind(&row.actor)
        .bind(&*row.action)
        .bind(&row.subject)
        .bind(&row.detail)
        .bind(&row.request_id)
        .execute(tx)
        .await?;
    Ok(())
}

/// Gives a row its number and hash.
pub async fn link(tx: &mut Tx<'_>, id: &str, seq: u64, hash: &[u8; 32]) -> Result<(), StoreError> {
    let query = query(LINK).bind(id).bind(signed(seq)).bind(hash.to_vec());
    query.execute(tx).await?;
    Ok(())
}

/// Stores the number and hash of the last row in the tenant's chain.
pub async fn upsert_head(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    seq: u64,
    hash: &[u8; 32],
) -> Result<(), StoreError> {
    let query = query(UPSERT_HEAD).bind(tenant.to_string()).bind(signed(seq)).bind(hash.to_vec());
    query.execute(tx).await?;
    Ok(())
}
