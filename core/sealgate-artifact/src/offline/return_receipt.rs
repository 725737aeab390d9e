//! A machine gives its license back (`spec/offline.md` §7.1).

use super::acknowledgement::head;
use super::journal::JournalHead;
use super::scope::{Scope, scope_members, take_scope};
use crate::activation_proof::{positive, statement_id};
use crate::fields::{Fields, int};
use crate::{
    AppId, ArtifactError, Attachments, ChainId, Kind, LicenseId, PublicKey, Statement, StatementId, TenantId,
    UnixSeconds, Value, hex,
};

/// A machine's word that it uses a bundle no more, signed by its own key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnReceipt {
    /// Whose license it is.
    pub tenant: TenantId,
    /// Of which app.
    pub app: AppId,
    /// The license.
    pub license: LicenseId,
    /// The device's key, the one that signs.
    pub device_key: PublicKey,
    /// The bundle that is given back.
    pub bundle: StatementId,
    /// That bundle's serial.
    pub serial: u64,
    /// When, by the program's time.
    pub issued_at: UnixSeconds,
    /// The end of the journal, where there is one.
    pub head: Option<(ChainId, JournalHead)>,
}

impl Statement for ReturnReceipt {
    const KIND: Kind = Kind::ReturnReceipt;

    fn take(fields: &mut Fields, _: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        let Scope { tenant, app, license } = take_scope(fields)?;
        Ok(Self {
            tenant,
            app,
            license,
            device_key: PublicKey::parse(&fields.text("device_key")?)?,
            bundle: statement_id(fields, "bundle")?,
            serial: positive(fields, "serial")?,
            issued_at: fields.time("issued_at")?,
            head: fields.optional("head", |fields, field| {
                fields.object(field, |value| {
                    let mut fields = Fields::new(value)?;
                    let head = head(&mut fields)?;
                    fields.finish()?;
                    Ok(head)
                })
            })?,
        })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let mut members = scope_members(self.tenant, self.app, self.license);
        members.extend([
            ("device_key", Value::Text(self.device_key.to_string())),
            ("bundle", Value::Text(self.bundle.to_string())),
            ("serial", int(self.serial)),
            ("issued_at", int(self.issued_at.get())),
        ]);
        members.extend(self.head.map(|(chain, head)| {
            let head = vec![
                ("chain".into(), Value::Text(chain.to_string())),
                ("seq".into(), int(head.seq)),
                ("hash".into(), Value::Text(hex::encode(&head.hash))),
            ];
            ("head", Value::Object(head))
        }));
        members
    }
}
