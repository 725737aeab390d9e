//! Writing a snapshot as a container (`spec/container.md`), part by part: nobody holds all of it.

use sealgate_artifact::{Carrier, Envelope, Kind, StatementId, TenantId};
use sealgate_authority::{AuthorityError, broken};
use sealgate_container::{EntryName, Head, Layout, Purpose, Writer, encode_statement};
use sealgate_store::table::{ShardRow, shards, snapshots};
use sealgate_store::{Db, StoreError, work};
use sha2::{Digest, Sha256};

use super::chain::Chain;
use super::signing::Snapshots;

/// Bytes of a part: each is stored in a transaction of its own.
const PART_BYTES: usize = 256 * 1024;

/// A container all of whose parts are stored.
pub(super) struct Stored {
    pub(super) parts: u64,
    pub(super) bytes: u64,
    pub(super) sha256: [u8; 32],
}

impl Snapshots {
    /// Stores the container of this snapshot under that name. [`AuthorityError::Superseded`] if a shard was signed anew meanwhile.
    pub(super) async fn store_container(
        &self,
        (tenant, name): (TenantId, &str),
        snapshot: &[u8],
        (chain, listed): (&Chain, &[ShardRow]),
    ) -> Result<Stored, AuthorityError> {
        let db = &self.desk.db;
        let mut small = of_statement(Kind::Snapshot, snapshot)?;
        for root in &chain.roots {
            small.push((EntryName::Root, statement(Kind::Root, root)?));
        }
        small.push((EntryName::Keyset, statement(Kind::Keyset, &chain.keyset)?));
        small.push((EntryName::TenantKeyset, statement(Kind::TenantKeyset, &chain.tenant_keyset)?));
        let mut bodies = vec![];
        for shard in listed {
            let read = carrier(db, tenant, shard).await?;
            small.push((EntryName::Shard, statement(Kind::Shard, &read.envelope)?));
            bodies.extend(read.attachments.first().map(|body| (shard, body.len() as u64)));
        }
        let heads = small.iter().map(|(name, bytes)| Head { name: *name, length: bytes.len() as u64 });
        let heads = heads
            .chain(bodies.iter().map(|(_, length)| Head { name: EntryName::ShardBody, length: *length }));
        let layout = Layout::new(Purpose::Snapshot, heads).map_err(|error| broken(error.to_string()))?;
        let parts = Parts::new(db, tenant, name.to_owned());
        let mut file = File::new(parts, &layout);
        for (_, bytes) in &small {
            file.push(bytes).await?;
        }
        for (shard, length) in bodies {
            let read = carrier(db, tenant, shard).await?;
            let body = read.attachments.first().filter(|body| body.len() as u64 == length);
            file.push(body.ok_or(AuthorityError::Superseded)?).await?;
        }
        file.finish().await
    }
}

/// The stored shard of that id, with its body.
async fn carrier(db: &Db, tenant: TenantId, shard: &ShardRow) -> Result<Carrier, AuthorityError> {
    let stored = shards::statement(db, tenant, (shard.app, shard.block)).await?;
    let read = Carrier::decode(&stored.ok_or(AuthorityError::Superseded)?)?;
    let is_it: StatementId = read.envelope.id();
    if is_it == shard.id { Ok(read) } else { Err(AuthorityError::Superseded) }
}

/// The main statement, and what it attaches.
fn of_statement(kind: Kind, bytes: &[u8]) -> Result<Vec<(EntryName, Vec<u8>)>, AuthorityError> {
    let read = Carrier::decode(bytes)?;
    let mut entries = vec![(EntryName::Snapshot, statement(kind, &read.envelope)?)];
    entries.extend(read.attachments.into_iter().map(|bytes| (EntryName::Attachment, bytes)));
    Ok(entries)
}

fn statement(kind: Kind, envelope: &Envelope) -> Result<Vec<u8>, AuthorityError> {
    encode_statement(kind, envelope).map_err(|fault| broken(format!("a stored {kind} is none: {fault:?}")))
}

/// A container on its way into the database.
struct File<'a> {
    /// There until the end.
    writer: Option<Writer>,
    buffer: Vec<u8>,
    parts: Parts<'a>,
}

/// The parts of a container, in their order.
struct Parts<'a> {
    db: &'a Db,
    tenant: TenantId,
    name: String,
    hash: Sha256,
    count: u64,
    bytes: u64,
}

impl<'a> Parts<'a> {
    fn new(db: &'a Db, tenant: TenantId, name: String) -> Self {
        Self { db, tenant, name, hash: Sha256::new(), count: 0, bytes: 0 }
    }

    /// Stores the next part.
    async fn store(&mut self, contents: Vec<u8>) -> Result<(), AuthorityError> {
        self.hash.update(&contents);
        self.bytes += contents.len() as u64;
        let (tenant, part) = (self.tenant, self.count);
        let insert = work((self.name.clone(), contents), move |(name, contents), tx| {
            Box::pin(async move {
                snapshots::insert_part(tx, tenant, (name, part), contents).await?;
                Ok::<_, StoreError>(())
            })
        });
        self.db.write(insert).await?;
        self.count += 1;
        Ok(())
    }

    fn end(self) -> Stored {
        let sha256 = self.hash.finalize().into();
        Stored { parts: self.count, bytes: self.bytes, sha256 }
    }
}

impl<'a> File<'a> {
    fn new(parts: Parts<'a>, layout: &Layout) -> Self {
        let writer = Writer::new(layout);
        let buffer = writer.header().to_vec();
        Self { writer: Some(writer), buffer, parts }
    }

    async fn push(&mut self, contents: &[u8]) -> Result<(), AuthorityError> {
        let writer = self.writer.as_mut().expect("it is there until the end");
        writer.push(contents).map_err(|error| broken(error.to_string()))?;
        self.buffer.extend_from_slice(contents);
        while self.buffer.len() >= PART_BYTES {
            let rest = self.buffer.split_off(PART_BYTES);
            self.parts.store(std::mem::replace(&mut self.buffer, rest)).await?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Stored, AuthorityError> {
        let writer = self.writer.take().expect("it is there until the end");
        let checksum = writer.finish().map_err(|error| broken(error.to_string()))?;
        self.buffer.extend_from_slice(&checksum);
        self.parts.store(self.buffer).await?;
        Ok(self.parts.end())
    }
}
