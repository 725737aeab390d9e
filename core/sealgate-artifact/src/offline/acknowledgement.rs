//! What a vendor has of the journals of machines (`spec/journal.md` §4.1).

use super::journal::{JournalHead, chain};
use super::list::{Listed, take_list};
use super::scope::{Scope, scope_members, take_scope};
use crate::fields::{Fields, int, invalid};
use crate::{
    AppId, ArtifactError, Attachments, ChainId, Kind, LicenseId, PublicKey, Statement, TenantId, UnixSeconds,
    Value, hex, limits,
};

/// The vendor's word that it has these journals, up to these entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Whose license it is.
    pub tenant: TenantId,
    /// Of which app.
    pub app: AppId,
    /// The license.
    pub license: LicenseId,
    /// When it was signed.
    pub issued_at: UnixSeconds,
    /// What is acknowledged, 1 to 1,000 chains.
    pub acknowledged: Vec<Acknowledged>,
}

/// One chain, up to one entry (`spec/journal.md` §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// The machine.
    pub device_key: PublicKey,
    /// Its chain.
    pub chain: ChainId,
    /// The last entry that the vendor has.
    pub head: JournalHead,
}

impl Acknowledged {
    fn to_value(self) -> Value {
        let Self { device_key, chain, head } = self;
        let hash = Value::Text(hex::encode(&head.hash));
        Value::List(vec![
            Value::Text(device_key.to_string()),
            Value::Text(chain.to_string()),
            int(head.seq),
            hash,
        ])
    }

    fn of_value(field: &'static str, value: Value) -> Result<Self, ArtifactError> {
        let malformed = || invalid(field, "an entry is not [device key, chain, number, hash]");
        let Value::List(parts) = value else { return Err(malformed()) };
        let [Value::Text(key), Value::Text(chain), Value::Int(seq), Value::Text(hash)] =
            <[Value; 4]>::try_from(parts).map_err(|_| malformed())?
        else {
            return Err(malformed());
        };
        let device_key = PublicKey::parse(&key)?;
        let chain = ChainId::parse(&chain).map_err(|_| malformed())?;
        let seq = u64::try_from(seq).ok().filter(|seq| *seq > 0).ok_or_else(malformed)?;
        let hash = hex::decode::<32>(&hash).ok_or_else(malformed)?;
        Ok(Self { device_key, chain, head: JournalHead { seq, hash } })
    }
}

/// The list as it is written.
pub(super) fn listed(acknowledged: &[Acknowledged]) -> Listed {
    Listed(acknowledged.iter().map(|one| one.to_value()).collect())
}

/// The list as it is read.
pub(super) fn take_acknowledged(
    fields: &mut Fields,
    field: &'static str,
    attachments: &mut Attachments<'_>,
) -> Result<Vec<Acknowledged>, ArtifactError> {
    let entries = take_list(fields, field, attachments, limits::ACKNOWLEDGED)?;
    let list = entries.into_iter().map(|entry| Acknowledged::of_value(field, entry));
    let list = list.collect::<Result<Vec<_>, _>>()?;
    let mut chains: Vec<_> = list.iter().map(|one| *one.chain.as_bytes()).collect();
    chains.sort_unstable();
    let is_twice = chains.windows(2).any(|two| two[0] == two[1]);
    if is_twice { Err(invalid(field, "a chain appears twice")) } else { Ok(list) }
}

impl Statement for Acknowledgement {
    const KIND: Kind = Kind::Acknowledgement;

    fn take(fields: &mut Fields, attachments: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        let Scope { tenant, app, license } = take_scope(fields)?;
        let issued_at = fields.time("issued_at")?;
        let acknowledged = take_acknowledged(fields, "acknowledged", attachments)?;
        Ok(Self { tenant, app, license, issued_at, acknowledged })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let mut members = scope_members(self.tenant, self.app, self.license);
        members.push(("issued_at", int(self.issued_at.get())));
        members.extend(listed(&self.acknowledged).member("acknowledged"));
        members
    }

    fn attachments(&self) -> Vec<Vec<u8>> {
        listed(&self.acknowledged).attachment().into_iter().collect()
    }
}

/// A chain's identifier in a field of a head.
pub(super) fn head(fields: &mut Fields) -> Result<(ChainId, JournalHead), ArtifactError> {
    let chain = chain(fields, "chain")?;
    let seq = crate::activation_proof::positive(fields, "seq")?;
    Ok((chain, JournalHead { seq, hash: super::journal::digest(fields, "hash")? }))
}
