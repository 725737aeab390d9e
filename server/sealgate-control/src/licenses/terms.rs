//! What a license's statement says, as far as a change can touch it.

use sealgate_artifact::{CustomerId, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{LicenseRow, Terms};

use crate::keys::signed_form;

/// The changeable part of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SignedTerms {
    terms: Terms,
    expires_at: Option<UnixSeconds>,
    variables: String,
    licensee: String,
}

pub(super) fn signed_terms(license: &LicenseRow) -> SignedTerms {
    SignedTerms {
        terms: license.terms.clone(),
        expires_at: license.expires_at,
        variables: license.variables.clone(),
        licensee: license.licensee.clone(),
    }
}

/// Whether a trial becomes a license that is none.
pub(super) fn is_bought(before: &LicenseRow, after: &LicenseRow) -> bool {
    before.terms.trial.is_some() && after.terms.trial.is_none()
}

/// Reads the id of a customer.
pub(super) fn customer(id: &str) -> Result<CustomerId, AuthorityError> {
    let why = "the id of a customer, as `sealgate customer list` shows it";
    CustomerId::parse(id).map_err(|_| AuthorityError::Invalid { field: "customer_id", why })
}

/// What cannot be signed is refused before it is saved: the field is the one that was changed.
pub(super) fn fits(license: &LicenseRow, field: &'static str) -> Result<(), AuthorityError> {
    fits_or(license, |_| Ok(field))
}

/// The same, where the field hangs on how many bytes are too many.
pub(super) fn fits_or(
    license: &LicenseRow,
    field: impl FnOnce(usize) -> Result<&'static str, AuthorityError>,
) -> Result<(), AuthorityError> {
    let Err(excess) = signed_form(license, license.created_at)?.room() else { return Ok(()) };
    Err(AuthorityError::TooLarge { field: field(excess)?, excess })
}
