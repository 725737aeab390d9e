//! `sealgate license export`.

use std::collections::HashMap;
use std::path::Path;

use sealgate_artifact::MaxDevices;
use sealgate_terminal::raw;
use sealgate_wire::{LicenseKeysShown, LicenseView, RevealKeys};

use super::chosen::listed;
use super::import::cells::{defused, of_features, of_limits};
use super::import::table::COLUMNS;
use super::written::write_private;
use crate::args::ExportArgs;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Output, say, seat_count};

/// Keys in one request.
const BATCH: usize = 100;
/// What an import passes over, or does not have from us.
const MORE: [&str; 3] = ["license_id", "devices_used", "created_at"];

pub(crate) fn run(client: &Client, args: &ExportArgs, output: &Output) -> Result<(), Failure> {
    let licenses = listed(client, &args.filters)?;
    let mut keys = HashMap::new();
    if args.with_keys {
        let bar = output.progress(licenses.len() as u64, BATCH as u64, "keys");
        for some in licenses.chunks(BATCH) {
            let license_ids = some.iter().map(|license| license.license_id.clone()).collect();
            let shown: LicenseKeysShown =
                client.post("/api/v1/licenses/reveal-keys", &RevealKeys { license_ids })?;
            keys.extend(shown.licenses.into_iter().map(|shown| (shown.license_id, shown.license_key)));
            bar.inc(some.len() as u64);
        }
        bar.finish_and_clear();
    }
    let text = written(&licenses, args.with_keys.then_some(&keys));
    if args.output == Path::new("-") {
        raw(&text);
        return Ok(());
    }
    let done = write_private(&args.output, &text)?;
    let result =
        serde_json::json!({ "licenses": licenses.len(), "file": args.output, "with_keys": args.with_keys });
    output.result(&result, |_| say!("{} licenses: {done}", licenses.len()));
    Ok(())
}

fn written(licenses: &[LicenseView], keys: Option<&HashMap<String, String>>) -> Vec<u8> {
    let has = |column: &&str| match *column {
        "license_key" => keys.is_some(),
        // Devices are asked for one by one, and are `sealgate device list`'s; variables are `license vars`'.
        "hwids" | "vars" => false,
        // The column customer says who it is.
        other => !other.starts_with("customer_"),
    };
    let columns: Vec<&str> = MORE.iter().chain(&COLUMNS).copied().filter(|column| has(column)).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&columns).expect("memory takes what is written");
    for license in licenses {
        let key = keys.and_then(|keys| keys.get(&license.license_id));
        let row = columns.iter().map(|column| cell(license, key, column));
        writer.write_record(row).expect("memory takes what is written");
    }
    writer.into_inner().expect("memory takes what is written")
}

fn cell(license: &LicenseView, key: Option<&String>, column: &str) -> String {
    let text = |text: &Option<String>| text.as_deref().map(defused).unwrap_or_default();
    let licensee = license.licensee.clone().unwrap_or_default();
    match column {
        "license_id" => license.license_id.clone(),
        "devices_used" => license.devices_used.to_string(),
        "created_at" => license.created_at.to_string(),
        "app" => license.app_id.clone(),
        "plan" => text(&license.plan_id),
        "tier" => license.tier.clone(),
        "max_devices" => match license.max_devices.0 {
            MaxDevices::Unlimited => "unlimited".to_owned(),
            MaxDevices::Limited(_) => seat_count(license.max_devices),
        },
        "expires" => license.expires_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
        "label" => text(&license.label),
        "customer" => text(&license.customer_id),
        "external_id" => text(&license.external_id),
        "features" => defused(&of_features(&license.features)),
        "limits" => defused(&of_limits(&license.limits)),
        "status" => license.status.clone(),
        "licensee_name" => text(&licensee.name),
        "licensee_company" => text(&licensee.company),
        "licensee_email" => text(&licensee.email),
        "license_key" => key.cloned().unwrap_or_default(),
        other => unreachable!("{other} is no column of an export"),
    }
}
