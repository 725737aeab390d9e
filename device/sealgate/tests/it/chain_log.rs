//! The log of actions: what it keeps, hands out and removes.
#![expect(clippy::disallowed_methods, reason = "the files are what is tested")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use sealgate::{ChainEntry, ChainError, ChainHead, ChainLog, ChainStore};

use crate::chain_disk::{REASON, Server, chain, key, recorded, second, waiting};
use crate::disk::Disk;

/// `spec/chain.md` §3.1: nothing is skipped, however much waits.
#[test]
fn ten_thousand_entries_arrive_complete_and_in_order() {
    let (disk, mut server, mut lists) = (Disk::default(), Server::new(), 0);
    let log = disk.open(1).unwrap();
    let heads = recorded(&log, 10_000);
    while server.acknowledged != log.head().unwrap() {
        let list = log.batch(server.acknowledged.seq + 1, usize::MAX).unwrap();
        assert!((1..=1_000).contains(&list.len()) && ChainEntry::encode_list(&list).len() <= 262_144);
        server.take(&log.head().unwrap(), &list);
        log.acknowledge(&server.acknowledged).unwrap();
        lists += 1;
    }
    assert_eq!(server.kept.iter().map(ChainEntry::head).collect::<Vec<_>>(), heads);
    assert!((10..=11).contains(&lists), "{lists} lists");
    assert_eq!(waiting(&log), []);
    assert_eq!(disk.open(1).unwrap().acknowledged().unwrap(), heads[9_999]);
}

/// Long words fill an attachment before 1,000 entries do.
#[test]
fn a_list_has_no_more_bytes_than_an_attachment() {
    let log = Disk::default().open(1).unwrap();
    let word = "\"".repeat(64);
    for n in 0..800 {
        log.record(Some(&word), &word, [0xff; 32], second(n)).unwrap();
    }
    let list = log.batch(1, 1_000).unwrap();
    let bytes = ChainEntry::encode_list(&list).len();
    assert!(
        list.len() < 800 && (261_500..=262_144).contains(&bytes),
        "{} entries, {bytes} bytes",
        list.len()
    );
    assert_eq!(log.batch(1, 3).unwrap().len(), 3);
    assert_eq!(log.batch(1, 0).unwrap(), []);
    assert_eq!(log.batch(801, 10).unwrap(), []);
    assert_eq!(log.batch(802, 10), Err(ChainError::NotOurs { seq: 801 }));
}

/// `spec/chain.md` §5.4.
#[test]
fn beyond_eight_mebibytes_the_next_entry_is_refused_and_none_is_dropped() {
    let disk = Disk::default();
    let log = disk.open(1).unwrap();
    let word = "w".repeat(64);
    let record = |n| log.record(Some(&word), &word, [0xff; 32], second(n));
    let full = (0..).find_map(|n| record(n).err()).expect("it fills up");
    assert_eq!(full.code().as_str(), "chain_full");
    assert!(((8 << 20) - 400..(8 << 20) + 600).contains(&disk.log().len()), "{} bytes", disk.log().len());
    let (head, file) = (log.head().unwrap(), disk.log());
    assert_eq!(record(0), Err(ChainError::Full));
    assert_eq!(disk.log(), file);
    assert_eq!(waiting(&log).len() as u64, head.seq);
    let some = log.batch(1, 10).unwrap();
    log.acknowledge(&some[9].head()).unwrap();
    assert_eq!(record(0).unwrap().seq, head.seq + 1);
    assert_eq!(log.batch(5, 10), Err(ChainError::Gone { first: 11 }));
}

