//! Any bytes as a container (`spec/container.md`). The first byte says how: an odd one gives the rest the checksum that fits it, if its heads
//! fit; the whole of it says into which pieces the file is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate_container::{
    Container, ContainerError, EntryName, Reader, decode_statement, encode_statement, write,
};
use sha2::{Digest, Sha256};

const HEADS: usize = 12;
const HEAD: usize = 9;
const CHECKSUM: usize = 32;

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, file)) = bytes.split_first() else { return };
    let mut file = file.to_vec();
    if mode % 2 == 1 && give_checksum(&mut file).is_none() {
        return;
    }
    let whole = read(&file, file.len().max(1));
    assert_eq!(read(&file, usize::from(*mode / 2) + 1), whole, "no cut makes a difference");
    let Ok(container) = whole else { return };
    assert_eq!(Container::read(&file), Ok(container.clone()), "nor that its size is known");
    let entry =
        |entry: &sealgate_container::Entry| (entry.name, entry.contents(&file).expect("within the file"));
    let entries: Vec<(EntryName, &[u8])> = container.entries().iter().map(entry).collect();
    for (name, contents) in &entries {
        let Some(kind) = name.kind() else { continue };
        let statement = decode_statement(kind, contents).expect("its form was judged");
        assert_eq!(encode_statement(kind, &statement).as_deref(), Ok(*contents));
    }
    // There is one container of these entries.
    assert_eq!(write(container.purpose(), &entries), Ok(file.clone()));
});

fn read(file: &[u8], piece: usize) -> Result<Container, ContainerError> {
    let mut reader = Reader::new(None);
    for piece in file.chunks(piece) {
        reader.push(piece)?;
    }
    reader.finish()
}

/// Writes the checksum, as the specification and not our writer says it.
fn give_checksum(file: &mut [u8]) -> Option<()> {
    let (all, checksum) = file.split_at_mut_checked(file.len().checked_sub(CHECKSUM)?)?;
    let count = usize::from(u16::from_be_bytes(all.get(HEADS - 2..HEADS)?.try_into().ok()?));
    let (before, mut rest) = all.split_at_checked(HEADS + HEAD * count)?;
    let mut hash = Sha256::new().chain_update(b"sealgate-container-v1\0").chain_update(before);
    for head in before[HEADS..].chunks(HEAD) {
        let length = usize::try_from(u64::from_be_bytes(head[1..].try_into().ok()?)).ok()?;
        let (contents, after) = rest.split_at_checked(length)?;
        hash.update(Sha256::digest(contents));
        rest = after;
    }
    checksum.copy_from_slice(&hash.finalize());
    rest.is_empty().then_some(())
}
