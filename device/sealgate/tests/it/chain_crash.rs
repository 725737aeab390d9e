//! The log of actions on a machine that stops between any two writes, within any write, or whose disk fails.

use sealgate::{ChainError, ChainHead, ChainLog};

use crate::chain_disk::{REASON, Server, recorded, second, waiting};
use crate::disk::{Disk, Failure};

/// The file cut at every byte: what was whole is there, and the log goes on behind it.
#[test]
fn a_log_that_was_cut_anywhere_goes_on_behind_its_last_whole_entry() {
    let disk = Disk::default();
    let heads = recorded(&disk.open(1).unwrap(), 3);
    let whole = disk.log();
    let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').collect();
    assert_eq!(ends.len(), 4);
    for cut in 0..=whole.len() {
        let disk = Disk::of(&whole[..cut]);
        if (1..=ends[0]).contains(&cut) {
            // The first line is never written alone: this is no crash.
            assert_eq!(disk.open(1).err(), Some(ChainError::Damaged), "{cut}");
            assert_eq!(disk.log(), whole[..cut]);
            continue;
        }
        // An entry whose line lacks nothing but its end is whole.
        let left = ends[1..].iter().filter(|end| **end <= cut).count();
        let log = disk.open(1).unwrap();
        let last = left.checked_sub(1).map_or(ChainHead::EMPTY, |last| heads[last]);
        assert_eq!(log.head().unwrap(), last, "{cut}");
        recorded(&log, 2);
        let mut server = Server::new();
        server.take(&log.head().unwrap(), &waiting(&log));
        assert_eq!(server.kept.len(), left + 2, "{cut}");
        assert_eq!(disk.open(1).unwrap().head(), log.head());
    }
}

/// What a crash cannot leave is damage: told, and left as it is.
#[test]
fn any_changed_byte_is_noticed_and_nothing_wrong_is_believed() {
    let disk = Disk::default();
    let heads = recorded(&disk.open(1).unwrap(), 3);
    let whole = disk.log();
    for at in 0..whole.len() {
        for with in [1, 0x80] {
            let mut changed = whole.clone();
            changed[at] ^= with;
            let disk = Disk::of(&changed);
            match disk.open(1) {
                Err(error) => {
                    assert_eq!(error, ChainError::Damaged, "{at}");
                    assert_eq!(disk.log(), changed, "it stays as it is");
                    assert_eq!(disk.letters(), "");
                }
                // Only of the last line's end a crash can leave something else.
                Ok(log) => {
                    assert!(at + 1 == whole.len(), "{at}");
                    assert_eq!(log.head().unwrap(), heads[1], "{at}");
                }
            }
        }
    }
}

/// A stretch that never reached the disk reads as zeros.
#[test]
fn zeros_at_the_end_are_what_a_crash_left() {
    let disk = Disk::default();
    let heads = recorded(&disk.open(1).unwrap(), 2);
    let whole = disk.log();
    let begin = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for from in begin..whole.len() {
        for to in [from + 1, from.midpoint(whole.len()) + 1, whole.len()] {
            let mut torn = whole.clone();
            torn[from..to].fill(0);
            let log = Disk::of(&torn).open(1).unwrap();
            assert_eq!(log.head().unwrap(), heads[0], "{from}..{to}");
        }
    }
    let mut torn = whole.clone();
    torn[begin - 20..begin - 10].fill(0);
    assert_eq!(Disk::of(&torn).open(1).err(), Some(ChainError::Damaged), "an entry stands behind it");
}

/// What happens to a log, one thing after the other.
#[derive(Clone, Copy)]
enum Step {
    Record,
    /// The server takes a list; whether its answer arrives.
    Send(bool),
    /// The server refuses the first entry that waits.
    Refuse,
    Anchor,
}

const STORY: [Step; 18] = {
    use Step::{Anchor, Record, Refuse, Send};
    [
        Record,
        Record,
        Send(true),
        Record,
        Send(false),
        Record,
        Send(true),
        Record,
        Record,
        Refuse,
        Record,
        Send(true),
        Anchor,
        Record,
        Send(false),
        Record,
        Send(true),
        Record,
    ]
};

struct Story {
    disk: Disk,
    log: Option<ChainLog<Disk>>,
    server: Server,
    /// What the program was told.
    told: Vec<ChainHead>,
}

impl Story {
    fn of(disk: Disk) -> Self {
        Self { disk, log: None, server: Server::new(), told: vec![] }
    }

    fn run(mut self) -> Self {
        for (second, step) in (1..).zip(STORY) {
            if self.disk.is_down() {
                self.disk.start();
                self.log = None;
            }
            if self.log.is_none() {
                self.log = told_or_failed(self.disk.open(1));
            }
            if let Some(log) = self.log.take() {
                told_or_failed(self.step(&log, step, second));
                self.log = Some(log);
            }
        }
        self.disk.start();
        self
    }

