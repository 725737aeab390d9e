//! `sealgate license renew`.

use sealgate_artifact::LicenseId;
use sealgate_wire::{LicensePreview, LicenseView, RenewLicense, Timestamp};

use super::license_update::asked;
use super::ways_out;
use crate::args::RenewArgs;
use crate::client::Client;
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::output::ends;

/// Asks about a license that would end earlier than now. The version that was looked at, if it was.
pub(super) fn asked_if_less(
    client: &Client,
    (id, args): (LicenseId, &RenewArgs),
    consent: Consent,
) -> Result<Option<u64>, Failure> {
    let names_an_end = args.expires.as_ref().is_some_and(|date| date.0.is_some());
    if !names_an_end || consent.is_given() {
        return Ok(None);
    }
    let preview = foreseen(client, (id, args), None)?;
    asked(&preview, consent)?;
    Ok(Some(preview.version))
}

/// Gives a license another end, under this name, unless it changed since it was seen.
pub(super) fn renew(
    client: &Client,
    (id, args): (LicenseId, &RenewArgs),
    seen: Option<u64>,
    name: Option<String>,
) -> Result<LicenseView, Failure> {
    let renewed = client.post_named(&format!("/api/v1/licenses/{id}/renew"), &wish(args, seen), name);
    renewed.map_err(|failure| ways_out::of_renewal(client, id, failure))
}

/// The end that a license would get.
pub(super) struct NewEnd {
    pub(super) at: Option<Timestamp>,
    is_earlier: bool,
}

impl NewEnd {
    /// As the server foresees it: it knows where the vendor is.
    pub(super) fn of(
        client: &Client,
        args: &RenewArgs,
        (id, seen): (LicenseId, Option<u64>),
    ) -> Result<Self, Failure> {
        let preview = foreseen(client, (id, args), seen)?;
        let is_earlier = preview.lessened.iter().any(|name| name == "expires_at");
        Ok(Self { at: preview.after.expires_at, is_earlier })
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let end = ends(self.at);
        if self.is_earlier { format!("{end}, earlier than now") } else { end }
    }
}

fn foreseen(
    client: &Client,
    (id, args): (LicenseId, &RenewArgs),
    seen: Option<u64>,
) -> Result<LicensePreview, Failure> {
    let foreseen = client.post(&format!("/api/v1/licenses/{id}/renew/preview"), &wish(args, seen));
    foreseen.map_err(|failure| ways_out::of_renewal(client, id, failure))
}

fn wish(args: &RenewArgs, seen: Option<u64>) -> RenewLicense {
    RenewLicense { expires_at: args.expires.clone().map(|date| date.0), if_version: seen }
}
