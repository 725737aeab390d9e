//! License servers: what they say of themselves, and what was decided about them.

use std::fmt;

use sealgate_artifact::{PublicKey, UnixSeconds, decode_hex, encode_hex};

use crate::columns::{lines, moment, optional_time, parsed, signed, time};
use crate::readable::{fetch_readable, keep_readable, warn_of};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

/// Keys that are read at once.
const KEYS_AT_ONCE: u32 = 5_000;

/// Its activation key, if that was approved. One of another server, or one that has ended, was not.
macro_rules! with_activation_key {
    () => {
        "LEFT JOIN activation_keys a ON a.public_key = s.activation_key AND a.server_key = s.server_key \
         AND a.ended_at IS NULL "
    };
}

/// An approval of other origins is none.
macro_rules! select_server {
    ($($rest:tt)*) => {
        concat!(
            "SELECT s.server_key, s.origins, s.created_at, ",
            "CASE WHEN d.origins = s.origins THEN d.approved_at END AS approved_at, d.revoked_at, ",
            "s.activation_key, a.approved_at AS activation_approved_at ",
            "FROM servers s LEFT JOIN server_decisions d ON d.server_key = s.server_key ",
            with_activation_key!(),
            $($rest)*
        )
    };
}

/// The next of a list.
macro_rules! after {
    () => {
        "(s.created_at, s.server_key) > ($1, $2) ORDER BY s.created_at, s.server_key LIMIT $3"
    };
}

statements! {
    // Read from the decisions, too, whatever a planner thinks of the other table.
    DECIDED = concat!(
        "WITH s AS MATERIALIZED (",
        "SELECT s.server_key, s.origins, s.created_at, \
         CASE WHEN d.origins = s.origins THEN d.approved_at END AS approved_at, d.revoked_at, \
         s.activation_key, a.approved_at AS activation_approved_at \
         FROM server_decisions d JOIN servers s ON s.server_key = d.server_key ",
        with_activation_key!(),
        ") SELECT server_key, origins, created_at, approved_at, revoked_at, activation_key, activation_approved_at \
         FROM s WHERE ",
        after!()
    );
    OTHERS = select_server!("WHERE d.server_key IS NULL AND ", after!());
    DECIDED_KEYS = "SELECT server_key FROM server_decisions WHERE server_key > $1 ORDER BY server_key LIMIT $2";
    KEYS = "SELECT server_key FROM servers WHERE server_key > $1 ORDER BY server_key LIMIT $2";
    // From the decisions, which nobody else can write: made-up servers do not make it longer.
    TRUSTED = concat!(
        "SELECT s.server_key, s.origins, s.created_at, d.approved_at, d.revoked_at, s.activation_key, \
         a.approved_at AS activation_approved_at FROM server_decisions d \
         JOIN servers s ON s.server_key = d.server_key AND s.origins = d.origins ",
        with_activation_key!(),
        "WHERE d.approved_at IS NOT NULL AND d.revoked_at IS NULL ORDER BY s.server_key"
    );
    FIND = select_server!("WHERE s.server_key = $1");
    UPSERT = "INSERT INTO servers (server_key, origins, created_at, activation_key) VALUES ($1, $2, $3, $4) \
              ON CONFLICT (server_key) DO UPDATE SET origins = excluded.origins, \
              activation_key = excluded.activation_key";
    REVOKE = "INSERT INTO server_decisions (server_key, origins, revoked_at) VALUES ($1, $2, $3) \
              ON CONFLICT (server_key) DO UPDATE SET \
              revoked_at = COALESCE(server_decisions.revoked_at, excluded.revoked_at)";
    WAS_TRUSTED = "SELECT (SELECT COUNT(*) FROM server_decisions WHERE server_key = $1 AND approved_at IS NOT NULL) \
                   + (SELECT COUNT(*) FROM (SELECT 1 FROM server_certificates WHERE server_key = $1 \
                      ORDER BY tenant_id LIMIT 1) counted) AS n";
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
    /// With what it signs activation proofs, as it says.
    pub activation_key: Option<PublicKey>,
    /// When that key was approved.
    pub activation_approved_at: Option<UnixSeconds>,
}

