//! The file that is kept: a snapshot's container with the shards of the program's own app alone. Nothing in it is believed: shards are
//! verified anew whenever somebody looks.

use std::io::{self, SeekFrom, Write};

use sealgate_artifact::{AppId, Carrier, Envelope, Kind, Shard, StatementId, Unverified, Value, parse_json};
use sealgate_container::{Entry, EntryName, Head, Layout, Purpose, Reader, Writer, decode_statement};

use super::store::{RevocationFile, RevocationStore};
use crate::container::{self, StageError, Staged};

/// Where a shard stands in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) id: StatementId,
    /// Of which app and block it says that it is.
    pub(crate) of: Option<(AppId, u64)>,
    statement: Entry,
    body: Option<Entry>,
}

/// Where the entries of a file come from.
pub(crate) trait Entries {
    fn all(&self, name: EntryName) -> Vec<Entry>;

    fn read(&mut self, entry: &Entry) -> io::Result<Vec<u8>>;

    /// The shards, in their order, by their statements alone.
    fn places(&mut self) -> io::Result<Vec<Place>> {
        let mut bodies = self.all(EntryName::ShardBody).into_iter();
        let shards = self.all(EntryName::Shard);
        let mut place = |statement: Entry| {
            let envelope = self.envelope(&statement)?;
            let (of, has_body) = claims(&envelope);
            let body = if has_body { bodies.next() } else { None };
            Ok(Place { id: envelope.id(), of, statement, body })
        };
        shards.into_iter().map(&mut place).collect()
    }

    /// A shard with its body.
    fn shard(&mut self, place: &Place) -> io::Result<Carrier> {
        let envelope = self.envelope(&place.statement)?;
        let attachments = place.body.iter().map(|body| self.read(body)).collect::<io::Result<_>>()?;
        Ok(Carrier { envelope, attachments })
    }

    fn envelope(&mut self, entry: &Entry) -> io::Result<Envelope> {
        let bytes = self.read(entry)?;
        decode_statement(entry.name.kind().unwrap_or(Kind::Shard), &bytes).map_err(damaged)
    }
}

/// Which app and block a shard's statement names, and whether it names a body. Nobody has verified it.
fn claims(shard: &Envelope) -> (Option<(AppId, u64)>, bool) {
    let Ok(Value::Object(members)) = parse_json(shard.payload()) else { return (None, false) };
    let member = |name: &str| members.iter().find(|(found, _)| found == name).map(|(_, value)| value);
    let of = match (member("app"), member("block")) {
        (Some(Value::Text(app)), Some(Value::Int(block))) => {
            AppId::parse(app).ok().zip(u64::try_from(*block).ok())
        }
        _ => None,
    };
    (of, member("body").is_some())
}

/// A copy of what is imported.
pub(crate) struct Copied<'a>(pub(crate) &'a Staged);

impl Entries for Copied<'_> {
    fn all(&self, name: EntryName) -> Vec<Entry> {
        self.0.container().all(name).to_vec()
    }

    fn read(&mut self, entry: &Entry) -> io::Result<Vec<u8>> {
        self.0.read(entry).map_err(|error| match error {
            StageError::Copy(error) => error,
            other => damaged(other),
        })
    }
}

/// The file as it was found. Only its heads were read.
pub(crate) struct KeptFile {
    file: Box<dyn RevocationFile>,
    entries: Vec<Entry>,
}

impl KeptFile {
    /// `None` where there is none. A file that is no snapshot's container is an error.
    pub(crate) fn open(store: &dyn RevocationStore) -> io::Result<Option<Self>> {
        let Some(mut file) = store.open()? else { return Ok(None) };
        let mut reader = Reader::new(None);
        let mut taken = 0;
        while reader.layout().is_none() {
            let mut field = vec![0; usize::try_from(reader.wants()).map_err(damaged)?];
            file.read_exact(&mut field)?;
            reader.push(&field).map_err(damaged)?;
            taken += field.len() as u64;
        }
        let layout = reader.layout().filter(|layout| layout.purpose() == Purpose::Snapshot);
        let layout = layout.ok_or_else(|| damaged("it is no snapshot"))?;
        let entry = |head: &Head| {
            let entry = Entry { name: head.name, offset: taken, length: head.length, sha256: [0; 32] };
            taken += head.length;
            entry
        };
        let entries = layout.heads().iter().map(entry).collect();
        Ok(Some(Self { file, entries }))
    }

