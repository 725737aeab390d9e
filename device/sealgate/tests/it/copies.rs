//! Two copies of the state: whatever ends the program, or spoils one file, costs the last step at most.
#![expect(clippy::disallowed_methods, reason = "the files are what is tested")]

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use sealgate::{FileStore, Store};
use tempfile::TempDir;

const COPIES: [&str; 2] = ["state.0", "state.1"];

/// A folder in which one state was saved after the other.
fn folder(states: &[&[u8]]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder of its own");
    let mut old: Option<&[u8]> = None;
    for state in states {
        assert!(FileStore::new(folder.path()).replace(old, state).expect("a folder of its own"));
        old = Some(state);
    }
    folder
}

fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().expect("a folder of its own");
    for file in fs::read_dir(folder).expect("a folder of its own") {
        let file = file.expect("a folder of its own");
        fs::copy(file.path(), copy.path().join(file.file_name())).expect("a folder of its own");
    }
    copy
}

fn load(folder: &Path) -> Option<Vec<u8>> {
    FileStore::new(folder).load().expect("one copy is whole")
}

/// The files that the last save changed, with what was there and what is there.
fn changed(before: &Path, after: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let read = |folder: &Path, name| fs::read(folder.join(name)).unwrap_or_default();
    let differs = |name: &&'static str| read(before, *name) != read(after, *name);
    COPIES.into_iter().filter(differs).map(|name| (name, read(after, name))).collect()
}

/// `kill -9` at every byte of a save, in the file beside the copies and, where a file system promises less, in the copy itself.
#[test]
fn a_save_that_was_cut_at_any_byte_leaves_the_state_before() {
    let before = folder(&[b"one", b"two"]);
    let after = copy_of(before.path());
    assert!(FileStore::new(after.path()).replace(Some(b"two"), b"three").unwrap());
    let changed = changed(before.path(), after.path());
    let [(name, whole)] = &changed[..] else { panic!("one copy is written: {}", changed.len()) };
    for cut in 0..=whole.len() {
        for torn in ["state.new", name] {
            let folder = copy_of(before.path());
            fs::write(folder.path().join(torn), &whole[..cut]).unwrap();
            let is_done = torn == *name && cut == whole.len();
            let there: &[u8] = if is_done { b"three" } else { b"two" };
            assert_eq!(load(folder.path()).as_deref(), Some(there), "{torn} {cut}");
            let store = FileStore::new(folder.path());
            assert!(store.replace(Some(there), b"four").unwrap());
            assert_eq!(load(folder.path()).as_deref(), Some(&b"four"[..]));
        }
    }
}

/// The device's key is in every state, so it is never lost.
#[test]
fn a_spoilt_copy_costs_one_step_and_is_made_whole_by_the_next_save() {
    for spoilt in COPIES {
        for steps in 1..5 {
            let states: [&[u8]; 4] = [b"1", b"2", b"3", b"4"];
            let folder = folder(&states[..steps]);
            fs::remove_file(folder.path().join(spoilt)).unwrap();
            let there = load(folder.path()).expect("the other copy");
            let newest = states[steps - 1];
            assert!(there == newest || (steps > 1 && there == states[steps - 2]), "{spoilt} {steps}");
            let store = FileStore::new(folder.path());
            assert!(store.replace(Some(&there), b"next").unwrap());
            for copy in COPIES {
                let folder = copy_of(folder.path());
                fs::remove_file(folder.path().join(copy)).unwrap();
                assert_eq!(load(folder.path()).as_deref(), Some(&b"next"[..]), "{spoilt} {steps} {copy}");
            }
        }
    }
}

