//! Devices that hold seats, and seats that were released by hand.
//!
//! Seats are counted and taken under the license's lock: see [`lock`](super::licenses::lock).

use std::ops::RangeInclusive;

use sealgate_artifact::{Device, DeviceId, LicenseId, StatementId, TenantId, UnixSeconds, limits};

use super::page::{Part, filtered, readable};
use super::{LicenseRow, release_days};
use crate::columns::{count, device, flag, moment, parsed, signed, time};
use crate::many::{MANY, for_all, with_rows};
use crate::readable::{keep_readable, warn_of};
use crate::sql::{FromRow, Query, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Subject, Tx};

/// A list of a license with no more devices than these reads all of them.
const SORTED_HERE: u32 = 1_000;

macro_rules! select_device {
    ($rest:literal) => {
        concat!(
            "SELECT device_id, tenant_id, license_id, kind, identity, first_seen, name, platform, product_version, ",
            "fingerprint, last_seen, metadata, trial_began, moved_from, moved_at, moved_before, moved_first, ",
            "lease_until, bundle_until, only_bundled FROM devices ",
            $rest
        )
    };
}

macro_rules! delete {
    () => {
        "DELETE FROM devices WHERE tenant_id = $1 AND license_id = $2 AND device_id IN "
    };
}

macro_rules! record_release {
    () => {
        "INSERT INTO releases (device_id, tenant_id, license_id, at) VALUES "
    };
}

statements! {
    FIND = select_device!("WHERE tenant_id = $1 AND device_id = $2");
    FIND_MANY = with_rows!(select_device!("WHERE tenant_id = $1 AND device_id IN "), (1, 2, MANY), "", "");
    LIST = select_device!("WHERE tenant_id = $1 AND device_id < $2 ORDER BY device_id DESC LIMIT $3");
    LIST_OF_LICENSE = select_device!(
        "WHERE tenant_id = $1 AND license_id = $4 AND device_id < $2 ORDER BY device_id DESC LIMIT $3"
    );
    LIST_OF_FINGERPRINT = select_device!(
        "WHERE tenant_id = $1 AND fingerprint = $4 AND device_id < $2 ORDER BY device_id DESC LIMIT $3"
    );
    // In the order of an index, though nobody asks for one: where nearly all devices are of one license, PostgreSQL takes it
    // that any license has its first ones at once, and would walk through the table.
    FEW_OF_LICENSE = select_device!("WHERE license_id = $1 ORDER BY kind, identity LIMIT $2");
    // Each in the order of an index, for the same reason.
    SOME_MACHINES = select_device!(
        "WHERE license_id = $1 AND kind = $2 AND fingerprint IS NOT NULL ORDER BY kind, identity LIMIT $3"
    );
    SAME_MACHINES = select_device!(
        "WHERE license_id = $1 AND kind = $2 AND fingerprint = $4 ORDER BY license_id, fingerprint LIMIT $3"
    );
    // Not read as devices: whoever made a row up, its seat is released like any other.
    FIRST_OF_LICENSE = "SELECT device_id, identity, bundle_until, only_bundled FROM devices WHERE license_id = $1 AND only_bundled = 0 \
                        ORDER BY kind, identity LIMIT $2";
    SOME = "SELECT kind, identity, trial_began, lease_until, only_bundled FROM devices WHERE license_id = $1 ORDER BY kind, identity LIMIT $2";
    SEAT = "SELECT kind, identity, trial_began, lease_until, only_bundled FROM devices WHERE license_id = $1 AND kind = $2 AND identity = $3";
    ID_OF_SEAT = "SELECT device_id, identity, bundle_until, only_bundled FROM devices WHERE license_id = $1 AND kind = $2 AND identity = $3";
    BEGIN_TRIAL = "UPDATE devices SET trial_began = $4 WHERE license_id = $1 AND kind = $2 AND identity = $3";
    NOTE = "UPDATE devices SET metadata = $3 WHERE tenant_id = $1 AND device_id = $2";
    USED = "SELECT devices_used FROM licenses WHERE license_id = $1";
    // A number that somebody else wrote must not hold up what is done with the seat itself.
    COUNT_TAKEN = "UPDATE licenses SET devices_used = CASE WHEN devices_used < 4611686018427387904 \
                   THEN devices_used + 1 ELSE devices_used END WHERE license_id = $1";
    COUNT_LEFT = "UPDATE licenses SET devices_used = $2 WHERE license_id = $1";
    INSERT = "INSERT INTO devices (license_id, kind, identity, device_id, tenant_id, first_seen, name, platform, \
              product_version, fingerprint, last_seen, trial_began, lease_until) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    MOVE = "UPDATE devices SET moved_from = identity, identity = $4, moved_first = moved_before, moved_before = moved_at, \
            moved_at = $5, bundle_until = NULL, only_bundled = 0 WHERE tenant_id = $1 AND license_id = $2 AND device_id = $3 \
            AND COALESCE(bundle_until, 0) <= $5";
    TOLD = "UPDATE devices SET name = $4, platform = $5, product_version = $6, fingerprint = $7, last_seen = $8, \
            trial_began = $9 WHERE license_id = $1 AND kind = $2 AND identity = $3";
    // By the tenant, whose devices an index finds by their ids: with the license alone, all of its devices would be looked at,
    // while everybody else waits who writes.
    DELETE = with_rows!(delete!(), (1, 3, 1), "", "");
    DELETE_MANY = with_rows!(delete!(), (1, 3, MANY), "", "");
    BY_REQUEST = "SELECT license_id FROM releases WHERE request = $1";
    NOTE_REQUEST = "UPDATE releases SET request = $2 WHERE device_id = $1";
    RECORD_RELEASE = with_rows!(record_release!(), (1, 1, 4), "", " ON CONFLICT (device_id) DO NOTHING");
    RECORD_RELEASES = with_rows!(record_release!(), (MANY, 1, 4), "", " ON CONFLICT (device_id) DO NOTHING");
}