    fn step(&mut self, log: &ChainLog<Disk>, step: Step, at: u64) -> Result<(), ChainError> {
        match step {
            Step::Record => {
                let head = log.record(Some("tenant-a"), "rule.evaluate", [4; 32], second(at))?;
                self.told.push(head);
            }
            Step::Send(arrives) => {
                let list = match log.batch(self.server.acknowledged.seq + 1, 2) {
                    Err(ChainError::Gone { .. }) => vec![],
                    list => list?,
                };
                self.server.take(&log.head()?, &list);
                if arrives {
                    log.acknowledge(&self.server.acknowledged)?;
                }
            }
            Step::Refuse => {
                if let Some(first) = waiting(log).first() {
                    log.set_aside(first.seq, REASON)?;
                }
            }
            Step::Anchor if log.wants_anchor()?.is_none() => {}
            Step::Anchor => {
                self.server.acknowledged = log.head()?;
                log.acknowledge(&self.server.acknowledged)?;
            }
        }
        Ok(())
    }

    /// Everything that the program was told is at the server, in the log, or among the dead letters; and it goes on.
    fn check(mut self) {
        let log = self.disk.open(1).expect("the log opens");
        let letters = self.disk.letters();
        // What a crash left of a letter counts for nothing.
        let letters = letters.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for letter in letters.lines() {
            serde_json::from_str::<serde_json::Value>(letter).expect("a letter that is whole");
        }
        let left = waiting(&log);
        for head in &self.told {
            let is_kept = self.server.kept.iter().chain(&left).any(|entry| entry.head() == *head);
            let mac = sealgate_artifact::encode_hex(&head.mac);
            assert!(is_kept || letters.contains(&mac), "entry {} is lost", head.seq);
        }
        if log.wants_anchor().expect("a good disk").is_some() {
            self.server.acknowledged = log.head().expect("a good disk");
        }
        recorded(&log, 1);
        let left = waiting(&log);
        let unknown =
            left.iter().position(|entry| entry.seq > self.server.acknowledged.seq).expect("one at least");
        self.server.take(&log.head().expect("a good disk"), &left[unknown..]);
        assert_eq!(self.server.acknowledged, log.head().expect("a good disk"));
        log.acknowledge(&self.server.acknowledged).expect("a good disk");
        assert_eq!(waiting(&log), []);
    }
}

/// Nothing else than a failing disk is ever told.
fn told_or_failed<T>(done: Result<T, ChainError>) -> Option<T> {
    match done {
        Err(ChainError::Store(_)) => None,
        done => Some(done.expect("no other error")),
    }
}

#[test]
fn the_story_goes_well_on_a_good_disk() {
    let story = Story::of(Disk::default()).run();
    assert_eq!(story.told.len(), 10);
    assert!(story.disk.writes() > 15);
    story.check();
}

/// Any write of the story fails after some of its bytes, and the program goes on, or the machine stops and starts again.
#[test]
fn a_disk_that_fails_anywhere_loses_nothing_that_was_told() {
    let writes = Story::of(Disk::default()).run().disk.writes();
    for write in 0..writes {
        for arrive in (0..300).step_by(23).chain([1, usize::MAX]) {
            for stops in [false, true] {
                let story = Story::of(Disk::failing(Failure { write, arrive, stops })).run();
                story.check();
            }
        }
    }
}

/// What is told as an error is not there where the disk lets it be taken back, and the number is given again.
#[test]
fn an_entry_whose_write_failed_is_taken_back() {
    let failing = |write| Disk::failing(Failure { write, arrive: usize::MAX, stops: false });
    let opened = Disk::default();
    drop(opened.open(1).unwrap());
    let disk = failing(opened.writes());
    let log = disk.open(1).unwrap();
    let empty = disk.log();
    assert!(matches!(log.record(None, "a", [4; 32], second(1)), Err(ChainError::Store(_))));
    assert_eq!((disk.log(), log.head().unwrap()), (empty, ChainHead::EMPTY));
    assert_eq!(recorded(&log, 1)[0].seq, 1);
}

/// The letter was written, and the log could not be: the next attempt writes no second one.
#[test]
fn a_letter_is_written_once() {
    let opened = Disk::default();
    recorded(&opened.open(1).unwrap(), 2);
    let disk = Disk::failing(Failure { write: opened.writes() + 1, arrive: 0, stops: false });
    let log = disk.open(1).unwrap();
    recorded(&log, 2);
    assert!(matches!(log.set_aside(1, REASON), Err(ChainError::Store(_))));
    assert_eq!((disk.letters().lines().count(), waiting(&log).len()), (1, 2));
    log.set_aside(1, REASON).unwrap();
    assert_eq!((disk.letters().lines().count(), waiting(&log).len()), (1, 1));
    log.set_aside(2, REASON).unwrap();
    assert_eq!((disk.letters().lines().count(), waiting(&log).len()), (2, 0));
}