/// A machine that becomes a new device by itself takes a second seat.
#[test]
fn a_state_of_which_nothing_is_whole_is_refused_and_stays() {
    let spoil: [fn(&Path); 3] = [
        |folder| COPIES.iter().for_each(|name| fs::write(folder.join(name), b"x").unwrap()),
        |folder| fs::remove_file(folder.join("state.key")).unwrap(),
        |folder| fs::write(folder.join("state.key"), [7; 32]).unwrap(),
    ];
    for spoil in spoil {
        let folder = folder(&[b"one", b"two"]);
        spoil(folder.path());
        let store = FileStore::new(folder.path());
        let seen = || COPIES.map(|name| fs::read(folder.path().join(name)).unwrap());
        let before = seen();
        for refused in [store.load().map(drop), store.replace(None, b"new").map(drop)] {
            let refused = refused.expect_err("damaged");
            assert_eq!(refused.kind(), std::io::ErrorKind::InvalidData);
            assert!(refused.to_string().contains("damaged"), "{refused}");
        }
        assert_eq!(seen(), before);
    }
}

/// What an earlier version left, at every step of the first save.
#[test]
fn a_state_of_the_first_version_is_never_lost() {
    let first = tempfile::tempdir().unwrap();
    fs::write(first.path().join("state.json"), b"old").unwrap();
    assert_eq!(load(first.path()).as_deref(), Some(&b"old"[..]));
    let after = copy_of(first.path());
    assert!(FileStore::new(after.path()).replace(Some(b"old"), b"new").unwrap());
    assert!(!after.path().join("state.json").exists());
    // In the order in which they are written.
    let order = ["state.key", "state.0", "state.1"];
    for done in 0..order.len() {
        let whole = fs::read(after.path().join(order[done])).unwrap();
        for cut in 0..=whole.len() {
            for torn in ["state.new", order[done]] {
                let folder = copy_of(first.path());
                for name in &order[..done] {
                    fs::copy(after.path().join(name), folder.path().join(name)).unwrap();
                }
                fs::write(folder.path().join(torn), &whole[..cut]).unwrap();
                let there = load(folder.path()).expect("never lost");
                assert!(there == b"old" || there == b"new", "{torn} {cut}");
                assert!(FileStore::new(folder.path()).replace(Some(&there), b"next").unwrap());
                assert_eq!(load(folder.path()).as_deref(), Some(&b"next"[..]));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// One changed byte anywhere in one copy: the newest state, or the one before.
    #[test]
    fn one_changed_byte_costs_one_step(steps in 2usize..6, copy in 0usize..2, place in any::<prop::sample::Index>(), bit in 0u8..8) {
        let states: Vec<Vec<u8>> = (0..steps).map(|step| format!("state {step}").into_bytes()).collect();
        let folder = folder(&states.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let path = folder.path().join(COPIES[copy]);
        let mut bytes = fs::read(&path).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        fs::write(&path, bytes).unwrap();
        let there = load(folder.path()).expect("the other copy");
        prop_assert!(there == states[steps - 1] || there == states[steps - 2]);
    }
}

/// Whatever stands in the place of one copy, the other one counts, and the next save makes both whole.
#[test]
fn a_copy_that_can_be_no_file_of_ours_is_as_good_as_damaged() {
    type Put = fn(&Path);
    let obstacles: [(&str, Put); 3] = [
        ("far too large", |path| fs::File::create(path).and_then(|file| file.set_len(8 << 30)).unwrap()),
        ("a folder", |path| fs::create_dir(path).unwrap()),
        ("a pipe", |path| {
            assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        }),
    ];
    for (what, put) in obstacles {
        for place in COPIES {
            let folder = folder(&[b"one", b"two"]);
            let path = folder.path().join(place);
            fs::remove_file(&path).unwrap();
            put(&path);
            let there = load(folder.path()).expect("the other copy");
            let store = FileStore::new(folder.path());
            assert!(store.note().unwrap().expect("one is left").contains(place), "{what}");
            assert!(store.replace(Some(&there), b"next").unwrap(), "{what} {place}");
            assert_eq!(store.note().unwrap(), None, "{what} {place}");
            assert_eq!(load(folder.path()).as_deref(), Some(&b"next"[..]), "{what} {place}");
        }
        let folder = folder(&[b"one", b"two"]);
        for name in COPIES {
            fs::remove_file(folder.path().join(name)).unwrap();
            put(&folder.path().join(name));
        }
        let refused = FileStore::new(folder.path()).load().expect_err("nothing is whole");
        assert!(refused.to_string().contains("state.0 is "), "{what}: {refused}");
    }
}
