//! Storing a bundle, with the seats that it takes, in one transaction (`spec/offline.md` §5.2).

use sealgate_artifact::{Code, Device, UnixSeconds};
use sealgate_authority::{AuthorityError, ClockWatch, bundled, leaves_room_for};
use sealgate_rules::{SeatsTaken, Wanted};
use sealgate_store::table::bundle_seats::{self, Taken};
use sealgate_store::table::{
    self, AuditRow, BundleDevice, BundleRow, DeviceRow, EventRow, LicenseRow, bundles,
};
use sealgate_store::{Tx, Work};
use sealgate_wire::BundleView;

use super::may::may_make;
use super::view::view;

/// Live bundles of a license.
const LIVE: u64 = 1_000;

/// What comes of an order.
pub(super) enum Export {
    /// A bundle that answers it already.
    Same(Box<BundleView>),
    New(Box<NewBundle>),
}

impl Work for Export {
    type Output = BundleView;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<BundleView, AuthorityError> {
        match self {
            Self::Same(view) => Ok((**view).clone()),
            Self::New(made) => made.store(tx).await,
        }
    }
}

/// A bundle on its way into the database.
pub(super) struct NewBundle {
    pub(super) row: BundleRow,
    pub(super) statement: Vec<u8>,
    pub(super) devices: Vec<BundleDevice>,
    /// For each of the devices the seat that it gets if it has none.
    pub(super) seats: Vec<DeviceRow>,
    /// The serial before.
    pub(super) last_serial: u64,
    pub(super) clock: ClockWatch,
    pub(super) event: EventRow,
    pub(super) audit: AuditRow,
}

impl NewBundle {
    async fn store(&self, tx: &mut Tx<'_>) -> Result<BundleView, AuthorityError> {
        let (row, now) = (&self.row, self.row.issued_at);
        if !table::tenants::has_issuer(&mut *tx, row.tenant, row.signer).await? {
            return Err(AuthorityError::Superseded);
        }
        let locked = table::licenses::lock(tx, row.tenant, row.license).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let locked = bundled::settled(tx, locked, (&self.clock, now)).await?;
        self.is_still_so(tx, &locked).await?;
        self.take_seats(tx, &locked, now).await?;
        bundles::insert(tx, (row, &self.statement), &self.devices).await?;
        table::events::insert(tx, &self.event).await?;
        table::audit::insert(tx, &self.audit).await?;
        Ok(view(row, now))
    }

    /// What was signed holds of the license as it is when it is locked, and follows what others made meanwhile.
    async fn is_still_so(&self, tx: &mut Tx<'_>, locked: &LicenseRow) -> Result<(), AuthorityError> {
        let row = &self.row;
        if locked.version != row.version
            || bundles::last_serial(&mut *tx, row.license).await? != self.last_serial
        {
            return Err(AuthorityError::Superseded);
        }
        let tenant = table::tenants::find(&mut *tx, row.tenant).await?;
        let tenant = tenant.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let wanted = Wanted { pool: row.pool, ends_at: Some(row.ends_at) };
        may_make(locked, &tenant, wanted, row.issued_at)?;
        if bundles::live(&mut *tx, row.license, row.issued_at).await? >= LIVE {
            return Err(AuthorityError::Refused(Code::LimitReached));
        }
        for request in self.devices.iter().filter_map(|device| device.request) {
            // Then the next attempt finds the bundle that answers it.
            if bundles::answering(&mut *tx, row.license, request).await?.is_some() {
                return Err(AuthorityError::Superseded);
            }
        }
        Ok(())
    }

    /// `spec/offline.md` §5.2, §5.3: what the bundle adds is there, and is taken.
    async fn take_seats(
        &self,
        tx: &mut Tx<'_>,
        locked: &LicenseRow,
        now: UnixSeconds,
    ) -> Result<(), AuthorityError> {
        let named: Vec<Device> = self.seats.iter().map(|seat| seat.device.clone()).collect();
        let held = bundle_seats::held(tx, locked.id, &named).await?;
        let (seated, fresh): (Vec<&DeviceRow>, Vec<&DeviceRow>) =
            self.seats.iter().partition(|seat| held.contains(&*seat.device.name()));
        let taken = SeatsTaken { devices: locked.devices_used, pools: locked.pools };
        let then = match self.row.pool {
            Some(pool) => {
                let largest =
                    bundle_seats::largest_of_line(&mut *tx, (locked.id, self.row.line), now).await?;
                taken.with_pool(pool, largest)
            }
            None => taken.with_devices(fresh.len() as u64),
        };
        if !taken.may_become(then, locked.terms.max_devices) {
            return Err(AuthorityError::Refused(Code::DeviceLimit));
        }
        let further = then.all().saturating_sub(taken.all());
        if further > 0 {
            leaves_room_for(tx, locked, further).await?;
        }
        for seat in &fresh {
            // spec/keys.md §2.1: one key has one use.
            if let Device::Key(key) = seat.device
                && table::keys::is_known(&mut *tx, key).await?
            {
                return Err(AuthorityError::Refused(Code::KeyMisuse));
            }
        }
        let seated: Vec<Device> = seated.into_iter().map(|seat| seat.device.clone()).collect();
        let fresh: Vec<DeviceRow> = fresh.into_iter().cloned().collect();
        let taken = Taken { seated: &seated, fresh: &fresh, pools: then.pools, until: self.row.ends_at };
        Ok(bundle_seats::take(tx, locked, &taken).await?)
    }
}

/// Writes down what came of an order.
pub(super) struct Note(pub(super) AuditRow);

impl Work for Note {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        Ok(table::audit::insert(tx, &self.0).await?)
    }
}
