//! `sealgate license reset-devices`.

use sealgate_artifact::LicenseId;
use sealgate_wire::{ReleaseDevices, Released};

use super::device::print_released;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::Output;
use crate::parts::Parts;
use crate::signals;

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
    signals::listen(output);
    let mut all: Released = client.post_once(&path, &wish)?;
    let count = all.released.len() as u64 + all.devices_used;
    let mut parts = Parts::of("devices released", (count, SHORT), "devices", output).or_more();
    parts.add(all.released.len() as u64);
    let mut more = is_more(&all);
    while more {
        let next = signals::none_came().and_then(|()| client.post_once(&path, &wish));
        let mut part: Released = next.map_err(|failure| {
            let failure = parts.stopped(failure, || again(client, license, override_allowance));
            // What was released before the failure stays released.
            output.result(&all, print_released);
            failure
        })?;
        more = is_more(&part);
        parts.add(part.released.len() as u64);
        all.released.append(&mut part.released);
        all = Released { released: all.released, ..part };
    }
    parts.finish();
    output.result(&all, print_released);
    Ok(())
}

fn again(client: &Client, license: LicenseId, override_allowance: bool) -> String {
    let again = client.again("license reset-devices").word(&license.to_string());
    again.switch("--override-allowance", override_allowance).into()
}

/// Whether another request would release more.
fn is_more(part: &Released) -> bool {
    part.devices_used > 0 && !part.released.is_empty()
}
