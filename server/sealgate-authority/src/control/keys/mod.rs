//! The keys that sign statements: listed, rotated, revoked (`spec/keys.md` §7).

mod change;
mod list;
mod resign;
mod revoke;
mod ring;
mod rotate;

pub use list::{ListedKey, list_keys};
pub use revoke::{Revocation, revoke_key};
pub use rotate::rotate_key;

use sealgate_artifact::{KeyUse, TenantId};

use super::bootstrap::INSTALLATION;

/// Changes by other processes that may come in between before one of ours gives up.
const ATTEMPTS: u32 = 8;

/// Whose keys of this use are: the installation's, or the tenant's.
fn scope_of(key_use: KeyUse, tenant: TenantId) -> String {
    if key_use == KeyUse::Issuer { tenant.to_string() } else { INSTALLATION.to_owned() }
}
