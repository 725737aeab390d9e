//! License servers: what they say of themselves, and what was decided about them.

use sealgate_artifact::{PublicKey, UnixSeconds};

use crate::columns::{lines, moment, optional_time, parsed, signed, time};
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
    FIND = select_server!("WHERE s.server_key = $1");
    UPSERT = "INSERT INTO servers (server_key, origins, created_at) VALUES ($1, $2, $3) \
              ON CONFLICT (server_key) DO UPDATE SET origins = excluded.origins";
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
    query_as(LIST).fetch_all(on).await
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
