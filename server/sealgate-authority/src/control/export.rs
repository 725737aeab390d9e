//! What leaves the server as a file: a license, and the trust to judge it by.

use sealgate_artifact::{Code, Root, Unverified};
use sealgate_store::{AppRow, read};

use crate::{Authority, AuthorityError, Caller};

/// Everything a build pins to believe this tenant's statements about one app (`spec/keys.md` §6).
pub struct AppTrust {
    /// What the last root statement says.
    pub root: Root,
    /// Every root statement, oldest first, and then the installation's keyset.
    pub keyset_chain: Vec<Vec<u8>>,
    /// The tenant's keyset.
    pub tenant_keyset: Vec<u8>,
    /// The app.
    pub app: AppRow,
}

/// The signed envelope of a license's newest version. A revoked license is not handed out.
pub async fn license_file(a: &Authority, caller: &Caller, id: &str) -> Result<Vec<u8>, AuthorityError> {
    let license = super::show_license(a, caller, id).await?;
    if license.revoked_at.is_some() {
        return Err(AuthorityError::Refused(Code::LicenseRevoked));
    }
    let statement = read::licenses::statement(&a.db, license.id, license.version).await?;
    statement.ok_or(AuthorityError::Refused(Code::SystemError))
}

/// The trust that belongs to an app.
pub async fn app_trust(a: &Authority, caller: &Caller, app: &str) -> Result<AppTrust, AuthorityError> {
    let app = super::show_app(a, caller, app).await?;
    let missing = || AuthorityError::Refused(Code::SystemError);
    let mut keyset_chain = read::installation::root_statements(&a.db).await?;
    let root = Unverified::<Root>::decode(keyset_chain.last().ok_or_else(missing)?)?.danger_peek()?;
    keyset_chain.push(read::installation::keyset(&a.db, "installation").await?.ok_or_else(missing)?);
    let tenant_keyset = read::installation::keyset(&a.db, &caller.tenant.to_string()).await?;
    Ok(AppTrust { root, keyset_chain, tenant_keyset: tenant_keyset.ok_or_else(missing)?, app })
}
