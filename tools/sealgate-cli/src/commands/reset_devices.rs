//! `sealgate license reset-devices`.

use sealgate_artifact::LicenseId;
use sealgate_wire::{LicenseView, ReleaseDevices, Released};

use super::device::print_released;
use crate::client::Client;
use crate::confirm::Consent;
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
    (override_allowance, yes): (bool, bool),
    output: &Output,
) -> Result<(), Failure> {
    asked_about_several(client, license, Consent::new(yes, output))?;
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
            let failure = parts.stopped(failure, || again(client, license, (override_allowance, yes)));
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

/// Asks where more than one device loses its seat, as far as the token may see it.
fn asked_about_several(client: &Client, license: LicenseId, consent: Consent) -> Result<(), Failure> {
    if consent.is_given() {
        return Ok(());
    }
    let seen: Option<LicenseView> = client.get_if_allowed(&format!("/api/v1/licenses/{license}"))?;
    match seen.map_or(0, |seen| seen.devices_used) {
        0 | 1 => Ok(()),
        n => consent.ask(
            &format!("Release all {n} seats of the license?"),
            &format!("{n} devices would lose their seats"),
        ),
    }
}

fn again(client: &Client, license: LicenseId, (override_allowance, yes): (bool, bool)) -> String {
    let again = client.again("license reset-devices").word(&license.to_string());
    again.switch("--override-allowance", override_allowance).switch("--yes", yes).into()
}

/// Whether another request would release more.
fn is_more(part: &Released) -> bool {
    part.devices_used > 0 && !part.released.is_empty()
}
