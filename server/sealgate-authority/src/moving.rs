//! Seats that move to another key of the same machine (`spec/online.md` §11).

use std::sync::Arc;

use sealgate_artifact::{Code, Device, UnixSeconds};
use sealgate_rules::{Holder, likeness, seat_that_moves};
use sealgate_store::table::{self, DeviceRow, EventRow, LicenseRow};
use sealgate_store::{AppEntry, Read, Tx};

use crate::{AuthorityError, broken, lists};

/// spec/online.md §11.5: of a license with more devices only those with the same text are looked at. Everybody else who writes
/// waits while they are read, and any stranger with the key of such a license may ask.
const MOST_COMPARED: u32 = 1_000;

/// A device with a key that says on which machine it is: if it holds no seat, that of the same machine moves to it.
#[derive(Clone)]
pub(crate) struct Moving {
    app: Arc<AppEntry>,
    fingerprint: String,
    now: UnixSeconds,
}

impl Moving {
    /// spec/online.md §11.2: "Only devices with a key move". Without an app, nobody knows whom its lists admit.
    pub(crate) fn new(
        (device, app): (&Device, Option<&Arc<AppEntry>>),
        fingerprint: Option<&str>,
        now: UnixSeconds,
    ) -> Option<Self> {
        let (Device::Key(_), Some(app), Some(fingerprint)) = (device, app, fingerprint) else { return None };
        // One that does not match itself matches nothing.
        let matches_any = likeness(fingerprint, fingerprint) > 0;
        matches_any.then(|| Self { app: Arc::clone(app), fingerprint: fingerprint.to_owned(), now })
    }

    /// The device whose seat would move now.
    pub(crate) async fn find(
        &self,
        on: impl Read,
        license: &LicenseRow,
    ) -> Result<Option<DeviceRow>, AuthorityError> {
        let mut machines = if license.devices_used <= u64::from(MOST_COMPARED) {
            table::devices::machines(on, license.id, MOST_COMPARED).await?
        } else {
            table::devices::same_machines(on, license.id, (&self.fingerprint, MOST_COMPARED)).await?
        };
        // spec/offline.md §5.3: a seat that a live bundle holds stays where it is.
        machines.retain(|machine| machine.bundle_until.is_none_or(|until| until <= self.now));
        let holder = |machine| self.holder(license, machine);
        let place =
            seat_that_moves(&self.fingerprint, &machines.iter().map(holder).collect::<Vec<_>>(), self.now);
        Ok(place.map(|place| machines.swap_remove(place)))
    }

    fn holder<'a>(&self, license: &LicenseRow, machine: &'a DeviceRow) -> Holder<'a> {
        Holder {
            fingerprint: machine.said.fingerprint.as_deref().unwrap_or_default(),
            // spec/online.md §11.4: who was denied does not come back under a new key.
            is_admitted: lists::admit_device(&self.app, license.id, &machine.device.name(), self.now),
            moved: machine.moved,
            last_seen: machine.last_seen,
        }
    }
}

/// Moves the seat of a locked license. `event` says which device takes it.
pub(crate) async fn move_seat(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    (from, to): (&DeviceRow, &DeviceRow),
    (at, event): (UnixSeconds, &EventRow),
) -> Result<(), AuthorityError> {
    if !table::devices::move_seat(tx, locked, (from.id, to), at).await? {
        return Err(broken("a seat that was read under the license's lock is not there"));
    }
    // Its former key has no seat any more, and gets none by its heartbeat.
    table::activations::deactivate(tx, locked.id, &[from.device.name().into_owned()], at).await?;
    let moved_from = Some(from.device.name().into_owned());
    let event = EventRow { kind: "device_moved".into(), moved_from, ..event.clone() };
    table::events::insert(tx, &event).await?;
    Ok(())
}

/// Whether it was refused for want of a seat, which a seat that moves does not need.
pub(crate) fn wants_a_seat(refused: &AuthorityError) -> bool {
    matches!(refused, AuthorityError::Refused(Code::DeviceLimit | Code::CustomerDeviceLimit))
}
