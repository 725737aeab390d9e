//! One row of an import becomes a license.

use std::collections::BTreeSet;

use sealgate_artifact::{Code, Device, DeviceId, ForeignKey, LicenseId, Tier};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{AppRow, DeviceRow, EventRow, KeyHash, LicenseRow, TenantRow};
use sealgate_wire::{ImportRow, IssueLicenses};

use super::issue::{NewLicense, Order};
use super::licensee::Buyer;
use super::list::Licenses;
use crate::{Caller, check, sets};

/// Blocks a request that writes without end.
const DEVICES: usize = 100;

/// A license, with all that comes along.
pub(super) struct NewImport {
    pub(super) new: NewLicense,
    pub(super) buyer: Buyer,
    pub(super) key: Option<KeyHash>,
    /// What the database knows its digest by.
    pub(super) key_digest: Option<KeyHash>,
    pub(super) devices: Vec<(DeviceRow, EventRow)>,
}

impl Licenses {
    pub(super) async fn new_import(
        &self,
        caller: &Caller,
        (app, tenant): (&AppRow, &TenantRow),
        (row, key): (&ImportRow, Option<KeyHash>),
        slot: u64,
    ) -> Result<NewImport, AuthorityError> {
        if row.license_id.as_deref().is_some_and(|id| LicenseId::parse(id).is_err()) {
            let why = "an id as an export has it; your own name for a license is its external_id";
            return Err(AuthorityError::Invalid { field: "license_id", why });
        }
        let request = order(row, app);
        check::external_id(row.external_id.as_deref())?;
        let (_, plan) = self.sold(caller, &request).await?;
        let buyer = Buyer::of(&self.desk, caller, &request, plan.as_ref()).await;
        let buyer = buyer.map_err(|error| named(error, "customer_id", "a customer of yours"))?;
        let now = self.desk.ids.now();
        let mut order = Order::new(&request, (plan.as_ref(), &buyer), now, &self.desk.calendar)?;
        amend(&mut order, row)?;
        order.suspended_at = row.suspended.unwrap_or(false).then_some(now);
        let new = self.new_license(caller, (app, tenant), &order, slot)?;
        let devices = self.devices_of(caller, &new.license, &row.hwids)?;
        let foreign = row.license_key.as_deref().filter(|_| key.is_some());
        let key_digest = foreign.map(|typed| self.shared.digest_of_key(typed));
        Ok(NewImport { new, buyer, key, key_digest, devices })
    }

    /// The row's keys from elsewhere, as the database knows them, or why they are refused.
    pub(super) fn foreign_keys(&self, rows: &[ImportRow]) -> Vec<Result<Option<KeyHash>, AuthorityError>> {
        let invalid = |why| AuthorityError::Invalid { field: "license_key", why };
        let read = |row: &ImportRow| row.license_key.as_deref().map(ForeignKey::parse).transpose();
        let keys: Vec<_> = rows.iter().map(read).collect();
        let strong: Vec<ForeignKey> = keys.iter().flatten().flatten().cloned().collect();
        let mut alike = ForeignKey::too_alike(&strong).into_iter();
        let judge = |(row, key): (&ImportRow, Result<Option<ForeignKey>, &'static str>)| {
            let Some(_) = key.map_err(invalid)? else { return Ok(None) };
            if alike.next().unwrap_or(false) {
                let why = "a random key: too much of this one is the same in another row's, so who has one could try the others";
                return Err(invalid(why));
            }
            Ok(row.license_key.as_deref().map(|typed| self.shared.license_key(typed)))
        };
        rows.iter().zip(keys).map(judge).collect()
    }

    fn devices_of(
        &self,
        caller: &Caller,
        license: &LicenseRow,
        hwids: &[String],
    ) -> Result<Vec<(DeviceRow, EventRow)>, AuthorityError> {
        let named = devices(hwids)?;
        if license.terms.max_devices.seats().is_some_and(|seats| hwids.len() > seats as usize) {
            let why = "no more devices than the license has seats";
            return Err(AuthorityError::Invalid { field: "hwids", why });
        }
        let ids = &self.desk.ids;
        let device = |named: Device| {
            let event = self.desk.event(caller, license, "device_bound", Some(&*named.name()));
            (DeviceRow::new(ids.fresh(DeviceId::new), license, named, ids.now()), event)
        };
        Ok(named.into_iter().map(device).collect())
    }
}

/// The devices of a row.
pub(super) fn devices(hwids: &[String]) -> Result<Vec<Device>, AuthorityError> {
    let different: BTreeSet<&String> = hwids.iter().collect();
    if different.len() < hwids.len() || hwids.len() > DEVICES {
        return Err(AuthorityError::Invalid { field: "hwids", why: "at most 100, each once" });
    }
    hwids.iter().map(|hwid| check::hwid(hwid).map(Device::Hwid)).collect()
}

/// The same as an order of one license.
fn order(row: &ImportRow, app: &AppRow) -> IssueLicenses {
    IssueLicenses {
        app_id: Some(app.id.to_string()),
        plan_id: row.plan_id.clone(),
        max_devices: row.max_devices,
        expires_at: row.expires_at.clone(),
        label: row.label.clone(),
        customer_id: row.customer_id.clone(),
        licensee: row.licensee.clone().map(Some),
        external_id: row.external_id.clone(),
        ..IssueLicenses::default()
    }
}

/// What is not there is the field's fault.
fn named(error: AuthorityError, field: &'static str, why: &'static str) -> AuthorityError {
    match error {
        AuthorityError::Refused(Code::NotFound) | AuthorityError::Unknown { .. } => {
            AuthorityError::Invalid { field, why }
        }
        other => other,
    }
}

/// What no order says, but its plan.
fn amend(order: &mut Order, row: &ImportRow) -> Result<(), AuthorityError> {
    if let Some(tier) = &row.tier {
        let why = "free, licensed or enterprise";
        order.terms.tier = Tier::parse(tier).ok_or(AuthorityError::Invalid { field: "tier", why })?;
    }
    if let Some(features) = &row.features {
        check::features(features)?;
        order.terms.features = sets::written(features);
    }
    if let Some(limits) = &row.limits {
        check::limits(limits)?;
        order.terms.limits = sets::written(limits);
    }
    if let Some(variables) = &row.variables {
        order.variables = check::variables(variables)?;
    }
    Ok(())
}
