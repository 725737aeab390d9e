//! Seats that bundles hold (`spec/offline.md` §5.2, §5.3): devices that bound ones name have rows like any other, pools are a
//! number of the license's row. What changes any of it does so under the license's lock.

use std::collections::{BTreeMap, BTreeSet};

use sealgate_artifact::{BundleId, Device, LicenseId, TenantId, UnixSeconds};

use super::devices::{HeldSeat, of_seat};
use super::{DeviceRow, LicenseRow};
use crate::columns::{count, device, parsed, signed};
use crate::many::{MANY, for_all, with_rows};
use crate::sql::{Query, query};
use crate::statements::statements;
use crate::{Read, StoreError, Subject, Tx};

macro_rules! held {
    () => {
        "SELECT kind, identity FROM devices WHERE license_id = $1 AND kind = 'key' AND identity IN "
    };
}

macro_rules! hold {
    () => {
        "UPDATE devices SET bundle_until = CASE WHEN bundle_until > $2 THEN bundle_until ELSE $2 END \
         WHERE license_id = $1 AND kind = 'key' AND identity IN "
    };
}

macro_rules! take {
    () => {
        "INSERT INTO devices (license_id, kind, identity, device_id, tenant_id, first_seen, name, platform, product_version, \
         fingerprint, bundle_until, only_bundled) VALUES "
    };
}

macro_rules! keep {
    () => {
        "UPDATE devices SET only_bundled = 1, lease_until = NULL WHERE license_id = $1 AND bundle_until > $2 AND device_id IN "
    };
}

statements! {
    HELD = with_rows!(held!(), (1, 2, MANY), "", "");
    HOLD = with_rows!(hold!(), (1, 3, 1), "", "");
    HOLD_MANY = with_rows!(hold!(), (1, 3, MANY), "", "");
    TAKE = with_rows!(take!(), (1, 1, 11), ", 1", "");
    TAKE_MANY = with_rows!(take!(), (MANY, 1, 11), ", 1", "");
    COUNT = "UPDATE licenses SET devices_used = devices_used + $2, pools = $3, \
             bundles_end = CASE WHEN bundles_end <= $4 THEN bundles_end ELSE $4 END WHERE license_id = $1";
    LARGEST = "SELECT COALESCE(MAX(pool), 0) AS largest FROM bundles WHERE license_id = $1 AND line = $2 AND ends_at > $3";
    KEEP = with_rows!(keep!(), (1, 3, 1), "", "");
    KEEP_MANY = with_rows!(keep!(), (1, 3, MANY), "", "");
    COMES_ONLINE = "UPDATE devices SET only_bundled = 0 WHERE license_id = $1 AND kind = $2 AND identity = $3";
    FREE = "DELETE FROM devices WHERE tenant_id = $1 AND license_id = $2 AND bundle_until <= $3 AND only_bundled = 1";
    LET_GO = "UPDATE devices SET bundle_until = NULL WHERE license_id = $1 AND bundle_until <= $2";
    POOLS = "SELECT line, pool, ends_at FROM bundles WHERE license_id = $1 AND ends_at > $2 AND pool IS NOT NULL";
    NEXT = "SELECT MIN(bundle_until) AS next FROM devices WHERE license_id = $1 AND bundle_until IS NOT NULL";
    COUNT_ANEW = "UPDATE licenses SET devices_used = CASE WHEN devices_used > $2 THEN devices_used - $2 ELSE 0 END, pools = $3, \
                  bundles_end = $4 WHERE license_id = $1";
    OVER = "SELECT tenant_id, license_id FROM licenses WHERE bundles_end <= $1 ORDER BY bundles_end LIMIT 1";
}

/// SQLite has no users, and no function.
const SETTLE: &str = "SELECT settle_bundles($1, $2, $3) AS settle_bundles";

/// Those of the devices that have a row of the license, whoever holds it.
pub async fn held(
    tx: &mut Tx<'_>,
    license: LicenseId,
    keys: &[Device],
) -> Result<BTreeSet<String>, StoreError> {
    let mut held = BTreeSet::new();
    for some in keys.chunks(MANY) {
        let values = some.iter().cycle().take(MANY);
        let asked = values.fold(query(HELD).bind(license.to_string()), |query, key| query.bind(&*key.name()));
        for row in asked.fetch_all(&mut *tx).await? {
            held.insert(device(&row)?.name().into_owned());
        }
    }
    Ok(held)
}

/// What a new bundle of a locked license takes.
#[derive(Debug)]
pub struct Taken<'a> {
    /// Machines that have rows.
    pub seated: &'a [Device],
    /// Machines that get rows.
    pub fresh: &'a [DeviceRow],
    /// What all pools of the license take with it.
    pub pools: u64,
    /// When the bundle ends.
    pub until: UnixSeconds,
}

