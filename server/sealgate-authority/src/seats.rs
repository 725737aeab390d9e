//! Seats and credits: what a yes costs, in one transaction (`docs/design.md`, "Seats").

use sealgate_artifact::{AppId, Code, Device, DeviceId, UnixSeconds};
use sealgate_rules::{Facts, Seat, Standing, Verdict, Window};
use sealgate_store::table::{self, DeviceRow, EventRow, LicenseRow};
use sealgate_store::{Db, LicenseEntry, Tx, Work};

use crate::customer_limit::leaves_room;
use crate::{AuthorityError, Ids, event_row};

/// A device that asks to use a license.
pub struct Asking<'a> {
    /// The license, at most a second old.
    pub license: &'a LicenseEntry,
    /// The device.
    pub device: &'a Device,
    /// Whether access lists deny the device this license.
    pub blocked: bool,
    /// The time of the decision.
    pub now: UnixSeconds,
    /// The app whose credits are counted, and the question that costs one.
    pub pays: Option<(AppId, [u8; 16])>,
    /// Finds the request in the log.
    pub request_id: &'a str,
}

/// Gives seats to devices.
#[derive(Clone)]
pub struct Seats {
    db: Db,
    ids: Ids,
}

impl Seats {
    /// The seats of the licenses in this database.
    pub fn new(db: Db, ids: Ids) -> Self {
        Self { db, ids }
    }

    /// Decides whether the device may use the license, and takes what that costs: a seat, where the device has none,
    /// and a credit, where credits are counted. Returns the number of seats in use.
    pub async fn admit(&self, asking: &Asking<'_>) -> Result<u64, AuthorityError> {
        let license = &asking.license.license;
        let bound = self.holds(asking.license, asking.device).await?;
        let facts = facts(license, asking.blocked, license.devices_used, bound);
        match facts.validate(asking.now) {
            Verdict::Refuse(code) => Err(AuthorityError::Refused(code)),
            Verdict::Allow if asking.pays.is_none() => Ok(license.devices_used),
            // In a box: most validations write nothing, and need not carry what a write takes.
            Verdict::Allow | Verdict::TakeSeat => {
                Box::pin(self.db.write(TakeSeat::new(&self.ids, asking))).await
            }
        }
    }

    /// Whether the device held a seat at most a second ago.
    pub async fn holds(&self, entry: &LicenseEntry, device: &Device) -> Result<bool, AuthorityError> {
        match &entry.devices {
            Some(devices) => Ok(devices.contains(device)),
            None => self.holds_now(entry, device).await,
        }
    }

    /// Whether the device holds a seat at this moment. Another server may have given it one within the last second.
    pub async fn holds_now(&self, entry: &LicenseEntry, device: &Device) -> Result<bool, AuthorityError> {
        Ok(table::devices::has_seat(&self.db, entry.license.id, device).await?)
    }
}

/// Takes a seat. What was known before the transaction may be a second old; inside it, the same rule decides again.
pub struct TakeSeat {
    device: DeviceRow,
    blocked: bool,
    now: UnixSeconds,
    pays: Option<(AppId, [u8; 16])>,
    event: EventRow,
}

impl TakeSeat {
    fn new(ids: &Ids, asking: &Asking<'_>) -> Self {
        let license = &asking.license.license;
        Self {
            blocked: asking.blocked,
            pays: asking.pays,
            ..Self::given(ids, license, asking.device, asking.request_id)
        }
        .at(asking.now)
    }

    /// A seat that is given to a device without asking lists or credits: those are for devices that ask by themselves.
    pub fn given(ids: &Ids, license: &LicenseRow, device: &Device, request_id: &str) -> Self {
        Self {
            device: DeviceRow {
                id: ids.fresh(DeviceId::new),
                tenant: license.tenant,
                license: license.id,
                device: device.clone(),
                first_seen: ids.now(),
            },
            blocked: false,
            now: ids.now(),
            pays: None,
            event: event_row(ids, license, "device_bound", Some(&*device.name()), request_id),
        }
    }

    /// The same for a device that an [`Asking`] describes.
    pub fn asked(ids: &Ids, asking: &Asking<'_>) -> Self {
        Self::new(ids, asking)
    }

    fn at(mut self, now: UnixSeconds) -> Self {
        (self.now, self.device.first_seen) = (now, now);
        self
    }

    /// Locks the license for this transaction and takes the seat and the credit. Returns the number of seats in use.
    pub async fn take(&self, tx: &mut Tx<'_>) -> Result<u64, AuthorityError> {
        let device = &self.device;
        let locked = table::licenses::lock(tx, device.tenant, device.license).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::LicenseUnknown))?;
        let (used, bound) = table::devices::count_seats(&mut *tx, &locked, &device.device).await?;
        let verdict = facts(&locked, self.blocked, used, bound).validate(self.now);
        if let Verdict::Refuse(code) = verdict {
            return Err(AuthorityError::Refused(code));
        }
        if verdict == Verdict::TakeSeat {
            leaves_room(tx, &locked).await?;
        }
        self.pay(tx).await?;
        if verdict == Verdict::Allow {
            return Ok(used);
        }
        // spec/keys.md §2.1: one key has one use.
        if let Device::Key(key) = device.device
            && table::keys::is_known(&mut *tx, key).await?
        {
            return Err(AuthorityError::Refused(Code::KeyMisuse));
        }
        table::devices::take_seat(tx, &locked, device).await?;
        table::events::insert(tx, &self.event).await?;
        Ok(used + 1)
    }

    async fn pay(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        let Some((app, question)) = &self.pays else { return Ok(()) };
        let owes = table::debits::insert(tx, question, self.now).await?;
        if owes && !table::apps::spend_credit(tx, *app).await? {
            return Err(AuthorityError::Refused(Code::NoCredits));
        }
        Ok(())
    }
}

impl Work for TakeSeat {
    type Output = u64;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, AuthorityError> {
        self.take(tx).await
    }
}

/// How long before it is made a license without a start date begins, for those who have nothing but what was signed
/// (`spec/license.md` §2.4).
pub const HEAD_START_SECONDS: u64 = 24 * 60 * 60;

/// Where a license stands, by its row. One without a start date has begun for whoever holds its row, whatever that one's clock
/// shows.
pub fn standing(license: &LicenseRow) -> Standing {
    let has_no_start = license.not_before <= license.created_at.minus(HEAD_START_SECONDS);
    let begins_at = if has_no_start { UnixSeconds::new(0).expect("in range") } else { license.not_before };
    Standing {
        window: Window::new(begins_at, license.expires_at),
        revoked: license.revoked_at.is_some(),
        suspended: license.suspended_at.is_some(),
    }
}

/// What the rules need to know about a license and a device.
pub fn facts(license: &LicenseRow, blocked_by_lists: bool, used: u64, bound: bool) -> Facts {
    let seat = Seat::count(license.terms.max_devices, used, bound);
    Facts { license: standing(license), blocked_by_lists, seat }
}
