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

/// Publishes that a server's key is revoked (`spec/keys.md` §5.10). Certificates end by themselves, so the entry goes when
/// none can be left.
pub(super) async fn publish_revoked_server(
    a: &Authority,
    server: sealgate_store::KeyRow,
    audit: sealgate_store::AuditRow,
) -> Result<(), AuthorityError> {
    let mut ring = ring::Ring::of(a, INSTALLATION).await?;
    if ring.keys.iter().all(|key| key.public_key != server.public_key) {
        ring.keys.push(server);
    }
    let removable = rotate::removable(a, &ring).await?;
    ring.make_room(change::room(&ring.scope), &removable)?;
    let mut change = change::Change::new(audit);
    change.publish_installation(a, &ring, ring.signing(KeyUse::Root)?).await?;
    a.db.write(change).await
}

/// Keys that all tenants share are not one tenant's to change.
fn check_scope(caller: &Caller, key_use: KeyUse) -> Result<(), AuthorityError> {
    if key_use == KeyUse::Issuer || caller.scopes.allow(Scope::Installation) {
        return Ok(());
    }
    Err(AuthorityError::Refused(Code::ScopeMissing))
}
