//! The journal of a machine without a network: what it counts, what it gives, what it removes (`spec/journal.md`).

use std::collections::BTreeMap;

use proptest::prelude::*;
use sealgate::{
    Begin, ChainId, JournalEntry, JournalError, JournalHead, JournalKind, JournalLog, LicenseId, Noted,
    UnixSeconds,
};
use sealgate_artifact::Journal;
use sealgate_journal::read_entries;
use sha2::{Digest, Sha256};

use crate::disk::Disk;

const DAY: u64 = 86_400;
/// The beginning of a day.
const MORNING: u64 = 20_000 * DAY;

pub(crate) fn at(second: u64) -> UnixSeconds {
    UnixSeconds::new(MORNING + second).expect("in range")
}

pub(crate) fn license() -> LicenseId {
    LicenseId::from_bytes([3; 16])
}

pub(crate) fn chain(number: u8) -> ChainId {
    ChainId::from_bytes([number; 16])
}

pub(crate) fn opened(disk: &Disk, number: u8) -> Result<JournalLog<Disk>, JournalError> {
    JournalLog::open_in(disk.clone(), license(), &Begin { chain: chain(number), at: at(0), was_here: false })
}

/// What a vendor reads of everything that waits: its own reader must take it.
pub(crate) fn received(log: &JournalLog<Disk>, second: u64) -> (JournalHead, Vec<JournalEntry>) {
    let export = log.export(at(second)).expect("a good disk");
    let journal = Journal {
        tenant: sealgate_artifact::TenantId::from_bytes([1; 16]),
        app: sealgate_artifact::AppId::from_bytes([2; 16]),
        license: license(),
        device_key: sealgate_artifact::PublicKey::from_bytes([4; 32]),
        fingerprint: None,
        chain: export.chain,
        after: export.after,
        head: export.head,
        issued_at: at(second),
        acknowledged: export.after.seq,
        length: export.entries.len() as u64,
        sha256: Sha256::digest(&export.entries).into(),
    };
    let read = read_entries(&journal, &export.entries).expect("a sound journal");
    (export.head, read.into_iter().map(|bound| bound.entry).collect())
}

fn kinds(entries: &[JournalEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.kind.as_str()).collect()
}

#[test]
fn what_happens_is_written_down_in_its_order() {
    let log = opened(&Disk::default(), 1).unwrap();
    log.record(at(1), &Noted::only(JournalKind::Activation)).unwrap();
    log.record(at(2), &Noted { note: Some("2.1.0"), ..Noted::only(JournalKind::Start) }).unwrap();
    let (_, entries) = received(&log, 3);
    assert_eq!(kinds(&entries), ["begin", "activation", "start", "export"]);
    assert_eq!(entries[0].note.as_deref(), Some("first"));
    assert_eq!(entries[2].note.as_deref(), Some("2.1.0"));
}

/// One entry for each day, kind and code; counted ones stand in the chain once their day is over, or at an export.
#[test]
fn what_happens_often_is_one_entry_a_day() {
    let log = opened(&Disk::default(), 1).unwrap();
    let refused = Noted { code: Some("expired"), ..Noted::only(JournalKind::Refusal) };
    for half_hour in 0..48 {
        log.observe(at(half_hour * 1_800), &Noted::only(JournalKind::Validation)).unwrap();
    }
    log.observe(at(100), &refused).unwrap();
    let shown = log.show().unwrap();
    assert_eq!((shown.entries.len(), shown.open.len(), shown.open[0].count), (1, 2, 48));
    log.observe(at(DAY), &Noted::only(JournalKind::Validation)).unwrap();
    assert_eq!(log.show().unwrap().entries.len(), 3);
    let (_, entries) = received(&log, DAY + 10);
    assert_eq!(kinds(&entries), ["begin", "validation", "refusal", "validation", "export"]);
    assert_eq!(entries[1].more, Some((48, at(47 * 1_800))));
    assert_eq!((entries[2].code.as_deref(), entries[2].more), (Some("expired"), None));
    assert_eq!(log.show().unwrap().open, []);
}

