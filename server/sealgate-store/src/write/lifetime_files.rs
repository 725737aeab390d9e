//! License files that last for ever.

use sealgate_artifact::LicenseId;

use crate::columns::signed;
use crate::sql::{query, query_as};
use crate::{LifetimeFileRow, StoreError, Tx, statements};

statements! {
    FIND = "SELECT license_id, identity, tenant_id, file_id, file_sealed, at FROM lifetime_files \
            WHERE license_id = $1 AND identity = $2";
    COUNT = "SELECT COUNT(*) FROM lifetime_files WHERE license_id = $1";
    INSERT = "INSERT INTO lifetime_files (license_id, identity, tenant_id, file_id, file_sealed, at) \
              VALUES ($1, $2, $3, $4, $5, $6)";
}

/// The file that a device of a locked license got before.
pub async fn find(
    tx: &mut Tx<'_>,
    license: LicenseId,
    identity: &str,
) -> Result<Option<LifetimeFileRow>, StoreError> {
    let query = query_as(FIND).bind(license.to_string()).bind(identity);
    query.fetch_optional(&mut *tx.connection).await
}

/// How many devices of a locked license ever got one.
pub async fn count(tx: &mut Tx<'_>, license: LicenseId) -> Result<u64, StoreError> {
    let row = query(COUNT).bind(license.to_string()).fetch_one(&mut *tx.connection).await?;
    Ok(row.get::<i64>(0)?.unsigned_abs())
}

/// Keeps a file for good.
pub async fn insert(tx: &mut Tx<'_>, row: &LifetimeFileRow) -> Result<(), StoreError> {
    query(INSERT)
        .bind(row.license.to_string())
        .bind(&row.identity)
        .bind(row.tenant.to_string())
        .bind(&row.file_id)
        .bind(row.file_sealed.clone())
        .bind(signed(row.at.get()))
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}
