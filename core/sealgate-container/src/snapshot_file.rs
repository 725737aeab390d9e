//! The parts of a snapshot's file, in the form in which they are verified (`spec/container.md` §2).

use sealgate_artifact::{Carrier, Envelope, Value, parse_json};

use crate::{Container, ContainerError, Entry, EntryName, decode_statement};

/// Reads a snapshot's container part by part, so that a file with many shards needs no more memory than the largest of them. `F`
/// reads one entry from where the container lies. Nothing that it gives is believed.
#[derive(Debug)]
pub struct SnapshotFile<'a, F> {
    container: &'a Container,
    read: F,
}

/// What stands in a snapshot's file before its shards.
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

impl<'a, E: From<ContainerError>, F: FnMut(&Entry) -> Result<Vec<u8>, E>> SnapshotFile<'a, F> {
    /// The parts of this container, which is a snapshot's: another one has no such parts.
    pub fn new(container: &'a Container, read: F) -> Self {
        Self { container, read }
    }

    /// Reads what stands before the shards.
    pub fn statements(&mut self) -> Result<SnapshotStatements, E> {
        let list = self.container.all(EntryName::Attachment);
        let attachments = list.iter().map(|entry| (self.read)(entry)).collect::<Result<_, _>>()?;
        let snapshot = Carrier { envelope: self.only(EntryName::Snapshot)?, attachments };
        let roots = self.container.all(EntryName::Root);
        let roots = roots.iter().map(|entry| self.statement(entry)).collect::<Result<_, _>>()?;
        let (keyset, tenant_keyset) = (self.only(EntryName::Keyset)?, self.only(EntryName::TenantKeyset)?);
        Ok(SnapshotStatements { snapshot, roots, keyset, tenant_keyset })
    }

    /// Reads the shards, one after the other, each with its body.
    pub fn shards(self) -> impl Iterator<Item = Result<Carrier, E>> {
        let container = self.container;
        let (shards, bodies) = (container.all(EntryName::Shard), container.all(EntryName::ShardBody));
        let (mut file, mut bodies) = (self, bodies.iter());
        shards.iter().enumerate().map(move |(at, entry)| {
            let envelope = file.statement(entry)?;
            // spec/container.md §3: bodies stand in the order of the shards that have one. One that no shard names is nobody's: with it, the
            // last shard is refused. Of many, one is enough, and no more of them are in memory.
            let is_last = at + 1 == shards.len();
            let mine = bodies.by_ref().take(usize::from(names_body(&envelope)) + usize::from(is_last));
            let attachments = mine.map(|body| (file.read)(body)).collect::<Result<_, _>>()?;
            Ok(Carrier { envelope, attachments })
        })
    }

    fn only(&mut self, name: EntryName) -> Result<Envelope, E> {
        let purpose = self.container.purpose();
        let entry = self.container.only(name).ok_or(ContainerError::Missing { purpose, name })?;
        self.statement(entry)
    }

    fn statement(&mut self, entry: &Entry) -> Result<Envelope, E> {
        let fault = |fault| {
            let place = self.container.entries().iter().position(|other| other == entry);
            ContainerError::Statement { at: place.map_or(0, |place| place + 1), name: entry.name, fault }
        };
        let kind = entry.name.kind().ok_or_else(|| fault(crate::StatementFault::Kind))?;
        let bytes = (self.read)(entry)?;
        Ok(decode_statement(kind, &bytes).map_err(fault)?)
    }
}

/// Whether a statement says that it has a body. It decides only where the next one begins.
pub fn names_body(shard: &Envelope) -> bool {
    let Ok(Value::Object(members)) = parse_json(shard.payload()) else { return false };
    members.iter().any(|(name, _)| name == "body")
}

#[cfg(test)]
mod tests {
    use crate::{Container, ContainerError, EntryName, Purpose, SnapshotFile, write};

    fn statement(payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len()).expect("short").to_be_bytes();
        [&length, &[1][..], payload, &[0; 64]].concat()
    }

    /// How many attachments each shard gets, of a file with these shards and so many bodies.
    fn bodies(shards: &[&[u8]], bodies: usize) -> Vec<Vec<Vec<u8>>> {
        let shards: Vec<Vec<u8>> = shards.iter().map(|payload| statement(payload)).collect();
        let numbers: Vec<Vec<u8>> = (1..=bodies).map(|n| vec![u8::try_from(n).expect("few")]).collect();
        let some = statement(b"{}");
        let before = [
            (EntryName::Snapshot, &some[..]),
            (EntryName::Attachment, b"[]"),
            (EntryName::Root, &some),
            (EntryName::Root, &some),
            (EntryName::Keyset, &some),
            (EntryName::TenantKeyset, &some),
        ];
        let shards = shards.iter().map(|shard| (EntryName::Shard, &shard[..]));
        let after = numbers.iter().map(|body| (EntryName::ShardBody, &body[..]));
        let entries: Vec<_> = before.into_iter().chain(shards).chain(after).collect();
        let file = write(Purpose::Snapshot, &entries).expect("a snapshot");
        let container = Container::read(&file).expect("a container");
        let read = |entry: &crate::Entry| Ok::<_, Failed>(entry.contents(&file).expect("in it").to_vec());
        let mut parts = SnapshotFile::new(&container, read);
        let statements = parts.statements().expect("its own form");
        assert_eq!(
            (statements.roots.len(), statements.snapshot.attachments.as_slice()),
            (2, &[b"[]".to_vec()][..])
        );
        parts.shards().map(|shard| shard.expect("its own form").attachments).collect()
    }

    #[derive(Debug)]
    struct Failed;

    impl From<ContainerError> for Failed {
        fn from(_: ContainerError) -> Self {
            Self
        }
    }

    #[test]
    fn bodies_stand_in_the_order_of_the_shards_that_have_one() {
        let (with, without) = (&br#"{"body":0}"#[..], &b"{}"[..]);
        assert_eq!(bodies(&[], 0), Vec::<Vec<Vec<u8>>>::new());
        assert_eq!(bodies(&[with, without, with], 2), [vec![vec![1]], vec![], vec![vec![2]]]);
        assert_eq!(bodies(&[without, with], 1), [vec![], vec![vec![1]]]);
        // Too few, and too many: whoever verifies the last one finds that it does not name them.
        assert_eq!(bodies(&[with, with], 1), [vec![vec![1]], vec![]]);
        assert_eq!(bodies(&[with, without], 2), [vec![vec![1]], vec![vec![2]]]);
        assert_eq!(bodies(&[b"no JSON"], 1), [vec![vec![1]]]);
        // However many are nobody's, one is read.
        let plain = [&b"{}"[..]; 200];
        assert_eq!(bodies(&plain, 200).concat(), [vec![1]]);
    }
}
