//! What holds for any container: it crosses unchanged, and no cut makes a difference.

use proptest::prelude::*;
use sealgate_container::{Container, ContainerError, EntryName, Purpose, Reader};
use sha2::{Digest, Sha256};

use crate::sample::{Parts, code, read_unsized, small, statement, update, with_checksum, write, written};

fn any_statement() -> impl Strategy<Value = Vec<u8>> {
    (prop::collection::vec(any::<u8>(), 1..300), 1..25_u8)
        .prop_map(|(payload, signatures)| statement(&payload, signatures))
}

fn some(
    name: EntryName,
    count: impl Into<prop::collection::SizeRange>,
) -> impl Strategy<Value = Vec<(EntryName, Vec<u8>)>> {
    let contents = match name.kind() {
        Some(_) => any_statement().boxed(),
        None => prop::collection::vec(any::<u8>(), 1..2_000).boxed(),
    };
    prop::collection::vec(contents.prop_map(move |contents| (name, contents)), count)
}

fn any_parts() -> impl Strategy<Value = Parts> {
    let common = || {
        (
            some(EntryName::Attachment, 0..=1),
            some(EntryName::Root, 1..4),
            some(EntryName::Keyset, 1),
            some(EntryName::TenantKeyset, 1),
        )
    };
    let shards = (0..5_usize)
        .prop_flat_map(|count| (some(EntryName::Shard, count), some(EntryName::ShardBody, 0..=count)));
    let snapshot = (some(EntryName::Snapshot, 1), common(), shards).prop_map(
        |(main, (a, b, c, d), (shards, bodies))| {
            (Purpose::Snapshot, [main, a, b, c, d, shards, bodies].concat())
        },
    );
    let update = (some(EntryName::Release, 1), common(), some(EntryName::Package, 1))
        .prop_map(|(main, (a, b, c, d), package)| (Purpose::Update, [main, a, b, c, d, package].concat()));
    prop_oneof![snapshot, update]
}

fn read_in_pieces(file: &[u8], lengths: &[usize], size: Option<u64>) -> Result<Container, ContainerError> {
    let mut reader = Reader::new(size);
    let mut rest = file;
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).min(rest.len()));
        reader.push(piece)?;
        rest = after;
    }
    reader.finish()
}

proptest! {
    /// `spec/container.md` §1: what is written is read, entry by entry, and its checksum is that of the specification.
    #[test]
    fn what_is_written_is_read(parts in any_parts()) {
        let file = written(&parts);
        prop_assert_eq!(with_checksum(file.clone()), Some(file.clone()));
        let container = Container::read(&file).expect("our own file");
        prop_assert_eq!(container.purpose(), parts.0);
        prop_assert_eq!(container.entries().len(), parts.1.len());
        for (entry, (name, contents)) in container.entries().iter().zip(&parts.1) {
            prop_assert_eq!(entry.name, *name);
            prop_assert_eq!(entry.contents(&file), Some(&contents[..]));
            prop_assert_eq!(&entry.sha256[..], &Sha256::digest(contents)[..]);
            prop_assert!(container.all(*name).contains(entry));
        }
        prop_assert_eq!(container.main(), &container.entries()[0]);
        prop_assert_eq!(container.only(EntryName::Keyset).map(|entry| entry.name), Some(EntryName::Keyset));
    }

    /// However a file is cut, sound or not, the result is the same; also if its size is known.
    #[test]
    fn no_cut_makes_a_difference(
        parts in any_parts(),
        change in prop::option::of((any::<prop::sample::Index>(), 1..=255_u8)),
        end in prop::option::of(any::<prop::sample::Index>()),
        more in prop::collection::vec(any::<u8>(), 0..3),
        lengths in prop::collection::vec(1..200_usize, 1..20),
    ) {
        let mut file = written(&parts);
        if let Some((at, bits)) = change {
            let at = at.index(file.len());
            file[at] ^= bits;
        }
        if let Some(end) = end {
            file.truncate(end.index(file.len()));
        }
        file.extend(more);
        let whole = read_unsized(&file);
        prop_assert_eq!(read_in_pieces(&file, &lengths, None), whole.clone());
        prop_assert_eq!(read_in_pieces(&file, &[1], None), whole.clone());
        let sized = Container::read(&file);
        prop_assert_eq!(read_in_pieces(&file, &lengths, Some(file.len() as u64)), sized.clone());
        prop_assert_eq!(sized.is_ok(), whole.is_ok());
    }

    /// The writer refuses what the reader would refuse, and nothing else.
    #[test]
    fn the_writer_refuses_what_the_reader_would(parts in any_parts(), at in any::<prop::sample::Index>(), what in 0..6_u8, number in 0..9_usize) {
        let (purpose, mut entries) = parts;
        let at = at.index(entries.len());
        match what {
            0 => { entries.remove(at); }
            1 => { let twice = entries[at].clone(); entries.insert(at, twice); }
            2 => entries[at].1.clear(),
            3 => entries[at].0 = EntryName::ALL[number],
            4 => { entries[at].1.pop(); }
            _ => entries.swap(at, 0),
        }
        let judged = write(&(purpose, entries.clone()));
        let by_hand = by_hand(purpose, &entries);
        prop_assert_eq!(judged.as_ref().err().map(ContainerError::code), code(&Container::read(&by_hand)));
        if let Ok(file) = judged {
            prop_assert_eq!(file, by_hand);
        }
    }

    /// No bytes whatever make the reader panic, and none are taken by chance.
    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), purpose in 0..3_u8) {
        prop_assert!(Container::read(&bytes).is_err());
        let start = [b"\x93SGC\r\n\x1a\n\x01", &[purpose][..]].concat();
        prop_assert!(read_unsized(&[start, bytes].concat()).is_err());
    }
}

