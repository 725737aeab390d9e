//! Servers' keys that sign activation proofs, as the Authority approved them. Where they stand in tenants' keysets:
//! [`keys`](super::keys).

use sealgate_artifact::{PublicKey, TenantId, UnixSeconds};

use crate::columns::{optional_time, parsed, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

/// Whether a key signs for its server now: its server (`d`, and `s` at the origins of the approval) is approved.
macro_rules! signs_now {
    () => {
        "a.ended_at IS NULL AND s.server_key IS NOT NULL AND d.approved_at IS NOT NULL AND d.revoked_at IS NULL"
    };
}

/// Approved keys with what was decided about their servers.
macro_rules! with_servers {
    () => {
        "activation_keys a JOIN server_decisions d ON d.server_key = a.server_key \
         LEFT JOIN servers s ON s.server_key = d.server_key AND s.origins = d.origins"
    };
}

statements! {
    ALL = concat!(
        "SELECT a.public_key, a.server_key, a.approved_at, a.ended_at, d.revoked_at, CASE WHEN ",
        signs_now!(),
        " THEN a.approved_at END AS signs_since FROM ",
        with_servers!(),
        " ORDER BY a.approved_at, a.public_key"
    );
    FIND = concat!(
        "SELECT a.public_key, a.server_key, a.approved_at, a.ended_at, d.revoked_at, CASE WHEN ",
        signs_now!(),
        " THEN a.approved_at END AS signs_since FROM ",
        with_servers!(),
        " WHERE a.public_key = $1"
    );
    INCOMPLETE = concat!(
        "SELECT k.scope FROM keysets k WHERE k.scope > $1 AND k.scope <> 'installation' AND (",
        "NOT EXISTS (SELECT 1 FROM signing_keys u WHERE u.scope = k.scope AND u.key_use = 'update' AND u.state = 'active') ",
        "OR NOT EXISTS (SELECT 1 FROM signing_keys n WHERE n.scope = k.scope AND n.key_use = 'snapshot' AND n.state = 'active') ",
        "OR EXISTS (SELECT 1 FROM ",
        with_servers!(),
        " WHERE ",
        signs_now!(),
        " AND NOT EXISTS (SELECT 1 FROM listed_activation_keys l \
          WHERE l.scope = k.scope AND l.public_key = a.public_key)) ",
        "OR EXISTS (SELECT 1 FROM listed_activation_keys l JOIN activation_keys a ON a.public_key = l.public_key \
          JOIN server_decisions d ON d.server_key = a.server_key WHERE l.scope = k.scope AND l.state <> 'revoked' \
          AND (d.revoked_at IS NOT NULL OR (l.state = 'active' AND a.ended_at IS NOT NULL)))",
        ") ORDER BY k.scope LIMIT $2"
    );
    END_FORMER = "UPDATE activation_keys SET ended_at = $2 WHERE server_key = $1 AND ended_at IS NULL";
    APPROVE = "INSERT INTO activation_keys (public_key, server_key, approved_at) VALUES ($1, $2, $3)";
}

/// An approved key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct ActivationKeyRow {
    pub public_key: PublicKey,
    pub server_key: PublicKey,
    pub approved_at: UnixSeconds,
    /// When another key of the server was approved.
    pub ended_at: Option<UnixSeconds>,
    /// When the server was revoked.
    pub revoked_at: Option<UnixSeconds>,
    /// There if the server signs with it now, as far as the Authority decided it.
    pub signs_since: Option<UnixSeconds>,
}

impl ActivationKeyRow {
    /// Whether no keyset will list the key as active again.
    pub fn is_over(&self) -> bool {
        self.ended_at.is_some() || self.revoked_at.is_some()
    }
}

impl FromRow for ActivationKeyRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            public_key: parsed(row, "public_key", |t| PublicKey::parse(t).ok())?,
            server_key: parsed(row, "server_key", |t| PublicKey::parse(t).ok())?,
            approved_at: time(row, "approved_at")?,
            ended_at: optional_time(row, "ended_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
            signs_since: optional_time(row, "signs_since")?,
        })
    }
}

/// Every key that was approved, also those that have ended, the longest approved first.
pub async fn all(on: impl Read) -> Result<Vec<ActivationKeyRow>, StoreError> {
    query_as(ALL).fetch_all(on).await
}

/// That key, if it was approved.
pub async fn find(on: impl Read, key: PublicKey) -> Result<Option<ActivationKeyRow>, StoreError> {
    query_as(FIND).bind(key.to_string()).fetch_optional(on).await
}

/// Tenants, in the order of their ids and starting after one, whose keyset lacks update or snapshot keys or the key of an approved server, or
/// shows a key in another state than was decided.
pub async fn incomplete(
    on: impl Read,
    after: Option<TenantId>,
    limit: u32,
) -> Result<Vec<TenantId>, StoreError> {
    let after = after.map_or_else(String::new, |id| id.to_string());
    let rows = query(INCOMPLETE).bind(after).bind(signed(limit.into())).fetch_all(on).await?;
    rows.iter().map(|row| parsed(row, "scope", |t| TenantId::parse(t).ok())).collect()
}

/// Stores a new key of a server about which something was decided. The server's former one has ended then.
pub async fn approve(
    tx: &mut Tx<'_>,
    server: PublicKey,
    key: PublicKey,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    let at = signed(at.get());
    query(END_FORMER).bind(server.to_string()).bind(at).execute(&mut *tx).await?;
    query(APPROVE).bind(key.to_string()).bind(server.to_string()).bind(at).execute(tx).await?;
    Ok(())
}
