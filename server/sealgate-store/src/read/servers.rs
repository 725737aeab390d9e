//! License servers and their certificates.

use sealgate_artifact::{PublicKey, TenantId, UnixSeconds};

use crate::columns::signed;
use crate::sql::{query, query_as};
use crate::{CertificateRow, Db, ServerRow, StoreError, statements};

/// An approval of other origins is none.
macro_rules! select_server {
    ($rest:literal) => {
        concat!(
            "SELECT s.server_key, s.origins, s.created_at, ",
            "CASE WHEN d.origins = s.origins THEN d.approved_at END AS approved_at, d.revoked_at ",
            "FROM servers s LEFT JOIN server_decisions d ON d.server_key = s.server_key ",
            $rest
        )
    };
}
pub(crate) use select_server;

statements! {
    LIST = select_server!("ORDER BY s.created_at, s.server_key");
    FIND = select_server!("WHERE s.server_key = $1");
    CERTIFICATE = "SELECT server_key, tenant_id, signer, origins, expires_at, envelope FROM server_certificates \
                   WHERE server_key = $1 AND tenant_id = $2";
    WITHOUT = "SELECT t.tenant_id FROM tenants t LEFT JOIN server_certificates c \
               ON c.tenant_id = t.tenant_id AND c.server_key = $1 AND c.signer = $2 AND c.origins = $3 \
               AND c.expires_at > $4 WHERE c.server_key IS NULL ORDER BY t.tenant_id LIMIT $5";
}

/// Every server, the first seen first.
pub async fn list(db: &Db) -> Result<Vec<ServerRow>, StoreError> {
    query_as(LIST).fetch_all(&db.pool).await
}

/// The server of that key.
pub async fn find(db: &Db, key: PublicKey) -> Result<Option<ServerRow>, StoreError> {
    query_as(FIND).bind(key.to_string()).fetch_optional(&db.pool).await
}

/// A server's newest certificate for a tenant.
pub async fn certificate(
    db: &Db,
    key: PublicKey,
    tenant: TenantId,
) -> Result<Option<CertificateRow>, StoreError> {
    let query = query_as(CERTIFICATE).bind(key.to_string()).bind(tenant.to_string());
    query.fetch_optional(&db.pool).await
}

/// Tenants for which the server has no certificate by that authority, for its origins, that lasts until then.
pub async fn tenants_without(
    db: &Db,
    server: &ServerRow,
    signer: PublicKey,
    until: UnixSeconds,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let rows = query(WITHOUT)
        .bind(server.server_key.to_string())
        .bind(signer.to_string())
        .bind(server.origins.join("\n"))
        .bind(signed(until.get()))
        .bind(signed(limit.into()))
        .fetch_all(&db.pool)
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}
