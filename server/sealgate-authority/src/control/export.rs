//! What leaves the server as a file: a license, and the trust to judge it by.

use sealgate_artifact::Code;
use sealgate_store::{AppRow, read};

use crate::{Authority, AuthorityError, Caller};

/// Everything a build pins to believe this tenant's statements about one app (`spec/keys.md` §6).
pub struct AppTrust {
    /// Root keys, base64.
    pub roots: Vec<String>,
    /// How many of them must sign.
    pub threshold: usize,
    /// The installation's keyset.
    pub keyset: Vec<u8>,
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
    Ok(AppTrust {
        // The first start makes one root; a ceremony that makes more comes with rotation.
        threshold: 1,
        roots: read::installation::roots(&a.db)
            .await?
            .ok_or_else(missing)?
            .split(' ')
            .map(str::to_owned)
            .collect(),
        keyset: read::installation::keyset(&a.db, "installation").await?.ok_or_else(missing)?,
        tenant_keyset: read::installation::keyset(&a.db, &caller.tenant.to_string())
            .await?
            .ok_or_else(missing)?,
        app,
    })
}
