//! A snapshot: which revocation data of a tenant there is (`spec/revocation.md` §4).

use crate::attachments::reference;
use crate::fields::{Fields, int, invalid};
use crate::{
    AppId, ArtifactError, Attachments, Kind, Statement, StatementId, TenantId, UnixSeconds, Value, json,
    limits,
};

/// The vendor's word on which shards there are, and under which keys (`spec/revocation.md` §4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Whose it is.
    pub tenant: TenantId,
    /// Rises with every new snapshot.
    pub version: u64,
    /// When it was signed.
    pub issued_at: UnixSeconds,
    /// By when there is a newer one.
    pub next_update: UnixSeconds,
    /// The newest root statement.
    pub root: StatementId,
    /// The newest keyset.
    pub keyset: StatementId,
    /// The tenant's newest keyset.
    pub tenant_keyset: StatementId,
    /// All shards, rising by app and block.
    pub shards: Vec<ShardEntry>,
}

/// One shard, as a snapshot names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardEntry {
    /// Of which app.
    pub app: AppId,
    /// Of which block.
    pub block: u64,
    /// The shard's statement id.
    pub statement: StatementId,
}

impl Snapshot {
    fn list_of_text(field: &'static str, text: &[u8]) -> Result<Vec<ShardEntry>, ArtifactError> {
        let Value::List(entries) = json::parse(text)? else { return Err(invalid(field, "not a list")) };
        if !(1..=limits::SHARDS).contains(&entries.len()) {
            return Err(invalid(field, "not 1 to 1,500 shards"));
        }
        let list = entries.into_iter().map(|entry| entry_of(field, entry)).collect::<Result<Vec<_>, _>>()?;
        let rise = list.windows(2).all(|two| two[0].place() < two[1].place());
        if rise { Ok(list) } else { Err(invalid(field, "shards do not rise by app and block")) }
    }

    fn text_of_list(&self) -> Vec<u8> {
        let entry = |shard: &ShardEntry| {
            let (app, statement) = (shard.app.to_string(), shard.statement.to_string());
            Value::List(vec![Value::Text(app), int(shard.block), Value::Text(statement)])
        };
        Value::List(self.shards.iter().map(entry).collect()).to_string().into_bytes()
    }
}

impl ShardEntry {
    /// Apps are compared as text, in which their bytes have the same order.
    fn place(&self) -> (AppId, u64) {
        (self.app, self.block)
    }
}

fn entry_of(field: &'static str, entry: Value) -> Result<ShardEntry, ArtifactError> {
    let malformed = || invalid(field, "an entry is not [app, block, statement]");
    let Value::List(parts) = entry else { return Err(malformed()) };
    let [Value::Text(app), Value::Int(block), Value::Text(statement)] =
        <[Value; 3]>::try_from(parts).map_err(|_| malformed())?
    else {
        return Err(malformed());
    };
    let block = u64::try_from(block).ok().filter(|block| *block < limits::BLOCKS).ok_or_else(malformed)?;
    let app = AppId::parse(&app).map_err(|_| malformed())?;
    let statement = StatementId::parse(&statement).ok_or_else(malformed)?;
    Ok(ShardEntry { app, block, statement })
}

impl Statement for Snapshot {
    const KIND: Kind = Kind::Snapshot;

    fn take(fields: &mut Fields, attachments: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        let id = |fields: &mut Fields, field| {
            fields.parsed(field, "not 64 lower-case hexadecimal digits", StatementId::parse)
        };
        let tenant = fields.parsed("tenant", "not an identifier", |t| TenantId::parse(t).ok())?;
        let version = fields.count("version")?;
        let issued_at = fields.time("issued_at")?;
        let next_update = fields.time("next_update")?;
        if next_update <= issued_at {
            return Err(invalid("next_update", "not after issued_at"));
        }
        let (root, keyset) = (id(fields, "root")?, id(fields, "keyset")?);
        let tenant_keyset = id(fields, "tenant_keyset")?;
        let shards = fields.optional("shards", |fields, field| {
            Self::list_of_text(field, attachments.take(field, fields.take(field)?)?)
        })?;
        let shards = shards.unwrap_or_default();
        Ok(Self { tenant, version, issued_at, next_update, root, keyset, tenant_keyset, shards })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let text = |shown: &dyn std::fmt::Display| Value::Text(shown.to_string());
        let mut members = vec![
            ("tenant", text(&self.tenant)),
            ("version", int(self.version)),
            ("issued_at", int(self.issued_at.get())),
            ("next_update", int(self.next_update.get())),
            ("root", text(&self.root)),
            ("keyset", text(&self.keyset)),
            ("tenant_keyset", text(&self.tenant_keyset)),
        ];
        if !self.shards.is_empty() {
            members.push(("shards", reference(&self.text_of_list())));
        }
        members
    }

    fn attachments(&self) -> Vec<Vec<u8>> {
        if self.shards.is_empty() { vec![] } else { vec![self.text_of_list()] }
    }
}

#[cfg(test)]
mod tests {
    use super::{ShardEntry, Snapshot};
    use crate::{AppId, Statement, StatementId, TenantId, UnixSeconds, limits};

    fn snapshot(shards: usize) -> Snapshot {
        let app = |n: usize| AppId::parse(&format!("00000000-0000-7000-8000-{:012x}", n / 7)).expect("an id");
        let statement = StatementId::parse(&"ab".repeat(32)).expect("an id");
        let at = |n| UnixSeconds::new(n).expect("a time");
        Snapshot {
            tenant: TenantId::parse("00000000-0000-7000-8000-000000000001").expect("an id"),
            version: 7,
            issued_at: at(1),
            next_update: at(2),
            root: statement,
            keyset: statement,
            tenant_keyset: statement,
            shards: (0..shards)
                .map(|n| ShardEntry { app: app(n), block: limits::BLOCKS - 8 + n as u64 % 7, statement })
                .collect(),
        }
    }

    /// The longest list fits into an attachment, and any list is read as it was written.
    #[test]
    fn lists_are_read_as_they_were_written() {
        for count in [0, 1, 2, limits::SHARDS] {
            let written = snapshot(count);
            let attachments = written.attachments();
            assert!(attachments.iter().all(|bytes| bytes.len() <= limits::ATTACHMENT_BYTES));
            assert_eq!(Snapshot::from_payload(&written.to_payload(), &attachments), Ok(written));
        }
        let many = snapshot(limits::SHARDS + 1);
        assert!(Snapshot::from_payload(&many.to_payload(), &many.attachments()).is_err());
    }

    /// `spec/revocation.md` §4.2.
    #[test]
    fn a_list_rises() {
        let mut twice = snapshot(2);
        twice.shards[1] = twice.shards[0].clone();
        assert!(Snapshot::from_payload(&twice.to_payload(), &twice.attachments()).is_err());
        let mut falling = snapshot(2);
        falling.shards.reverse();
        assert!(Snapshot::from_payload(&falling.to_payload(), &falling.attachments()).is_err());
    }
}
