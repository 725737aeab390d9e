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
    // The row has the slot of the version before.
    list_revoked(tx, (locked, next), signed.slot, at).await
}

/// Lists what a license has that was revoked: all of it when it is revoked (spec/revocation.md §1.7), and later only this version's slot.
pub(crate) async fn list_revoked(
    tx: &mut Tx<'_>,
    (locked, license): (&LicenseRow, &LicenseRow),
    slot: Option<u64>,
    at: UnixSeconds,
) -> Result<(), AuthorityError> {
    if license.revoked_at.is_none() {
        return Ok(());
    }
    table::listings::list_version(tx, license.app, slot, at).await?;
    if locked.revoked_at.is_none() {
        let (owner, slot) = ((license.tenant, license.app, license.id), license.terms.conditions.slot);
        table::listings::begin(tx, owner, slot, at).await?;
    }
    Ok(())
}
