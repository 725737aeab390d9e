//! The statements of a container, each with what it attaches, read as they are wanted.

use sealgate_artifact::{Carrier, Envelope, Kind, Value, parse_json};

use crate::{Container, ContainerError, Entry, EntryName, decode_statement};

/// What is in a container, for whoever verifies it. `read` gives the contents of an entry, from memory or from a private copy.
#[derive(Debug)]
pub struct Parts<'a, R> {
    container: &'a Container,
    read: R,
}

/// What stands in a snapshot's file before its shards. Nothing in it is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotStatements {
    /// The snapshot, with its list of shards.
    pub snapshot: Carrier,
    /// Root statements, oldest first.
    pub roots: Vec<Envelope>,
    /// The keyset.
    pub keyset: Envelope,
    /// The tenant keyset.
    pub tenant_keyset: Envelope,
}

/// What stands in the file of a license. Nothing in it is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseStatements {
    /// The bundle, with what it attaches.
    pub bundle: Carrier,
    /// Root statements, oldest first. Empty where the file carries none.
    pub roots: Vec<Envelope>,
    /// The keyset, where the file carries one.
    pub keyset: Option<Envelope>,
    /// The tenant keyset, where the file carries one.
    pub tenant_keyset: Option<Envelope>,
}

impl<'a, E: From<ContainerError>, R: FnMut(&Entry) -> Result<Vec<u8>, E>> Parts<'a, R> {
    /// The parts of this container.
    pub fn new(container: &'a Container, read: R) -> Self {
        Self { container, read }
    }

    /// The main statement with its attachments.
    pub fn main(&mut self) -> Result<Carrier, E> {
        let envelope = self.envelope(self.container.main())?;
        let attachments = self.container.all(EntryName::Attachment).iter().map(|entry| (self.read)(entry));
        let attachments = attachments.collect::<Result<_, _>>()?;
        Ok(Carrier { envelope, attachments })
    }

    /// All that stands in the file of a license.
    pub fn license(&mut self) -> Result<LicenseStatements, E> {
        Ok(LicenseStatements {
            bundle: self.main()?,
            roots: self.envelopes(EntryName::Root)?,
            keyset: self.envelopes(EntryName::Keyset)?.pop(),
            tenant_keyset: self.envelopes(EntryName::TenantKeyset)?.pop(),
        })
    }

    /// The journals of a file, each with its entries (`spec/journal.md` §3.1).
    pub fn journals(&mut self) -> Result<Vec<(Envelope, Vec<u8>)>, E> {
        let journals = self.envelopes(EntryName::Journal)?;
        let entries = self.container.all(EntryName::JournalEntries).iter().map(|entry| (self.read)(entry));
        Ok(journals.into_iter().zip(entries.collect::<Result<Vec<_>, E>>()?).collect())
    }

    /// Of a snapshot's file what stands before its shards.
    pub fn snapshot(&mut self) -> Result<SnapshotStatements, E> {
        Ok(SnapshotStatements {
            snapshot: self.main()?,
            roots: self.envelopes(EntryName::Root)?,
            keyset: self.only(EntryName::Keyset)?,
            tenant_keyset: self.only(EntryName::TenantKeyset)?,
        })
    }

    /// The statement of a name that stands there once.
    pub fn only(&mut self, name: EntryName) -> Result<Envelope, E> {
        let purpose = self.container.purpose();
        let entry = self.container.only(name).ok_or(ContainerError::Missing { purpose, name })?;
        self.envelope(entry)
    }

    /// The statements of this name, in their order.
    pub fn envelopes(&mut self, name: EntryName) -> Result<Vec<Envelope>, E> {
        self.container.all(name).iter().map(|entry| self.envelope(entry)).collect()
    }

    /// The shards with their bodies, one after the other. A body that no shard has is refused behind the last one.
    pub fn shards(self) -> impl Iterator<Item = Result<Carrier, E>> {
        let mut parts = self;
        let mut shards = parts.container.all(EntryName::Shard).iter();
        let mut bodies = parts.container.all(EntryName::ShardBody).iter();
        std::iter::from_fn(move || match shards.next() {
            Some(shard) => Some(parts.shard(shard, &mut bodies)),
            None => bodies.by_ref().last().map(|_| Err(ContainerError::BodyUnexpected.into())),
        })
    }

    /// `spec/container.md` §3: bodies stand in the order of the shards that have one.
    fn shard<'e>(
        &mut self,
        shard: &Entry,
        bodies: &mut impl Iterator<Item = &'e Entry>,
    ) -> Result<Carrier, E> {
        let envelope = self.envelope(shard)?;
        // Whether it is the body that the shard names is judged when the shard is verified.
        let body = if names_body(&envelope) { bodies.next() } else { None };
        let body = body.map(|entry| (self.read)(entry)).transpose()?;
        Ok(Carrier { envelope, attachments: body.into_iter().collect() })
    }

    fn envelope(&mut self, entry: &Entry) -> Result<Envelope, E> {
        let bytes = (self.read)(entry)?;
        let kind: Kind = entry.name.kind().expect("only statements are asked for");
        decode_statement(kind, &bytes).map_err(|fault| self.statement(entry, fault).into())
    }

    /// The reader judged the form of every statement: this happens where the copy changed since.
    fn statement(&self, entry: &Entry, fault: crate::StatementFault) -> ContainerError {
        let at = self.container.entries().iter().position(|other| other == entry).unwrap_or(0) + 1;
        ContainerError::Statement { at, name: entry.name, fault }
    }
}

