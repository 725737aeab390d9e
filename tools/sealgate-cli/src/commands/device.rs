//! `sealgate device`.

use sealgate_artifact::DeviceId;
use sealgate_wire::{DeviceView, ReleaseDevices, Released};

use crate::args::{DeviceCommand, Global};
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Output, say};

pub(crate) fn run(global: &Global, command: &DeviceCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    match command {
        DeviceCommand::List { license } => list(&client, license.as_deref(), output),
        DeviceCommand::Show { device_id } => {
            let device: DeviceView = client.get(&path(device_id)?)?;
            output.result(&device, |device| {
                Output::pairs(&[
                    ("device", device.device_id.clone()),
                    ("license", device.license_id.clone()),
                    ("name", device.identity.clone()),
                    ("kind", device.kind.clone()),
                    ("first seen", device.first_seen.to_string()),
                ]);
            });
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
    say!("{} released, {} seats still taken", released.released.len(), released.devices_used);
    if let Some(left) = released.releases_left {
        say!("{left} releases left for this year");
    }
}

fn list(client: &Client, license: Option<&str>, output: &Output) -> Result<(), Failure> {
    let path = match license {
        Some(key) => format!("/api/v1/devices?limit=200&license_id={}", client.find_license(key)?.license_id),
        None => "/api/v1/devices?limit=200".to_owned(),
    };
    let devices: Vec<DeviceView> = client.get_all(&path)?;
    output.result(&devices, |devices| {
        let row = |d: &DeviceView| {
            vec![d.device_id.clone(), d.license_id.clone(), d.identity.clone(), d.first_seen.to_string()]
        };
        Output::table(&["DEVICE", "LICENSE", "NAME", "FIRST SEEN"], devices.iter().map(row));
    });
    Ok(())
}

fn path(device_id: &str) -> Result<String, Failure> {
    let id = DeviceId::parse(device_id)
        .map_err(|e| Failure::from(e).fix("give the device id that `sealgate device list` shows"))?;
    Ok(format!("/api/v1/devices/{id}"))
}