/// SQLite has no users, and no function.
const MOVE_SEAT: &str = "SELECT move_seat($1, $2, $3, $4, $5) AS move_seat";
const RELEASE_SEAT: &str = "SELECT release_seat($1, $2, $3, $4, $5) AS release_seat";

/// What a device says of itself, each a column. Nobody checks it, and others may write it: what is not of its form is passed
/// over, so that it hides no device.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct Said {
    pub name: Option<String>,
    pub platform: Option<String>,
    pub product_version: Option<String>,
    pub fingerprint: Option<String>,
}

impl FromRow for Said {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let about = |name| said(row, name, limits::ABOUT_DEVICE_BYTES);
        Ok(Self {
            name: about("name")?,
            platform: about("platform")?,
            product_version: about("product_version")?,
            fingerprint: said(row, "fingerprint", limits::WORD_BYTES)?,
        })
    }
}

fn said(row: &Row, name: &str, most: usize) -> Result<Option<String>, StoreError> {
    let text: Option<String> = row.get(name)?;
    Ok(text.filter(|text| text.len() <= most && !text.chars().any(char::is_control)))
}

/// A time that others may write, and that must hide no device.
fn said_time(row: &Row, name: &str) -> Result<Option<UnixSeconds>, StoreError> {
    let seconds: Option<i64> = row.get(name)?;
    Ok(seconds.and_then(|seconds| u64::try_from(seconds).ok()).and_then(UnixSeconds::new))
}

/// A device that holds a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct DeviceRow {
    pub id: DeviceId,
    pub tenant: TenantId,
    pub license: LicenseId,
    /// Two columns: its kind, and the name that it has among its kind.
    pub device: Device,
    /// When it took the seat.
    pub first_seen: UnixSeconds,
    pub said: Said,
    /// When it was let in last, to the hour.
    pub last_seen: Option<UnixSeconds>,
    /// The vendor's notes, as JSON.
    pub metadata: String,
    /// When the trial began that the license is for it.
    pub trial_began: Option<UnixSeconds>,
    /// The name of the device that held the seat before.
    pub moved_from: Option<String>,
    /// Three columns: when the seat moved, the last times, the newest first.
    pub moved: [Option<UnixSeconds>; 3],
    /// Until when it holds the seat, where seats are leases.
    pub lease_until: Option<UnixSeconds>,
    /// Until when bundles hold the seat, whatever is released.
    pub bundle_until: Option<UnixSeconds>,
    /// Whether only bundles hold it.
    pub only_bundled: bool,
}

