//! A license file on a machine that asks nobody.

use sealgate_artifact::UnixSeconds;
use sealgate_rules::Standing;
use sealgate_trust::{Accepted, TenantTrust, verify_license};

use crate::{Denied, Error, License, SecurityError, Trust};

/// Verifies the bytes of a license file under what the build pins, at the time `now`, and returns the license's rights.
///
/// No server is asked, so nobody says whether the license was revoked since, and no device is counted. The build's own
/// `trust.json` must still hold at `now`.
pub fn verify_license_file(trust: &'static [u8], file: &[u8], now: UnixSeconds) -> Result<License, Error> {
    let trust = Trust::parse(trust)?;
    let nothing = Accepted::default();
    let chain = TenantTrust::verify(&trust.roots, &trust.chain, Some(trust.tenant), &nothing, now)
        .map_err(|why| SecurityError::Statement { what: "chain of keys", why })?;
    let verified = verify_license(&chain, file, Some(trust.app))
        .map_err(|why| SecurityError::Statement { what: "license", why })?;
    let license = verified.get();
    Standing::of_signed(license)
        .gives_rights(now)
        .map_err(|code| Denied::by_license(code, license.license))?;
    Ok(License::new(license, None))
}
