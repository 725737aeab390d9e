//! The next version of a license, and what it takes back (`spec/revocation.md` §1.5).

use sealgate_artifact::UnixSeconds;
use sealgate_authority::AuthorityError;
use sealgate_rules::gives_less;
use sealgate_store::Tx;
use sealgate_store::table::{self, LicenseRow, SignedLicense};

use super::signing::signed_form;

/// Stores the next version of a locked license. If it gives less than the one before, that one and every earlier one are listed.
pub(crate) async fn store_next(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    (next, signed): (&LicenseRow, &SignedLicense),
    at: UnixSeconds,
) -> Result<(), AuthorityError> {
    table::licenses::store_version(tx, next, signed).await?;
    if gives_less(&signed_form(locked, at)?, &signed_form(next, at)?) {
        table::slots::list_earlier(tx, next.id, next.version, at).await?;
    }
    list_revoked(tx, next, at).await
}

/// Lists all that a license has, if it was revoked.
pub(crate) async fn list_revoked(
    tx: &mut Tx<'_>,
    license: &LicenseRow,
    at: UnixSeconds,
) -> Result<(), AuthorityError> {
    if license.revoked_at.is_some() {
        table::slots::list_license(tx, license.id, at).await?;
    }
    Ok(())
}
