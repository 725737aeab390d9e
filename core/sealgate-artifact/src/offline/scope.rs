//! Of which license a statement is: three fields that stand first in many.

use crate::fields::Fields;
use crate::{AppId, ArtifactError, LicenseId, TenantId, Value};

/// Whose license, of which app, and which.
pub(super) struct Scope {
    pub(super) tenant: TenantId,
    pub(super) app: AppId,
    pub(super) license: LicenseId,
}

pub(super) fn take_scope(fields: &mut Fields) -> Result<Scope, ArtifactError> {
    Ok(Scope {
        tenant: fields.parsed("tenant", "not an identifier", |t| TenantId::parse(t).ok())?,
        app: fields.parsed("app", "not an identifier", |t| AppId::parse(t).ok())?,
        license: fields.parsed("license", "not an identifier", |t| LicenseId::parse(t).ok())?,
    })
}

pub(super) fn scope_members(tenant: TenantId, app: AppId, license: LicenseId) -> Vec<(&'static str, Value)> {
    let text = |shown: &dyn std::fmt::Display| Value::Text(shown.to_string());
    vec![("tenant", text(&tenant)), ("app", text(&app)), ("license", text(&license))]
}
