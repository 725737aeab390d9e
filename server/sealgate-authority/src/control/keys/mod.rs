//! The keys that sign statements: listed, rotated, revoked (`spec/keys.md` §7).

mod change;
mod list;
mod resign;
mod revoke;
mod ring;
mod rotate;

pub(super) use change::next_version;
pub use list::list_keys;
pub use revoke::revoke_key;
pub use rotate::rotate_key;

use sealgate_artifact::{Code, KeyUse, PublicKey, TenantId};

use super::bootstrap::INSTALLATION;
use crate::{Authority, AuthorityError, Caller, Scope};

/// Whose keys of this use are: the installation's, or the tenant's.
fn scope_of(key_use: KeyUse, tenant: TenantId) -> String {
    if key_use == KeyUse::Issuer { tenant.to_string() } else { INSTALLATION.to_owned() }
}

/// The authority that signs now.
pub(super) async fn signing_authority(a: &Authority) -> Result<PublicKey, AuthorityError> {
    ring::Ring::of(a, INSTALLATION).await?.signing(KeyUse::Authority)
}

/// Keys that all tenants share are not one tenant's to change.
fn check_scope(caller: &Caller, key_use: KeyUse) -> Result<(), AuthorityError> {
    if key_use == KeyUse::Issuer || caller.scopes.allow(Scope::Installation) {
        return Ok(());
    }
    Err(AuthorityError::Refused(Code::ScopeMissing))
}
