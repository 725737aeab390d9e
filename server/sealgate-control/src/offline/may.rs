//! Whether a bundle may be made.

use sealgate_artifact::UnixSeconds;
use sealgate_authority::AuthorityError;
use sealgate_authority::seats::standing;
use sealgate_rules as rules;
use sealgate_store::table::{LicenseRow, TenantRow};

/// `spec/offline.md` §3.7, §5.1: whether such a bundle may be made, and when it ends.
pub(super) fn may_make(
    license: &LicenseRow,
    tenant: &TenantRow,
    wanted: rules::Wanted,
    now: UnixSeconds,
) -> Result<UnixSeconds, AuthorityError> {
    let bundling = rules::Bundling {
        standing: standing(license),
        tenant_may: tenant.offline,
        terms_allow: license.terms.files || license.terms.conditions.offline.is_some(),
        conditions: &license.terms.conditions,
        max_devices: license.terms.max_devices,
    };
    bundling.may_make(wanted, now).map_err(AuthorityError::NoBundle)
}