impl DeviceRow {
    /// A device of which nothing is known but its name, on its way to a seat.
    pub fn new(id: DeviceId, license: &LicenseRow, device: Device, at: UnixSeconds) -> Self {
        Self {
            id,
            tenant: license.tenant,
            license: license.id,
            device,
            first_seen: at,
            said: Said::default(),
            last_seen: None,
            metadata: "{}".to_owned(),
            trial_began: None,
            moved_from: None,
            moved: [None; 3],
            lease_until: None,
            bundle_until: None,
            only_bundled: false,
        }
    }
}

impl FromRow for DeviceRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let time_of = |name| said_time(row, name);
        Ok(Self {
            id: parsed(row, "device_id", |t| DeviceId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            license: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            device: device(row)?,
            first_seen: time(row, "first_seen")?,
            said: Said::from_row(row)?,
            last_seen: said_time(row, "last_seen")?,
            metadata: row.get("metadata")?,
            trial_began: said_time(row, "trial_began")?,
            moved_from: said(row, "moved_from", limits::WORD_BYTES)?,
            moved: [time_of("moved_at")?, time_of("moved_before")?, time_of("moved_first")?],
            lease_until: said_time(row, "lease_until")?,
            bundle_until: said_time(row, "bundle_until")?,
            only_bundled: flag(row, "only_bundled")?,
        })
    }
}

/// The tenant's device with this id.
pub async fn find(on: impl Read, tenant: TenantId, id: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(on).await
}

/// The tenant's devices with these ids, in no order.
pub async fn find_all(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    ids: &[DeviceId],
) -> Result<Vec<DeviceRow>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    let chunks = ids.chunks_exact(MANY);
    let rest = chunks.remainder();
    for some in chunks {
        let query = query_as(FIND_MANY).bind(tenant.to_string());
        let query = some.iter().fold(query, |query, id| query.bind(id.to_string()));
        found.extend(query.fetch_all(&mut *tx).await?);
    }
    for id in rest {
        found.extend(find(&mut *tx, tenant, *id).await?);
    }
    Ok(found)
}

/// The tenant's devices, or those of one license, newest first, starting with those older than `before`.
pub async fn list(
    on: impl Read + Copy,
    tenant: TenantId,
    license: Option<&LicenseRow>,
    before: Option<DeviceId>,
    limit: u32,
) -> Result<Vec<DeviceRow>, StoreError> {
    if let Some(license) = license.filter(|license| license.devices_used <= u64::from(SORTED_HERE))
        && let Some(page) = sorted_here(on, license.id, before, limit).await?
    {
        return Ok(page);
    }
    let part = Part { tenant, before: before.map(|id| id.to_string()), limit };
    readable(filtered(LIST, LIST_OF_LICENSE, license.map(|license| license.id)), part, on, "devices").await
}

/// The tenant's devices that said this of the machine, newest first, starting with those older than `before`.
pub async fn with_fingerprint(
    on: impl Read + Copy,
    tenant: TenantId,
    fingerprint: &str,
    before: Option<DeviceId>,
    limit: u32,
) -> Result<Vec<DeviceRow>, StoreError> {
    let part = Part { tenant, before: before.map(|id| id.to_string()), limit };
    readable((LIST_OF_FINGERPRINT, Some(fingerprint.to_owned())), part, on, "devices").await
}

/// The page of a license with few devices: all of them are read and sorted. The tenant's devices lie sorted by age, and the
/// way to a few among them leads past all newer ones of other licenses, of which one may have a million.
async fn sorted_here(
    on: impl Read,
    license: LicenseId,
    before: Option<DeviceId>,
    limit: u32,
) -> Result<Option<Vec<DeviceRow>>, StoreError> {
    let query = query(FEW_OF_LICENSE).bind(license.to_string()).bind(signed(u64::from(SORTED_HERE) + 1));
    let rows = query.fetch_all(on).await?;
    // The number in the license's row may be wrong, by whoever else may write it.
    if rows.len() > SORTED_HERE as usize {
        return Ok(None);
    }
    let all = rows.len();
    let mut devices: Vec<DeviceRow> = keep_readable(rows)?;
    warn_of(all - devices.len(), "devices");
    devices.retain(|device| before.is_none_or(|before| device.id < before));
    devices.sort_unstable_by_key(|device| std::cmp::Reverse(device.id));
    devices.truncate(limit as usize);
    Ok(Some(devices))
}

