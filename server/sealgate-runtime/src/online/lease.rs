//! What becomes of a device's seat with a heartbeat, where seats are leases (`spec/activation.md` §7.7).

use sealgate_artifact::{Code, Device, UnixSeconds};
use sealgate_authority::seats::{Asking, TakeSeat};
use sealgate_authority::{AuthorityError, Source, lease};
use sealgate_rules::machine_named;
use sealgate_store::Tx;
use sealgate_store::table::{self, LicenseRow, Said};

use super::desk::Online;
use super::known::{Known, Request};

/// What becomes of the seat.
pub(super) enum SeatChange {
    /// Nothing: the license's seats are no leases, or the device has no rights any more.
    Stays,
    /// The device holds it until then.
    Holds(UnixSeconds),
    /// The device takes one again, until then.
    Takes(UnixSeconds, Box<TakeSeat>),
    /// The program ends. A device that has no seat any more takes one before: whoever would get none is not admitted.
    Leaves(Option<Box<TakeSeat>>),
}

impl Online {
    /// Decides what becomes of the seat. A device that has none any more and would get none is refused.
    pub(super) async fn seat_change(
        &self,
        (known, request): (&Known, &Request),
        (has_seat, has_ended): (bool, bool),
        source: Source<'_>,
    ) -> Result<SeatChange, AuthorityError> {
        let (entry, now) = (&known.license, known.now);
        let Some(until) = lease::ends(&entry.license, now) else { return Ok(SeatChange::Stays) };
        let leaves = request.get().leaves;
        match (leaves, has_ended, has_seat) {
            (true, true, _) | (true, _, true) => return Ok(SeatChange::Leaves(None)),
            (false, true, _) => return Ok(SeatChange::Stays),
            (false, _, true) => return Ok(SeatChange::Holds(until)),
            (_, false, false) => {}
        }
        self.seats.has_room(&entry.license, now).await?;
        let fingerprint = known.activation.fingerprint.clone();
        let asking = Asking {
            license: entry,
            device: &known.device(),
            machine: machine_named(fingerprint.as_deref()),
            said: &Said { fingerprint: fingerprint.clone(), ..Said::default() },
            app: None,
            blocked: false,
            now,
            pays: None,
            request_id: source.request_id,
        };
        let take = Box::new(TakeSeat::asked(&self.gate.ids, &asking));
        Ok(if leaves { SeatChange::Leaves(Some(take)) } else { SeatChange::Takes(until, take) })
    }
}

impl SeatChange {
    /// Until when the device holds its seat without another heartbeat.
    pub(super) fn lease_until(&self) -> Option<UnixSeconds> {
        match self {
            Self::Holds(until) | Self::Takes(until, _) => Some(*until),
            Self::Stays | Self::Leaves(_) => None,
        }
    }

    /// What comes first in the transaction: whoever locks a license and an activation locks the license first. Returns the
    /// license where it was locked for the device to leave.
    pub(super) async fn begin(
        &self,
        tx: &mut Tx<'_>,
        (license, device): (&LicenseRow, &Device),
    ) -> Result<Option<LicenseRow>, AuthorityError> {
        match self {
            Self::Stays => Ok(None),
            // Somebody needed the seat meanwhile: then all of it is judged again.
            Self::Holds(until) => {
                let holds = table::leases::hold(tx, license.id, device, *until).await?;
                if holds { Ok(None) } else { Err(AuthorityError::Superseded) }
            }
            Self::Takes(_, take) => take.take(tx).await.map(|_| None),
            Self::Leaves(take) => {
                if let Some(take) = take {
                    take.take(tx).await?;
                }
                let locked = table::licenses::lock(tx, license.tenant, license.id).await?;
                locked.ok_or(AuthorityError::Refused(Code::NotActivated)).map(Some)
            }
        }
    }
}
