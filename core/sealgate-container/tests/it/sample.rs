//! Small containers, and the checksum as `spec/container.md` §1.3 says it, computed in another way.

use sealgate_artifact::Code;
use sealgate_container::{Container, ContainerError, EntryName, Purpose, Reader};
use sha2::{Digest, Sha256};

pub(crate) type Parts = (Purpose, Vec<(EntryName, Vec<u8>)>);

/// Where the number of entries stands, and the first head.
pub(crate) const COUNT: usize = 10;
pub(crate) const HEADS: usize = 12;
const HEAD: usize = 9;
const CHECKSUM: usize = 32;

/// The form of a statement, with this payload and number of signatures.
pub(crate) fn statement(payload: &[u8], signatures: u8) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[..], &[signatures], payload, &vec![signatures; 64 * usize::from(signatures)]].concat()
}

/// A small snapshot with one shard that has a body, and one that has none.
pub(crate) fn snapshot() -> Parts {
    let parts = [
        (EntryName::Snapshot, statement(b"{\"typ\":\"snapshot\"}", 1)),
        (EntryName::Attachment, b"[]".to_vec()),
        (EntryName::Root, statement(b"{\"version\":1}", 2)),
        (EntryName::Root, statement(b"{\"version\":2}", 3)),
        (EntryName::Keyset, statement(b"{}", 1)),
        (EntryName::TenantKeyset, statement(b"{}", 1)),
        (EntryName::Shard, statement(b"{\"block\":0}", 1)),
        (EntryName::Shard, statement(b"{\"block\":1}", 1)),
        (EntryName::ShardBody, vec![0; 33]),
    ];
    (Purpose::Snapshot, parts.to_vec())
}

/// A small update.
pub(crate) fn update(package: &[u8]) -> Parts {
    let parts = [
        (EntryName::Release, statement(b"{\"typ\":\"release\"}", 1)),
        (EntryName::Root, statement(b"{}", 1)),
        (EntryName::Keyset, statement(b"{}", 1)),
        (EntryName::TenantKeyset, statement(b"{}", 1)),
        (EntryName::Package, package.to_vec()),
    ];
    (Purpose::Update, parts.to_vec())
}

pub(crate) fn small() -> [Parts; 2] {
    [snapshot(), update(b"the program")]
}

pub(crate) fn write((purpose, parts): &Parts) -> Result<Vec<u8>, ContainerError> {
    let parts: Vec<(EntryName, &[u8])> =
        parts.iter().map(|(name, contents)| (*name, &contents[..])).collect();
    sealgate_container::write(*purpose, &parts)
}

pub(crate) fn written(parts: &Parts) -> Vec<u8> {
    write(parts).expect("a reader takes it")
}

/// Reads a file of which the size is not known.
pub(crate) fn read_unsized(file: &[u8]) -> Result<Container, ContainerError> {
    let mut reader = Reader::new(None);
    reader.push(file)?;
    reader.finish()
}

pub(crate) fn code(result: &Result<Container, ContainerError>) -> Option<Code> {
    result.as_ref().err().map(ContainerError::code)
}

/// The bytes before the contents and each entry's contents, if the heads fit the file.
pub(crate) fn taken_apart(file: &[u8]) -> Option<(&[u8], Vec<&[u8]>)> {
    let count = usize::from(u16::from_be_bytes(file.get(COUNT..HEADS)?.try_into().ok()?));
    let (before, mut rest) =
        file.get(..file.len().checked_sub(CHECKSUM)?)?.split_at_checked(HEADS + HEAD * count)?;
    let mut contents = vec![];
    for head in before[HEADS..].chunks(HEAD) {
        let length = usize::try_from(u64::from_be_bytes(head[1..].try_into().ok()?)).ok()?;
        let (entry, after) = rest.split_at_checked(length)?;
        contents.push(entry);
        rest = after;
    }
    rest.is_empty().then_some((before, contents))
}

/// The same file with the checksum that fits it, if its heads do.
pub(crate) fn with_checksum(mut file: Vec<u8>) -> Option<Vec<u8>> {
    let (before, contents) = taken_apart(&file)?;
    let hashes: Vec<u8> = contents.into_iter().flat_map(|entry| Sha256::digest(entry).to_vec()).collect();
    let checksum = Sha256::digest([b"sealgate-container-v1\0", before, &hashes].concat());
    let at = file.len() - CHECKSUM;
    file[at..].copy_from_slice(&checksum);
    Some(file)
}
