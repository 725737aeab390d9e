//! `sealgate license renew`.

use sealgate_artifact::LicenseId;
use sealgate_wire::{LicensePreview, LicenseView, RenewLicense, Timestamp, UpdateLicense, When};

use super::license_update::asked;
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
    let Some(Some(when)) = args.expires.as_ref().map(|date| &date.0) else { return Ok(()) };
    if consent.is_given() {
        return Ok(());
    }
    let preview = previewed(client, id, when)?;
    // A time is added to the present end, where there is one.
    if preview.before.expires_at.is_some() && is_a_time(when) { Ok(()) } else { asked(&preview, consent) }
}

/// Gives a license another end, under this name.
pub(super) fn renew(
    client: &Client,
    (id, args): (LicenseId, &RenewArgs),
    name: Option<String>,
) -> Result<LicenseView, Failure> {
    let wish = RenewLicense { expires_at: args.expires.clone().map(|date| date.0) };
    client.post_named(&format!("/api/v1/licenses/{id}/renew"), &wish, name)
}

/// The end that many licenses would get.
pub(crate) enum NewEnd {
    At(Option<Timestamp>),
    /// So long after the end that each of them has.
    Later(String),
}

impl NewEnd {
    /// The server says what a date is: it knows where the vendor is.
    pub(crate) fn of(client: &Client, args: &RenewArgs, some: Option<LicenseId>) -> Result<Self, Failure> {
        match (args.expires.as_ref().map(|date| &date.0), some) {
            (None, _) => Ok(Self::Later("the plan's duration".to_owned())),
            (Some(None), _) => Ok(Self::At(None)),
            (Some(Some(when)), Some(id)) if !is_a_time(when) => {
                Ok(Self::At(previewed(client, id, when)?.after.expires_at))
            }
            (Some(Some(when)), _) => Ok(Self::Later(when.as_str().trim_start_matches('+').to_owned())),
        }
    }

    /// What it is for a license, for people.
    pub(crate) fn for_license(&self, license: &LicenseView) -> String {
        match (self, license.expires_at) {
            (Self::At(Some(end)), now) if now.is_none_or(|now| now > *end) => {
                format!("{end}, earlier than now")
            }
            (Self::At(end), _) => ends(*end),
            (Self::Later(time), Some(_)) => format!("{time} later"),
            (Self::Later(time), None) => format!("{time} from now, earlier than now"),
        }
    }
}

fn previewed(client: &Client, id: LicenseId, when: &When) -> Result<LicensePreview, Failure> {
    let wish = UpdateLicense { expires_at: Some(Some(when.clone())), ..UpdateLicense::default() };
    client.post(&format!("/api/v1/licenses/{id}/preview"), &wish)
}

/// Whether it is as `90d`, `3m` or `1y`, and no date.
fn is_a_time(when: &When) -> bool {
    when.as_str().ends_with(['d', 'm', 'y'])
}
