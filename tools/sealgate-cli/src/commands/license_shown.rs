//! A license as people see it.

use sealgate_wire::{LicenseView, Licensee};

use super::{conditions, sets};
use crate::args::LicenseeArgs;
use crate::output::{Output, ends, feature_list, seat_count, trial};

/// What the license is to say about its buyer, if a person said so.
pub(super) fn licensee(args: &LicenseeArgs) -> Option<Licensee> {
    let LicenseeArgs { name, company, email } = args;
    let named = Licensee { name: name.clone(), company: company.clone(), email: email.clone() };
    Some(named).filter(|named| *named != Licensee::default())
}

pub(crate) fn print_license(license: &LicenseView) {
    let mut pairs = vec![
        ("license", license.license_id.clone()),
        ("app", app(license)),
        ("plan", plan(license).unwrap_or_default()),
        ("status", license.status.clone()),
        ("tier", license.tier.clone()),
        ("features", feature_list(&license.features)),
        ("limits", sets::list(&sets::of_limits(&license.limits))),
        ("seats", seats(license)),
        ("ends", ends(license.expires_at)),
        ("trial", license.trial.map(trial).unwrap_or_default()),
        ("files", if license.files { "yes" } else { "no" }.to_owned()),
        ("label", license.label.clone().unwrap_or_default()),
        ("customer", shown(license.customer.as_ref(), license.customer_id.as_ref())),
        ("licensee", said(license.licensee.as_ref())),
        ("external id", license.external_id.clone().unwrap_or_default()),
    ];
    let LicenseView { policy, max_instances, offline, allowances, .. } = license;
    pairs.extend(conditions::pairs(policy.as_ref(), *max_instances, offline.as_ref(), allowances.as_ref()));
    pairs.push(("created", license.created_at.to_string()));
    if let Some(at) = license.suspended_at {
        pairs.push(("suspended", at.to_string()));
        pairs.push(("suspended for", license.suspend_reason.clone().unwrap_or_default()));
    }
    if let Some(at) = license.revoked_at {
        pairs.push(("revoked", at.to_string()));
        pairs.push(("revoked for", license.revoke_reason.clone().unwrap_or_default()));
    }
    if let Some(at) = license.key_replaced_at {
        pairs.push(("key", format!("not the one that you gave: it was replaced {at}")));
    }
    pairs.retain(|(_, value)| !value.is_empty());
    Output::pairs(&pairs);
}

/// The slug of its app, for people, or else the id.
pub(super) fn app(license: &LicenseView) -> String {
    license.app.clone().unwrap_or_else(|| license.app_id.clone())
}

/// Its plan as people name it, as in `editor/pro`, or else the id.
pub(super) fn plan(license: &LicenseView) -> Option<String> {
    match (&license.app, &license.plan) {
        (Some(app), Some(plan)) => Some(format!("{app}/{plan}")),
        _ => license.plan_id.clone(),
    }
}

/// A slug, or else the id.
pub(super) fn shown(slug: Option<&String>, id: Option<&String>) -> String {
    slug.or(id).cloned().unwrap_or_default()
}

/// What it says about its buyer, for people.
pub(super) fn said(licensee: Option<&Licensee>) -> String {
    let texts = licensee.map(|said| [&said.name, &said.company, &said.email]);
    texts.into_iter().flatten().flatten().map(String::as_str).collect::<Vec<_>>().join(", ")
}

pub(super) fn seats(license: &LicenseView) -> String {
    let pools = match license.pool_seats {
        0 => String::new(),
        seats => format!(", and {seats} by bundles for pools"),
    };
    format!("{} of {}{pools}", license.devices_used, seat_count(license.max_devices))
}
