//! Taking seats back (`spec/http.md` §3.10).

use sealgate_artifact::{Code, DeviceId, RecordId, UnixSeconds};
use sealgate_rules::releases_left;
use sealgate_store::{AuditRow, DeviceRow, EventRow, LicenseRow, Tx, Work, read, write};
use sealgate_wire::{DeviceQuery, DeviceView, Page, ReleaseDevices, Released, Timestamp};
use serde_json::json;

use super::licenses::find;
use super::page::Part;
use crate::once::earlier;
use crate::{Authority, AuthorityError, Caller};

const YEAR: u64 = 365 * 24 * 60 * 60;

/// The tenant's device of that id.
pub async fn show_device(a: &Authority, caller: &Caller, id: &str) -> Result<DeviceView, AuthorityError> {
    find_device(a, caller, id).await.map(|device| view(&device))
}

/// The tenant's devices, newest first; of one license if given.
pub async fn list_devices(
    a: &Authority,
    caller: &Caller,
    query: &DeviceQuery,
) -> Result<Page<DeviceView>, AuthorityError> {
    let license = match &query.license_id {
        Some(id) => Some(find(a, caller, id).await?.id),
        None => None,
    };
    let list = license.map_or_else(|| "devices".to_owned(), |id| format!("devices-{id}"));
    let part = Part::new(list, query.cursor.as_deref(), query.limit, DeviceId::parse)?;
    let rows = read::devices::list(&a.db, caller.tenant, license, part.after, part.rows()).await?;
    Ok(part.page(rows, |row| row.id.to_string(), view))
}

/// Takes one device's seat back.
pub async fn release_device(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &ReleaseDevices,
) -> Result<Released, AuthorityError> {
    if let Some(done) = a.answered(caller).await? {
        return Ok(done);
    }
    let device = find_device(a, caller, id).await?;
    let license = device.license.to_string();
    release(a, caller, (&license, "device.released"), Release::Named(vec![device.id]), wish).await
}

/// Takes every seat of a license back.
pub async fn reset_devices(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &ReleaseDevices,
) -> Result<Released, AuthorityError> {
    if let Some(done) = a.answered(caller).await? {
        return Ok(done);
    }
    release(a, caller, (id, "license.devices_reset"), Release::All, wish).await
}

async fn release(
    a: &Authority,
    caller: &Caller,
    (license, action): (&str, &'static str),
    release: Release,
    wish: &ReleaseDevices,
) -> Result<Released, AuthorityError> {
    let license = find(a, caller, license).await?;
    let overridden = wish.override_allowance.unwrap_or(false);
    let detail = json!({ "override_allowance": overridden });
    let work = ReleaseSeats {
        releasing: Releasing::new(release, overridden, a.now()),
        audit: a.audit_row(caller, action, license.id.to_string(), &detail),
        event: a.event_row(&license, "device_released", None, &caller.request_id),
        license,
    };
    a.commit_once(caller, work).await
}

async fn find_device(a: &Authority, caller: &Caller, id: &str) -> Result<DeviceRow, AuthorityError> {
    let unknown = || AuthorityError::Refused(Code::NotFound);
    let id = DeviceId::parse(id).map_err(|_| unknown())?;
    read::devices::find(&a.db, caller.tenant, id).await?.ok_or_else(unknown)
}

fn view(device: &DeviceRow) -> DeviceView {
    DeviceView {
        device_id: device.id.to_string(),
        license_id: device.license.to_string(),
        kind: device.device.kind().to_owned(),
        identity: device.device.name().into_owned(),
        first_seen: Timestamp(device.first_seen),
    }
}

/// Whose seats are taken back.
#[derive(Debug, Clone)]
pub(super) enum Release {
    All,
    Named(Vec<DeviceId>),
}

/// A wish to take seats back, at a time.
#[derive(Debug, Clone)]
pub(super) struct Releasing {
    which: Release,
    overridden: bool,
    at: UnixSeconds,
}

impl Releasing {
    pub(super) fn new(which: Release, overridden: bool, at: UnixSeconds) -> Self {
        Self { which, overridden, at }
    }
}

/// Takes seats of a locked license back, within its allowance. What is left must fit into its seats.
pub(super) async fn release_seats(
    tx: &mut Tx<'_>,
    license: &LicenseRow,
    releasing: &Releasing,
    event: &EventRow,
) -> Result<Released, AuthorityError> {
    let held = write::seats::held(tx, license).await?;
    let chosen: Vec<&DeviceRow> = match &releasing.which {
        Release::All => held.iter().collect(),
        Release::Named(ids) => {
            let named = |id| held.iter().find(|device| device.id == id);
            let found: Option<Vec<_>> = ids.iter().map(|id| named(*id)).collect();
            found.ok_or(AuthorityError::Refused(Code::NotFound))?
        }
    };
    let since = earlier(releasing.at, YEAR);
    let before = write::seats::released_since(tx, license.id, since).await?;
    let (terms, count) = (&license.terms, chosen.len() as u64);
    let allowance = releases_left(terms.max_devices, terms.releases_per_seat, before);
    if !releasing.overridden && allowance.is_some_and(|left| left < count) {
        return Err(AuthorityError::Refused(Code::AllowanceSpent));
    }
    for (n, device) in (1..).zip(&chosen) {
        write::seats::release(tx, license, device.id, releasing.at).await?;
        let named = EventRow {
            id: nth_id(&event.id, n),
            kind: "device_released".into(),
            device: Some(device.device.name().into_owned()),
            ..event.clone()
        };
        write::records::event(tx, &named).await?;
    }
    let devices_used = held.len() as u64 - count;
    if terms.max_devices.seats().is_some_and(|seats| devices_used > u64::from(seats)) {
        return Err(AuthorityError::Refused(Code::DevicesInUse));
    }
    Ok(Released {
        license_id: license.id.to_string(),
        released: chosen.iter().map(|device| device.id.to_string()).collect(),
        devices_used,
        releases_left: releases_left(terms.max_devices, terms.releases_per_seat, before + count),
    })
}

/// An identifier beside a fresh one, for as many rows as turn out to be needed.
fn nth_id(id: &str, n: u32) -> String {
    let mut bytes = RecordId::parse(id).map_or([0; 16], |id| *id.as_bytes());
    let low = bytes.last_chunk_mut::<4>().expect("sixteen bytes have four");
    *low = u32::from_be_bytes(*low).wrapping_add(n).to_be_bytes();
    RecordId::from_bytes(bytes).to_string()
}

struct ReleaseSeats {
    license: LicenseRow,
    releasing: Releasing,
    audit: AuditRow,
    event: EventRow,
}

impl Work for ReleaseSeats {
    type Output = Released;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Released, AuthorityError> {
        let locked = write::licenses::lock(tx, self.license.tenant, self.license.id).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let released = release_seats(tx, &locked, &self.releasing, &self.event).await?;
        if !released.released.is_empty() {
            write::records::audit(tx, &self.audit).await?;
        }
        Ok(released)
    }
}
