//! Files that say what is not so: they are refused before anything is read or kept for them.

use sealgate_artifact::Code;
use sealgate_container::{ContainerError, EntryName, Reader};

use crate::sample::{COUNT, HEADS, read_unsized, snapshot, update, written};

/// The code of a file with this 8-byte length in the head of one entry.
fn with_length(entry: usize, length: u64, size: Option<u64>) -> ContainerError {
    let mut file = written(&update(b"the program"));
    file[HEADS + 9 * entry + 1..][..8].copy_from_slice(&length.to_be_bytes());
    let mut reader = Reader::new(size);
    reader.push(&file).err().unwrap_or_else(|| reader.finish().expect_err("a lie"))
}

#[test]
fn lengths_that_lie_are_refused() {
    const PACKAGE: usize = 4;
    for entry in 0..5 {
        // Two of these, and their sum is beyond 64 bits.
        for length in [0, u64::MAX, 1 << 63, 10_000_000_000] {
            assert_eq!(
                with_length(entry, length, None).code(),
                Code::ContainerInvalid,
                "entry {entry}: {length}"
            );
        }
    }
    let claimed = with_length(PACKAGE, 10_000_000_000, Some(10_000_000_500));
    assert_eq!(claimed.to_string(), "the file has 10000000500 bytes, and no update has more than 4400000000");
    assert_eq!(claimed.code(), Code::ArtifactTooLarge);
    // As much as an update may have, in a file that has not.
    assert_eq!(with_length(PACKAGE, 1 << 32, Some(1_000)).code(), Code::ContainerTruncated);
    assert_eq!(with_length(PACKAGE, 1 << 32, None).code(), Code::ContainerTruncated);
    // Less than there is.
    assert_eq!(with_length(PACKAGE, 1, None).code(), Code::ContainerInvalid);
    assert_eq!(with_length(0, 1, None).code(), Code::ContainerInvalid);
}

/// Each length is the largest number: the first is refused, whatever the others are.
#[test]
fn lengths_without_a_sum_are_refused() {
    let mut file = written(&snapshot());
    for head in file[HEADS..][..9 * 9].chunks_mut(9) {
        head[1..].fill(0xFF);
    }
    let found = read_unsized(&file);
    assert_eq!(found, Err(ContainerError::Length { at: 1, name: EntryName::Snapshot, length: u64::MAX }));
}

#[test]
fn numbers_of_entries_that_lie_are_refused_before_their_heads() {
    for parts in [snapshot(), update(b"the program")] {
        let file = written(&parts);
        for (count, said) in [(0, "few"), (3, "few"), (4_029, "many"), (u16::MAX, "many")] {
            let mut start = file[..HEADS].to_vec();
            start[COUNT..].copy_from_slice(&count.to_be_bytes());
            let error = Reader::new(None).push(&start).expect_err("a lie");
            let purpose = parts.0;
            assert_eq!(
                error.to_string(),
                format!("the container has {count} entries, and no {purpose} has so {said}")
            );
            assert_eq!(error.code(), Code::ContainerInvalid);
        }
        // One more than there are, and one less: what is taken for a head is none, or what follows the contents no end.
        for count in [parts.1.len() - 1, parts.1.len() + 1] {
            let mut file = file.clone();
            file[COUNT + 1] = u8::try_from(count).expect("few");
            assert!(read_unsized(&file).is_err());
        }
    }
}

#[test]
fn what_is_not_ours_is_unknown() {
    let file = written(&update(b"the program"));
    let as_text: Vec<u8> = String::from_utf8_lossy(&file).replace("\r\n", "\n").into_bytes();
    for other in [&b""[..], b"PK\x03\x04", b"{\"payload\":\"\"}", &as_text, &file[1..]] {
        assert_eq!(read_unsized(other), Err(ContainerError::Unknown));
    }
    let mut newer = file.clone();
    newer[8] = 2;
    let error = read_unsized(&newer).expect_err("another version");
    assert_eq!(error.code(), Code::ContainerUnknown);
    assert_eq!(error.to_string(), "the container is of version 2, and this program reads version 1");
    let mut purpose = file.clone();
    purpose[9] = 200;
    assert_eq!(read_unsized(&purpose), Err(ContainerError::Purpose(200)));
    let mut name = file;
    name[HEADS + 9] = 200;
    assert_eq!(read_unsized(&name), Err(ContainerError::NameUnknown { at: 2, number: 200 }));
}

/// A purpose that is none is said before a file that ends there.
#[test]
fn the_first_fault_gives_the_code() {
    let mut file = written(&update(b"the program"));
    file[9] = 9;
    assert_eq!(read_unsized(&file[..10]).map_err(|error| error.code()), Err(Code::ContainerInvalid));
    // The first head is judged before the file ends within the second.
    let mut file = written(&update(b"the program"));
    file[HEADS] = EntryName::Package.number();
    assert_eq!(read_unsized(&file[..HEADS + 12]).map_err(|error| error.code()), Err(Code::ContainerInvalid));
}
