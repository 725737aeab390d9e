//! The newest certificate of each server for each tenant.

use sealgate_artifact::{PublicKey, TenantId, UnixSeconds};

use super::ServerRow;
use crate::columns::{lines, parsed, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::{AT_ONCE, at_once, statements};
use crate::{Read, StoreError, Tx};

statements! {
    FIND = "SELECT server_key, tenant_id, signer, origins, operations, expires_at, envelope FROM server_certificates \
            WHERE server_key = $1 AND tenant_id = $2";
    TENANTS_WITHOUT = "SELECT t.tenant_id FROM tenants t LEFT JOIN server_certificates c \
                       ON c.tenant_id = t.tenant_id AND c.server_key = $1 AND c.signer = $2 AND c.origins = $3 \
                       AND c.operations = $7 AND c.expires_at > $4 AND c.expires_at <= $5 WHERE c.server_key IS NULL \
                       ORDER BY t.tenant_id LIMIT $6";
    COUNT_OUTSIDE = "SELECT COUNT(*) FROM server_certificates \
                     WHERE server_key = $1 AND (expires_at <= $2 OR expires_at > $3)";
    UPSERT = "INSERT INTO server_certificates (server_key, tenant_id, signer, origins, operations, expires_at, envelope) \
              VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (server_key, tenant_id) DO UPDATE SET \
              signer = excluded.signer, origins = excluded.origins, operations = excluded.operations, expires_at = excluded.expires_at, \
              envelope = excluded.envelope";
    FORGET = concat!(
        "DELETE FROM server_certificates WHERE server_key = $1 AND tenant_id IN ( \
         SELECT tenant_id FROM server_certificates WHERE server_key = $1 ORDER BY tenant_id LIMIT ",
        at_once!(),
        ")"
    );
}

/// A certificate: a server speaks for a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct CertificateRow {
    pub server_key: PublicKey,
    pub tenant: TenantId,
    /// The authority that signed it.
    pub signer: PublicKey,
    /// Where clients find the server, as certified.
    pub origins: Vec<String>,
    /// What the server may be asked, as certified.
    pub operations: Vec<String>,
    pub expires_at: UnixSeconds,
    pub envelope: Vec<u8>,
}

impl FromRow for CertificateRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            server_key: parsed(row, "server_key", |t| PublicKey::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            signer: parsed(row, "signer", |t| PublicKey::parse(t).ok())?,
            origins: lines(row, "origins")?,
            operations: lines(row, "operations")?,
            expires_at: time(row, "expires_at")?,
            envelope: row.get("envelope")?,
        })
    }
}

/// A server's newest certificate for a tenant.
pub async fn find(
    on: impl Read,
    server: PublicKey,
    tenant: TenantId,
) -> Result<Option<CertificateRow>, StoreError> {
    query_as(FIND).bind(server.to_string()).bind(tenant.to_string()).fetch_optional(on).await
}

/// Tenants for which the server has no certificate that this authority signed for its origins and these operations and that
/// ends after the first of these times and not after the second.
pub async fn tenants_without(
    on: impl Read,
    (server, operations): (&ServerRow, &[&str]),
    signer: PublicKey,
    (until, latest): (UnixSeconds, UnixSeconds),
    limit: u32,
) -> Result<Vec<TenantId>, StoreError> {
    let rows = query(TENANTS_WITHOUT)
        .bind(server.server_key.to_string())
        .bind(signer.to_string())
        .bind(server.origins.join("\n"))
        .bind(signed(until.get()))
        .bind(signed(latest.get()))
        .bind(signed(limit.into()))
        .bind(operations.join("\n"))
        .fetch_all(on)
        .await?;
    rows.iter().map(|row| parsed(row, "tenant_id", |t| TenantId::parse(t).ok())).collect()
}

/// How many certificates of a server end at the first of these times or before it, or after the second.
pub async fn count_outside(
    on: impl Read,
    server: PublicKey,
    now: UnixSeconds,
    latest: UnixSeconds,
) -> Result<u64, StoreError> {
    let query = query(COUNT_OUTSIDE).bind(server.to_string()).bind(signed(now.get()));
    let row = query.bind(signed(latest.get())).fetch_one(on).await?;
    Ok(row.get::<i64>(0)?.unsigned_abs())
}

/// Stores a certificate in place of the previous one.
pub async fn upsert(tx: &mut Tx<'_>, row: &CertificateRow) -> Result<(), StoreError> {
    query(UPSERT)
        .bind(row.server_key.to_string())
        .bind(row.tenant.to_string())
        .bind(row.signer.to_string())
        .bind(row.origins.join("\n"))
        .bind(row.operations.join("\n"))
        .bind(signed(row.expires_at.get()))
        .bind(row.envelope.clone())
        .execute(tx)
        .await?;
    Ok(())
}

/// Forgets certificates of a server, as many as are deleted at once; `true` if there may be more.
pub async fn forget(tx: &mut Tx<'_>, server: PublicKey) -> Result<bool, StoreError> {
    Ok(query(FORGET).bind(server.to_string()).execute(tx).await? == AT_ONCE)
}