/// Whether a shard says that it has a body. It decides only where the next shard's begins.
pub fn names_body(shard: &Envelope) -> bool {
    let Ok(Value::Object(members)) = parse_json(shard.payload()) else { return false };
    members.iter().any(|(name, _)| name == "body")
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::{
        AppId, Carrier, Envelope, Kind, Shard, ShardBody, SignatureEntry, Statement, TenantId, UnixSeconds,
    };

    use super::Parts;
    use crate::{Container, ContainerError, EntryName, Purpose, encode_statement, write};

    fn shard(block: u64, slots: &[u32]) -> Shard {
        let at = |second| UnixSeconds::new(second).expect("a time");
        let (tenant, app) = (TenantId::from_bytes([1; 16]), AppId::from_bytes([2; 16]));
        let body = ShardBody::of(slots);
        Shard { tenant, app, block, version: 1, issued_at: at(1), next_update: at(2), body }
    }

    fn envelope(kind: Kind, payload: Vec<u8>) -> Envelope {
        let signature = SignatureEntry { keyid: String::new(), sig: vec![7; 64] };
        Envelope::new(kind.payload_type(), payload, vec![signature])
    }

    fn file(shards: &[Shard], bodies: &[Vec<u8>]) -> Vec<u8> {
        let plain =
            |kind: Kind| encode_statement(kind, &envelope(kind, b"{}".to_vec())).expect("a statement");
        let mut entries = vec![
            (EntryName::Snapshot, plain(Kind::Snapshot)),
            (EntryName::Attachment, b"[]".to_vec()),
            (EntryName::Root, plain(Kind::Root)),
            (EntryName::Keyset, plain(Kind::Keyset)),
            (EntryName::TenantKeyset, plain(Kind::TenantKeyset)),
        ];
        let signed =
            |shard: &Shard| encode_statement(Kind::Shard, &envelope(Kind::Shard, shard.to_payload()));
        entries.extend(shards.iter().map(|shard| (EntryName::Shard, signed(shard).expect("a statement"))));
        entries.extend(bodies.iter().map(|body| (EntryName::ShardBody, body.clone())));
        let entries: Vec<_> = entries.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
        write(Purpose::Snapshot, &entries).expect("a container")
    }

    fn shards(file: &[u8]) -> Vec<Result<Carrier, ContainerError>> {
        let container = Container::read(file).expect("whole");
        Parts::new(&container, |entry| Ok(entry.contents(file).expect("in the file").to_vec()))
            .shards()
            .collect()
    }

    #[test]
    fn each_shard_gets_its_own_body() {
        let made = [shard(0, &[1, 2]), shard(1, &[]), shard(2, &[3])];
        let bodies: Vec<Vec<u8>> = made.iter().flat_map(Statement::attachments).collect();
        let read = shards(&file(&made, &bodies));
        for (read, made) in read.iter().zip(&made) {
            let read = read.as_ref().expect("a shard");
            assert_eq!(Shard::from_payload(read.envelope.payload(), &read.attachments).as_ref(), Ok(made));
        }
        assert_eq!(read.len(), 3);
        // One that is missing leaves the last shard without.
        let last = shards(&file(&made, &bodies[..1])).pop().expect("three").expect("a shard");
        assert_eq!(last.attachments, Vec::<Vec<u8>>::new());
    }

    /// `spec/container.md` §2: as many as shards that have one.
    #[test]
    fn a_body_of_no_shard_is_refused() {
        let made = [shard(0, &[]), shard(1, &[3])];
        let body = made[1].attachments().remove(0);
        let read = shards(&file(&made, &[body.clone(), body]));
        assert_eq!(read.len(), 3);
        assert_eq!(read[2], Err(ContainerError::BodyUnexpected));
    }

    #[test]
    fn the_main_statement_comes_with_its_attachment() {
        let file = file(&[], &[]);
        let container = Container::read(&file).expect("whole");
        let mut parts = Parts::new(&container, |entry| -> Result<_, ContainerError> {
            Ok(entry.contents(&file).expect("in the file").to_vec())
        });
        let main = parts.main().expect("a statement");
        assert_eq!((main.envelope.payload(), main.attachments), (&b"{}"[..], vec![b"[]".to_vec()]));
        assert_eq!(parts.envelopes(EntryName::Root).expect("statements").len(), 1);
    }
}
