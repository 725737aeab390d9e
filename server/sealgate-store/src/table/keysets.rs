//! The newest keyset of the installation and of every tenant.

use sealgate_artifact::{TenantId, UnixSeconds};

use super::KeyScope;
use crate::columns::{parsed, signed};
use crate::sql::query;
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

statements! {
    FIND = "SELECT envelope FROM keysets WHERE scope = $1";
    TENANTS = "SELECT scope FROM keysets WHERE scope > $1 AND scope <> 'installation' ORDER BY scope LIMIT $2";
    NEWER = "SELECT scope, envelope FROM keysets WHERE scope > $1 AND version > $2 ORDER BY scope LIMIT $3";
    ENDING = "SELECT scope FROM keysets WHERE expires_at <= $1 ORDER BY expires_at, scope LIMIT $2";
    COUNT_ENDED = "SELECT COUNT(*) FROM (SELECT 1 FROM keysets WHERE expires_at > 0 AND expires_at <= $1 \
                   ORDER BY expires_at LIMIT 1000) counted";
    UPSERT = "INSERT INTO keysets (scope, version, expires_at, envelope) VALUES ($1, $2, $3, $4) \
              ON CONFLICT (scope) DO UPDATE SET version = excluded.version, expires_at = excluded.expires_at, \
              envelope = excluded.envelope";
    REPLACE = "UPDATE keysets SET version = $2, expires_at = $3, envelope = $4 WHERE scope = $1 AND version = $5";
}

/// A signed keyset.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct KeysetRow {
    pub version: u64,
    pub expires_at: UnixSeconds,
    pub envelope: Vec<u8>,
}

/// The envelope of a scope's newest keyset.
pub async fn find(on: impl Read, scope: KeyScope) -> Result<Option<Vec<u8>>, StoreError> {
    let row = query(FIND).bind(scope.to_string()).fetch_optional(on).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Tenants that have a keyset, in the order of their ids, starting after `after`.
pub async fn tenants(
    on: impl Read,
    after: Option<TenantId>,
    limit: u32,
) -> Result<Vec<TenantId>, StoreError> {
    let after = after.map_or_else(String::new, |id| id.to_string());
    let rows = query(TENANTS).bind(after).bind(signed(limit.into())).fetch_all(on).await?;
    rows.iter().map(|row| parsed(row, "scope", |t| TenantId::parse(t).ok())).collect()
}

/// Keysets above a version with their scopes, in the order of these, starting after the text of one.
pub async fn newer(
    on: impl Read,
    after: &str,
    version: u64,
    limit: u32,
) -> Result<Vec<(KeyScope, Vec<u8>)>, StoreError> {
    let query = query(NEWER).bind(after).bind(signed(version)).bind(signed(limit.into()));
    let rows = query.fetch_all(on).await?;
    rows.iter().map(|row| Ok((parsed(row, "scope", scope)?, row.get("envelope")?))).collect()
}

/// The scopes whose keysets end at that time or earlier, the first to end first.
pub async fn ending(on: impl Read, at: UnixSeconds, limit: u32) -> Result<Vec<KeyScope>, StoreError> {
    let rows = query(ENDING).bind(signed(at.get())).bind(signed(limit.into())).fetch_all(on).await?;
    rows.iter().map(|row| parsed(row, "scope", scope)).collect()
}

/// How many keysets have ended by then, 1,000 at most.
pub async fn count_ended(on: impl Read, now: UnixSeconds) -> Result<u64, StoreError> {
    let row = query(COUNT_ENDED).bind(signed(now.get())).fetch_one(on).await?;
    Ok(row.get::<i64>(0)?.unsigned_abs())
}

fn scope(text: &str) -> Option<KeyScope> {
    match text {
        "installation" => Some(KeyScope::Installation),
        id => TenantId::parse(id).ok().map(KeyScope::Tenant),
    }
}

/// Stores a scope's first keyset, or its newest whatever was there before.
pub async fn upsert(tx: &mut Tx<'_>, scope: KeyScope, keyset: &KeysetRow) -> Result<(), StoreError> {
    let query = query(UPSERT).bind(scope.to_string()).bind(signed(keyset.version));
    query.bind(signed(keyset.expires_at.get())).bind(keyset.envelope.clone()).execute(tx).await?;
    Ok(())
}

/// Replaces the keyset of version `before`; `false` if that is not the newest any more.
pub async fn replace(
    tx: &mut Tx<'_>,
    scope: KeyScope,
    before: u64,
    keyset: &KeysetRow,
) -> Result<bool, StoreError> {
    let query = query(REPLACE).bind(scope.to_string()).bind(signed(keyset.version));
    let query = query.bind(signed(keyset.expires_at.get())).bind(keyset.envelope.clone());
    Ok(query.bind(signed(before)).execute(tx).await? == 1)
}
