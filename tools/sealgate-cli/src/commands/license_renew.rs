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

/// Asks about a license that would end earlier than now.
pub(super) fn asked_if_less(
    client: &Client,
    (id, args): (LicenseId, &RenewArgs),
    consent: Consent,
) -> Result<(), Failure> {
    let names_an_end = args.expires.as_ref().is_some_and(|date| date.0.is_some());
    if !names_an_end || consent.is_given() {
        return Ok(());
    }
    asked(&foreseen(client, (id, args))?, consent)
}

/// Gives a license another end, under this name.
pub(super) fn renew(
    client: &Client,
    (id, args): (LicenseId, &RenewArgs),
    name: Option<String>,
) -> Result<LicenseView, Failure> {
    let renewed = client.post_named(&format!("/api/v1/licenses/{id}/renew"), &wish(args), name);
    renewed.map_err(|failure| ways_out::of_renewal(client, id, failure))
}

/// The end that a license would get.
pub(super) struct NewEnd {
    pub(super) at: Option<Timestamp>,
    is_earlier: bool,
}

impl NewEnd {
    /// As the server foresees it: it knows where the vendor is.
    pub(super) fn of(client: &Client, args: &RenewArgs, id: LicenseId) -> Result<Self, Failure> {
        let preview = foreseen(client, (id, args))?;
        let is_earlier = preview.lessened.iter().any(|name| name == "expires_at");
        Ok(Self { at: preview.after.expires_at, is_earlier })
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let end = ends(self.at);
        if self.is_earlier { format!("{end}, earlier than now") } else { end }
    }
}

fn foreseen(client: &Client, (id, args): (LicenseId, &RenewArgs)) -> Result<LicensePreview, Failure> {
    let foreseen = client.post(&format!("/api/v1/licenses/{id}/renew/preview"), &wish(args));
    foreseen.map_err(|failure| ways_out::of_renewal(client, id, failure))
}

fn wish(args: &RenewArgs) -> RenewLicense {
    RenewLicense { expires_at: args.expires.clone().map(|date| date.0) }
}
