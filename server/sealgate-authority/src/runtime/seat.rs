//! Seats and credits: what an answer takes, in one transaction (`docs/design.md`, "Seats").

use sealgate_artifact::{AppId, Code, Device, DeviceId, UnixSeconds};
use sealgate_rules::{LicenseFacts, Seat, Verdict, Window};
use sealgate_store::{DeviceRow, EventRow, LicenseEntry, LicenseRow, Tx, Work, read, write};

use crate::{Authority, AuthorityError};

/// A device that asks for a license.
pub(super) struct Asking<'a> {
    pub(super) license: &'a LicenseEntry,
    pub(super) device: &'a Device,
    /// Whether the device is blocked for this license.
    pub(super) blocked: bool,
    pub(super) now: UnixSeconds,
    /// The app whose credits are counted, and the question that costs one.
    pub(super) pays: Option<(AppId, [u8; 16])>,
    pub(super) request_id: &'a str,
}

/// The seats in use once this device is in, or why it may not.
pub(super) async fn admit(a: &Authority, asking: &Asking<'_>) -> Result<u64, AuthorityError> {
    let license = &asking.license.license;
    let bound = holds_seat(a, asking.license, asking.device).await?;
    let facts = facts(license, asking.blocked, license.devices_used, bound);
    match sealgate_rules::validate(facts, asking.now) {
        Verdict::Refuse(code) => Err(AuthorityError::Refused(code)),
        Verdict::Allow if asking.pays.is_none() => Ok(license.devices_used),
        Verdict::Allow | Verdict::TakeSeat => a.db.write(Admit::new(a, asking)).await,
    }
}

/// Whether the device holds a seat, as far as a second ago.
pub(super) async fn holds_seat(
    a: &Authority,
    entry: &LicenseEntry,
    device: &Device,
) -> Result<bool, AuthorityError> {
    match &entry.devices {
        Some(devices) => Ok(devices.contains(device)),
        None => Ok(read::licenses::has_device(&a.db, entry.license.id, device).await?),
    }
}

/// Whether the device holds a seat now: another server may have given it one within the second.
pub(super) async fn is_taken_by(
    a: &Authority,
    entry: &LicenseEntry,
    device: &Device,
) -> Result<bool, AuthorityError> {
    Ok(holds_seat(a, entry, device).await?
        || read::licenses::has_device(&a.db, entry.license.id, device).await?)
}

/// What was seen outside may be a second old; inside, the same rule looks again.
pub(crate) struct Admit {
    device: DeviceRow,
    blocked: bool,
    now: UnixSeconds,
    pays: Option<(AppId, [u8; 16])>,
    event: EventRow,
}

impl Admit {
    pub(super) fn new(a: &Authority, asking: &Asking<'_>) -> Self {
        let license = &asking.license.license;
        let (millis, random) = a.new_id();
        Self {
            device: DeviceRow {
                id: DeviceId::new(millis, random),
                tenant: license.tenant,
                license: license.id,
                device: asking.device.clone(),
                first_seen: asking.now,
            },
            blocked: asking.blocked,
            now: asking.now,
            pays: asking.pays,
            event: a.event_row(license, "device_bound", Some(&*asking.device.name()), asking.request_id),
        }
    }

    /// A seat that the vendor gives away: lists and credits are for those who ask by themselves.
    pub(crate) fn by_vendor(a: &Authority, license: &LicenseRow, device: &Device, request_id: &str) -> Self {
        let entry = LicenseEntry { license: license.clone(), devices: None };
        let asking = Asking { license: &entry, device, blocked: false, now: a.now(), pays: None, request_id };
        Self::new(a, &asking)
    }

    /// Takes the license for this transaction, and the seat and the credit that the device needs.
    pub(crate) async fn take(&self, tx: &mut Tx<'_>) -> Result<(LicenseRow, u64), AuthorityError> {
        let device = &self.device;
        let locked = write::licenses::lock(tx, device.tenant, device.license).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::LicenseUnknown))?;
        let (used, bound) = write::seats::count_devices(tx, &locked, &device.device).await?;
        let verdict = sealgate_rules::validate(facts(&locked, self.blocked, used, bound), self.now);
        if let Verdict::Refuse(code) = verdict {
            return Err(AuthorityError::Refused(code));
        }
        if let Some((app, question)) = &self.pays
            && write::apps::debit(tx, question, self.now.get()).await?
            && !write::apps::spend_credit(tx, *app).await?
        {
            return Err(AuthorityError::Refused(Code::NoCredits));
        }
        if verdict == Verdict::Allow {
            return Ok((locked, used));
        }
        // spec/keys.md §2.1: one key has one use.
        if let Device::Key(key) = device.device
            && write::keys::is_known(tx, key).await?
        {
            return Err(AuthorityError::Refused(Code::KeyMisuse));
        }
        write::seats::take(tx, &locked, device).await?;
        write::records::event(tx, &self.event).await?;
        Ok((locked, used + 1))
    }
}

impl Work for Admit {
    type Output = u64;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, AuthorityError> {
        Ok(self.take(tx).await?.1)
    }
}

fn facts(license: &LicenseRow, blocked: bool, used: u64, bound: bool) -> LicenseFacts {
    LicenseFacts {
        window: Window { not_before: license.not_before, expires_at: license.expires_at },
        revoked: license.revoked_at.is_some(),
        blocked: license.suspended_at.is_some() || blocked,
        seat: Seat::count(license.terms.max_devices, used, bound),
    }
}
