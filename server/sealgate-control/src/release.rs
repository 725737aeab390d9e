//! Releasing seats, inside a transaction that holds the license's lock (`spec/http.md` §3.10).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use sealgate_artifact::{Code, DeviceId, RecordId, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_rules::releases_left;
use sealgate_store::Tx;
use sealgate_store::table::{self, EventRow, HeldSeat, LicenseRow};
use sealgate_wire::Released;

/// Seats that one request releases at most (`spec/http.md` §3.10): nobody else writes meanwhile.
pub(crate) const MOST_RELEASED: u32 = 500;

/// Whose seats are released.
#[derive(Debug, Clone)]
pub(crate) enum Release {
    /// Everybody's, as many as one request releases.
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

/// Releases seats of a locked license, within its allowance: it does for all that are wanted, or none is released. A license that has more devices than seats, by whatever
/// happened to its database, loses them one by one.
pub(crate) async fn release_seats(
    tx: &mut Tx<'_>,
    license: &LicenseRow,
    releasing: &Releasing,
    event: &EventRow,
) -> Result<Released, AuthorityError> {
    let chosen = choose(tx, license, &releasing.which).await?;
    // spec/offline.md §5.3: what a live bundle holds stays, and draws on nothing.
    let (bundled, seats): (Vec<HeldSeat>, Vec<HeldSeat>) =
        chosen.seats.into_iter().partition(|seat| seat.is_bundled(releasing.at));
    let (terms, count) = (&license.terms, seats.len() as u64);
    let counted = (terms.max_devices, table::customers::limit_of(&mut *tx, license).await?);
    let left_after = |released| releases_left(counted, terms.conditions.releases(), released);
    let before = match left_after(0) {
        // Who changes a license and releases nothing is not told how many are left.
        Some(_) if !(seats.is_empty() && releasing.must_fit) => {
            table::release_days::within_a_year(&mut *tx, license, releasing.at).await?
        }
        _ => 0,
    };
    if !releasing.overridden
        && left_after(before).is_some_and(|left| left < chosen.of.saturating_sub(bundled.len() as u64))
    {
        return Err(AuthorityError::Refused(Code::AllowanceSpent));
    }
    table::bundle_seats::keep(tx, license, &bundled, releasing.at).await?;
    let left = chosen.known_left.clone();
    let devices_used = table::devices::release_seats(tx, license, &seats, left, releasing.at).await?;
    // spec/activation.md §5.1.
    let ended = || seats.iter().chain(bundled.iter().filter(|seat| !seat.only_bundled));
    let devices: Vec<String> = ended().map(|seat| seat.name.clone()).collect();
    table::activations::deactivate(tx, license.id, &devices, releasing.at).await?;
    let taken = devices_used.saturating_add(license.pools);
    if releasing.must_fit && terms.max_devices.seats().is_some_and(|seats| taken > u64::from(seats)) {
        return Err(AuthorityError::Refused(Code::DevicesInUse));
    }
    let named = |(n, seat): (u32, &HeldSeat)| EventRow {
        id: nth_id(&event.id, n),
        kind: "device_released".into(),
        device: Some(seat.name.clone()),
        ..event.clone()
    };
    let events: Vec<EventRow> = (1..).zip(ended()).map(named).collect();
    table::events::insert_all(tx, &events.iter().collect::<Vec<_>>()).await?;
    let released = ended().map(|seat| seat.device.clone()).collect();
    Ok(Released {
        license_id: license.id.to_string(),
        released,
        devices_used,
        releases_left: left_after(before + count),
    })
}

/// The seats that one request releases.
struct Chosen {
    seats: Vec<HeldSeat>,
    /// How many are to be released in the end, with the requests that follow: the allowance must do for all of them.
    of: u64,
    /// How many devices may have seats afterwards, by what was seen.
    known_left: RangeInclusive<u64>,
}

async fn choose(tx: &mut Tx<'_>, license: &LicenseRow, which: &Release) -> Result<Chosen, AuthorityError> {
    if let Release::Named(ids) = which {
        let seats = named(tx, license, ids).await?;
        return Ok(Chosen { of: seats.len() as u64, seats, known_left: 0..=u64::MAX });
    }
    let mut seats = table::devices::first_of_license(&mut *tx, license.id, MOST_RELEASED + 1).await?;
    let seen = seats.len() as u64;
    seats.truncate(MOST_RELEASED as usize);
    // The number in the license's row may be wrong, by whoever else may write it. What was seen counts more.
    Ok(if seen > u64::from(MOST_RELEASED) {
        Chosen { seats, of: license.devices_used.max(seen), known_left: 1..=u64::MAX }
    } else {
        // What bundles alone hold was not looked for.
        let most = if license.bundles_end.is_some() { u64::MAX } else { 0 };
        Chosen { seats, of: seen, known_left: 0..=most }
    })
}

/// The devices with these ids, which hold seats of this license.
async fn named(
    tx: &mut Tx<'_>,
    license: &LicenseRow,
    ids: &[DeviceId],
) -> Result<Vec<HeldSeat>, AuthorityError> {
    // Whoever is named twice is released once.
    let ids: Vec<DeviceId> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let mut found = table::devices::find_all(tx, license.tenant, &ids).await?;
    found.retain(|device| device.license == license.id);
    if found.len() != ids.len() {
        return Err(AuthorityError::Refused(Code::NotFound));
    }
    found.sort_unstable_by_key(|device| device.id);
    Ok(found.into_iter().map(HeldSeat::from).collect())
}

/// The nth identifier after a fresh one: how many are needed shows only inside the transaction.
fn nth_id(id: &str, n: u32) -> String {
    let mut bytes = RecordId::parse(id).map_or([0; 16], |id| *id.as_bytes());
    let low = bytes.last_chunk_mut::<4>().expect("sixteen bytes have four");
    *low = u32::from_be_bytes(*low).wrapping_add(n).to_be_bytes();
    RecordId::from_bytes(bytes).to_string()
}
