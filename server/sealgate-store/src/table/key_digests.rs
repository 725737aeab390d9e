//! By what a request of a machine without a network finds its license: keyed hashes of the digests of license keys
//! (`spec/offline.md` §2.2).

use sealgate_artifact::{AppId, LicenseId, TenantId};

use super::LicenseRow;
use crate::columns::{parsed, signed};
use crate::key_hash::KeyHash;
use crate::many::{MANY, for_all, with_rows};
use crate::sql::{FromRow, Query, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

macro_rules! insert {
    () => {
        "INSERT INTO key_digests (digest, app_id, tenant_id, license_id) VALUES "
    };
}

const ONCE: &str = " ON CONFLICT (digest, app_id) DO NOTHING";

statements! {
    FIND = "SELECT license_id FROM key_digests WHERE digest = $1 AND app_id = $2 AND tenant_id = $3";
    INSERT = with_rows!(insert!(), (1, 1, 4), "", ONCE);
    INSERT_MANY = with_rows!(insert!(), (MANY, 1, 4), "", ONCE);
    END = "DELETE FROM key_digests WHERE license_id = $1";
    WITHOUT = "SELECT l.license_id, l.tenant_id, l.key_sealed, \
               (SELECT d.license_id FROM key_digests d WHERE d.license_id = l.license_id LIMIT 1) AS found \
               FROM licenses l WHERE l.license_id > $1 ORDER BY l.license_id LIMIT $2";
}

/// A digest of a license's key, as the database knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct KeyDigestRow {
    pub digest: KeyHash,
    pub app: AppId,
    pub tenant: TenantId,
    pub license: LicenseId,
}

/// The tenant's license of this app whose key has this digest.
pub async fn find(
    on: impl Read,
    (tenant, app): (TenantId, AppId),
    digest: KeyHash,
) -> Result<Option<LicenseId>, StoreError> {
    let query = query(FIND).bind(digest.0.to_vec()).bind(app.to_string()).bind(tenant.to_string());
    let row = query.fetch_optional(on).await?;
    row.map(|row| parsed(&row, "license_id", |t| LicenseId::parse(t).ok())).transpose()
}

/// Notes digests of keys of licenses. One that is known stays.
pub async fn insert_all(tx: &mut Tx<'_>, rows: &[KeyDigestRow]) -> Result<(), StoreError> {
    let with = |query: Query, row: &KeyDigestRow| {
        let query = query.bind(row.digest.0.to_vec()).bind(row.app.to_string());
        query.bind(row.tenant.to_string()).bind(row.license.to_string())
    };
    for_all(tx, [INSERT, INSERT_MANY], rows, |query, some| some.iter().fold(query, with)).await?;
    Ok(())
}

/// Notes that a locked license has this key's digest, and none of those that it had.
pub async fn replace(tx: &mut Tx<'_>, locked: &LicenseRow, digest: KeyHash) -> Result<(), StoreError> {
    query(END).bind(locked.id.to_string()).execute(&mut *tx).await?;
    let row = KeyDigestRow { digest, app: locked.app, tenant: locked.tenant, license: locked.id };
    insert_all(tx, &[row]).await
}

/// A license, its sealed key, and whether a digest of it is known.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct SealedKey {
    pub license: LicenseId,
    pub tenant: TenantId,
    pub key_sealed: Vec<u8>,
    pub is_done: bool,
}

impl FromRow for SealedKey {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            license: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            key_sealed: row.get("key_sealed")?,
            is_done: row.get::<Option<String>>("found")?.is_some(),
        })
    }
}

/// Licenses of any tenant after that one, by their ids.
pub async fn after(on: impl Read, after: Option<LicenseId>, most: u32) -> Result<Vec<SealedKey>, StoreError> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    query_as(WITHOUT).bind(after).bind(signed(most.into())).fetch_all(on).await
}
