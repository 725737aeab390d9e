//! Looking at licenses.

use sealgate_artifact::{AppId, Code, LicenseId};
use sealgate_rules::{Window, in_force};
use sealgate_store::{LicenseRow, read};

use super::page;
use crate::{Authority, AuthorityError, Caller};

/// The tenant's license of that id.
pub async fn show_license(a: &Authority, caller: &Caller, id: &str) -> Result<LicenseRow, AuthorityError> {
    let id = LicenseId::parse(id).map_err(|_| AuthorityError::Refused(Code::NotFound))?;
    read::licenses::find(&a.db, caller.tenant, id).await?.ok_or(AuthorityError::Refused(Code::NotFound))
}

/// The tenant's license of that key.
pub async fn look_up_license(
    a: &Authority,
    caller: &Caller,
    key: &str,
) -> Result<LicenseRow, AuthorityError> {
    let key = a.secrets.license_key(key);
    read::licenses::by_key(&a.db, caller.tenant, key).await?.ok_or(AuthorityError::Refused(Code::NotFound))
}

/// The tenant's licenses, newest first, after the one that `cursor` names; of one app if given.
pub async fn list_licenses(
    a: &Authority,
    caller: &Caller,
    app: Option<&str>,
    cursor: Option<&str>,
    limit: Option<u32>,
) -> Result<(Vec<LicenseRow>, Option<String>), AuthorityError> {
    let app = app.map(AppId::parse).transpose().map_err(|_| AuthorityError::Refused(Code::NotFound))?;
    let list = app.map_or_else(|| "licenses".to_owned(), |app| format!("licenses-{app}"));
    let before = page::after(&list, cursor, LicenseId::parse)?;
    let size = page::size(limit);
    let mut licenses = read::licenses::list(&a.db, caller.tenant, app, before, size + 1).await?;
    let next = (licenses.len() > size as usize)
        .then(|| page::cursor(&list, &licenses[size as usize - 1].id.to_string()));
    licenses.truncate(size as usize);
    Ok((licenses, next))
}

/// `active`, `expired` or `revoked`, as of now.
pub fn license_status(a: &Authority, license: &LicenseRow) -> &'static str {
    let window = Window { not_before: license.not_before, expires_at: license.expires_at };
    match in_force(window, license.revoked_at.is_some(), a.now()) {
        Ok(()) | Err(Code::NotYetValid) => "active",
        Err(Code::Expired) => "expired",
        Err(_) => "revoked",
    }
}