/// A seat that is to be released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldSeat {
    /// The device's id, as it stands in the row.
    pub device: String,
    /// The name that the device has among its kind.
    pub name: String,
    /// Until when bundles hold it, whatever is released.
    pub bundle_until: Option<UnixSeconds>,
    /// Whether only bundles hold it.
    pub only_bundled: bool,
}

impl HeldSeat {
    /// Whether a bundle holds it, so that nothing frees it now.
    pub fn is_bundled(&self, now: UnixSeconds) -> bool {
        self.bundle_until.is_some_and(|until| now < until)
    }
}

impl From<DeviceRow> for HeldSeat {
    fn from(row: DeviceRow) -> Self {
        Self {
            device: row.id.to_string(),
            name: row.device.name().into_owned(),
            bundle_until: row.bundle_until,
            only_bundled: row.only_bundled,
        }
    }
}

impl FromRow for HeldSeat {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            device: row.get("device_id")?,
            name: row.get("identity")?,
            bundle_until: said_time(row, "bundle_until")?,
            only_bundled: flag(row, "only_bundled")?,
        })
    }
}

/// Seats of this license that devices hold themselves, no more than `most`: always the same ones, as long as they are held.
pub async fn first_of_license(
    on: impl Read,
    license: LicenseId,
    most: u32,
) -> Result<Vec<HeldSeat>, StoreError> {
    let query = query_as(FIRST_OF_LICENSE).bind(license.to_string()).bind(signed(most.into()));
    query.fetch_all(on).await
}

/// The devices of a license that were not seen for longest, if it has no more than `most`.
pub async fn longest_unseen(
    on: impl Read,
    license: LicenseId,
    (most, shown): (u32, usize),
) -> Result<Vec<DeviceRow>, StoreError> {
    let query = query(FEW_OF_LICENSE).bind(license.to_string()).bind(signed(u64::from(most) + 1));
    let rows = query.fetch_all(on).await?;
    if rows.len() > most as usize {
        return Ok(vec![]);
    }
    let mut devices: Vec<DeviceRow> = keep_readable(rows)?;
    devices.sort_by_key(|device| (device.last_seen, device.first_seen, device.id));
    devices.truncate(shown);
    Ok(devices)
}

/// A device that holds a seat, as a validation needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seated {
    /// The device.
    pub device: Device,
    /// When the trial began that the license is for it.
    pub trial_began: Option<UnixSeconds>,
    /// Until when it holds the seat, where seats are leases.
    pub lease_until: Option<UnixSeconds>,
    /// Whether only bundles hold it: who comes online takes it for good.
    pub only_bundled: bool,
}

impl FromRow for Seated {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let time = |name| said_time(row, name);
        Ok(Self {
            device: device(row)?,
            trial_began: time("trial_began")?,
            lease_until: time("lease_until")?,
            only_bundled: flag(row, "only_bundled")?,
        })
    }
}

/// The devices that hold a seat, in no order, unless there are more rows than `most`.
pub(crate) async fn few(
    on: impl Read,
    license: LicenseId,
    most: u32,
) -> Result<Option<Vec<Seated>>, StoreError> {
    let query = query(SOME).bind(license.to_string()).bind(signed(u64::from(most) + 1));
    let rows = query.fetch_all(on).await?;
    if rows.len() > most as usize {
        return Ok(None);
    }
    keep_readable(rows).map(Some)
}

/// The device's seat, if it holds one. Outside a transaction: for licenses with more devices than are kept in memory.
pub async fn seat(on: impl Read, license: LicenseId, device: &Device) -> Result<Option<Seated>, StoreError> {
    let found = of_seat(SEAT, license, device).fetch_optional(on).await?;
    found.as_ref().map(Seated::from_row).transpose()
}

