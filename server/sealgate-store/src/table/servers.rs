//! License servers: what they say of themselves, and what was decided about them.

use sealgate_artifact::{PublicKey, UnixSeconds};

use crate::columns::{lines, moment, optional_time, parsed, signed, time};
use crate::readable::fetch_readable;
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

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

statements! {
    LIST = select_server!("ORDER BY s.created_at, s.server_key");
    // From the decisions, which nobody else can write: made-up servers do not make it longer.
    TRUSTED = "SELECT s.server_key, s.origins, s.created_at, d.approved_at, d.revoked_at FROM server_decisions d \
               JOIN servers s ON s.server_key = d.server_key AND s.origins = d.origins \
               WHERE d.approved_at IS NOT NULL AND d.revoked_at IS NULL ORDER BY s.server_key";
    FIND = select_server!("WHERE s.server_key = $1");
    UPSERT = "INSERT INTO servers (server_key, origins, created_at) VALUES ($1, $2, $3) \
              ON CONFLICT (server_key) DO UPDATE SET origins = excluded.origins";
    REVOKE = "INSERT INTO server_decisions (server_key, origins, revoked_at) VALUES ($1, $2, $3) \
              ON CONFLICT (server_key) DO UPDATE SET \
              revoked_at = COALESCE(server_decisions.revoked_at, excluded.revoked_at)";
    WAS_TRUSTED = "SELECT (SELECT COUNT(*) FROM server_decisions WHERE server_key = $1 AND approved_at IS NOT NULL) \
                   + (SELECT COUNT(*) FROM server_certificates WHERE server_key = $1) AS n";
    // What was revoked stays so.
    DECIDE = "INSERT INTO server_decisions (server_key, origins, approved_at, revoked_at) VALUES ($1, $2, $3, $4) \
              ON CONFLICT (server_key) DO UPDATE SET origins = excluded.origins, \
              approved_at = excluded.approved_at, \
              revoked_at = COALESCE(server_decisions.revoked_at, excluded.revoked_at)";
}

/// A license server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct ServerRow {
    pub server_key: PublicKey,
    /// Where clients find it.
    pub origins: Vec<String>,
    pub created_at: UnixSeconds,
    /// When it was approved at these origins.
    pub approved_at: Option<UnixSeconds>,
    pub revoked_at: Option<UnixSeconds>,
}

impl FromRow for ServerRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            server_key: parsed(row, "server_key", |t| PublicKey::parse(t).ok())?,
            origins: lines(row, "origins")?,
            created_at: time(row, "created_at")?,
            approved_at: optional_time(row, "approved_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
        })
    }
}

/// Every server, the first seen first.
pub async fn list(on: impl Read) -> Result<Vec<ServerRow>, StoreError> {
    fetch_readable(query(LIST), on, "servers").await
}

/// The servers that are approved at their present origins, and not revoked.
pub async fn trusted(on: impl Read) -> Result<Vec<ServerRow>, StoreError> {
    fetch_readable(query(TRUSTED), on, "servers").await
}

/// Whether the server was ever approved or has a certificate.
pub async fn was_trusted(on: impl Read, key: PublicKey) -> Result<bool, StoreError> {
    Ok(query(WAS_TRUSTED).bind(key.to_string()).fetch_one(on).await?.get::<i64>("n")? > 0)
}

/// The server with this key.
pub async fn find(on: impl Read, key: PublicKey) -> Result<Option<ServerRow>, StoreError> {
    query_as(FIND).bind(key.to_string()).fetch_optional(on).await
}

/// Adds a server, or stores the new origins of a known one. What was decided about it stays.
pub async fn upsert(tx: &mut Tx<'_>, server: &ServerRow) -> Result<(), StoreError> {
    query(UPSERT)
        .bind(server.server_key.to_string())
        .bind(server.origins.join("\n"))
        .bind(signed(server.created_at.get()))
        .execute(tx)
        .await?;
    Ok(())
}

/// Stores what was decided about a server at its origins.
pub async fn decide(tx: &mut Tx<'_>, server: &ServerRow) -> Result<(), StoreError> {
    let query = query(DECIDE).bind(server.server_key.to_string()).bind(server.origins.join("\n"));
    let query = query.bind(moment(server.approved_at)).bind(moment(server.revoked_at));
    query.execute(tx).await?;
    Ok(())
}

/// Revokes a server. What else was decided about it stays, and so does the time of an earlier revocation.
pub async fn revoke(tx: &mut Tx<'_>, server: &ServerRow, at: UnixSeconds) -> Result<(), StoreError> {
    let query = query(REVOKE).bind(server.server_key.to_string()).bind(server.origins.join("\n"));
    query.bind(signed(at.get())).execute(tx).await?;
    Ok(())
}
