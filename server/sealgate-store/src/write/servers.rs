//! License servers and their certificates.

use sealgate_artifact::PublicKey;

use crate::columns::{moment, signed};
use crate::read::servers::select_server;
use crate::sql::{query, query_as};
use crate::{CertificateRow, ServerRow, StoreError, Tx, statements};

statements! {
    PUT = "INSERT INTO servers (server_key, origins, created_at) VALUES ($1, $2, $3) \
           ON CONFLICT (server_key) DO UPDATE SET origins = excluded.origins";
    FIND = select_server!("WHERE s.server_key = $1");
    // What was revoked stays so.
    DECIDE = "INSERT INTO server_decisions (server_key, origins, approved_at, revoked_at) VALUES ($1, $2, $3, $4) \
              ON CONFLICT (server_key) DO UPDATE SET origins = excluded.origins, \
              approved_at = excluded.approved_at, \
              revoked_at = COALESCE(server_decisions.revoked_at, excluded.revoked_at)";
    PUT_CERTIFICATE = "INSERT INTO server_certificates (server_key, tenant_id, signer, origins, expires_at, envelope) \
                       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (server_key, tenant_id) DO UPDATE SET \
                       signer = excluded.signer, origins = excluded.origins, expires_at = excluded.expires_at, \
                       envelope = excluded.envelope";
    FORGET_CERTIFICATES = "DELETE FROM server_certificates WHERE server_key = $1";
}

/// Adds a server, or stores where a known one is found now. What was decided about it stays.
pub async fn put(tx: &mut Tx<'_>, server: &ServerRow) -> Result<(), StoreError> {
    query(PUT)
        .bind(server.server_key.to_string())
        .bind(server.origins.join("\n"))
        .bind(signed(server.created_at.get()))
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}

/// The server of that key, inside a transaction.
pub async fn current(tx: &mut Tx<'_>, key: PublicKey) -> Result<Option<ServerRow>, StoreError> {
    query_as(FIND).bind(key.to_string()).fetch_optional(&mut *tx.connection).await
}

/// Stores what was decided about a server at these origins.
pub async fn decide(tx: &mut Tx<'_>, server: &ServerRow) -> Result<(), StoreError> {
    let query = query(DECIDE).bind(server.server_key.to_string()).bind(server.origins.join("\n"));
    let query = query.bind(moment(server.approved_at)).bind(moment(server.revoked_at));
    query.execute(&mut *tx.connection).await?;
    Ok(())
}

/// Stores a certificate in the place of the one before.
pub async fn put_certificate(tx: &mut Tx<'_>, row: &CertificateRow) -> Result<(), StoreError> {
    query(PUT_CERTIFICATE)
        .bind(row.server_key.to_string())
        .bind(row.tenant.to_string())
        .bind(row.signer.to_string())
        .bind(row.origins.join("\n"))
        .bind(signed(row.expires_at.get()))
        .bind(row.envelope.clone())
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}

/// Forgets every certificate of a server.
pub async fn forget_certificates(tx: &mut Tx<'_>, key: PublicKey) -> Result<(), StoreError> {
    query(FORGET_CERTIFICATES).bind(key.to_string()).execute(&mut *tx.connection).await?;
    Ok(())
}