/// The seat of this device, to be released.
pub async fn held_seat(
    on: impl Read,
    license: LicenseId,
    device: &Device,
) -> Result<Option<HeldSeat>, StoreError> {
    let found = of_seat(ID_OF_SEAT, license, device).fetch_optional(on).await?;
    found.as_ref().map(HeldSeat::from_row).transpose()
}

pub(super) fn of_seat(statement: &'static str, license: LicenseId, device: &Device) -> Query {
    query(statement).bind(license.to_string()).bind(device.kind()).bind(&*device.name())
}

/// How many devices hold a seat of a license that was just locked, and whether this one is among them. The number stands
/// in the license's row: a license with a million devices costs as much as one with none.
pub async fn count_seats(
    on: impl Read,
    locked: &LicenseRow,
    device: &Device,
) -> Result<(u64, Option<Seated>), StoreError> {
    Ok((locked.devices_used, seat(on, locked.id, device).await?))
}

/// How many devices hold a seat now, whatever was taken and released since the license was locked.
pub async fn seats_used(on: impl Read, locked: &LicenseRow) -> Result<u64, StoreError> {
    count(&query(USED).bind(locked.id.to_string()).fetch_one(on).await?, "devices_used")
}

/// Gives a seat of a locked license to a device; [`StoreError::Duplicate`] if it has one.
pub async fn take_seat(tx: &mut Tx<'_>, locked: &LicenseRow, device: &DeviceRow) -> Result<(), StoreError> {
    query(INSERT)
        .bind(locked.id.to_string())
        .bind(device.device.kind())
        .bind(&*device.device.name())
        .bind(device.id.to_string())
        .bind(locked.tenant.to_string())
        .bind(signed(device.first_seen.get()))
        .bind(device.said.name.clone())
        .bind(device.said.platform.clone())
        .bind(device.said.product_version.clone())
        .bind(device.said.fingerprint.clone())
        .bind(moment(device.last_seen))
        .bind(moment(device.trial_began))
        .bind(moment(device.lease_until))
        .execute(&mut *tx)
        .await?;
    query(COUNT_TAKEN).bind(locked.id.to_string()).execute(&mut *tx).await?;
    tx.changes(Subject::License(locked.app, locked.key_hash));
    Ok(())
}

/// Devices with a key that hold a seat of the license and said something of their machine, no more than `most`: always the same
/// ones, as long as they do.
pub async fn machines(on: impl Read, license: LicenseId, most: u32) -> Result<Vec<DeviceRow>, StoreError> {
    keep_readable(of_keys(SOME_MACHINES, license, most).fetch_all(on).await?)
}

/// Those that said this.
pub async fn same_machines(
    on: impl Read,
    license: LicenseId,
    (fingerprint, most): (&str, u32),
) -> Result<Vec<DeviceRow>, StoreError> {
    keep_readable(of_keys(SAME_MACHINES, license, most).bind(fingerprint).fetch_all(on).await?)
}

fn of_keys(statement: &'static str, license: LicenseId, most: u32) -> Query {
    query(statement).bind(license.to_string()).bind(Device::KEY).bind(signed(most.into()))
}

/// Moves a seat of a locked license to another key, which says that of itself. The row keeps its id, when it was added, and the
/// vendor's notes; `false` if there is no such seat.
pub async fn move_seat(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    (seat, to): (DeviceId, &DeviceRow),
    at: UnixSeconds,
) -> Result<bool, StoreError> {
    let statement = if tx.connection.locks_rows() { MOVE_SEAT } else { MOVE };
    let query = query(statement).bind(locked.tenant.to_string()).bind(locked.id.to_string());
    let query = query.bind(seat.to_string()).bind(&*to.device.name()).bind(signed(at.get()));
    let moved = match statement {
        MOVE_SEAT => count(&query.fetch_one(&mut *tx).await?, "move_seat")?,
        _ => query.execute(&mut *tx).await?,
    };
    of_seat(TOLD, locked.id, &to.device)
        .bind(to.said.name.clone())
        .bind(to.said.platform.clone())
        .bind(to.said.product_version.clone())
        .bind(to.said.fingerprint.clone())
        .bind(moment(to.last_seen))
        .bind(moment(to.trial_began))
        .execute(&mut *tx)
        .await?;
    tx.changes(Subject::License(locked.app, locked.key_hash));
    Ok(moved > 0)
}

