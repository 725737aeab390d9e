//! What time it is, for a machine whose own floor ran ahead (`spec/offline.md` §6.1).

use super::scope::{Scope, scope_members, take_scope};
use crate::fields::{Fields, int};
use crate::{
    AppId, ArtifactError, Attachments, Kind, LicenseId, PublicKey, Statement, TenantId, UnixSeconds, Value,
};

/// The vendor's word to one machine on what time it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReAnchor {
    /// Whose license it is.
    pub tenant: TenantId,
    /// Of which app.
    pub app: AppId,
    /// The license.
    pub license: LicenseId,
    /// The machine.
    pub device_key: PublicKey,
    /// When it was signed: the time.
    pub issued_at: UnixSeconds,
}

impl Statement for ReAnchor {
    const KIND: Kind = Kind::ReAnchor;

    fn take(fields: &mut Fields, _: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        let Scope { tenant, app, license } = take_scope(fields)?;
        let device_key = PublicKey::parse(&fields.text("device_key")?)?;
        Ok(Self { tenant, app, license, device_key, issued_at: fields.time("issued_at")? })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let mut members = scope_members(self.tenant, self.app, self.license);
        members.push(("device_key", Value::Text(self.device_key.to_string())));
        members.push(("issued_at", int(self.issued_at.get())));
        members
    }
}
