//! The server certificate: what one server may answer, and for whom (`spec/keys.md` §5.7).

use crate::fields::{Fields, distinct, invalid};
use crate::{
    ArtifactError, Attachments, Kind, Operation, Origin, PublicKey, Statement, TenantId, UnixSeconds, Value,
    fields, limits,
};

/// Names one server's key and what it may be used for, for a few weeks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCertificate {
    /// When it was signed.
    pub issued_at: UnixSeconds,
    /// From this time on nothing that the server signs is believed. At most 31 days after `issued_at`.
    pub expires_at: UnixSeconds,
    /// The server's key.
    pub public_key: PublicKey,
    /// The tenants it may speak for, 1 to 16.
    pub tenants: Vec<TenantId>,
    /// Where it may be found, 1 to 16 origins.
    pub origins: Vec<String>,
    /// What it may answer, 1 to 16 names.
    pub operations: Vec<String>,
}

impl Statement for ServerCertificate {
    const KIND: Kind = Kind::ServerCertificate;

    fn take(fields: &mut Fields, _: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        let (issued_at, expires_at) = (fields.time("issued_at")?, fields.time("expires_at")?);
        let most = issued_at.plus(limits::CERTIFICATE_SECONDS);
        if expires_at <= issued_at || expires_at > most {
            return Err(invalid("expires_at", "not within 31 days after issued_at"));
        }
        let public_key = PublicKey::parse(&fields.text("public_key")?)?;
        let mut scope = |field| match fields.list(field, limits::CERTIFICATE_ENTRIES)? {
            entries if entries.is_empty() => Err(invalid(field, "empty")),
            entries => Ok(entries),
        };
        Ok(Self {
            issued_at,
            expires_at,
            public_key,
            tenants: distinct("tenants", scope("tenants")?, |text| {
                TenantId::parse(text).map_err(|_| invalid("tenants", "not an identifier"))
            })?,
            origins: distinct("origins", scope("origins")?, |text| named("origins", text, Origin::parse))?,
            operations: distinct("operations", scope("operations")?, |text| {
                named("operations", text, Operation::parse)
            })?,
        })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let texts = |list: &[String]| Value::List(list.iter().cloned().map(Value::Text).collect());
        let tenants = self.tenants.iter().map(|tenant| Value::Text(tenant.to_string()));
        vec![
            ("issued_at", fields::int(self.issued_at.get())),
            ("expires_at", fields::int(self.expires_at.get())),
            ("public_key", Value::Text(self.public_key.to_string())),
            ("tenants", Value::List(tenants.collect())),
            ("origins", texts(&self.origins)),
            ("operations", texts(&self.operations)),
        ]
    }
}

fn named<T>(field: &'static str, text: &str, parse: fn(&str) -> Option<T>) -> Result<String, ArtifactError> {
    parse(text).map(|_| text.to_owned()).ok_or_else(|| invalid(field, "an entry is not of its form"))
}