impl FromRow for ServerRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            server_key: parsed(row, "server_key", |t| PublicKey::parse(t).ok())?,
            origins: lines(row, "origins")?,
            created_at: time(row, "created_at")?,
            approved_at: optional_time(row, "approved_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
            // A server's user writes it. Whatever it writes, the server can be shown and revoked.
            activation_key: row
                .get::<Option<String>>("activation_key")?
                .and_then(|text| PublicKey::parse(&text).ok()),
            activation_approved_at: optional_time(row, "activation_approved_at")?,
        })
    }
}

/// Where a list of servers goes on: behind this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whether the servers about which something was decided are still being listed. They come first.
    is_decided: bool,
    created_at: i64,
    /// As the column holds it.
    server_key: String,
}

impl Place {
    fn first(is_decided: bool) -> Self {
        Self { is_decided, created_at: i64::MIN, server_key: String::new() }
    }

    fn behind(row: &Row, is_decided: bool) -> Result<Self, StoreError> {
        Ok(Self { is_decided, created_at: row.get("created_at")?, server_key: row.get("server_key")? })
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let is_decided = match parts.next()? {
            "decided" => true,
            "other" => false,
            _ => return None,
        };
        let created_at = parts.next()?.parse().ok()?;
        let server_key = PublicKey::from_bytes(decode_hex(parts.next()?)?).to_string();
        Some(Self { is_decided, created_at, server_key })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = if self.is_decided { "decided" } else { "other" };
        let key =
            PublicKey::parse(&self.server_key).map(|key| encode_hex(key.as_bytes())).unwrap_or_default();
        write!(f, "{part}.{}.{key}", self.created_at)
    }
}

/// A server, and its place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "they say what they are")]
pub struct ListedServer {
    pub server: ServerRow,
    pub place: Place,
}

/// The next servers: first those about which something was decided, then the others; of each, the first seen first.
pub async fn list(
    on: impl Read + Copy,
    after: Option<Place>,
    limit: u32,
) -> Result<Vec<ListedServer>, StoreError> {
    let mut place = after.unwrap_or_else(|| Place::first(true));
    let (mut listed, mut skipped) = (vec![], 0);
    while listed.len() < limit as usize {
        let statement = if place.is_decided { DECIDED } else { OTHERS };
        let query = query(statement).bind(place.created_at).bind(place.server_key.clone());
        let rows = query.bind(signed(limit.into())).fetch_all(on).await?;
        let is_last = rows.len() < limit as usize;
        for row in rows {
            place = Place::behind(&row, place.is_decided)?;
            match keep_readable(vec![row])?.pop() {
                Some(server) => listed.push(ListedServer { server, place: place.clone() }),
                None => skipped += 1,
            }
        }
        match (is_last, place.is_decided) {
            (false, _) => {}
            (true, true) => place = Place::first(false),
            (true, false) => break,
        }
    }
    listed.truncate(limit as usize);
    warn_of(skipped, "servers");
    Ok(listed)
}

/// The key of a server that only its id names, which says nothing about where it stands: first among the servers about
/// which something was decided. The others are read by and by, without what else they say.
pub async fn key_of(
    on: impl Read + Copy,
    is_it: impl Fn(&PublicKey) -> bool,
) -> Result<Option<PublicKey>, StoreError> {
    for statement in [DECIDED_KEYS, KEYS] {
        let mut last = String::new();
        loop {
            let query = query(statement).bind(&last).bind(signed(KEYS_AT_ONCE.into()));
            let rows = query.fetch_all(on).await?;
            for row in &rows {
                let key = PublicKey::parse(row.get("server_key")?).ok();
                if let Some(key) = key.filter(&is_it) {
                    return Ok(Some(key));
                }
            }
            match rows.last() {
                Some(row) if rows.len() == KEYS_AT_ONCE as usize => last = row.get("server_key")?,
                _ => break,
            }
        }
    }
    Ok(None)
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

/// Adds a server, or stores the new origins and the activation key of a known one. What was decided about it stays.
pub async fn upsert(tx: &mut Tx<'_>, server: &ServerRow) -> Result<(), StoreError> {
    query(UPSERT)
        .bind(server.server_key.to_string())
        .bind(server.origins.join("\n"))
        .bind(signed(server.created_at.get()))
        .bind(server.activation_key.map(|key| key.to_string()))
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
