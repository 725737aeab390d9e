//! What a license's statement says, as far as a change can touch it.

use sealgate_artifact::UnixSeconds;
use sealgate_store::table::{LicenseRow, Terms};

pub(super) const DAY: u64 = 24 * 60 * 60;

/// The changeable part of what is signed.
pub(super) type SignedTerms = (Terms, Option<UnixSeconds>);

pub(super) fn signed_terms(license: &LicenseRow) -> SignedTerms {
    (license.terms.clone(), license.expires_at)
}
