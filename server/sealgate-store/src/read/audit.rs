//! The audit log.

use sealgate_artifact::TenantId;

use crate::columns::{count, digest, signed};
use crate::sql::{query, query_as};
use crate::{AuditRow, Db, StoreError, statements};

macro_rules! select_audit {
    ($rest:literal) => {
        concat!(
            "SELECT audit_id, tenant_id, at, actor, action, subject, detail, request_id, seq, hash FROM audit ",
            $rest
        )
    };
}

statements! {
    LIST = select_audit!("WHERE tenant_id = $1 AND audit_id < $2 ORDER BY audit_id DESC LIMIT $3");
    CHAIN = select_audit!("WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3");
    WAITING = "SELECT COUNT(*) FROM (SELECT audit_id FROM audit WHERE seq IS NULL LIMIT 1) w";
    HEAD = "SELECT seq, hash FROM audit_heads WHERE tenant_id = $1";
}

/// The tenant's log, newest first, from rows older than `before` on.
pub async fn list(
    db: &Db,
    tenant: TenantId,
    before: Option<String>,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let query = query_as(LIST).bind(tenant.to_string()).bind(super::before(before));
    query.bind(signed(limit.into())).fetch_all(&db.pool).await
}

/// The tenant's chain, oldest first, from the row after number `after` on.
pub async fn chain(db: &Db, tenant: TenantId, after: u64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
    let query = query_as(CHAIN).bind(tenant.to_string()).bind(signed(after));
    query.bind(signed(limit.into())).fetch_all(&db.pool).await
}

/// Whether rows wait for their number.
pub async fn is_waiting(db: &Db) -> Result<bool, StoreError> {
    Ok(query(WAITING).fetch_one(&db.pool).await?.get::<i64>(0)? > 0)
}

/// The number and hash of the chain's last row.
pub async fn head(db: &Db, tenant: TenantId) -> Result<Option<(u64, [u8; 32])>, StoreError> {
    let row = query(HEAD).bind(tenant.to_string()).fetch_optional(&db.pool).await?;
    row.map(|row| Ok((count(&row, "seq")?, digest(&row, "hash")?))).transpose()
}