/// `spec/chain.md` §5.3.
#[test]
fn what_is_acknowledged_goes_and_what_was_never_here_is_told() {
    let disk = Disk::default();
    let log = disk.open(1).unwrap();
    let heads = recorded(&log, 5);
    log.acknowledge(&heads[2]).unwrap();
    assert_eq!(log.batch(4, 9).unwrap().iter().map(ChainEntry::head).collect::<Vec<_>>(), heads[3..]);
    let file = disk.log();
    for older in [heads[2], heads[0], ChainHead::EMPTY] {
        log.acknowledge(&older).unwrap();
    }
    let other = |seq| ChainHead { seq, mac: [9; 32] };
    for strange in [other(3), other(4), other(5), other(6)] {
        let refused = log.acknowledge(&strange).expect_err("not ours");
        assert_eq!(refused, ChainError::NotOurs { seq: strange.seq });
        assert_eq!(refused.code().as_str(), "chain_mismatch");
    }
    assert_eq!(disk.log(), file);
}

#[derive(serde::Deserialize)]
struct Letter {
    reason: String,
    generation: u64,
    entries: Box<serde_json::value::RawValue>,
}

/// The only one that there is.
fn letter(disk: &Disk) -> Letter {
    serde_json::from_str(&disk.letters()).expect("one letter")
}

/// `spec/chain.md` §5.6: what the server refuses by its form blocks nothing, and goes to the vendor.
#[test]
fn refused_entries_are_kept_with_the_reason_and_the_log_goes_on() {
    let disk = Disk::default();
    let log = disk.open(1).unwrap();
    let mut server = Server::new();
    let heads = recorded(&log, 5);
    server.take(&heads[4], &log.batch(1, 1).unwrap());
    log.acknowledge(&server.acknowledged).unwrap();
    let refused = log.batch(2, 2).unwrap();
    for _ in 0..2 {
        log.set_aside(3, REASON).unwrap();
        assert_eq!(log.wants_anchor().unwrap(), Some(4));
        let letter = letter(&disk);
        assert_eq!((&*letter.reason, letter.generation), (REASON, 1));
        assert_eq!(ChainEntry::decode_list(letter.entries.get().as_bytes()).as_ref(), Ok(&refused));
    }
    assert_eq!(log.set_aside(9, REASON), Err(ChainError::NotOurs { seq: 9 }));
    // The server stands where it stood, and what it wants is gone.
    assert_eq!(log.batch(2, 9), Err(ChainError::Gone { first: 4 }));
    server.take(&log.head().unwrap(), &log.batch(4, 9).unwrap());
    assert_eq!(server.acknowledged, heads[0]);
    let after = recorded(&log, 1)[0];
    assert_eq!(after.seq, 6);
    // The vendor re-anchors at the claimed head. What waits until then was never sent, so it is kept, too.
    server.acknowledged = after;
    log.acknowledge(&server.acknowledged).unwrap();
    assert_eq!((log.wants_anchor().unwrap(), disk.letters().lines().count()), (None, 2));
    recorded(&log, 2);
    server.take(&log.head().unwrap(), &log.batch(7, 9).unwrap());
    assert_eq!(server.acknowledged, log.head().unwrap());
}

