//! `sealgate license reset-devices`.

use sealgate_artifact::LicenseId;
use sealgate_wire::{ReleaseDevices, Released};

use super::device::print_released;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::Output;

/// Devices that are released before a person wonders.
const SHORT: u64 = 500;

/// Releases every seat of a license, as many with each request as the server releases at once. Each request has a name of
/// its own: one whose answer was lost releases nothing twice.
pub(crate) fn run(
    client: &Client,
    license: LicenseId,
    override_allowance: bool,
    output: &Output,
) -> Result<(), Failure> {
    let path = format!("/api/v1/licenses/{license}/reset-devices");
    let wish = ReleaseDevices { override_allowance: Some(override_allowance) };
    let mut all: Released = client.post_once(&path, &wish)?;
    let bar = output.progress(all.released.len() as u64 + all.devices_used, SHORT, "devices");
    let mut more = is_more(&all);
    while more {
        bar.set_position(all.released.len() as u64);
        let mut part: Released = client.post_once(&path, &wish).map_err(|failure| {
            bar.abandon();
            // What was released before the failure stays released.
            output.result(&all, print_released);
            let again = format!("sealgate license reset-devices {license}");
            failure.fix(format!("{} devices were released before; go on with: {again}", all.released.len()))
        })?;
        more = is_more(&part);
        all.released.append(&mut part.released);
        all = Released { released: all.released, ..part };
    }
    bar.finish_and_clear();
    output.result(&all, print_released);
    Ok(())
}

/// Whether another request would release more.
fn is_more(part: &Released) -> bool {
    part.devices_used > 0 && !part.released.is_empty()
}
