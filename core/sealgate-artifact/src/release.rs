//! A release: a version of a product that the vendor published (`spec/activation.md` §8).

use crate::fields::{Fields, int, invalid};
use crate::module::{modules, modules_member};
use crate::{
    AppId, ArtifactError, Attachments, Kind, Module, ReleaseId, Statement, TenantId, UnixSeconds, Value, hex,
    limits,
};

/// What a vendor published. Its modules are approved for every license of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Whose app it is.
    pub tenant: TenantId,
    /// The app.
    pub app: AppId,
    /// The release.
    pub release: ReleaseId,
    /// The product's version: 1 to 64 bytes without control characters.
    pub version: String,
    /// What it runs on, such as `linux/x86_64`: 1 to 64 bytes without control characters.
    pub target: String,
    /// The length of the package in bytes.
    pub length: u64,
    /// SHA-256 of the package.
    pub sha256: [u8; 32],
    /// When it was published.
    pub issued_at: UnixSeconds,
    /// The files that it puts on a machine. Empty where the vendor names none.
    pub modules: Vec<Module>,
}

impl Statement for Release {
    const KIND: Kind = Kind::Release;

    fn take(fields: &mut Fields, attachments: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        Ok(Self {
            tenant: fields.parsed("tenant", "not an identifier", |t| TenantId::parse(t).ok())?,
            app: fields.parsed("app", "not an identifier", |t| AppId::parse(t).ok())?,
            release: fields.parsed("release", "not an identifier", |t| ReleaseId::parse(t).ok())?,
            version: short(fields, "version")?,
            target: short(fields, "target")?,
            length: fields.count("length")?,
            sha256: fields.parsed("sha256", "not 64 lower-case hexadecimal digits", hex::decode)?,
            issued_at: fields.time("issued_at")?,
            modules: modules(fields, attachments)?,
        })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let mut members = vec![
            ("tenant", Value::Text(self.tenant.to_string())),
            ("app", Value::Text(self.app.to_string())),
            ("release", Value::Text(self.release.to_string())),
            ("version", Value::Text(self.version.clone())),
            ("target", Value::Text(self.target.clone())),
            ("length", int(self.length)),
            ("sha256", Value::Text(hex::encode(&self.sha256))),
            ("issued_at", int(self.issued_at.get())),
        ];
        members.extend(modules_member(&self.modules));
        members
    }

    fn attachments(&self) -> Vec<Vec<u8>> {
        if self.modules.is_empty() { vec![] } else { vec![Module::text_of_list(&self.modules)] }
    }
}

fn short(fields: &mut Fields, field: &'static str) -> Result<String, ArtifactError> {
    let text = fields.text(field)?;
    let is_short = (1..=limits::VERSION_BYTES).contains(&text.len()) && !text.chars().any(char::is_control);
    if is_short { Ok(text) } else { Err(invalid(field, "not 1 to 64 bytes without control characters")) }
}
