//! A shard: which statements of one block the vendor took back (`spec/revocation.md` §3).

use crate::attachments::reference;
use crate::fields::{Fields, int, invalid};
use crate::{
    AppId, ArtifactError, Attachments, Kind, ShardBody, Statement, TenantId, UnixSeconds, Value, limits,
};

/// The vendor's word on one block of slots. It is exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Whose app it is.
    pub tenant: TenantId,
    /// Of which app the slots are.
    pub app: AppId,
    /// Which block: a slot divided by 2^20.
    pub block: u64,
    /// Rises with every new shard of the block.
    pub version: u64,
    /// When it was signed.
    pub issued_at: UnixSeconds,
    /// By when there is a newer one.
    pub next_update: UnixSeconds,
    /// The slots that are listed; `None`: there are none.
    pub body: Option<ShardBody>,
}

impl Shard {
    /// The block of a slot (`spec/revocation.md` §1.2).
    pub fn block_of(slot: u64) -> u64 {
        slot / u64::from(limits::BLOCK_SLOTS)
    }

    /// Whether this slot of the app is listed. A slot of another block is not.
    pub fn lists(&self, slot: u64) -> bool {
        let place = u32::try_from(slot % u64::from(limits::BLOCK_SLOTS)).unwrap_or(u32::MAX);
        let body = self.body.as_ref().filter(|_| Self::block_of(slot) == self.block);
        body.is_some_and(|body| body.lists(place))
    }
}

impl Statement for Shard {
    const KIND: Kind = Kind::Shard;

    fn take(fields: &mut Fields, attachments: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        let tenant = fields.parsed("tenant", "not an identifier", |t| TenantId::parse(t).ok())?;
        let app = fields.parsed("app", "not an identifier", |t| AppId::parse(t).ok())?;
        let block = fields.count("block")?;
        if block >= limits::BLOCKS {
            return Err(invalid("block", "not 0 to 8,589,934,591"));
        }
        let version = fields.count("version")?;
        let issued_at = fields.time("issued_at")?;
        let next_update = fields.time("next_update")?;
        let count = fields.count("count")?;
        let count = u32::try_from(count).ok().filter(|count| *count <= limits::BLOCK_SLOTS);
        let count = count.ok_or_else(|| invalid("count", "not 0 to 1,048,576"))?;
        let k = fields.optional("k", |fields, field| {
            let k = u8::try_from(fields.count(field)?).ok().filter(|k| *k <= limits::SHARD_K);
            k.ok_or_else(|| invalid(field, "not 0 to 15"))
        })?;
        let body = fields.optional("body", |fields, field| {
            let bytes = attachments.take(field, fields.take(field)?)?;
            k.map(|k| ShardBody::read(k, count, bytes)).transpose()
        })?;
        if next_update <= issued_at {
            return Err(invalid("next_update", "not after issued_at"));
        }
        let body = match (count, k, body) {
            (0, None, None) => None,
            (1.., Some(_), Some(Some(body))) => Some(body),
            _ => return Err(invalid("body", "`k` and `body` are there exactly if `count` is not 0")),
        };
        Ok(Self { tenant, app, block, version, issued_at, next_update, body })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let mut members = vec![
            ("tenant", Value::Text(self.tenant.to_string())),
            ("app", Value::Text(self.app.to_string())),
            ("block", int(self.block)),
            ("version", int(self.version)),
            ("issued_at", int(self.issued_at.get())),
            ("next_update", int(self.next_update.get())),
            ("count", int(self.body.as_ref().map_or(0, |body| body.count().into()))),
        ];
        if let Some(body) = &self.body {
            members.push(("k", int(body.k().into())));
            members.push(("body", reference(body.bytes())));
        }
        members
    }

    fn attachments(&self) -> Vec<Vec<u8>> {
        self.body.iter().map(|body| body.bytes().to_vec()).collect()
    }
}