/// `spec/chain.md` §1.1 and §5.6.
#[test]
fn another_activation_begins_another_chain_and_drops_nothing() {
    let disk = Disk::default();
    let old = disk.open(1).unwrap();
    let heads = recorded(&old, 3);
    old.acknowledge(&heads[0]).unwrap();
    let left = waiting(&old);
    let new = disk.open(2).unwrap();
    assert_eq!((new.head().unwrap(), new.acknowledged().unwrap()), (ChainHead::EMPTY, ChainHead::EMPTY));
    assert_eq!(ChainEntry::decode_list(letter(&disk).entries.get().as_bytes()), Ok(left));
    // Whoever holds the former key does no harm.
    assert_eq!(old.record(None, "a", [0; 32], second(1)), Err(ChainError::Superseded));
    assert_eq!(disk.open(1).err(), Some(ChainError::Superseded));
    recorded(&new, 1);
    assert_eq!(disk.open(2).unwrap().head().unwrap().seq, 1);
    assert_eq!(disk.letters().lines().count(), 1);

    let damaged = Disk::of(&[&disk.log()[..], b"damage\n"].concat());
    assert_eq!(damaged.open(2).err(), Some(ChainError::Damaged));
    damaged.open(3).unwrap();
    assert!(damaged.letters().contains(r#""damaged":""#));
}

#[test]
fn words_are_checked_before_anything_is_written() {
    let disk = Disk::default();
    let log = disk.open(1).unwrap();
    let file = disk.log();
    for (tenant, action) in [(Some(""), "a"), (Some("t\n"), "a"), (None, ""), (None, &*"a".repeat(65))] {
        let refused = log.record(tenant, action, [0; 32], second(1)).expect_err("no word");
        assert_eq!(refused.code().as_str(), "config_invalid");
    }
    assert_eq!(disk.log(), file);
    log.record(None, "a", [0; 32], second(1)).unwrap();
    assert_eq!(waiting(&log)[0].record.tenant.as_str(), "__host__");
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// Several threads of several processes: here, of two logs that share nothing but the folder.
#[test]
fn many_who_record_at_once_make_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("state");
    let logs = [(), ()].map(|()| ChainLog::open(&dir, key(1), chain(1)).unwrap());
    let (threads, each) = (8, 12);
    thread::scope(|scope| {
        for n in 0..threads {
            let log = &logs[n % 2];
            scope.spawn(move || recorded(log, each));
        }
    });
    let total = threads as u64 * each;
    let mut server = Server::new();
    for log in &logs {
        assert_eq!(log.head().unwrap().seq, total);
        server.take(&log.head().unwrap(), &waiting(log));
    }
    assert_eq!(server.kept.len() as u64, total);
    logs[0].set_aside(3, REASON).unwrap();
    assert_eq!(logs[1].batch(3, 9), Err(ChainError::Gone { first: 4 }));
    logs[1].acknowledge(&server.acknowledged).unwrap();
    assert_eq!(waiting(&logs[0]), []);
    assert_eq!(mode(&dir), 0o700);
    let files: Vec<_> = fs::read_dir(&dir).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 3, "{files:?}");
    assert!(files.iter().all(|file| mode(file) == 0o600));
}

#[test]
fn a_log_that_others_may_write_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(ChainLog::open(folder.path(), key(1), chain(1)).unwrap());
    let path = folder.path().join("chain.log");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let refused =
        ChainLog::open(folder.path(), key(1), chain(1)).err().expect("it may be somebody else's work");
    assert_eq!(refused.code().as_str(), "file_unreadable");
    assert!(refused.to_string().contains("chmod 600"), "{refused}");
}

/// What a crash left of a file that was to take the place of another.
#[test]
fn a_file_that_was_left_half_made_is_no_hindrance() {
    let folder = tempfile::tempdir().unwrap();
    let log = ChainLog::open(folder.path(), key(1), chain(1)).unwrap();
    let heads = recorded(&log, 2);
    let staged = folder.path().join("chain.new");
    fs::write(&staged, b"half").unwrap();
    fs::set_permissions(&staged, fs::Permissions::from_mode(0o644)).unwrap();
    log.acknowledge(&heads[0]).unwrap();
    assert!(!staged.exists());
    assert_eq!(mode(&folder.path().join("chain.log")), 0o600);
    let log = ChainLog::open(folder.path(), key(1), chain(1)).unwrap();
    assert_eq!((log.head().unwrap(), waiting(&log).len()), (heads[1], 1));
}

/// A log can be handed from thread to thread.
#[test]
fn a_log_is_shared_by_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    fn of_any_store<S: ChainStore>(log: &ChainLog<S>) {
        shared(log);
    }
    of_any_store(&Disk::default().open(1).unwrap());
}

/// Another process removes what was acknowledged, and records more than was there.
#[test]
fn a_file_that_another_process_replaced_is_read_again() {
    let disk = Disk::default();
    let [one, other] = [(), ()].map(|()| disk.open(1).unwrap());
    let heads = recorded(&one, 2);
    other.acknowledge(&heads[1]).unwrap();
    recorded(&other, 5);
    assert_eq!(one.head().unwrap(), other.head().unwrap());
    assert_eq!(recorded(&one, 1)[0].seq, 8);
    assert_eq!(waiting(&other).len(), 6);
}
