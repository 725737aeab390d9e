//! What leaves the server as a file: a license, and the trust to judge it by.

use crate::runtime::raw;
use crate::{Authority, AuthorityError, Caller};
use sealgate_artifact::{Code, Root, Unverified};
use sealgate_store::{LicenseRow, read};
use sealgate_wire::{SignedStatement, Trust};

/// The signed envelope of a license's newest version. A revoked or suspended license is not handed out.
pub async fn license_file(
    a: &Authority,
    caller: &Caller,
    id: &str,
) -> Result<SignedStatement, AuthorityError> {
    let license = super::licenses::find(a, caller, id).await?;
    may_go_offline(a, caller, &license).await?;
    let statement = read::licenses::statement(&a.db, license.id, license.version).await?;
    raw(statement.ok_or(AuthorityError::Refused(Code::SystemError))?).map(SignedStatement)
}

/// Whether anything may be handed out that works without the server.
pub(super) async fn may_go_offline(
    a: &Authority,
    caller: &Caller,
    license: &LicenseRow,
) -> Result<(), AuthorityError> {
    let tenant = read::tenants::find(&a.db, caller.tenant).await?;
    let refused = |code| Err(AuthorityError::Refused(code));
    if license.revoked_at.is_some() {
        return refused(Code::LicenseRevoked);
    }
    if license.suspended_at.is_some() {
        return refused(Code::Blocked);
    }
    if !license.terms.offline || tenant.is_none_or(|tenant| !tenant.offline) {
        return refused(Code::OfflineDisabled);
    }
    Ok(())
}

/// Everything a build pins to believe this tenant's statements about one app (`spec/keys.md` §6).
pub async fn app_trust(a: &Authority, caller: &Caller, app: &str) -> Result<Trust, AuthorityError> {
    let app = super::apps::find(a, caller, app).await?;
    let missing = || AuthorityError::Refused(Code::SystemError);
    let mut chain = read::installation::root_statements(&a.db).await?;
    let root = Unverified::<Root>::decode(chain.last().ok_or_else(missing)?)?.danger_peek()?;
    chain.push(read::installation::keyset(&a.db, "installation").await?.ok_or_else(missing)?);
    let tenant_keyset = read::installation::keyset(&a.db, &caller.tenant.to_string()).await?;
    Ok(Trust {
        roots: root.keys.iter().map(ToString::to_string).collect(),
        threshold: root.threshold,
        root_version: root.version,
        keyset_chain: chain.into_iter().map(raw).collect::<Result<_, _>>()?,
        tenant_keyset: raw(tenant_keyset.ok_or_else(missing)?)?,
        tenant: app.tenant.to_string(),
        app: app.id.to_string(),
    })
}
