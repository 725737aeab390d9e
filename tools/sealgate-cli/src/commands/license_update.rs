//! `sealgate license update`.

use sealgate_wire::{LicensePreview, LicenseTerms, LicenseView, Seats, UpdateLicense};

use super::license_shown::{licensee, print_license};
use super::{customer, plan, sets};
use crate::args::UpdateLicenseArgs;
use crate::client::Client;
use crate::confirm::{confirm, confirm_seen};
use crate::failure::Failure;
use crate::output::{Output, ends, say, seat_count};

/// Changes a license. Who would take rights away sees which, and is asked.
pub(crate) fn run(client: &Client, args: &UpdateLicenseArgs, output: &Output) -> Result<(), Failure> {
    let path = format!("/api/v1/licenses/{}", client.find_license(&args.key)?.license_id);
    let wish = change(client, args)?;
    if args.care.preview {
        let preview: LicensePreview = client.post(&format!("{path}/preview"), &wish)?;
        output.result(&preview, |preview| say!("{}", text(preview)));
        return Ok(());
    }
    let preview: Option<LicensePreview> =
        if touches_terms(&wish) { Some(client.post(&format!("{path}/preview"), &wish)?) } else { None };
    if let Some(preview) = preview.as_ref().filter(|preview| !preview.lessened.is_empty() && !args.care.yes) {
        asked(preview, output)?;
    }
    let license: LicenseView = client.patch_once(&path, &wish)?;
    output.result(&license, |license| {
        print_license(license);
        if let Some(preview) = &preview {
            sets::say_differences(&differences(&preview.before, license));
            if license.version != preview.version {
                say!("\nIf the license is used offline, hand out its file again.");
            }
        }
    });
    Ok(())
}

/// Goes on if a person who saw what goes says yes. What a program reads is no place for a table.
fn asked(preview: &LicensePreview, output: &Output) -> Result<(), Failure> {
    let less = preview.lessened.iter().map(|name| name.replace('_', " ")).collect::<Vec<_>>().join(", ");
    let question = format!("Change the license? It then grants less, or something else: {less}.");
    let why = format!("the license would grant less than now, or something else: {less}");
    if output.json { confirm(&question, &why) } else { confirm_seen(&text(preview), &question, &why) }
}

fn change(client: &Client, args: &UpdateLicenseArgs) -> Result<UpdateLicense, Failure> {
    let buyer = match args.customer.as_deref() {
        Some("") => Some(String::new()),
        Some(named) => Some(customer::id(client, named)?.to_string()),
        None => None,
    };
    let features = sets::all(&args.sets.feature, |text| Ok(sets::feature(text)))?;
    let limits = sets::all(&args.sets.limit, sets::limit)?;
    let (features, replace_features) = sets::merge_or_replace(features, args.sets.replace);
    let (limits, replace_limits) = sets::merge_or_replace(limits, args.sets.replace);
    Ok(UpdateLicense {
        label: args.label.clone(),
        customer_id: buyer,
        licensee: if args.no_licensee { Some(None) } else { licensee(&args.licensee).map(Some) },
        plan_id: args.plan.as_deref().map(plan::id).transpose()?.map(|id| id.to_string()),
        tier: args.tier.clone(),
        features,
        remove_features: sets::names(&args.sets.remove_feature),
        replace_features,
        limits,
        remove_limits: sets::names(&args.sets.remove_limit),
        replace_limits,
        expires_at: args.expires.clone().map(|date| date.0),
        max_devices: args.max_devices.map(Seats),
        release: sets::names(&args.release),
        override_allowance: Some(args.override_allowance),
    })
}

/// Whether the change could take rights away.
fn touches_terms(wish: &UpdateLicense) -> bool {
    let notes = UpdateLicense {
        label: wish.label.clone(),
        customer_id: wish.customer_id.clone(),
        licensee: wish.licensee.clone(),
        override_allowance: wish.override_allowance,
        ..UpdateLicense::default()
    };
    *wish != notes
}

fn differences(before: &LicenseTerms, after: &LicenseView) -> Vec<String> {
    let features = (sets::of_features(&before.features), sets::of_features(&after.features));
    let limits = (sets::of_limits(&before.limits), sets::of_limits(&after.limits));
    let mut lines = sets::differences("features", &features.0, &features.1);
    lines.extend(sets::differences("limits", &limits.0, &limits.1));
    lines
}

/// What would change, for people.
fn text(preview: &LicensePreview) -> String {
    let row = |name: &String| {
        let less = if preview.lessened.contains(name) { "less, or other" } else { "" };
        vec![
            name.replace('_', " "),
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
    if preview.new_version {
        lines.push(
            "License files that were handed out keep the terms of now until they are replaced".to_owned(),
        );
    }
    lines.join("\n")
}

fn shown(terms: &LicenseTerms, name: &str) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let or_none = |list: String| if list.is_empty() { "-".to_owned() } else { list };
    match name {
        "plan_id" => text(&terms.plan_id),
        "tier" => terms.tier.clone(),
        "features" => or_none(sets::list(&sets::of_features(&terms.features))),
        "limits" => or_none(sets::list(&sets::of_limits(&terms.limits))),
        "variables" => or_none(sets::list(&sets::of_variables(&terms.variables))),
        "max_devices" => seat_count(terms.max_devices),
        "expires_at" => ends(terms.expires_at),
        "offline" => if terms.offline { "yes" } else { "no" }.to_owned(),
        "releases_per_seat" => terms.releases_per_seat.to_string(),
        "trial_days" => terms.trial_days.map_or_else(|| "-".to_owned(), |days| days.to_string()),
        "trial_per" => text(&terms.trial_per),
        "label" => text(&terms.label),
        "customer_id" => text(&terms.customer_id),
        _ => String::new(),
    }
}
