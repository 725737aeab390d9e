//! The journal on a machine that stops between any two writes, within any write, or whose disk fails.

use std::collections::BTreeMap;

use sealgate::{JournalError, JournalHead, JournalKind, JournalLog, Noted};

use crate::disk::{Disk, Failure};
use crate::journal::{at, chain, opened, received};

/// What happens to a journal, one thing after the other.
#[derive(Clone, Copy)]
enum Step {
    Record,
    Observe,
    /// A day passes.
    Sleep,
    /// It is exported; whether the vendor's acknowledgement comes back.
    Export(bool),
}

const STORY: [Step; 18] = {
    use Step::{Export, Observe, Record, Sleep};
    [
        Record,
        Observe,
        Observe,
        Record,
        Sleep,
        Observe,
        Export(false),
        Observe,
        Record,
        Export(true),
        Observe,
        Observe,
        Sleep,
        Record,
        Observe,
        Export(true),
        Observe,
        Record,
    ]
};

#[derive(Default)]
struct Story {
    disk: Disk,
    log: Option<JournalLog<Disk>>,
    now: u64,
    /// What the program was told: how many entries, and how often something was counted.
    recorded: u64,
    observed: u64,
    /// How often it asked for a count and was told of an error: it may have been counted.
    doubtful: u64,
    /// What the vendor has, by number.
    vendor: BTreeMap<u64, (JournalKind, u64)>,
    acknowledged: Option<JournalHead>,
}

impl Story {
    fn of(disk: Disk) -> Self {
        Self { disk, ..Self::default() }
    }

    fn run(mut self) -> Self {
        for step in STORY {
            self.now += 1;
            if self.disk.is_down() {
                self.disk.start();
                self.log = None;
            }
            if self.log.is_none() {
                self.log = told_or_failed(opened(&self.disk, 1));
            }
            if let Some(log) = self.log.take() {
                self.step(&log, step);
                self.log = Some(log);
            }
        }
        self.disk.start();
        self
    }

    fn step(&mut self, log: &JournalLog<Disk>, step: Step) {
        match step {
            Step::Record => {
                let done = log.record(at(self.now), &Noted::only(JournalKind::Import));
                self.recorded += u64::from(told_or_failed(done).is_some());
            }
            Step::Observe => {
                let done = told_or_failed(log.observe(at(self.now), &Noted::only(JournalKind::Start)));
                *(if done.is_some() { &mut self.observed } else { &mut self.doubtful }) += 1;
            }
            Step::Sleep => self.now += 86_400,
            Step::Export(comes_back) => {
                let Some(export) = told_or_failed(log.export(at(self.now))) else { return };
                self.take(log);
                if comes_back && told_or_failed(log.acknowledge(chain(1), &export.head)).is_some() {
                    self.acknowledged = Some(export.head);
                }
            }
        }
    }

    /// The vendor takes what is shown, and notices where it has another entry of that number.
    fn take(&mut self, log: &JournalLog<Disk>) {
        let Some(shown) = told_or_failed(log.show()) else { return };
        for bound in shown.entries {
            let count = bound.entry.more.map_or(1, |(count, _)| count);
            let entry = (bound.entry.kind, count);
            let before = self.vendor.insert(bound.head.seq, entry.clone());
            assert!(
                before.is_none_or(|before| before == entry),
                "entry {} is another one now",
                bound.head.seq
            );
        }
    }

    /// Everything that the program was told is there, once.
    fn check(mut self, why: &str) {
        let log = opened(&self.disk, 2).expect("the journal opens");
        let shown = log.show().expect("a good disk");
        assert_eq!(shown.chain, chain(1), "{why}: it was not reset");
        if let Some(acknowledged) = self.acknowledged {
            assert!(shown.acknowledged.seq >= acknowledged.seq, "{why}");
        }
        received(&log, self.now + 1);
        self.take(&log);
        let numbers: Vec<u64> = self.vendor.keys().copied().collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "{why}: without a gap");
        let of = |kind: JournalKind| {
            self.vendor.values().filter(|(found, _)| *found == kind).map(|(_, count)| count).sum::<u64>()
        };
        assert!(of(JournalKind::Import) >= self.recorded, "{why}");
        let counted = of(JournalKind::Start);
        let may_be = self.observed..=self.observed + self.doubtful;
        assert!(may_be.contains(&counted), "{why}: {counted} of {may_be:?}");
        assert_eq!(of(JournalKind::Lost), 0, "{why}");
    }
}

/// Nothing else than a failing disk is ever told.
fn told_or_failed<T>(done: Result<T, JournalError>) -> Option<T> {
    match done {
        Err(JournalError::Store(_)) => None,
        done => Some(done.expect("no other error")),
    }
}

#[test]
fn the_story_goes_well_on_a_good_disk() {
    let story = Story::of(Disk::default()).run();
    assert_eq!((story.recorded, story.observed, story.doubtful), (5, 8, 0));
    assert!(story.disk.writes() > 20);
    story.check("a good disk");
}

/// Any write of the story fails after some of its bytes, and the program goes on, or the machine stops and starts again.
#[test]
fn a_disk_that_fails_anywhere_loses_nothing_that_was_told() {
    let writes = Story::of(Disk::default()).run().disk.writes();
    for write in 0..writes {
        for arrive in (0..300).step_by(23).chain([1, usize::MAX]) {
            for stops in [false, true] {
                let failure = Failure { write, arrive, stops };
                Story::of(Disk::failing(failure)).run().check(&format!("{failure:?}"));
            }
        }
    }
}

/// The file cut at every byte: what was whole is there, and the journal goes on behind it.
#[test]
fn a_journal_that_was_cut_anywhere_goes_on_behind_its_last_whole_entry() {
    let disk = Disk::default();
    let log = opened(&disk, 1).unwrap();
    let heads: Vec<JournalHead> =
        (0..3).map(|second| log.record(at(second), &Noted::only(JournalKind::Import)).unwrap()).collect();
    let whole = disk.file(0);
    let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').collect();
    for cut in ends[1] + 1..=whole.len() {
        let log = opened(&Disk::of(&whole[..cut]), 2).unwrap();
        // An entry whose line lacks nothing but its end is whole.
        let left = ends[2..].iter().filter(|end| **end <= cut).count();
        let shown = log.show().unwrap();
        assert_eq!((shown.chain, shown.entries.len()), (chain(1), left + 1), "{cut}");
        assert_eq!(
            shown.entries[1..].last().map(|last| last.head),
            left.checked_sub(1).map(|last| heads[last])
        );
        log.record(at(9), &Noted::only(JournalKind::Start)).unwrap();
        assert_eq!(received(&log, 10).1.len(), left + 3, "{cut}");
    }
}
