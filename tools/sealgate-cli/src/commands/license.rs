//! `sealgate license`.

use std::path::{Path, PathBuf};

use sealgate_artifact::Code;
use sealgate_wire::{
    IssueLicenses, IssuedLicense, LicenseView, LicensesIssued, Nothing, Reason, Seats, Trust,
};

use super::license_shown::{licensee, print_license};
use super::written::write;
use super::{
    authforge_file, customer, import, license_export, license_key, license_list, license_renew,
    license_update, plan, reset_devices, resign, vars,
};
use crate::args::{FileArgs, Global, IssueArgs, LicenseCommand, VarsCommand};
use crate::client::{Client, segment};
use crate::failure::Failure;
use crate::output::{Output, ends, say, seat_count};

/// Licenses in one request of a large order: small enough to show progress, large enough to be fast.
const BATCH: u32 = 100;

pub(crate) fn run(global: &Global, command: &LicenseCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let path = |key: &str| client.license_id(key).map(|id| format!("/api/v1/licenses/{id}"));
    let license: LicenseView = match command {
        LicenseCommand::Issue(order) => return issue(&client, order, output),
        LicenseCommand::List(args) => return license_list::list(&client, args, output),
        LicenseCommand::File(args) => return file(&client, args, output),
        LicenseCommand::Import(args) => return import::run(&client, args, output),
        LicenseCommand::Export(args) => return license_export::run(&client, args, output),
        LicenseCommand::Resign(args) => return resign::run(&client, args, output),
        LicenseCommand::Update(args) => return license_update::run(&client, args, output),
        LicenseCommand::Key { key, reveal } => return license_key::show(&client, key, *reveal, output),
        LicenseCommand::Rekey { key, reason, yes } => {
            return license_key::exchange(&client, key, (reason.as_ref(), *yes), output);
        }
        LicenseCommand::AuthforgeFile(args) => return authforge_file::run(&client, args, output),
        LicenseCommand::ResetDevices { key, override_allowance } => {
            return reset_devices::run(&client, client.license_id(key)?, *override_allowance, output);
        }
        LicenseCommand::Vars { key, command } => {
            let get = key.as_ref().map(|key| VarsCommand::Get { of: key.clone() });
            let nobody = || {
                Failure::new(Code::MalformedRequest, "no license was named").fix("sealgate license vars KEY")
            };
            let command = command.as_ref().or(get.as_ref()).ok_or_else(nobody)?;
            return vars::run(&client, command, output, |key| Ok(format!("{}/variables", path(key)?)));
        }
        LicenseCommand::Show { key } => client.find_license(key)?,
        LicenseCommand::Renew(args) => license_renew::run(&client, args, output)?,
        LicenseCommand::Suspend { key, reason } => {
            client.post_once(&format!("{}/suspend", path(key)?), &Reason { reason: reason.clone() })?
        }
        LicenseCommand::Resume { key } => client.post(&format!("{}/resume", path(key)?), &Nothing {})?,
        LicenseCommand::Revoke { key, reason } => {
            client.post_once(&format!("{}/revoke", path(key)?), &Reason { reason: reason.clone() })?
        }
    };
    output.result(&license, |license| {
        print_license(license);
        match command {
            LicenseCommand::Revoke { .. } | LicenseCommand::Suspend { .. } => {
                say!("\nOnline, the license is refused from now on. A copy of its file works offline until the license ends.");
            }
            LicenseCommand::Renew(_) => say!("\nIf the license is used offline, hand out its file again."),
            _ => {}
        }
    });
    Ok(())
}

fn issue(client: &Client, order: &IssueArgs, output: &Output) -> Result<(), Failure> {
    let bar = output.progress(order.count.into(), BATCH.into(), "licenses");
    let mut issued: Vec<IssuedLicense> = Vec::new();
    let mut left = order.count;
    let buyer = order.customer.as_deref().map(|named| customer::id(client, named)).transpose()?;
    while left > 0 {
        let count = left.min(BATCH);
        let request = IssueLicenses {
            app_id: segment(&order.app)?.to_string(),
            plan_id: order.plan.as_deref().map(plan::id).transpose()?.map(|id| id.to_string()),
            max_devices: order.max_devices.map(Seats),
            expires_at: order.expires.clone().map(|date| date.0),
            label: order.label.clone(),
            customer_id: buyer.map(|id| id.to_string()),
            licensee: licensee(&order.licensee).map(Some),
            external_id: order.external_id.clone(),
            count: Some(count),
        };
        let name = batch_name(order, issued.len());
        match client.post_named::<LicensesIssued>("/api/v1/licenses", &request, name) {
            Ok(batch) => issued.extend(batch.licenses),
            // What was issued before the failure is real: its keys are shown, or they would be lost.
            Err(failure) if !issued.is_empty() => {
                print_issued(issued, output);
                return Err(failure);
            }
            Err(failure) => return Err(failure),
        }
        left -= count;
        bar.inc(count.into());
    }
    bar.finish_and_clear();
    print_issued(issued, output);
    Ok(())
}

/// The order's own name, told apart by what was issued before where it takes several requests.
fn batch_name(order: &IssueArgs, before: usize) -> Option<String> {
    let name = order.idempotency_key.as_ref()?;
    Some(if order.count <= BATCH { name.clone() } else { format!("{name}.{before}") })
}

fn file(client: &Client, args: &FileArgs, output: &Output) -> Result<(), Failure> {
    let license = client.find_license(&args.key)?;
    let envelope = client.get_bytes(&format!("/api/v1/licenses/{}/file", license.license_id))?;
    let mut written = vec![write(&args.output, &envelope)?];
    if args.with_trust {
        let trust: Trust = client.get(&format!("/api/v1/apps/{}/trust", segment(&license.app_id)?))?;
        let text = serde_json::to_vec_pretty(&trust).expect("trust can be written");
        written.push(write(&trust_path(&args.output), &text)?);
    }
    let result = serde_json::json!({
        "license_id": license.license_id,
        "file": args.output,
        "bytes": envelope.len(),
        "trust": args.with_trust.then(|| trust_path(&args.output)),
    });
    output.result(&result, |_| written.iter().for_each(|line| say!("{line}")));
    Ok(())
}

/// Where the trust for a license file lies: FILE.trust.
pub(crate) fn trust_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".trust");
    PathBuf::from(name)
}

fn print_issued(licenses: Vec<IssuedLicense>, output: &Output) {
    let keys = |issued: &LicensesIssued| {
        issued.licenses.iter().map(|license| license.license_key.clone()).collect::<Vec<_>>().join("\n")
    };
    output.only_once(&LicensesIssued { licenses }, keys, |issued| {
        let row = |l: &IssuedLicense| {
            vec![l.license_key.clone(), l.license_id.clone(), seat_count(l.max_devices), ends(l.expires_at)]
        };
        Output::table(&["KEY", "LICENSE", "SEATS", "ENDS"], issued.licenses.iter().map(row));
    });
}
