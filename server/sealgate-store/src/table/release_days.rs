//! How many seats of a license were released on a day.

use std::collections::HashSet;

use sealgate_artifact::{LicenseId, UnixSeconds};

use super::LicenseRow;
use crate::columns::{count, parsed, signed};
use crate::many::{MANY, with_rows};
use crate::sql::query;
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

const DAY: u64 = 24 * 60 * 60;
const YEAR: u64 = 365 * DAY;

statements! {
    // As many rows as days, however many were released.
    WITHIN = "SELECT CAST(COALESCE(SUM(released), 0) AS BIGINT) AS released FROM release_days \
             WHERE license_id = $1 AND day >= $2 AND day <= $3";
    // A license has as many rows as there were days with a release.
    OF_ANY = with_rows!("SELECT license_id FROM release_days WHERE license_id IN ", (1, 1, MANY), "", "");
    ADD = "INSERT INTO release_days (tenant_id, license_id, day, released) VALUES ($1, $2, $3, $4) \
           ON CONFLICT (license_id, day) DO UPDATE SET released = release_days.released + excluded.released";
}

/// How many seats of the license were released since the day of a year ago began. A server's clock may be a day ahead of
/// another one's; what is said to be later was written by somebody else.
pub async fn within_a_year(on: impl Read, license: &LicenseRow, now: UnixSeconds) -> Result<u64, StoreError> {
    let query = query(WITHIN).bind(license.id.to_string()).bind(signed(day(now.minus(YEAR))));
    let query = query.bind(signed(day(now) + 1));
    count(&query.fetch_one(on).await?, "released")
}

/// Whether a seat of this license was ever released.
pub async fn is_any(on: impl Read, license: LicenseId) -> Result<bool, StoreError> {
    let asked = (0..MANY).fold(query(OF_ANY), |asked, _| asked.bind(license.to_string()));
    Ok(!asked.fetch_all(on).await?.is_empty())
}

/// Those of these licenses of which a seat was ever released.
pub async fn of_any(on: impl Read + Copy, licenses: &[LicenseId]) -> Result<HashSet<LicenseId>, StoreError> {
    let mut released = HashSet::new();
    for some in licenses.chunks(MANY) {
        let mut asked = query(OF_ANY);
        // One statement for any number: the last one fills it.
        for id in some.iter().chain(std::iter::repeat(&some[some.len() - 1])).take(MANY) {
            asked = asked.bind(id.to_string());
        }
        for row in asked.fetch_all(on).await? {
            released.insert(parsed(&row, "license_id", |text| LicenseId::parse(text).ok())?);
        }
    }
    Ok(released)
}

/// Adds releases to those of the day.
pub(super) async fn add(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    released: u64,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    let query = query(ADD).bind(locked.tenant.to_string()).bind(locked.id.to_string());
    query.bind(signed(day(at))).bind(signed(released)).execute(tx).await?;
    Ok(())
}

fn day(time: UnixSeconds) -> u64 {
    time.get() / DAY
}