/// Lets the bundle hold seats of a locked license. The caller judged that they are there.
pub async fn take(tx: &mut Tx<'_>, locked: &LicenseRow, taken: &Taken<'_>) -> Result<(), StoreError> {
    let (license, until) = (locked.id.to_string(), signed(taken.until.get()));
    let hold = |query: Query, some: &[Device]| {
        some.iter().fold(query.bind(&license).bind(until), |query, device| query.bind(&*device.name()))
    };
    for_all(tx, [HOLD, HOLD_MANY], taken.seated, hold).await?;
    let with = |query: Query, row: &DeviceRow| {
        query
            .bind(&license)
            .bind(row.device.kind())
            .bind(&*row.device.name())
            .bind(row.id.to_string())
            .bind(row.tenant.to_string())
            .bind(signed(row.first_seen.get()))
            .bind(row.said.name.clone())
            .bind(row.said.platform.clone())
            .bind(row.said.product_version.clone())
            .bind(row.said.fingerprint.clone())
            .bind(until)
    };
    let texts = [TAKE, TAKE_MANY];
    for_all(tx, texts, taken.fresh, |query, some| some.iter().fold(query, with)).await?;
    let counted = query(COUNT).bind(&license).bind(signed(taken.fresh.len() as u64));
    counted.bind(signed(taken.pools)).bind(until).execute(&mut *tx).await?;
    tx.changes(Subject::License(locked.app, locked.key_hash));
    Ok(())
}

/// The largest pool of the line's live bundles; 0 where it has none.
pub async fn largest_of_line(
    on: impl Read,
    (license, line): (LicenseId, BundleId),
    now: UnixSeconds,
) -> Result<u64, StoreError> {
    let query = query(LARGEST).bind(license.to_string()).bind(line.to_string());
    count(&query.bind(signed(now.get())).fetch_one(on).await?, "largest")
}

/// Leaves seats of a locked license, which are given back, to the live bundles that hold them. Returns how many.
pub async fn keep(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    seats: &[HeldSeat],
    now: UnixSeconds,
) -> Result<u64, StoreError> {
    let (license, now) = (locked.id.to_string(), signed(now.get()));
    let ids = |query: Query, some: &[HeldSeat]| {
        some.iter().fold(query.bind(&license).bind(now), |query, seat| query.bind(&seat.device))
    };
    let kept = for_all(tx, [KEEP, KEEP_MANY], seats, ids).await?;
    if kept > 0 {
        tx.changes(Subject::License(locked.app, locked.key_hash));
    }
    Ok(kept)
}

/// A device whose seat only bundles held asks for it itself.
pub async fn comes_online(tx: &mut Tx<'_>, locked: &LicenseRow, device: &Device) -> Result<(), StoreError> {
    of_seat(COMES_ONLINE, locked.id, device).execute(&mut *tx).await?;
    tx.changes(Subject::License(locked.app, locked.key_hash));
    Ok(())
}

/// Frees what bundles held that have ended, and counts the rest anew. The license is locked; its row is another one then.
pub async fn settle(tx: &mut Tx<'_>, locked: &LicenseRow, now: UnixSeconds) -> Result<(), StoreError> {
    let (tenant, license, now) = (locked.tenant.to_string(), locked.id.to_string(), signed(now.get()));
    if tx.connection.locks_rows() {
        query(SETTLE).bind(tenant).bind(license).bind(now).fetch_one(&mut *tx).await?;
    } else {
        let gone = query(FREE).bind(tenant).bind(&license).bind(now).execute(&mut *tx).await?;
        query(LET_GO).bind(&license).bind(now).execute(&mut *tx).await?;
        let (pools, end) = live_pools(tx, (&license, now)).await?;
        let next = query(NEXT).bind(&license).fetch_one(&mut *tx).await?.get::<Option<i64>>("next")?;
        let end = [next, end].into_iter().flatten().min();
        let counted = query(COUNT_ANEW).bind(license).bind(signed(gone)).bind(signed(pools)).bind(end);
        counted.execute(&mut *tx).await?;
    }
    tx.changes(Subject::License(locked.app, locked.key_hash));
    Ok(())
}

/// What the live pools of a license take, of each line its largest; and when the first of them ends.
async fn live_pools(tx: &mut Tx<'_>, (license, now): (&str, i64)) -> Result<(u64, Option<i64>), StoreError> {
    let (mut largest, mut end) = (BTreeMap::<String, u64>::new(), None);
    for row in query(POOLS).bind(license).bind(now).fetch_all(&mut *tx).await? {
        let (line, pool, ends): (String, u64, i64) =
            (row.get("line")?, count(&row, "pool")?, row.get("ends_at")?);
        let of_line = largest.entry(line).or_default();
        *of_line = pool.max(*of_line);
        end = Some(end.map_or(ends, |end: i64| end.min(ends)));
    }
    Ok((largest.values().sum(), end))
}

/// A license of which a bundle has ended, and what it held is not counted anew.
pub async fn over(on: impl Read, now: UnixSeconds) -> Result<Option<(TenantId, LicenseId)>, StoreError> {
    let row = query(OVER).bind(signed(now.get())).fetch_optional(on).await?;
    let place = |row| {
        let tenant = parsed(&row, "tenant_id", |t| TenantId::parse(t).ok())?;
        Ok((tenant, parsed(&row, "license_id", |t| LicenseId::parse(t).ok())?))
    };
    row.map(place).transpose()
}
