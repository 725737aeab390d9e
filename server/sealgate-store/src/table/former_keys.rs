//! Keys that licenses had before they got others.

use sealgate_artifact::{AppId, LicenseId, TenantId, UnixSeconds};

use super::license_keys::LicenseKeyRow;
use crate::columns::{count, signed, time};
use crate::key_hash::KeyHash;
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Subject, Tx};

macro_rules! select_key {
    ($rest:literal) => {
        concat!("SELECT key_hash, app_id, tenant_id, license_id, replaced_at FROM former_keys WHERE key_hash = $1", $rest)
    };
}

statements! {
    OF_APP = select_key!(" AND app_id = $2");
    OF_TENANT = select_key!(" AND tenant_id = $2");
    OF_ANY_APP = select_key!("");
    COUNT = "SELECT COUNT(*) AS n FROM (SELECT 1 FROM former_keys WHERE license_id = $1 \
             ORDER BY replaced_at LIMIT 1000) counted";
    INSERT = "INSERT INTO former_keys (key_hash, app_id, tenant_id, license_id, replaced_at) VALUES ($1, $2, $3, $4, $5)";
}

/// A key that a license had.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct FormerKeyRow {
    pub of: LicenseKeyRow,
    pub replaced_at: UnixSeconds,
}

impl FromRow for FormerKeyRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { of: LicenseKeyRow::from_row(row)?, replaced_at: time(row, "replaced_at")? })
    }
}

/// What the app's license had as its key. A key of another app costs as much as one that nobody ever had: one walk down the
/// index of keys and apps, and no row.
pub async fn of_app(on: impl Read, app: AppId, key: KeyHash) -> Result<Option<FormerKeyRow>, StoreError> {
    query_as(OF_APP).bind(key.0.to_vec()).bind(app.to_string()).fetch_optional(on).await
}

/// The same for a license of any app.
pub async fn of_any_app(on: impl Read, key: KeyHash) -> Result<Option<FormerKeyRow>, StoreError> {
    query_as(OF_ANY_APP).bind(key.0.to_vec()).fetch_optional(on).await
}

/// The same for a license of the tenant.
pub async fn of_tenant(
    on: impl Read,
    tenant: TenantId,
    key: KeyHash,
) -> Result<Option<FormerKeyRow>, StoreError> {
    query_as(OF_TENANT).bind(key.0.to_vec()).bind(tenant.to_string()).fetch_optional(on).await
}

/// How many keys the license had before; 1,000 stand for any number above.
pub async fn count_of(on: impl Read, license: LicenseId) -> Result<u64, StoreError> {
    let row = query(COUNT).bind(license.to_string()).fetch_optional(on).await?;
    row.map_or(Ok(0), |row| count(&row, "n"))
}

/// Remembers the key that a locked license gives up. Whoever keeps the license by that key in memory forgets it.
pub async fn insert(tx: &mut Tx<'_>, former: &FormerKeyRow) -> Result<(), StoreError> {
    let LicenseKeyRow { key_hash, app, tenant, license } = &former.of;
    let query = query(INSERT).bind(key_hash.0.to_vec()).bind(app.to_string());
    let query = query.bind(tenant.to_string()).bind(license.to_string());
    query.bind(signed(former.replaced_at.get())).execute(&mut *tx).await?;
    tx.changes(Subject::License(*app, *key_hash));
    Ok(())
}
