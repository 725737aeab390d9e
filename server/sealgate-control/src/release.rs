//! Releasing seats, inside a transaction that holds the license's lock (`spec/http.md` §3.10).

use sealgate_artifact::{Code, DeviceId, RecordId, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_rules::releases_left;
use sealgate_store::Tx;
use sealgate_store::table::{self, DeviceRow, EventRow, LicenseRow};
use sealgate_wire::Released;

const YEAR: u64 = 365 * 24 * 60 * 60;

/// Whose seats are released.
#[derive(Debug, Clone)]
pub(crate) enum Release {
    All,
    Named(Vec<DeviceId>),
}

/// A request to release seats, at a time.
#[derive(Debug, Clone)]
pub(crate) struct Releasing {
    which: Release,
    overridden: bool,
    /// Whether the devices that stay must fit into the license's seats.
    must_fit: bool,
    at: UnixSeconds,
}

impl Releasing {
    pub(crate) fn new(which: Release, overridden: bool, at: UnixSeconds) -> Self {
        Self { which, overridden, must_fit: false, at }
    }

    /// The same for a license that gets fewer seats.
    pub(crate) fn for_fewer_seats(self) -> Self {
        Self { must_fit: true, ..self }
    }
}

/// Releases seats of a locked license, within its allowance. A license that has more devices than seats, by whatever
/// happened to its database, loses them one by one.
pub(crate) async fn release_seats(
    tx: &mut Tx<'_>,
    license: &LicenseRow,
    releasing: &Releasing,
    event: &EventRow,
) -> Result<Released, AuthorityError> {
    let chosen = match &releasing.which {
        Release::All => table::devices::of_license(&mut *tx, license.id).await?,
        Release::Named(ids) => named(tx, license, ids).await?,
    };
    let since = releasing.at.minus(YEAR);
    let before = table::devices::released_since(&mut *tx, license.id, since).await?;
    let (terms, count) = (&license.terms, chosen.len() as u64);
    let allowance = releases_left(terms.max_devices, terms.releases_per_seat, before);
    if !releasing.overridden && allowance.is_some_and(|left| left < count) {
        return Err(AuthorityError::Refused(Code::AllowanceSpent));
    }
    for (n, device) in (1..).zip(&chosen) {
        table::devices::release_seat(tx, license, device.id, releasing.at).await?;
        let named = EventRow {
            id: nth_id(&event.id, n),
            kind: "device_released".into(),
            device: Some(device.device.name().into_owned()),
            ..event.clone()
        };
        table::events::insert(tx, &named).await?;
    }
    let devices_used = license.devices_used.saturating_sub(count);
    if releasing.must_fit && terms.max_devices.seats().is_some_and(|seats| devices_used > u64::from(seats)) {
        return Err(AuthorityError::Refused(Code::DevicesInUse));
    }
    Ok(Released {
        license_id: license.id.to_string(),
        released: chosen.iter().map(|device| device.id.to_string()).collect(),
        devices_used,
        releases_left: releases_left(terms.max_devices, terms.releases_per_seat, before + count),
    })
}

/// The devices with these ids, which hold seats of this license.
async fn named(
    tx: &mut Tx<'_>,
    license: &LicenseRow,
    ids: &[DeviceId],
) -> Result<Vec<DeviceRow>, AuthorityError> {
    let mut found: Vec<DeviceRow> = vec![];
    for id in ids {
        let device = table::devices::find(&mut *tx, license.tenant, *id).await?;
        let device = device.filter(|device| device.license == license.id);
        let device = device.ok_or(AuthorityError::Refused(Code::NotFound))?;
        // Whoever is named twice is released once.
        if !found.contains(&device) {
            found.push(device);
        }
    }
    Ok(found)
}

/// The nth identifier after a fresh one: how many are needed shows only inside the transaction.
fn nth_id(id: &str, n: u32) -> String {
    let mut bytes = RecordId::parse(id).map_or([0; 16], |id| *id.as_bytes());
    let low = bytes.last_chunk_mut::<4>().expect("sixteen bytes have four");
    *low = u32::from_be_bytes(*low).wrapping_add(n).to_be_bytes();
    RecordId::from_bytes(bytes).to_string()
}
