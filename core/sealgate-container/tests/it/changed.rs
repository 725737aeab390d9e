//! Files that were cut or changed on the way, by accident or by somebody who knows how to compute a checksum.

use proptest::prelude::*;
use sealgate_artifact::Code;
use sealgate_container::{Container, ContainerError};

use crate::sample::{HEADS, code, read_unsized, small, update, with_checksum, written};

/// `spec/container.md` §5.1, step 3: whatever the length at which a file ends.
#[test]
fn a_file_that_ends_early_is_truncated() {
    for file in small().map(|parts| written(&parts)) {
        for end in 0..file.len() {
            let expected = if end < 9 { Code::ContainerUnknown } else { Code::ContainerTruncated };
            assert_eq!(code(&Container::read(&file[..end])), Some(expected), "{end} bytes");
            assert_eq!(code(&read_unsized(&file[..end])), Some(expected), "{end} bytes, size unknown");
        }
        let longer = [&file[..], &[0]].concat();
        assert_eq!(code(&Container::read(&longer)), Some(Code::ContainerInvalid));
        assert_eq!(read_unsized(&longer), Err(ContainerError::TooLong { needs: file.len() as u64 }));
    }
}

/// Every bit of a small file: a change is refused, and the code says where it was.
#[test]
fn a_file_with_one_bit_changed_is_refused() {
    for parts in small() {
        let file = written(&parts);
        let contents_at = HEADS + 9 * parts.1.len();
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[at] ^= 1 << bit;
                let found =
                    code(&read_unsized(&changed)).unwrap_or_else(|| panic!("byte {at}, bit {bit}: taken"));
                let expected: &[Code] = match at {
                    4..8 => &[Code::ContainerDamaged],
                    0..9 => &[Code::ContainerUnknown],
                    _ if at < contents_at => {
                        &[Code::ContainerInvalid, Code::ContainerTruncated, Code::ContainerDamaged]
                    }
                    _ => &[Code::ContainerDamaged],
                };
                assert!(expected.contains(&found), "byte {at}, bit {bit}: {found:?}");
            }
        }
    }
}

/// Whoever changes a file and computes its checksum anew gets a file that is refused, or one with other hashes: nothing that was named by
/// a statement before is named by it now.
#[test]
fn a_changed_file_with_its_own_checksum_has_other_hashes() {
    let (mut refused, mut taken) = (0, 0);
    for parts in small() {
        let file = written(&parts);
        let before = Container::read(&file).expect("a sound file");
        let hashes = |container: &Container| {
            let hash = |entry: &sealgate_container::Entry| (entry.name, entry.sha256);
            container.entries().iter().map(hash).collect::<Vec<_>>()
        };
        for at in 0..file.len() - 32 {
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[at] ^= 1 << bit;
                let Some(changed) = with_checksum(changed) else { continue };
                match Container::read(&changed) {
                    Ok(after) => {
                        assert_ne!(
                            (after.purpose(), hashes(&after)),
                            (before.purpose(), hashes(&before)),
                            "byte {at}, bit {bit}"
                        );
                        taken += 1;
                    }
                    Err(error) => {
                        let expected = match at {
                            4..8 => Code::ContainerDamaged,
                            0..9 => Code::ContainerUnknown,
                            _ => Code::ContainerInvalid,
                        };
                        assert_eq!(error.code(), expected, "byte {at}, bit {bit}: {error}");
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(refused > 100 && taken > 1_000, "{refused} refused, {taken} taken");
}

/// `spec/container.md` §5.1, steps 4 and 5: a statement's form is judged once the checksum was, in the order of the entries.
#[test]
fn a_statement_without_its_form_is_refused_behind_the_checksum() {
    let (purpose, mut parts) = update(b"the program");
    let file = written(&(purpose, parts.clone()));
    let keyset = HEADS + 9 * 5 + parts[0].1.len() + parts[1].1.len();
    let mut changed = file.clone();
    for at in [keyset, keyset + parts[2].1.len()] {
        changed[at + 2] = 0;
    }
    assert_eq!(code(&Container::read(&changed)), Some(Code::ContainerDamaged));
    let error = Container::read(&with_checksum(changed).expect("its heads fit")).expect_err("no statement");
    assert_eq!(error.code(), Code::ContainerInvalid);
    assert_eq!(
        error.to_string(),
        "entry 3, a keyset, is not a statement in binary form: it has 0 signatures, and may have 1 to 24"
    );

    parts[3].1 = vec![0, 2];
    let error = crate::sample::write(&(purpose, parts)).expect_err("the writer refuses it, too");
    assert_eq!(
        error.to_string(),
        "entry 4, a tenant-keyset, is not a statement in binary form: it has fewer than 3 bytes"
    );
}

/// Sampled: one changed byte in a large package, wherever it is.
#[test]
fn a_large_file_with_one_byte_changed_is_refused() {
    let file = written(&update(&vec![0xA5; 3_000_000]));
    proptest!(ProptestConfig::with_cases(48), |(at in any::<prop::sample::Index>(), bits in 1..=255_u8)| {
        let at = at.index(file.len());
        let mut changed = file.clone();
        changed[at] ^= bits;
        prop_assert!(Container::read(&changed).is_err(), "byte {}", at);
    });
    assert!(Container::read(&file).is_ok());
}