/// `spec/journal.md` §4.3.
#[test]
fn what_was_acknowledged_is_removed_and_nothing_else_is() {
    let disk = Disk::default();
    let log = opened(&disk, 1).unwrap();
    log.record(at(1), &Noted::only(JournalKind::Activation)).unwrap();
    let (head, _) = received(&log, 2);
    log.record(at(3), &Noted::only(JournalKind::Start)).unwrap();
    log.acknowledge(chain(1), &head).unwrap();
    let shown = log.show().unwrap();
    assert_eq!((shown.acknowledged, shown.entries.len()), (head, 1));
    log.acknowledge(chain(1), &head).expect("the same again is no error");
    for (of, wrong) in [
        (chain(1), JournalHead { seq: 9, hash: [1; 32] }),
        (chain(1), JournalHead { hash: [1; 32], ..head }),
        (chain(1), JournalHead { seq: head.seq + 1, hash: [1; 32] }),
        (chain(2), head),
    ] {
        let error = log.acknowledge(of, &wrong).expect_err("another history");
        assert_eq!(error, JournalError::NotOurs { seq: wrong.seq });
    }
    let (_, entries) = received(&opened(&disk, 2).unwrap(), 4);
    assert_eq!(kinds(&entries), ["start", "export"]);
}

/// A second process goes on where the first one is.
#[test]
fn two_processes_write_one_journal() {
    let disk = Disk::default();
    let (one, two) = (opened(&disk, 1).unwrap(), opened(&disk, 2).unwrap());
    for second in 0..10 {
        let log = if second % 2 == 0 { &one } else { &two };
        log.record(at(second), &Noted::only(JournalKind::Import)).unwrap();
        log.observe(at(second), &Noted::only(JournalKind::Start)).unwrap();
    }
    let (head, entries) = received(&one, 11);
    assert_eq!(entries.iter().filter(|entry| entry.kind == JournalKind::Import).count(), 10);
    assert_eq!(entries.iter().find(|entry| entry.kind == JournalKind::Start).unwrap().more.unwrap().0, 10);
    two.acknowledge(chain(1), &head).unwrap();
    assert_eq!(one.show().unwrap().entries, []);
}

/// What cannot be read is kept, and the next chain says that one is lost.
#[test]
fn a_journal_that_is_lost_or_damaged_is_told_of() {
    let whole = {
        let disk = Disk::default();
        let log = opened(&disk, 1).unwrap();
        log.record(at(1), &Noted::only(JournalKind::Activation)).unwrap();
        log.record(at(2), &Noted::only(JournalKind::Start)).unwrap();
        disk.file(0)
    };
    let first = |disk: &Disk, was_here| {
        let begin = Begin { chain: chain(2), at: at(5), was_here };
        let log = JournalLog::open_in(disk.clone(), license(), &begin).unwrap();
        log.show().unwrap().entries[0].entry.note.clone().unwrap()
    };
    assert_eq!(first(&Disk::default(), true), "lost");
    for place in [0, 40, whole.len() - 120] {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        let disk = Disk::of(&changed);
        assert_eq!(first(&disk, false), "lost", "{place}");
        assert_eq!(disk.file(2), changed, "it is kept");
    }
}

/// The day's counts were changed by somebody, or by the disk.
#[test]
fn counts_that_cannot_be_read_are_told_of() {
    let disk = Disk::default();
    let log = opened(&disk, 1).unwrap();
    log.observe(at(1), &Noted::only(JournalKind::Start)).unwrap();
    let mut counts = disk.file(1);
    counts[20] ^= 1;
    sealgate::JournalStore::replace(&disk, sealgate::JournalFile::Open, &counts).unwrap();
    let (_, entries) = received(&log, 2);
    assert_eq!(kinds(&entries), ["begin", "lost", "export"]);
    assert_eq!(disk.file(2), counts);
}

