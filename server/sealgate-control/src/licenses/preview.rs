//! What a change of a license would do.

use std::collections::BTreeSet;

use sealgate_artifact::{Code, DeviceId, MaxDevices, Tier, UnixSeconds};
use sealgate_authority::{AuthorityError, stored};
use sealgate_store::table::{self, LicenseRow};
use sealgate_wire::{Conditions, LicensePreview, LicenseTerms, Seats, Timestamp, UpdateLicense};

use super::change::checked;
use super::licensee;
use super::list::{Licenses, find};
use super::terms::{is_bought, signed_terms};
use crate::customers::may_buy;
use crate::standing::may_act;
use crate::{Caller, conditions, slugged, trial};

impl Licenses {
    /// What an update with this request would change. Refuses what the update would refuse, but for devices that have seats.
    pub async fn preview(
        &self,
        caller: &Caller,
        id: &str,
        request: &UpdateLicense,
    ) -> Result<LicensePreview, AuthorityError> {
        let named = checked(caller, request)?;
        let license = find(&self.desk, caller, id).await?;
        let request = &self.with_ids(caller, &license, request).await?;
        let mut next = license.clone();
        self.updating(caller, &license, request).await?(&mut next)?;
        if let Some(buyer) = next.customer.filter(|_| next.customer != license.customer) {
            may_buy(&self.desk, caller, buyer).await?;
        }
        if (next.customer, next.terms.trial) != (license.customer, license.terms.trial) {
            trial::is_free(&self.desk.db, &next).await?;
        }
        let released = self.held(caller, &license, named).await?;
        // A POST, and yet it reads: its caller may have been revoked meanwhile.
        may_act(&self.desk.db, caller, self.desk.ids.now()).await?;
        slugged::named(&self.desk, caller, foreseen(&license, &next, released)?).await
    }

    /// How many of the devices that are to be released hold seats: each of them does.
    async fn held(
        &self,
        caller: &Caller,
        license: &LicenseRow,
        named: Vec<DeviceId>,
    ) -> Result<u64, AuthorityError> {
        let named: BTreeSet<DeviceId> = named.into_iter().collect();
        let (mut held, now) = (0, self.desk.ids.now());
        for id in &named {
            let device = table::devices::find(&self.desk.db, caller.tenant, *id).await?;
            let device = device.filter(|device| device.license == license.id);
            let device = device.ok_or(AuthorityError::Refused(Code::NotFound))?;
            // spec/offline.md §5.3: a live bundle holds its seat on.
            held += u64::from(device.bundle_until.is_none_or(|until| until <= now));
        }
        Ok(held)
    }
}

/// What becomes of a license, where so many of its devices are released.
pub(super) fn foreseen(
    license: &LicenseRow,
    next: &LicenseRow,
    released: u64,
) -> Result<LicensePreview, AuthorityError> {
    let (before, after) = (terms(license)?, terms(next)?);
    let stay = license.seats_taken().saturating_sub(released);
    let seats = next.terms.max_devices.seats().map_or(u64::MAX, u64::from);
    Ok(LicensePreview {
        license_id: license.id.to_string(),
        changed: changed(&before, &after),
        lessened: lessened(license, next, (&before, &after)),
        version: license.version,
        new_version: signed_terms(license) != signed_terms(next),
        devices_used: license.devices_used,
        devices_to_release: stay.saturating_sub(seats),
        before,
        after,
    })
}

fn terms(license: &LicenseRow) -> Result<LicenseTerms, AuthorityError> {
    let terms = &license.terms;
    let Conditions { policy, max_instances, offline, allowances } = Conditions::of(&terms.conditions);
    Ok(LicenseTerms {
        plan_id: license.plan.map(|id| id.to_string()),
        plan: None,
        tier: terms.tier.as_str().to_owned(),
        features: stored(&terms.features)?,
        limits: stored(&terms.limits)?,
        variables: stored(&license.variables)?,
        max_devices: Seats(terms.max_devices),
        expires_at: license.expires_at.map(Timestamp),
        files: terms.files,
        policy,
        max_instances,
        offline,
        allowances,
        trial_days: terms.trial.map(|trial| trial.days),
        trial_per: terms.trial.map(|trial| trial.per.as_str().to_owned()),
        label: license.label.clone(),
        customer_id: license.customer.map(|id| id.to_string()),
        customer: None,
        licensee: licensee::shown(&license.licensee)?,
    })
}

/// Names of the terms that differ.
fn changed(before: &LicenseTerms, after: &LicenseTerms) -> Vec<String> {
    let differs = [
        ("plan_id", before.plan_id != after.plan_id),
        ("tier", before.tier != after.tier),
        ("features", before.features != after.features),
        ("limits", before.limits != after.limits),
        ("variables", before.variables != after.variables),
        ("max_devices", before.max_devices != after.max_devices),
        ("expires_at", before.expires_at != after.expires_at),
        ("files", before.files != after.files),
        ("policy", before.policy != after.policy),
        ("max_instances", before.max_instances != after.max_instances),
        ("offline", before.offline != after.offline),
        ("allowances", before.allowances != after.allowances),
        ("trial_days", before.trial_days != after.trial_days),
        ("trial_per", before.trial_per != after.trial_per),
        ("label", before.label != after.label),
        ("customer_id", before.customer_id != after.customer_id),
        ("licensee", before.licensee != after.licensee),
    ];
    named(&differs)
}

/// Names of the terms by which the license grants less than before, or something else. What a feature's value or a variable
/// means, only the software knows.
fn lessened(
    license: &LicenseRow,
    next: &LicenseRow,
    (before, after): (&LicenseTerms, &LicenseTerms),
) -> Vec<String> {
    let seats = |license: &LicenseRow| match license.terms.max_devices {
        MaxDevices::Limited(n) => u64::from(n),
        MaxDevices::Unlimited => u64::MAX,
    };
    let end = |license: &LicenseRow| license.expires_at.map_or(u64::MAX, UnixSeconds::get);
    let days = |license: &LicenseRow| license.terms.trial.map_or(u32::MAX, |trial| trial.days);
    let has_less = [
        ("tier", rank(next.terms.tier) < rank(license.terms.tier)),
        ("features", before.features.iter().any(|feature| !after.features.contains(feature))),
        (
            "limits",
            before.limits.iter().any(|limit| {
                !after.limits.iter().any(|other| other.name == limit.name && other.value >= limit.value)
            }),
        ),
        ("variables", before.variables.iter().any(|(name, value)| after.variables.get(name) != Some(value))),
        ("max_devices", seats(next) < seats(license)),
        // What a trial gives ends when it is over, whatever the license says.
        ("expires_at", end(next) < end(license) && !is_bought(license, next)),
        ("files", license.terms.files && !next.terms.files),
        // Whatever another policy enforces is something else; without one, nothing is enforced.
        ("policy", after.policy.is_some() && before.policy != after.policy),
        ("max_instances", after.max_instances.unwrap_or(1) < before.max_instances.unwrap_or(1)),
        ("offline", conditions::offline_is_less(&license.terms.conditions, &next.terms.conditions)),
        ("allowances", conditions::allowances_are_less(&license.terms.conditions, &next.terms.conditions)),
        ("trial_days", days(next) < days(license)),
    ];
    named(&has_less)
}

fn rank(tier: Tier) -> u8 {
    match tier {
        Tier::Free => 0,
        Tier::Licensed => 1,
        Tier::Enterprise => 2,
    }
}

fn named(which: &[(&str, bool)]) -> Vec<String> {
    which.iter().filter(|(_, is)| *is).map(|(name, _)| (*name).to_owned()).collect()
}
