//! The activation proof: that a device was admitted to a license (`spec/activation.md` §3).

use crate::fields::{Fields, int, invalid};
use crate::module::{modules, modules_member};
use crate::{
    ActivationId, AppId, ArtifactError, Attachments, Kind, LicenseId, Module, Nonce, PublicKey, SealedSecret,
    SealingKey, Statement, StatementId, TenantId, UnixSeconds, Value, Word, limits,
};

/// A license server's word that a device was admitted. It grants no rights: those come from the license
/// (`spec/activation.md` §1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivationProof {
    /// Whose license it is.
    pub tenant: TenantId,
    /// The app that runs on the device.
    pub app: AppId,
    /// The license.
    pub license: LicenseId,
    /// The license's version that the device was admitted to.
    pub license_statement: StatementId,
    /// The activation. Its proofs share it.
    pub activation: ActivationId,
    /// How often the device was activated, from 1 on. An older generation is superseded.
    pub generation: u64,
    /// The device's key.
    pub device_key: PublicKey,
    /// What the request told about the machine.
    pub fingerprint: Option<Word>,
    /// The request that this generation began with.
    pub request: StatementId,
    /// The device's X25519 key.
    pub sealing_key: SealingKey,
    /// The secret of the device's chain, sealed to that key.
    pub sealed_secret: SealedSecret,
    /// The nonce of this generation's first heartbeat.
    pub nonce: Nonce,
    /// The server's time.
    pub issued_at: UnixSeconds,
    /// The modules that were approved. Empty where the request named none.
    pub modules: Vec<Module>,
    /// Where revocation data speaks of this proof.
    pub slot: Option<u64>,
}

impl Statement for ActivationProof {
    const KIND: Kind = Kind::ActivationProof;

    fn take(fields: &mut Fields, attachments: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        Ok(Self {
            tenant: fields.parsed("tenant", "not an identifier", |t| TenantId::parse(t).ok())?,
            app: fields.parsed("app", "not an identifier", |t| AppId::parse(t).ok())?,
            license: fields.parsed("license", "not an identifier", |t| LicenseId::parse(t).ok())?,
            license_statement: statement_id(fields, "license_statement")?,
            activation: fields.parsed("activation", "not an identifier", |t| ActivationId::parse(t).ok())?,
            generation: positive(fields, "generation")?,
            device_key: PublicKey::parse(&fields.text("device_key")?)?,
            fingerprint: fields.nullable("fingerprint", |fields, field| {
                fields.parsed(field, "not 1 to 128 bytes without control characters", Word::parse)
            })?,
            request: statement_id(fields, "request")?,
            sealing_key: SealingKey::parse(&fields.text("sealing_key")?)?,
            sealed_secret: fields.parsed("sealed_secret", "not base64 of 80 bytes", SealedSecret::parse)?,
            nonce: fields.parsed("nonce", "not 32 lower-case hexadecimal digits", Nonce::parse)?,
            issued_at: fields.time("issued_at")?,
            modules: modules(fields, attachments)?,
            slot: fields.optional("slot", Fields::count)?,
        })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let text = |shown: &dyn std::fmt::Display| Value::Text(shown.to_string());
        let mut members = vec![
            ("tenant", text(&self.tenant)),
            ("app", text(&self.app)),
            ("license", text(&self.license)),
            ("license_statement", text(&self.license_statement)),
            ("activation", text(&self.activation)),
            ("generation", int(self.generation)),
            ("device_key", text(&self.device_key)),
            ("fingerprint", self.fingerprint.as_ref().map_or(Value::Null, |word| text(word))),
            ("request", text(&self.request)),
            ("sealing_key", text(&self.sealing_key)),
            ("sealed_secret", text(&self.sealed_secret)),
            ("nonce", text(&self.nonce)),
            ("issued_at", int(self.issued_at.get())),
        ];
        members.extend(modules_member(&self.modules));
        members.extend(self.slot.map(|slot| ("slot", int(slot))));
        members
    }

    fn attachments(&self) -> Vec<Vec<u8>> {
        if self.modules.is_empty() { vec![] } else { vec![Module::text_of_list(&self.modules)] }
    }
}

/// A statement's id in a field.
pub(crate) fn statement_id(fields: &mut Fields, field: &'static str) -> Result<StatementId, ArtifactError> {
    fields.parsed(field, "not 64 lower-case hexadecimal digits", StatementId::parse)
}

/// A count that begins with 1.
pub(crate) fn positive(fields: &mut Fields, field: &'static str) -> Result<u64, ArtifactError> {
    let count = fields.count(field)?;
    if (1..limits::INTEGER_BOUND.unsigned_abs()).contains(&count) {
        Ok(count)
    } else {
        Err(invalid(field, "not 1 or more"))
    }
}
