//! License files that never end.

use sealgate_artifact::{LicenseId, TenantId, UnixSeconds};

use crate::columns::{parsed, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

statements! {
    FIND = "SELECT license_id, identity, tenant_id, file_id, file_sealed, at FROM lifetime_files \
            WHERE license_id = $1 AND identity = $2";
    LAST = "SELECT n FROM lifetime_files WHERE license_id = $1 ORDER BY n DESC LIMIT 1";
    INSERT = "INSERT INTO lifetime_files (license_id, identity, tenant_id, file_id, file_sealed, at, n) \
              VALUES ($1, $2, $3, $4, $5, $6, $7)";
}

/// A license file that never ends.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct LifetimeFileRow {
    pub license: LicenseId,
    pub tenant: TenantId,
    /// The device it was made for.
    pub identity: String,
    pub file_id: String,
    /// The file, sealed: it contains a license key.
    pub file_sealed: Vec<u8>,
    pub at: UnixSeconds,
}

impl FromRow for LifetimeFileRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            license: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            identity: row.get("identity")?,
            file_id: row.get("file_id")?,
            file_sealed: row.get("file_sealed")?,
            at: time(row, "at")?,
        })
    }
}

/// The file that a device of a locked license got before.
pub async fn find(
    on: impl Read,
    license: LicenseId,
    identity: &str,
) -> Result<Option<LifetimeFileRow>, StoreError> {
    query_as(FIND).bind(license.to_string()).bind(identity).fetch_optional(on).await
}

/// How many devices of a locked license ever got one: the last one's number, because nobody counts up to a million of them while
/// all others wait who write.
pub async fn count(on: impl Read, license: LicenseId) -> Result<u64, StoreError> {
    let last = query(LAST).bind(license.to_string()).fetch_optional(on).await?;
    let n = last.map(|row| row.get::<i64>("n")).transpose()?;
    // A runtime's database user may write any number.
    Ok(n.unwrap_or(0).clamp(0, i64::MAX - 1).unsigned_abs())
}

/// Keeps a file for good, after so many others of its locked license.
pub async fn insert(tx: &mut Tx<'_>, row: &LifetimeFileRow, others: u64) -> Result<(), StoreError> {
    query(INSERT)
        .bind(row.license.to_string())
        .bind(&row.identity)
        .bind(row.tenant.to_string())
        .bind(&row.file_id)
        .bind(row.file_sealed.clone())
        .bind(signed(row.at.get()))
        .bind(signed(others + 1))
        .execute(tx)
        .await?;
    Ok(())
}
