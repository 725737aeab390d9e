//! Seats that are leases: held until a time, and freed when somebody needs one (`spec/activation.md` §7.7).

use sealgate_artifact::{Device, SeatHold, UnixSeconds};
use sealgate_rules::Rhythm;
use sealgate_store::table::{self, LicenseRow, Seated};
use sealgate_store::{Db, Tx};

use crate::AuthorityError;

/// Until when a device holds its seat that is heard now. `None` where the license does not say that seats are leases.
pub fn ends(license: &LicenseRow, now: UnixSeconds) -> Option<UnixSeconds> {
    let conditions = &license.terms.conditions;
    let hold = conditions.policy.as_ref().and_then(|policy| policy.seat);
    (hold == Some(SeatHold::Lease)).then(|| now.plus(Rhythm::of(conditions).gone_after()))
}

/// Whether a device that asks must hold its seat for longer: half of its lease is over. So most questions write nothing.
pub(crate) fn is_due(license: &LicenseRow, seated: Option<&Seated>, now: UnixSeconds) -> bool {
    let (Some(until), Some(seated)) = (ends(license, now), seated) else { return false };
    let half = (until.get() - now.get()) / 2;
    seated.lease_until.is_none_or(|held| held <= until.minus(half))
}

/// Whether a lease of the license is over, so that a seat is free that is still counted.
pub(crate) async fn is_any_over(
    db: &Db,
    license: &LicenseRow,
    now: UnixSeconds,
) -> Result<bool, AuthorityError> {
    Ok(ends(license, now).is_some() && table::leases::is_any_over(db, license.id, now).await?)
}

/// Lets the device hold its seat, else frees those whose lease is over. Returns how many devices of the locked license hold one.
pub(crate) async fn hold(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    device: &Device,
    (until, now): (UnixSeconds, UnixSeconds),
) -> Result<u64, AuthorityError> {
    if table::leases::hold(tx, locked.id, device, until).await? {
        return Ok(locked.devices_used);
    }
    Ok(table::leases::free(tx, locked, now).await?)
}

/// Where seats are leases no more: what is over is freed, and what is held stays. A lease that was left as it is would be over
/// if they became leases again.
pub async fn end_leases(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    next: &LicenseRow,
    now: UnixSeconds,
) -> Result<(), AuthorityError> {
    if ends(locked, now).is_none() || ends(next, now).is_some() {
        return Ok(());
    }
    // Seats may have been released since it was read.
    if let Some(locked) = table::licenses::lock(tx, locked.tenant, locked.id).await? {
        table::leases::free(tx, &locked, now).await?;
    }
    Ok(table::leases::keep(tx, locked.id).await?)
}

/// Takes the seat of a device away that gives it back, if it has one. The license is locked, and its seats are leases.
pub async fn give_back(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    device: &Device,
    now: UnixSeconds,
) -> Result<(), AuthorityError> {
    if let Some(seat) = table::devices::held_seat(&mut *tx, locked.id, device).await? {
        table::leases::give_back(tx, locked, &seat, now).await?;
    }
    Ok(())
}