/// Notes when the trial of a locked license began for a device that holds a seat already.
pub async fn begin_trial(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    device: &Device,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    of_seat(BEGIN_TRIAL, locked.id, device).bind(signed(at.get())).execute(&mut *tx).await?;
    tx.changes(Subject::License(locked.app, locked.key_hash));
    Ok(())
}

/// Replaces what the vendor notes about a device; `false` if it holds no seat any more.
pub async fn note(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    id: DeviceId,
    metadata: &str,
) -> Result<bool, StoreError> {
    let query = query(NOTE).bind(tenant.to_string()).bind(id.to_string()).bind(metadata);
    Ok(query.execute(tx).await? > 0)
}

/// The license of which a seat was given back by this request.
pub async fn given_back_by(on: impl Read, request: StatementId) -> Result<Option<LicenseId>, StoreError> {
    let row = query(BY_REQUEST).bind(request.to_string()).fetch_optional(on).await?;
    row.map(|row| parsed(&row, "license_id", |t| LicenseId::parse(t).ok())).transpose()
}

/// Takes one seat of a locked license away, as a database user may who cannot delete rows, and notes by which request. Returns
/// how many devices still have one.
pub async fn give_back(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    seat: HeldSeat,
    (request, at): (StatementId, UnixSeconds),
) -> Result<u64, StoreError> {
    let request = request.to_string();
    if !tx.connection.locks_rows() {
        let device = seat.device.clone();
        let left = release_seats(tx, locked, &[seat], 0..=u64::MAX, at).await?;
        query(NOTE_REQUEST).bind(device).bind(request).execute(&mut *tx).await?;
        return Ok(left);
    }
    let given = query(RELEASE_SEAT).bind(locked.tenant.to_string()).bind(locked.id.to_string());
    let given = given.bind(&seat.device).bind(request).bind(signed(at.get())).fetch_one(&mut *tx).await?;
    let left = locked.devices_used.saturating_sub(count(&given, "release_seat")?);
    store_left(tx, locked, left).await?;
    Ok(left)
}

/// How many devices of a locked license have seats still.
pub(super) async fn store_left(tx: &mut Tx<'_>, locked: &LicenseRow, left: u64) -> Result<(), StoreError> {
    query(COUNT_LEFT).bind(locked.id.to_string()).bind(signed(left)).execute(&mut *tx).await?;
    tx.changes(Subject::License(locked.app, locked.key_hash));
    Ok(())
}

/// Takes seats of a locked license away, and records that. Returns how many devices still have one: as the license's row
/// says it, which may be wrong, but within what is known.
pub async fn release_seats(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    seats: &[HeldSeat],
    known_left: RangeInclusive<u64>,
    at: UnixSeconds,
) -> Result<u64, StoreError> {
    let (tenant, license) = (locked.tenant.to_string(), locked.id.to_string());
    let ids = |query: Query, some: &[HeldSeat]| {
        some.iter().fold(query.bind(&tenant).bind(&license), |query, seat| query.bind(&seat.device))
    };
    let deleted = for_all(tx, [DELETE, DELETE_MANY], seats, ids).await?;
    let record = |query: Query, seat: &HeldSeat| {
        query.bind(&seat.device).bind(&tenant).bind(&license).bind(signed(at.get()))
    };
    let records = |query, some: &[HeldSeat]| some.iter().fold(query, record);
    let recorded = for_all(tx, [RECORD_RELEASE, RECORD_RELEASES], seats, records).await?;
    if recorded > 0 {
        release_days::add(tx, locked, recorded, at).await?;
    }
    let left = locked.devices_used.saturating_sub(deleted);
    let left = left.clamp(*known_left.start(), *known_left.end());
    // Once for all of them: every change of a row is a version of it that those who come after have to pass.
    if left != locked.devices_used {
        query(COUNT_LEFT).bind(&license).bind(signed(left)).execute(&mut *tx).await?;
    }
    if !seats.is_empty() {
        tx.changes(Subject::License(locked.app, locked.key_hash));
    }
    Ok(left)
}