    /// Whether it is as it was written, to its last byte.
    pub(crate) fn is_undamaged(&mut self) -> bool {
        self.file.rewind().is_ok() && container::check(&mut self.file, None).is_ok()
    }
}

impl Entries for KeptFile {
    fn all(&self, name: EntryName) -> Vec<Entry> {
        self.entries.iter().filter(|entry| entry.name == name).copied().collect()
    }

    fn read(&mut self, entry: &Entry) -> io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(entry.offset))?;
        // spec/container.md §3: judged with the heads.
        let mut bytes = vec![0; usize::try_from(entry.length).map_err(damaged)?];
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

fn damaged(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Keeps the copied snapshot with these shards: each from the copy, or from the file that was kept before. Says which of them were there.
pub(crate) fn keep(
    store: &dyn RevocationStore,
    copied: &Staged,
    before: Option<KeptFile>,
    wanted: &[StatementId],
) -> io::Result<Vec<StatementId>> {
    let mut files: Vec<Box<dyn Entries + '_>> = vec![Box::new(Copied(copied))];
    // One that is damaged has nothing to give.
    files.extend(before.map(|file| Box::new(file) as Box<dyn Entries>));
    let mut found = vec![];
    for (at, file) in files.iter_mut().enumerate() {
        let mut places = if at == 0 { file.places()? } else { file.places().unwrap_or_default() };
        // The copy was checked when it was made.
        places.retain(|place| wanted.contains(&place.id) && (at == 0 || is_readable(&mut **file, place)));
        found.extend(places.into_iter().map(|place| (at, place)));
    }
    let place = |id: &StatementId| found.iter().find(|(_, place)| place.id == *id).copied();
    let shards: Vec<(usize, Place)> = wanted.iter().filter_map(place).collect();
    let names = [EntryName::Snapshot, EntryName::Attachment, EntryName::Root, EntryName::Keyset];
    let names = names.into_iter().chain([EntryName::TenantKeyset]);
    let entries = names.flat_map(|name| copied.container().all(name)).map(|entry| (0, *entry));
    let statements = shards.iter().map(|(at, place)| (*at, place.statement));
    let bodies = shards.iter().filter_map(|(at, place)| Some((*at, place.body?)));
    let entries: Vec<(usize, Entry)> = entries.chain(statements).chain(bodies).collect();
    let heads = entries.iter().map(|(_, entry)| Head { name: entry.name, length: entry.length });
    let layout = Layout::new(Purpose::Snapshot, heads).map_err(damaged)?;
    store.replace(&mut |out: &mut dyn Write| {
        let mut writer = Writer::new(&layout);
        out.write_all(writer.header())?;
        for (at, entry) in &entries {
            let bytes = files[*at].read(entry)?;
            writer.push(&bytes).map_err(damaged)?;
            out.write_all(&bytes)?;
        }
        let checksum = writer.finish().map_err(damaged)?;
        out.write_all(&checksum)
    })?;
    Ok(shards.iter().map(|(_, place)| place.id).collect())
}

/// Whether a shard and its body fit: a new file is made of nothing that is damaged.
fn is_readable(file: &mut dyn Entries, place: &Place) -> bool {
    let shard = file.shard(place).ok().and_then(|shard| Unverified::<Shard>::of_carrier(shard).ok());
    shard.is_some_and(|claim| claim.danger_peek().is_ok())
}

/// Whether the file is this snapshot's, with these shards, and undamaged.
pub(crate) fn is_kept(file: &mut KeptFile, snapshot: &Envelope, wanted: &[StatementId]) -> bool {
    let main = file.all(EntryName::Snapshot).first().copied();
    let is_same = |entry: Entry| file.envelope(&entry).is_ok_and(|kept| kept.id() == snapshot.id());
    main.is_some_and(is_same)
        && file.places().is_ok_and(|places| {
            let ids: Vec<StatementId> = places.iter().map(|place| place.id).collect();
            wanted == ids
        })
        && file.is_undamaged()
}
