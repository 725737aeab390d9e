//! `sealgate license renew`.

use sealgate_wire::{LicensePreview, LicenseView, RenewLicense, UpdateLicense, When};

use super::license_update::asked;
use crate::args::RenewArgs;
use crate::client::Client;
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::output::Output;

/// Gives a license another end. Who would give it an earlier one sees that, and is asked.
pub(crate) fn run(client: &Client, args: &RenewArgs, output: &Output) -> Result<LicenseView, Failure> {
    let path = format!("/api/v1/licenses/{}", client.license_id(&args.key)?);
    let end = args.expires.clone().map(|date| date.0);
    let consent = Consent::new(args.yes, output);
    if let Some(Some(when)) = &end
        && !consent.is_given()
    {
        let wish = UpdateLicense { expires_at: end.clone(), ..UpdateLicense::default() };
        let preview: LicensePreview = client.post(&format!("{path}/preview"), &wish)?;
        // A time is added to the present end, where there is one.
        if preview.before.expires_at.is_none() || !is_a_time(when) {
            asked(&preview, consent)?;
        }
    }
    let wish = RenewLicense { expires_at: end };
    client.post_named(&format!("{path}/renew"), &wish, args.idempotency_key.clone())
}

/// Whether it is as `90d`, `3m` or `1y`, and no date.
fn is_a_time(when: &When) -> bool {
    when.as_str().ends_with(['d', 'm', 'y'])
}
