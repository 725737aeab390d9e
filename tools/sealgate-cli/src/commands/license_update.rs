//! `sealgate license update`.

use std::path::Path;

use sealgate_artifact::LicenseId;
use sealgate_wire::{LicensePreview, LicenseTerms, LicenseView, Licensee, Seats, UpdateLicense};

use super::by_file::BY_FILE;
use super::license_shown::{licensee, print_license, said};
use super::{conditions, sets};
use crate::args::UpdateLicenseArgs;
use crate::client::Client;
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::names;
use crate::output::{Output, ends, say, seat_count};
use crate::streams::one_dash;

/// What a license that gives less means for what is in the field.
const LESS: &str = "The license would give less: license files and activations of now are taken back. A machine with a network gets the new \
    terms at its next heartbeat. A machine without one that takes over newer revocation data (`sealgate offline snapshot`) loses all rights of \
    this license until it is activated again.";

/// What a change can change, as the API and as people call it.
const TERMS: [(&str, &str); 13] = [
    ("plan_id", "plan"),
    ("tier", "tier"),
    ("max_devices", "seats"),
    ("expires_at", "end"),
    ("files", "files"),
    ("policy", "policy"),
    ("max_instances", "instances"),
    ("offline", "offline"),
    ("allowances", "allowances"),
    ("trial_days", "days of trial"),
    ("trial_per", "trial per"),
    ("label", "label"),
    ("customer_id", "customer"),
];

/// Changes a license. Who would take rights away sees which, and is asked.
pub(crate) fn run(client: &Client, args: &UpdateLicenseArgs, output: &Output) -> Result<(), Failure> {
    one_dash(&[Some(Path::new(&args.key)), args.conditions.policy.as_deref()])?;
    let id = client.license_id(&args.key)?;
    let path = format!("/api/v1/licenses/{id}");
    let said_before = said_before(client, id, args)?;
    let wish = change(args, said_before.as_ref())?;
    let preview: LicensePreview = client.post(&format!("{path}/preview"), &wish)?;
    if args.care.preview {
        output.result(&preview, |preview| {
            say!("{}", text(preview));
            if goes_on_saying(args, &preview.before, preview.after.customer_id.as_ref()) {
                say!("What the license says about its buyer stays as it is, unless --licensee-name and so on, or --no-licensee, say otherwise");
            }
        });
        return Ok(());
    }
    asked(&preview, Consent::new(args.care.yes, output))?;
    // What nobody was to be asked about is done to whatever is there.
    let seen = (!args.care.yes).then_some(preview.version);
    let license: LicenseView =
        client.patch_once(&path, &UpdateLicense { if_version: seen, ..wish.clone() })?;
    output.result(&license, |license| {
        print_license(license);
        let mut lines = differences(&preview, license);
        if let Some(before) = said_before.filter(|_| wish.licensee.is_some()) {
            lines.extend(sets::changed("licensee", &said(Some(&before)), &said(license.licensee.as_ref())));
        }
        let is_signed_anew = license.version != preview.version;
        sets::say_differences(&if is_signed_anew || !args.release.is_empty() { lines } else { sets::or_nothing(lines) });
        if license.licensee.is_some() && goes_on_saying(args, &preview.before, license.customer_id.as_ref()) {
            say!(
                "\nThe license still says {} about its buyer: --licensee-name and so on change that, --no-licensee ends it.",
                said(license.licensee.as_ref())
            );
        }
        if is_signed_anew {
            say!("\nIf the license is used offline, hand out its file again.");
            if !preview.lessened.is_empty() {
                say!(
                    "The license gives less, so what was handed out before is taken back. {BY_FILE} Such a machine has no rights of this license until it is \
                     activated again."
                );
            }
        }
    });
    Ok(())
}

/// Goes on if nothing goes, or a person who saw what goes says yes.
pub(super) fn asked(preview: &LicensePreview, consent: Consent) -> Result<(), Failure> {
    if preview.lessened.is_empty() {
        return Ok(());
    }
    let less = preview.lessened.iter().map(|name| name.replace('_', " ")).collect::<Vec<_>>().join(", ");
    let question = format!("Change the license? It then grants less, or something else: {less}.");
    let why = format!("the license would grant less than now, or something else: {less}");
    consent.ask_seen(|| Ok(text(preview)), &question, &why)
}

/// What the license says about its buyer, where that matters: a flag changes what it names, and the rest stays.
fn said_before(
    client: &Client,
    id: LicenseId,
    args: &UpdateLicenseArgs,
) -> Result<Option<Licensee>, Failure> {
    let found = match licensee(&args.licensee) {
        None if !args.no_licensee => return Ok(None),
        Some(Licensee { name: Some(_), company: Some(_), email: Some(_) }) | None => {
            client.get_if_allowed(&format!("/api/v1/licenses/{id}"))?
        }
        Some(_) => Some(client.get_license(id)?),
    };
    Ok(found.map(|license| license.licensee.unwrap_or_default()))
}

/// Whether another customer has it from now on, and it still says what it said of the former one.
fn goes_on_saying(args: &UpdateLicenseArgs, before: &LicenseTerms, customer: Option<&String>) -> bool {
    before.customer_id.as_ref() != customer && !args.no_licensee && licensee(&args.licensee).is_none()
}

