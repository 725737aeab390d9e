//! Changing what a license grants: its plan, tier, features, limits, seats and end.

use std::collections::BTreeMap;

use sealgate_artifact::{Conditions, PlanId, Tier, UnixSeconds};
use sealgate_authority::{AuthorityError, stored};
use sealgate_store::table::{LicenseRow, PlanRow};
use sealgate_wire::{UpdateLicense, Variable};

use super::list::Licenses;
use super::terms::{fits_or, is_bought};
use crate::duration::Duration;
use crate::ends::{Calendar, From};
use crate::{Caller, conditions, named, sets};

/// Another plan for a license.
pub(super) struct Upgrade {
    /// The plan that it had when this was prepared.
    from: Option<PlanId>,
    /// What that plan hands to running software.
    from_variables: BTreeMap<String, Variable>,
    to: PlanRow,
}

impl Licenses {
    pub(super) async fn upgrade(
        &self,
        caller: &Caller,
        license: &LicenseRow,
        plan_id: Option<&str>,
    ) -> Result<Option<Upgrade>, AuthorityError> {
        let Some(id) = plan_id else { return Ok(None) };
        let to = named::plan(&self.desk, caller, id, Some(license.app)).await?;
        let from_variables = match license.plan {
            Some(plan) => stored(&named::plan(&self.desk, caller, &plan.to_string(), None).await?.variables)?,
            None => BTreeMap::new(),
        };
        Ok(Some(Upgrade { from: license.plan, from_variables, to }))
    }
}

/// First the plan, then what the request says besides.
pub(super) fn amend(
    license: &mut LicenseRow,
    request: &UpdateLicense,
    upgrade: Option<&Upgrade>,
    (calendar, now): (&Calendar, UnixSeconds),
) -> Result<(), AuthorityError> {
    let before = license.clone();
    if let Some(upgrade) = upgrade {
        upgrade.apply(license)?;
    }
    if let Some(tier) = &request.tier {
        let why = "free, licensed or enterprise";
        license.terms.tier = Tier::parse(tier).ok_or(AuthorityError::Invalid { field: "tier", why })?;
    }
    amend_sets(license, request)?;
    if let Some(seats) = request.max_devices {
        license.terms.max_devices = seats.0;
    }
    license.terms.conditions = conditions::changed(&license.terms.conditions, &request.conditions())?;
    conditions::unless_trial(&license.terms, &request.conditions())?;
    if let Some(upgrade) = upgrade
        && is_bought(&before, license)
    {
        let lasts = upgrade.to.duration.as_deref().and_then(Duration::parse);
        let end = lasts.map(|duration| calendar.after(duration, From::now(now)));
        (license.expires_at, license.end_day) = (end.map(|end| end.at), end.map(|end| end.day));
    }
    if let Some(wish) = &request.expires_at {
        let end = wish.as_ref().map(|when| calendar.end(when, (From::now(now), now))).transpose()?;
        (license.expires_at, license.end_day) = (end.map(|end| end.at), end.map(|end| end.day));
    }
    let is_as_before = (&license.terms, &license.variables) == (&before.terms, &before.variables);
    if is_as_before && request.licensee.is_none() {
        return Ok(());
    }
    fits_or(license, |excess| longest(license, request, upgrade, excess))
}

impl Upgrade {
    /// The plan's terms become the license's. Of the variables, those of the former plan go; the license's own stay.
    fn apply(&self, license: &mut LicenseRow) -> Result<(), AuthorityError> {
        if license.plan != self.from {
            return Err(AuthorityError::Superseded);
        }
        license.plan = Some(self.to.id);
        // The server gave these, and no plan has them.
        let Conditions { pool_epoch, slot, .. } = license.terms.conditions;
        license.terms = self.to.terms.clone();
        license.terms.conditions = Conditions { pool_epoch, slot, ..self.to.terms.conditions.clone() };
        let mut variables: BTreeMap<String, Variable> = self.own(license)?;
        variables.extend(stored::<BTreeMap<String, Variable>>(&self.to.variables)?);
        license.variables = crate::check::variables(&variables)?;
        Ok(())
    }

    /// The license's own variables, which no plan gave it.
    fn own(&self, license: &LicenseRow) -> Result<BTreeMap<String, Variable>, AuthorityError> {
        let mut variables: BTreeMap<String, Variable> = stored(&license.variables)?;
        variables.retain(|name, _| !self.from_variables.contains_key(name));
        Ok(variables)
    }
}

fn amend_sets(license: &mut LicenseRow, request: &UpdateLicense) -> Result<(), AuthorityError> {
    let features = sets::Change {
        merge: request.features.as_deref(),
        remove: request.remove_features.as_deref(),
        replace: request.replace_features.as_deref(),
    };
    license.terms.features = sets::features(&license.terms.features, &features)?;
    let limits = sets::Change {
        merge: request.limits.as_deref(),
        remove: request.remove_limits.as_deref(),
        replace: request.replace_limits.as_deref(),
    };
    license.terms.limits = sets::limits(&license.terms.limits, &limits)?;
    Ok(())
}

/// Where a license that does not fit has to become shorter: the longest of what the request gives it, or what it has beyond its
/// plan.
fn longest(
    license: &LicenseRow,
    request: &UpdateLicense,
    upgrade: Option<&Upgrade>,
    excess: usize,
) -> Result<&'static str, AuthorityError> {
    let given = [
        (
            "features",
            request.features.is_some() || request.replace_features.is_some(),
            license.terms.features.len(),
        ),
        ("limits", request.limits.is_some() || request.replace_limits.is_some(), license.terms.limits.len()),
        ("licensee", request.licensee.is_some(), license.licensee.len()),
    ];
    // A short one is not to blame for what a plan brings along.
    let conditions = conditions::given(&license.terms.conditions, &request.conditions());
    let conditions = conditions.into_iter().filter(|(.., bytes)| *bytes >= excess);
    if let Some(field) = conditions::longest(given.into_iter().chain(conditions)) {
        return Ok(field);
    }
    let has_own = match upgrade {
        Some(upgrade) => {
            let of_plan: BTreeMap<String, Variable> = stored(&upgrade.to.variables)?;
            let variables: BTreeMap<String, Variable> = stored(&license.variables)?;
            variables.keys().any(|name| !of_plan.contains_key(name))
        }
        None => false,
    };
    Ok(match upgrade {
        _ if has_own => "variables",
        Some(_) => "licensee",
        None if request.tier.is_some() => "tier",
        None => "max_devices",
    })
}
