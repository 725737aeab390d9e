//! `POST /api/v1/release` and `deactivate`: a seat is given back by whoever holds it, or knows the license's key (`spec/online.md` §9).

use sealgate_artifact::{Code, Device, DeviceId, StatementId, UnixSeconds};
use sealgate_authority::{AuthorityError, Ids, event_row};
use sealgate_rules::releases_left;
use sealgate_store::table::{self, EventRow, HeldSeat, LicenseRow};
use sealgate_store::{Db, Tx, Work};

/// Whose seat is given back.
#[derive(Debug, Clone)]
pub(super) enum Leaving {
    /// That of the device that asks.
    Asking(Device),
    /// That of another one.
    Named(DeviceId),
}

/// Gives the seat back, if that one has any. Returns the number of seats in use (`spec/online.md` §9.2).
pub(super) async fn release(
    (db, ids): (&Db, &Ids),
    license: &LicenseRow,
    who: Leaving,
    (request, request_id): (StatementId, &str),
) -> Result<u64, AuthorityError> {
    let event = event_row(ids, license, "device_released", None, request_id);
    let work = GiveBack { license: license.clone(), who, request, at: ids.now(), event };
    Box::pin(db.write(work)).await
}

struct GiveBack {
    license: LicenseRow,
    who: Leaving,
    request: StatementId,
    at: UnixSeconds,
    event: EventRow,
}

impl Work for GiveBack {
    type Output = u64;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, AuthorityError> {
        let locked = table::licenses::lock(tx, self.license.tenant, self.license.id).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::LicenseUnknown))?;
        // spec/online.md §9.3: whoever asks again because the answer was lost is told the same, whoever has the seat now.
        if table::devices::given_back_by(&mut *tx, self.request).await?.is_some() {
            return Ok(locked.devices_used);
        }
        let Some(seat) = self.seat(tx, &locked).await? else {
            self.end_activation(tx, &locked).await?;
            return Ok(locked.devices_used);
        };
        if seat.is_bundled(self.at) {
            return self.leave_to_bundle(tx, &locked, seat).await;
        }
        let released = table::release_days::within_a_year(&mut *tx, &locked, self.at).await?;
        let counted = (locked.terms.max_devices, table::customers::limit_of(&mut *tx, &locked).await?);
        let left = releases_left(counted, locked.terms.conditions.releases(), released);
        if left == Some(0) {
            return Err(AuthorityError::Refused(Code::AllowanceSpent));
        }
        // spec/online.md §9.4: in this transaction, at once.
        let event = EventRow { device: Some(seat.name.clone()), ..self.event.clone() };
        let name = seat.name.clone();
        let used = table::devices::give_back(tx, &locked, seat, (self.request, self.at)).await?;
        // spec/activation.md §5.1.
        table::activations::deactivate(tx, locked.id, &[name], self.at).await?;
        table::events::insert(tx, &event).await?;
        Ok(used)
    }
}

impl GiveBack {
    /// spec/activation.md §5.1: the activation of a device whose seat was a lease goes on without one, until the device ends it.
    async fn end_activation(&self, tx: &mut Tx<'_>, locked: &LicenseRow) -> Result<(), AuthorityError> {
        if let Leaving::Asking(device @ Device::Key(_)) = &self.who {
            table::activations::deactivate(tx, locked.id, &[device.name().into_owned()], self.at).await?;
        }
        Ok(())
    }

    /// spec/offline.md §5.3: the activation ends, and the seat stays until the bundle does. Nothing is released, so nothing is drawn on.
    async fn leave_to_bundle(
        &self,
        tx: &mut Tx<'_>,
        locked: &LicenseRow,
        seat: HeldSeat,
    ) -> Result<u64, AuthorityError> {
        let seats = [seat];
        table::bundle_seats::keep(tx, locked, &seats, self.at).await?;
        let [seat] = seats;
        table::activations::deactivate(tx, locked.id, std::slice::from_ref(&seat.name), self.at).await?;
        if !seat.only_bundled {
            let event = EventRow { device: Some(seat.name), ..self.event.clone() };
            table::events::insert(tx, &event).await?;
        }
        Ok(locked.devices_used)
    }

    async fn seat(&self, tx: &mut Tx<'_>, locked: &LicenseRow) -> Result<Option<HeldSeat>, AuthorityError> {
        Ok(match &self.who {
            Leaving::Asking(device) => table::devices::held_seat(&mut *tx, locked.id, device).await?,
            Leaving::Named(id) => {
                let found = table::devices::find(&mut *tx, locked.tenant, *id).await?;
                found.filter(|device| device.license == locked.id).map(HeldSeat::from)
            }
        })
    }
}