fn change(args: &UpdateLicenseArgs, said_before: Option<&Licensee>) -> Result<UpdateLicense, Failure> {
    let buyer = match args.customer.as_deref() {
        Some("") => Some(String::new()),
        Some(named) => Some(names::customer(named)?),
        None => None,
    };
    let features = sets::all(&args.sets.feature, sets::feature)?;
    let limits = sets::all(&args.sets.limit, sets::limit)?;
    if args.sets.replace && features.is_none() && limits.is_none() {
        return Err(sets::replaced_by_nothing("--feature or --limit", "--remove-feature or --remove-limit"));
    }
    let (features, replace_features) = sets::merge_or_replace(features, args.sets.replace);
    let (limits, replace_limits) = sets::merge_or_replace(limits, args.sets.replace);
    let conditions = conditions::wish(&args.conditions)?;
    let named = licensee(&args.licensee).map(|named| merged(named, said_before));
    let wish = UpdateLicense {
        label: args.label.clone(),
        customer_id: buyer,
        licensee: if args.no_licensee { Some(None) } else { named.map(Some) },
        plan_id: args.plan.as_deref().map(names::plan).transpose()?,
        tier: args.tier.clone(),
        features,
        remove_features: sets::names(&args.sets.remove_feature),
        replace_features,
        limits,
        remove_limits: sets::names(&args.sets.remove_limit),
        replace_limits,
        expires_at: args.expires.clone().map(|date| date.0),
        max_devices: args.max_devices.map(Seats),
        policy: conditions.policy,
        max_instances: conditions.max_instances,
        offline: conditions.offline,
        allowances: conditions.allowances,
        release: sets::names(&args.release),
        override_allowance: None,
        if_version: None,
    };
    if wish == UpdateLicense::default() {
        return Err(sets::nothing_to_change());
    }
    Ok(UpdateLicense { override_allowance: Some(args.override_allowance), ..wish })
}

/// What is named, and of the rest what was said before. An empty text says nothing.
fn merged(named: Licensee, before: Option<&Licensee>) -> Licensee {
    let before = before.cloned().unwrap_or_default();
    let one = |named: Option<String>, before| named.or(before).filter(|text| !text.is_empty());
    Licensee {
        name: one(named.name, before.name),
        company: one(named.company, before.company),
        email: one(named.email, before.email),
    }
}

/// What came, changed and went: as the license is now, and for what its view lacks, as it was foreseen.
fn differences(preview: &LicensePreview, license: &LicenseView) -> Vec<String> {
    let before = &preview.before;
    let after = LicenseTerms {
        plan_id: license.plan_id.clone(),
        plan: license.plan.clone(),
        tier: license.tier.clone(),
        features: license.features.clone(),
        limits: license.limits.clone(),
        max_devices: license.max_devices,
        policy: license.policy.clone(),
        max_instances: license.max_instances,
        offline: license.offline,
        allowances: license.allowances,
        expires_at: license.expires_at,
        label: license.label.clone(),
        customer_id: license.customer_id.clone(),
        customer: license.customer.clone(),
        ..preview.after.clone()
    };
    let plain = TERMS
        .iter()
        .filter_map(|(name, called)| sets::changed(called, &shown(before, name), &shown(&after, name)));
    let mut lines: Vec<String> = plain.collect();
    let sets_of = |terms: &LicenseTerms| {
        [
            sets::of_features(&terms.features),
            sets::of_limits(&terms.limits),
            sets::of_variables(&terms.variables),
        ]
    };
    let named = ["features", "limits", "variables"].into_iter().zip(sets_of(before)).zip(sets_of(&after));
    lines.extend(named.flat_map(|((kind, before), after)| sets::differences(kind, &before, &after)));
    lines
}

/// What would change, for people.
fn text(preview: &LicensePreview) -> String {
    let row = |name: &String| {
        let less = if preview.lessened.contains(name) { "less, or other" } else { "" };
        vec![
            name.trim_end_matches("_id").replace('_', " "),
            shown(&preview.before, name),
            shown(&preview.after, name),
            less.to_owned(),
        ]
    };
    let mut lines = if preview.changed.is_empty() {
        vec!["Nothing would change.".to_owned()]
    } else {
        vec![Output::table_text(&["TERM", "NOW", "THEN", ""], preview.changed.iter().map(row)), String::new()]
    };
    lines.push(format!(
        "{} of {} seats are taken",
        preview.devices_used,
        seat_count(preview.before.max_devices)
    ));
    if preview.devices_to_release > 0 {
        let count = preview.devices_to_release;
        lines.push(format!("{count} of them must be released with this change: --release DEVICE for each"));
    }
    if preview.new_version && preview.lessened.is_empty() {
        lines.push(
            "License files and activations of now keep their terms until a machine hears of the change."
                .to_owned(),
        );
    }
    if preview.new_version && !preview.lessened.is_empty() {
        lines.push(LESS.to_owned());
    }
    lines.join("\n")
}

fn shown(terms: &LicenseTerms, name: &str) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let or_none = |list: String| if list.is_empty() { "-".to_owned() } else { list };
    match name {
        "plan_id" => text(&terms.plan.clone().or_else(|| terms.plan_id.clone())),
        "tier" => terms.tier.clone(),
        "features" => or_none(sets::list(&sets::of_features(&terms.features))),
        "limits" => or_none(sets::list(&sets::of_limits(&terms.limits))),
        "variables" => or_none(sets::list(&sets::of_variables(&terms.variables))),
        "max_devices" => seat_count(terms.max_devices),
        "expires_at" => ends(terms.expires_at),
        "files" => if terms.files { "yes" } else { "no" }.to_owned(),
        "policy" => or_none(conditions::line(terms.policy.as_ref())),
        "max_instances" => or_none(conditions::instances(terms.max_instances)),
        "offline" => or_none(conditions::line(terms.offline.as_ref())),
        "allowances" => conditions::allowed(terms.allowances.as_ref()),
        "trial_days" => terms.trial_days.map_or_else(|| "-".to_owned(), |days| days.to_string()),
        "trial_per" => text(&terms.trial_per),
        "label" => text(&terms.label),
        "customer_id" => text(&terms.customer.clone().or_else(|| terms.customer_id.clone())),
        _ => String::new(),
    }
}
