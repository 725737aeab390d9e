//! The heartbeat: an admitted device is still there (`spec/activation.md` §6).

use crate::activation_proof::{positive, statement_id};
use crate::attachments::reference;
use crate::fields::{Fields, int, invalid};
use crate::{
    AppId, ArtifactError, Attachments, ChainHead, InstanceId, Kind, LicenseId, Nonce, PublicKey, Statement,
    StatementId, TenantId, UnixSeconds, Value, Word,
};

/// What a device says with each heartbeat, signed by its own key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatRequest {
    /// Whose license it is.
    pub tenant: TenantId,
    /// The app that runs on the device.
    pub app: AppId,
    /// The license.
    pub license: LicenseId,
    /// The device's key, the one that signs.
    pub device_key: PublicKey,
    /// The activation proof that the device holds.
    pub proof: StatementId,
    /// That proof's generation.
    pub generation: u64,
    /// What the app tells about the machine now.
    pub fingerprint: Option<Word>,
    /// Which copy of the program it is; `None` in the first heartbeat of a generation.
    pub instance: Option<InstanceId>,
    /// How many heartbeats this instance sent in this generation, this one included.
    pub seq: u64,
    /// What the last answer, or the proof, named as the next nonce.
    pub nonce: Nonce,
    /// What the device's clock says.
    pub client_time: UnixSeconds,
    /// Whether it is the last one: the program ends and gives its lease back.
    pub leaves: bool,
    /// The head of the device's chain, where there is one.
    pub head: Option<ChainHead>,
    /// Entries of the chain, as the bytes of an attachment (`spec/chain.md`). Empty where there are none.
    pub entries: Vec<u8>,
}

impl Statement for HeartbeatRequest {
    const KIND: Kind = Kind::HeartbeatRequest;

    fn take(fields: &mut Fields, attachments: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        Ok(Self {
            tenant: fields.parsed("tenant", "not an identifier", |t| TenantId::parse(t).ok())?,
            app: fields.parsed("app", "not an identifier", |t| AppId::parse(t).ok())?,
            license: fields.parsed("license", "not an identifier", |t| LicenseId::parse(t).ok())?,
            device_key: PublicKey::parse(&fields.text("device_key")?)?,
            proof: statement_id(fields, "proof")?,
            generation: positive(fields, "generation")?,
            fingerprint: fields.nullable("fingerprint", |fields, field| {
                fields.parsed(field, "not 1 to 128 bytes without control characters", Word::parse)
            })?,
            instance: fields.nullable("instance", |fields, field| {
                fields.parsed(field, "not an identifier", |t| InstanceId::parse(t).ok())
            })?,
            seq: positive(fields, "seq")?,
            nonce: fields.parsed("nonce", "not 32 lower-case hexadecimal digits", Nonce::parse)?,
            client_time: fields.time("client_time")?,
            leaves: fields.optional("leaves", leaves)?.is_some(),
            head: fields.optional("head", chain_head)?,
            entries: fields
                .optional("entries", |fields, field| attachments.take(field, fields.take(field)?))?
                .map(<[u8]>::to_vec)
                .unwrap_or_default(),
        })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let text = |shown: &dyn std::fmt::Display| Value::Text(shown.to_string());
        let mut members = vec![
            ("tenant", text(&self.tenant)),
            ("app", text(&self.app)),
            ("license", text(&self.license)),
            ("device_key", text(&self.device_key)),
            ("proof", text(&self.proof)),
            ("generation", int(self.generation)),
            ("fingerprint", self.fingerprint.as_ref().map_or(Value::Null, |word| text(word))),
            ("instance", self.instance.as_ref().map_or(Value::Null, |id| text(id))),
            ("seq", int(self.seq)),
            ("nonce", text(&self.nonce)),
            ("client_time", int(self.client_time.get())),
        ];
        members.extend(self.leaves.then_some(("leaves", Value::Bool(true))));
        members.extend(self.head.map(|head| ("head", head.to_value())));
        members.extend((!self.entries.is_empty()).then(|| ("entries", reference(&self.entries))));
        members
    }

    fn attachments(&self) -> Vec<Vec<u8>> {
        if self.entries.is_empty() { vec![] } else { vec![self.entries.clone()] }
    }
}

/// Whoever stays leaves it out, so that one meaning has one form.
fn leaves(fields: &mut Fields, field: &'static str) -> Result<(), ArtifactError> {
    match fields.take(field)? {
        Value::Bool(true) => Ok(()),
        _ => Err(invalid(field, "not true")),
    }
}

/// The head of a chain in a field.
pub(crate) fn chain_head(fields: &mut Fields, field: &'static str) -> Result<ChainHead, ArtifactError> {
    ChainHead::from_value(fields.take(field)?)
}