/// A file of these entries as the specification lays it out, sound or not.
fn by_hand(purpose: Purpose, entries: &[(EntryName, Vec<u8>)]) -> Vec<u8> {
    let mut file = [b"\x93SGC\r\n\x1a\n\x01", &[purpose.number()][..]].concat();
    file.extend_from_slice(&u16::try_from(entries.len()).expect("few").to_be_bytes());
    for (name, contents) in entries {
        file.push(name.number());
        file.extend_from_slice(&(contents.len() as u64).to_be_bytes());
    }
    for (_, contents) in entries {
        file.extend_from_slice(contents);
    }
    file.extend_from_slice(&[0; 32]);
    with_checksum(file).expect("its heads fit")
}

/// `spec/container.md` §5.1: bytes are wanted up to the next thing that is judged, so nothing of the contents is read before the heads
/// were judged.
#[test]
fn nothing_of_the_contents_is_read_before_the_heads_are_judged() {
    for parts in small() {
        let file = written(&parts);
        let contents_at = 12 + 9 * parts.1.len();
        let mut reader = Reader::new(None);
        let mut read = 0;
        let mut wants = vec![];
        while reader.wants() > 0 {
            assert_eq!(reader.layout().is_some(), read >= contents_at, "after {read} bytes");
            let some = usize::try_from(reader.wants()).expect("a small file");
            wants.push(some);
            reader.push(&file[read..read + some]).expect("a sound file");
            read += some;
        }
        assert_eq!(read, file.len());
        let heads = vec![9; parts.1.len()];
        let contents: Vec<usize> = parts.1.iter().map(|(_, contents)| contents.len()).collect();
        assert_eq!(wants, [&[9, 1, 2][..], &heads, &contents, &[32]].concat());
    }
    // What is wrong with heads and size is said when the last head is there, and before a byte of the contents.
    let file = written(&update(b"the program"));
    let (needs, contents_at) = (file.len() as u64, 12 + 9 * 5);
    for (size, expected) in [
        (needs - 1, ContainerError::Truncated { has: needs - 1, needs: Some(needs) }),
        (needs + 1, ContainerError::TooLong { needs }),
    ] {
        let mut reader = Reader::new(Some(size));
        assert_eq!(reader.push(&file[..contents_at - 1]), Ok(()));
        assert_eq!(reader.push(&file[contents_at - 1..contents_at]), Err(expected.clone()));
        assert_eq!(reader.push(&file[contents_at..]), Err(expected.clone()), "the same fault again");
        assert_eq!(reader.finish(), Err(expected));
    }
}
