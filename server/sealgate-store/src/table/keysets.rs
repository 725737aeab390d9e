//! The newest keyset of the installation and of every tenant.

use sealgate_artifact::TenantId;

use super::KeyScope;
use crate::columns::{parsed, signed};
use crate::sql::query;
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

statements! {
    FIND = "SELECT envelope FROM keysets WHERE scope = $1";
    TENANTS = "SELECT scope FROM keysets WHERE scope > $1 AND scope <> 'installation' ORDER BY scope LIMIT $2";
    NEWER = "SELECT scope, envelope FROM keysets WHERE scope > $1 AND version > $2 ORDER BY scope LIMIT $3";
    UPSERT = "INSERT INTO keysets (scope, version, envelope) VALUES ($1, $2, $3) \
              ON CONFLICT (scope) DO UPDATE SET version = excluded.version, envelope = excluded.envelope";
    REPLACE = "UPDATE keysets SET version = $2, envelope = $3 WHERE scope = $1 AND version = $4";
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
    let scope = |text: &str| match text {
        "installation" => Some(KeyScope::Installation),
        id => TenantId::parse(id).ok().map(KeyScope::Tenant),
    };
    let rows = query.fetch_all(on).await?;
    rows.iter().map(|row| Ok((parsed(row, "scope", scope)?, row.get("envelope")?))).collect()
}

/// Stores a scope's first keyset, or its newest whatever was there before.
pub async fn upsert(
    tx: &mut Tx<'_>,
    scope: KeyScope,
    version: u64,
    envelope: &[u8],
) -> Result<(), StoreError> {
    let query = query(UPSERT).bind(scope.to_string()).bind(signed(version)).bind(envelope.to_vec());
    query.execute(tx).await?;
    Ok(())
}

/// Replaces the keyset of version `before`; `false` if that is not the newest any more.
pub async fn replace(
    tx: &mut Tx<'_>,
    scope: KeyScope,
    before: u64,
    version: u64,
    envelope: &[u8],
) -> Result<bool, StoreError> {
    let query = query(REPLACE).bind(scope.to_string()).bind(signed(version)).bind(envelope.to_vec());
    Ok(query.bind(signed(before)).execute(tx).await? == 1)
}
