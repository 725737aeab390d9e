//! `sealgate device`.

use std::path::Path;

use sealgate_artifact::{Code, DeviceId};
use sealgate_wire::{DeviceView, ReleaseDevices, Released, Timestamp, UpdateDevice};
use serde_json::{Map, Value};

use super::by_file::BY_FILE;
use super::lists;
use crate::args::{DeviceCommand, Global, PartArgs};
use crate::client::{Client, filters};
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, counted, say};

pub(crate) fn run(global: &Global, command: &DeviceCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    match command {
        DeviceCommand::List { license, fingerprint, part } => {
            list(&client, (license.as_deref(), fingerprint.as_deref()), part, output)
        }
        DeviceCommand::Show { device_id } => {
            let device: DeviceView = client.get(&path(device_id)?)?;
            output.result(&device, print);
            Ok(())
        }
        DeviceCommand::Update { device_id, metadata } => {
            let wish = UpdateDevice { metadata: Some(read_notes(metadata)?) };
            let device: DeviceView = client.patch(&path(device_id)?, &wish)?;
            output.result(&device, print);
            Ok(())
        }
        DeviceCommand::Release { device_id, override_allowance } => {
            let wish = ReleaseDevices { override_allowance: Some(*override_allowance) };
            let released: Released = client.post_once(&format!("{}/release", path(device_id)?), &wish)?;
            output.result(&released, print_released);
            Ok(())
        }
    }
}

/// What became free, for people.
pub(crate) fn print_released(released: &Released) {
    let taken = counted(released.devices_used, "seat");
    say!("{} released, {taken} still taken", released.released.len());
    if let Some(left) = released.releases_left {
        say!("{} left for this year", counted(left, "release"));
    }
    if !released.released.is_empty() {
        say!("\n{BY_FILE}");
    }
}

fn print(device: &DeviceView) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let notes = if device.metadata.is_empty() { String::new() } else { notes(device) };
    let mut pairs = vec![
        ("device", device.device_id.clone()),
        ("license", device.license_id.clone()),
        ("name", text(&device.name)),
        ("identity", device.identity.clone()),
        ("kind", device.kind.clone()),
        ("fingerprint", text(&device.fingerprint)),
        ("platform", text(&device.platform)),
        ("version", text(&device.product_version)),
        ("first seen", device.first_seen.to_string()),
        ("last seen", time(device.last_seen)),
        ("lease until", time(device.lease_until)),
        ("held by a bundle until", time(device.bundle_until)),
        ("activation", text(&device.activation_id)),
        ("trial began", time(device.trial_began)),
        ("moved at", time(device.moved_at)),
        ("moved from", text(&device.moved_from)),
        ("metadata", notes),
    ];
    pairs.retain(|(_, value)| !value.is_empty());
    Output::pairs(&pairs);
}

fn notes(device: &DeviceView) -> String {
    serde_json::to_string(&device.metadata).expect("JSON can be written")
}

fn read_notes(path: &Path) -> Result<Map<String, Value>, Failure> {
    let unusable = |why: String| {
        Failure::new(Code::FileUnreadable, format!("{}: {why}", path.display()))
            .fix(r#"write a JSON object as in {"room": "12"}"#)
    };
    let bytes = files::read(path).map_err(|e| unusable(e.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|e| unusable(e.to_string()))
}

fn list(
    client: &Client,
    (license, fingerprint): (Option<&str>, Option<&str>),
    part: &PartArgs,
    output: &Output,
) -> Result<(), Failure> {
    let license = license.map(|key| client.license_id(key)).transpose()?.map(|id| id.to_string());
    let filters = filters(&[("license_id", &license), ("fingerprint", &fingerprint.map(str::to_owned))]);
    let none = "no devices match; a device is listed once it uses a license";
    lists::print(client, ("/api/v1/devices", &filters, none), part, output, |devices| {
        let row = |d: &DeviceView| {
            vec![
                d.device_id.clone(),
                d.license_id.clone(),
                d.name.clone().unwrap_or_else(|| d.identity.clone()),
                d.last_seen.map(|at| at.to_string()).unwrap_or_default(),
                d.platform.clone().unwrap_or_default(),
                d.product_version.clone().unwrap_or_default(),
                d.moved_at.map(|at| at.to_string()).unwrap_or_default(),
            ]
        };
        let head = ["DEVICE", "LICENSE", "NAME", "LAST SEEN", "PLATFORM", "VERSION", "MOVED"];
        Output::table(&head, devices.iter().map(row));
    })
}

fn path(device_id: &str) -> Result<String, Failure> {
    let id = DeviceId::parse(device_id)
        .map_err(|e| Failure::from(e).fix("give the device id that `sealgate device list` shows"))?;
    Ok(format!("/api/v1/devices/{id}"))
}
