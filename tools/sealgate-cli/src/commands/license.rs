//! `sealgate license`.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use sealgate_artifact::{Code, MaxDevices};
use sealgate_wire::{
    IssueLicenses, IssuedLicense, LicenseView, LicensesIssued, RevokeLicense, Seats, Timestamp, Trust,
};

use crate::args::{FileArgs, Global, IssueArgs, now};
use crate::client::{Client, segment};
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, say};

/// Licenses in one request of a large order: small enough to show progress, large enough to be fast.
const BATCH: u32 = 100;

pub(crate) fn issue(global: &Global, order: &IssueArgs, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let bar = progress(order.count, output);
    let mut issued: Vec<IssuedLicense> = Vec::new();
    let mut left = order.count;
    while left > 0 {
        let count = left.min(BATCH);
        let request = IssueLicenses {
            app_id: segment(&order.app)?.to_string(),
            max_devices: Some(Seats(order.max_devices)),
            expires_at: order.expires.resolve(now()).map(Timestamp),
            label: order.label.clone(),
            count: Some(count),
        };
        match client.post::<LicensesIssued>("/api/v1/licenses", &request) {
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

pub(crate) fn show(global: &Global, key: &str, output: &Output) -> Result<(), Failure> {
    let license = Client::new(global)?.find_license(key)?;
    output.result(&license, print_license);
    Ok(())
}

pub(crate) fn list(global: &Global, app: Option<&str>, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let path = match app {
        Some(app) => format!("/api/v1/licenses?limit=200&app_id={}", segment(app)?),
        None => "/api/v1/licenses?limit=200".to_owned(),
    };
    let licenses: Vec<LicenseView> = client.get_all(&path)?;
    output.result(&licenses, |licenses| {
        let row = |l: &LicenseView| {
            let label = l.label.clone().unwrap_or_default();
            vec![l.license_id.clone(), l.status.clone(), seats(l), ends(l.expires_at), label]
        };
        Output::table(&["LICENSE", "STATUS", "SEATS", "ENDS", "LABEL"], licenses.iter().map(row));
    });
    Ok(())
}

pub(crate) fn revoke(
    global: &Global,
    key: &str,
    reason: Option<&str>,
    output: &Output,
) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let id = client.find_license(key)?.license_id;
    let request = RevokeLicense { reason: reason.map(str::to_owned) };
    let license: LicenseView = client.post(&format!("/api/v1/licenses/{id}/revoke"), &request)?;
    output.result(&license, |license| {
        print_license(license);
        say!("\nOnline it is refused from now on. A copy of its license file works offline until it ends.");
    });
    Ok(())
}

pub(crate) fn file(global: &Global, args: &FileArgs, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
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

pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<String, Failure> {
    let failed =
        |e| Failure::new(Code::FileUnreadable, format!("{}: {e}", path.display())).fix("choose another -o");
    files::write_public(path, bytes).map_err(failed)?;
    Ok(format!("wrote {} ({} bytes)", path.display(), bytes.len()))
}

fn print_issued(licenses: Vec<IssuedLicense>, output: &Output) {
    output.result(&LicensesIssued { licenses }, |issued| {
        let row = |l: &IssuedLicense| {
            vec![l.license_key.clone(), l.license_id.clone(), seat_count(l.max_devices), ends(l.expires_at)]
        };
        Output::table(&["KEY", "LICENSE", "SEATS", "ENDS"], issued.licenses.iter().map(row));
    });
}

fn print_license(license: &LicenseView) {
    let mut pairs = vec![
        ("license", license.license_id.clone()),
        ("app", license.app_id.clone()),
        ("status", license.status.clone()),
        ("tier", license.tier.clone()),
        ("features", license.features.join(", ")),
        ("seats", seats(license)),
        ("ends", ends(license.expires_at)),
        ("label", license.label.clone().unwrap_or_default()),
        ("created", license.created_at.to_string()),
    ];
    if let Some(at) = license.revoked_at {
        pairs.push(("revoked", at.to_string()));
        pairs.push(("reason", license.revoke_reason.clone().unwrap_or_default()));
    }
    pairs.retain(|(_, value)| !value.is_empty());
    Output::pairs(&pairs);
}

fn seats(license: &LicenseView) -> String {
    format!("{} of {}", license.devices_used, seat_count(license.max_devices))
}

fn seat_count(seats: Seats) -> String {
    match seats.0 {
        MaxDevices::Limited(n) => n.to_string(),
        MaxDevices::Unlimited => "unlimited".to_owned(),
    }
}

fn ends(expires_at: Option<Timestamp>) -> String {
    expires_at.map_or_else(|| "never".to_owned(), |t| t.to_string())
}

/// A bar on standard error when the work is long and a person is watching.
fn progress(count: u32, output: &Output) -> ProgressBar {
    if count <= BATCH || output.json || output.quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} licenses, {eta} left")
        .expect("a constant template");
    ProgressBar::new(count.into()).with_style(style)
}
