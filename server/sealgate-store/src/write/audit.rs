//! Numbers and hashes for the audit log (`spec/audit.md` §2).

use sealgate_artifact::TenantId;

use crate::columns::{count, digest, signed};
use crate::sql::{query, query_as};
use crate::{AuditRow, StoreError, Tx, statements};

statements! {
    WAITING = "SELECT audit_id, tenant_id, at, actor, action, subject, detail, request_id, seq, hash FROM audit \
               WHERE seq IS NULL ORDER BY audit_id LIMIT $1";
    HEAD = "SELECT seq, hash FROM audit_heads WHERE tenant_id = $1";
    LINK = "UPDATE audit SET seq = $2, hash = $3 WHERE audit_id = $1";
    PUT_HEAD = "INSERT INTO audit_heads (tenant_id, seq, hash) VALUES ($1, $2, $3) \
                ON CONFLICT (tenant_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash";
}

/// Rows that wait for their number, the oldest first.
pub async fn waiting(tx: &mut Tx<'_>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
    let query = query_as(WAITING).bind(signed(limit.into()));
    query.fetch_all(&mut *tx.connection).await
}

/// The number and hash of the tenant's last row.
pub async fn head(tx: &mut Tx<'_>, tenant: TenantId) -> Result<Option<(u64, [u8; 32])>, StoreError> {
    let row = query(HEAD).bind(tenant.to_string()).fetch_optional(&mut *tx.connection).await?;
    row.map(|row| Ok((count(&row, "seq")?, digest(&row, "hash")?))).transpose()
}

/// Gives a row its number and hash.
pub async fn link(tx: &mut Tx<'_>, id: &str, seq: u64, hash: &[u8; 32]) -> Result<(), StoreError> {
    let query = query(LINK).bind(id.to_owned()).bind(signed(seq)).bind(hash.to_vec());
    query.execute(&mut *tx.connection).await?;
    Ok(())
}

/// Stores the number and hash of the tenant's last row.
pub async fn put_head(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    seq: u64,
    hash: &[u8; 32],
) -> Result<(), StoreError> {
    let query = query(PUT_HEAD).bind(tenant.to_string()).bind(signed(seq)).bind(hash.to_vec());
    query.execute(&mut *tx.connection).await?;
    Ok(())
}
