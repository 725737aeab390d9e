//! Seats that devices hold until a time (`spec/activation.md` §7.7). What ends leases does so under the license's lock.

use sealgate_artifact::{Device, LicenseId, UnixSeconds};

use super::devices::{HeldSeat, of_seat, store_left};
use super::{LicenseRow, bundle_seats};
use crate::columns::{count, signed};
use crate::sql::query;
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

statements! {
    // A lease never gets shorter.
    HOLD = "UPDATE devices SET only_bundled = 0, lease_until = CASE WHEN lease_until > $4 THEN lease_until ELSE $4 END \
            WHERE license_id = $1 AND kind = $2 AND identity = $3";
    OVER = "SELECT device_id FROM devices WHERE license_id = $1 AND lease_until <= $2 ORDER BY license_id, lease_until LIMIT 1";
    // spec/offline.md §5.3: a live bundle holds the seat on.
    KEPT = "UPDATE devices SET only_bundled = 1, lease_until = NULL WHERE tenant_id = $1 AND license_id = $2 AND lease_until <= $3 \
            AND bundle_until > $3";
    FREE = "DELETE FROM devices WHERE tenant_id = $1 AND license_id = $2 AND lease_until <= $3 AND COALESCE(bundle_until, 0) <= $3";
    KEEP = "UPDATE devices SET lease_until = NULL WHERE license_id = $1 AND lease_until IS NOT NULL";
    FREE_ONE = "DELETE FROM devices WHERE tenant_id = $1 AND license_id = $2 AND device_id = $3 AND COALESCE(bundle_until, 0) <= $4";
}

/// SQLite has no users, and no function.
const FREE_LEASES: &str = "SELECT free_leases($1, $2, $3, $4) AS free_leases";

/// Lets a device hold its seat until then, if it has one: `false` where it has none.
pub async fn hold(
    tx: &mut Tx<'_>,
    license: LicenseId,
    device: &Device,
    until: UnixSeconds,
) -> Result<bool, StoreError> {
    // Nobody's memory is told: whoever remembers an earlier end looks again.
    Ok(of_seat(HOLD, license, device).bind(signed(until.get())).execute(tx).await? > 0)
}

/// Whether a lease of the license is over, and nobody freed it yet.
pub async fn is_any_over(on: impl Read, license: LicenseId, now: UnixSeconds) -> Result<bool, StoreError> {
    let query = query(OVER).bind(license.to_string()).bind(signed(now.get()));
    Ok(query.fetch_optional(on).await?.is_some())
}

/// Takes the seats away of which the lease is over. The license is locked, and its seats are leases. Returns how many devices
/// still have a seat.
pub async fn free(tx: &mut Tx<'_>, locked: &LicenseRow, now: UnixSeconds) -> Result<u64, StoreError> {
    let freed = if tx.connection.locks_rows() {
        by_function(tx, locked, ("", now)).await?
    } else {
        let bound = |text| query(text).bind(locked.tenant.to_string()).bind(locked.id.to_string());
        bound(KEPT).bind(signed(now.get())).execute(&mut *tx).await?;
        bound(FREE).bind(signed(now.get())).execute(&mut *tx).await?
    };
    left(tx, locked, freed).await
}

/// Leaves the devices that still hold a lease their seats for good. The license is locked, and its seats are leases no more.
pub async fn keep(tx: &mut Tx<'_>, license: LicenseId) -> Result<(), StoreError> {
    query(KEEP).bind(license.to_string()).execute(&mut *tx).await?;
    Ok(())
}

/// Takes the seat of a device away that gives its lease back. Returns how many devices still have one.
pub async fn give_back(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    seat: &HeldSeat,
    now: UnixSeconds,
) -> Result<u64, StoreError> {
    bundle_seats::keep(tx, locked, std::slice::from_ref(seat), now).await?;
    let freed = if tx.connection.locks_rows() {
        by_function(tx, locked, (&seat.device, now)).await?
    } else {
        let query = query(FREE_ONE).bind(locked.tenant.to_string()).bind(locked.id.to_string());
        query.bind(&seat.device).bind(signed(now.get())).execute(&mut *tx).await?
    };
    left(tx, locked, freed).await
}

/// As a database user may who cannot delete rows.
async fn by_function(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    (device, now): (&str, UnixSeconds),
) -> Result<u64, StoreError> {
    let query = query(FREE_LEASES).bind(locked.tenant.to_string()).bind(locked.id.to_string());
    let row = query.bind(device).bind(signed(now.get())).fetch_one(&mut *tx).await?;
    count(&row, "free_leases")
}

async fn left(tx: &mut Tx<'_>, locked: &LicenseRow, freed: u64) -> Result<u64, StoreError> {
    let left = locked.devices_used.saturating_sub(freed);
    if freed > 0 {
        store_left(tx, locked, left).await?;
    }
    Ok(left)
}