#[test]
fn what_is_no_word_is_refused_and_writes_nothing() {
    let disk = Disk::default();
    let log = opened(&disk, 1).unwrap();
    let before = disk.file(0);
    let many = "x".repeat(65);
    for noted in [
        Noted { note: Some(&many), ..Noted::only(JournalKind::Start) },
        Noted { note: Some(""), ..Noted::only(JournalKind::Start) },
        Noted { note: Some("\u{1b}[2J"), ..Noted::only(JournalKind::Start) },
        Noted { code: Some("Not a code"), ..Noted::only(JournalKind::Refusal) },
    ] {
        assert_eq!(log.record(at(1), &noted).err(), Some(JournalError::Word));
        assert_eq!(log.observe(at(1), &noted).err(), Some(JournalError::Word));
    }
    assert_eq!((disk.file(0), disk.file(1)), (before, vec![]));
}

/// Whoever makes up codes fills neither disk nor memory, and loses no count.
#[test]
fn many_different_things_are_counted_all_the_same() {
    let log = opened(&Disk::default(), 1).unwrap();
    for number in 0..200 {
        let code = format!("code_{}", number % 100);
        log.observe(at(number), &Noted { code: Some(&code), ..Noted::only(JournalKind::Refusal) }).unwrap();
    }
    assert!(log.show().unwrap().open.len() <= 64);
    let (_, entries) = received(&log, 300);
    let refusals = entries.iter().filter(|entry| entry.kind == JournalKind::Refusal);
    assert_eq!(refusals.map(|entry| entry.more.map_or(1, |(count, _)| count)).sum::<u64>(), 200);
}

/// The figure of the journal: half-hourly validations for thirty days, with a start each day.
#[test]
fn thirty_days_are_short() {
    let log = opened(&Disk::default(), 1).unwrap();
    for half_hour in 0..30 * 48 {
        if half_hour % 48 == 0 {
            log.observe(at(half_hour * 1_800), &Noted::only(JournalKind::Start)).unwrap();
        }
        log.observe(at(half_hour * 1_800), &Noted::only(JournalKind::Validation)).unwrap();
    }
    let export = log.export(at(30 * DAY)).unwrap();
    assert!(export.entries.len() < 10_000, "{} bytes", export.entries.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is counted, and whenever somebody exports or acknowledges: the vendor counts as much as the machine did.
    #[test]
    fn no_count_is_lost_or_told_twice(
        steps in prop::collection::vec((0..4u8, 0..3u8, 0..DAY), 1..60),
    ) {
        let disk = Disk::default();
        let (mut now, mut told) = (0, BTreeMap::<String, u64>::new());
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        for (step, code, passes) in steps {
            now += passes;
            let log = opened(&disk, 1).unwrap();
            match step {
                0 | 1 => {
                    let code = format!("code_{code}");
                    log.observe(at(now), &Noted { code: Some(&code), ..Noted::only(JournalKind::Refusal) }).unwrap();
                    *told.entry(code).or_default() += 1;
                }
                2 => drop(log.record(at(now), &Noted::only(JournalKind::Import)).unwrap()),
                _ => {
                    let (head, entries) = received(&log, now);
                    for entry in entries.into_iter().filter(|entry| entry.kind == JournalKind::Refusal) {
                        *counted.entry(entry.code.unwrap()).or_default() += entry.more.map_or(1, |(count, _)| count);
                    }
                    log.acknowledge(chain(1), &head).unwrap();
                }
            }
        }
        let (_, entries) = received(&opened(&disk, 1).unwrap(), now);
        for entry in entries.into_iter().filter(|entry| entry.kind == JournalKind::Refusal) {
            *counted.entry(entry.code.unwrap()).or_default() += entry.more.map_or(1, |(count, _)| count);
        }
        prop_assert_eq!(counted, told);
    }
}
