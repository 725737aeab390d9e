//! Which modules the vendor approved for a license (`spec/activation.md` §9).

use sealgate_artifact::Module;
use sealgate_authority::AuthorityError;
use sealgate_store::Db;
use sealgate_store::table::LicenseRow;

/// The modules that are not.
pub(super) async fn unapproved(
    _db: &Db,
    _license: &LicenseRow,
    modules: &[Module],
) -> Result<Vec<Module>, AuthorityError> {
    Ok(modules.to_vec())
}
