//! Seats of a locked license.

use sealgate_artifact::{Device, DeviceId, LicenseId, UnixSeconds};

use crate::columns::{count, signed};
use crate::sql::{query, query_as};
use crate::{DeviceRow, LicenseRow, StoreError, Subject, Tx, statements};

statements! {
    COUNT = "SELECT COUNT(*) AS used, \
             CAST(COALESCE(SUM(CASE WHEN kind = $2 AND identity = $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS bound \
             FROM devices WHERE license_id = $1";
    USED = "SELECT COUNT(*) AS used FROM devices WHERE license_id = $1";
    INSERT = "INSERT INTO devices (license_id, kind, identity, device_id, tenant_id, first_seen) \
              VALUES ($1, $2, $3, $4, $5, $6)";
    HELD = "SELECT device_id, tenant_id, license_id, kind, identity, first_seen FROM devices \
            WHERE license_id = $1 ORDER BY device_id";
    DELETE = "DELETE FROM devices WHERE license_id = $1 AND device_id = $2";
    RECORD = "INSERT INTO releases (device_id, tenant_id, license_id, at) VALUES ($1, $2, $3, $4)";
    RECORDED = "SELECT COUNT(*) AS released FROM releases WHERE license_id = $1 AND at > $2";
}

/// How many devices hold a seat, and whether this one is among them.
pub async fn count_devices(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    device: &Device,
) -> Result<(u64, bool), StoreError> {
    let query = query(COUNT).bind(locked.id.to_string()).bind(device.kind()).bind(&*device.name());
    let row = query.fetch_one(&mut *tx.connection).await?;
    Ok((count(&row, "used")?, row.get::<i64>("bound")? > 0))
}

/// How many devices hold a seat.
pub async fn used(tx: &mut Tx<'_>, locked: &LicenseRow) -> Result<u64, StoreError> {
    count(&query(USED).bind(locked.id.to_string()).fetch_one(&mut *tx.connection).await?, "used")
}

/// Gives a seat to a device.
pub async fn take(tx: &mut Tx<'_>, locked: &LicenseRow, device: &DeviceRow) -> Result<(), StoreError> {
    query(INSERT)
        .bind(locked.id.to_string())
        .bind(device.device.kind())
        .bind(&*device.device.name())
        .bind(device.id.to_string())
        .bind(locked.tenant.to_string())
        .bind(signed(device.first_seen.get()))
        .execute(&mut *tx.connection)
        .await?;
    tx.changes(Subject::License(locked.app, locked.key_hash));
    Ok(())
}

/// Every device that holds a seat.
pub async fn held(tx: &mut Tx<'_>, locked: &LicenseRow) -> Result<Vec<DeviceRow>, StoreError> {
    query_as(HELD).bind(locked.id.to_string()).fetch_all(&mut *tx.connection).await
}

/// Takes a seat back, and records that.
pub async fn release(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    device: DeviceId,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    let (license, device) = (locked.id.to_string(), device.to_string());
    query(DELETE).bind(&license).bind(&device).execute(&mut *tx.connection).await?;
    let query = query(RECORD).bind(&device).bind(locked.tenant.to_string()).bind(&license);
    query.bind(signed(at.get())).execute(&mut *tx.connection).await?;
    tx.changes(Subject::License(locked.app, locked.key_hash));
    Ok(())
}

/// Seats that were taken back since then.
pub async fn released_since(
    tx: &mut Tx<'_>,
    license: LicenseId,
    since: UnixSeconds,
) -> Result<u64, StoreError> {
    let query = query(RECORDED).bind(license.to_string()).bind(signed(since.get()));
    count(&query.fetch_one(&mut *tx.connection).await?, "released")
}
