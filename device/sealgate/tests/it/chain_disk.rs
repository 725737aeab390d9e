//! A disk in memory that fails when it is told to, and what tests of the chain's log share.

use std::any::Any;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use sealgate::{
    ActivationId, ChainActivation, ChainEntry, ChainError, ChainFile, ChainHead, ChainKey, ChainLog,
    ChainStore,
};
use sealgate_artifact::{StatementId, UnixSeconds};
use sealgate_journal::{Extension, extend};

pub(crate) const REASON: &str = "field_invalid";

/// Which chain the tests are about; a device that is activated again gets the next generation.
pub(crate) fn chain(generation: u64) -> ChainActivation {
    ChainActivation {
        activation: ActivationId::from_bytes([1; 16]),
        request: StatementId::from_bytes([2; 32]),
        generation,
    }
}

pub(crate) fn key(generation: u64) -> ChainKey {
    ChainKey::derive(&[3; 32], &chain(generation))
}

pub(crate) fn second(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(seconds).expect("in range")
}

/// How one write fails.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failure {
    /// Which one, counted from 0.
    pub(crate) write: usize,
    /// How many of its bytes arrive. With all of them the file gets its end, too, or is replaced.
    pub(crate) arrive: usize,
    /// Whether the machine stops then.
    pub(crate) stops: bool,
}

#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Platters>>);

#[derive(Default)]
struct Platters {
    log: Vec<u8>,
    letters: Vec<u8>,
    writes: usize,
    fails: Option<Failure>,
    is_down: bool,
}

impl Platters {
    fn file(&mut self, file: ChainFile) -> &mut Vec<u8> {
        match file {
            ChainFile::Log => &mut self.log,
            ChainFile::DeadLetters => &mut self.letters,
        }
    }

    /// How many bytes of this write arrive, and whether it says so.
    fn arriving(&mut self, length: usize) -> (usize, io::Result<()>) {
        let failure = self.fails.filter(|failure| failure.write == self.writes);
        self.writes += 1;
        match failure {
            _ if self.is_down => (0, Err(io::Error::other("down"))),
            Some(failure) => {
                self.is_down = failure.stops;
                (failure.arrive.min(length), Err(io::Error::other("failed")))
            }
            None => (length, Ok(())),
        }
    }
}

impl Disk {
    pub(crate) fn of(log: &[u8]) -> Self {
        Self(Arc::new(Mutex::new(Platters { log: log.to_vec(), ..Platters::default() })))
    }

    pub(crate) fn failing(failure: Failure) -> Self {
        Self(Arc::new(Mutex::new(Platters { fails: Some(failure), ..Platters::default() })))
    }

    fn platters(&self) -> MutexGuard<'_, Platters> {
        self.0.lock().expect("nobody panicked with it")
    }

    pub(crate) fn log(&self) -> Vec<u8> {
        self.platters().log.clone()
    }

    pub(crate) fn letters(&self) -> String {
        String::from_utf8(self.platters().letters.clone()).expect("text")
    }

    pub(crate) fn writes(&self) -> usize {
        self.platters().writes
    }

    pub(crate) fn is_down(&self) -> bool {
        self.platters().is_down
    }

    /// The machine starts again.
    pub(crate) fn start(&self) {
        let mut platters = self.platters();
        (platters.is_down, platters.fails) = (false, None);
    }

    pub(crate) fn open(&self, generation: u64) -> Result<ChainLog<Self>, ChainError> {
        ChainLog::open_in(self.clone(), key(generation), chain(generation))
    }
}

impl ChainStore for Disk {
    fn lock(&self) -> io::Result<Box<dyn Any>> {
        Ok(Box::new(()))
    }

    fn len(&self, file: ChainFile) -> io::Result<u64> {
        Ok(self.platters().file(file).len() as u64)
    }

    fn read(&self, file: ChainFile, range: Range<u64>) -> io::Result<Vec<u8>> {
        let mut platters = self.platters();
        let bytes = platters.file(file);
        let place = |at: u64| usize::try_from(at).expect("short").min(bytes.len());
        Ok(bytes[place(range.start)..place(range.end)].to_vec())
    }

    fn write(&self, file: ChainFile, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut platters = self.platters();
        let (arrive, done) = platters.arriving(bytes.len());
        let at = usize::try_from(at).expect("short");
        let there = platters.file(file);
        assert!(at <= there.len(), "a hole");
        let over = (at + arrive).min(there.len());
        there.splice(at..over, bytes[..arrive].iter().copied());
        if done.is_ok() {
            there.truncate(at + bytes.len());
        }
        done
    }

    fn replace(&self, file: ChainFile, bytes: &[u8]) -> io::Result<()> {
        let mut platters = self.platters();
        let (arrive, done) = platters.arriving(bytes.len());
        if arrive == bytes.len() {
            *platters.file(file) = bytes.to_vec();
        }
        done
    }
}

/// Records that much, one a second.
pub(crate) fn recorded(log: &ChainLog<impl ChainStore>, count: u64) -> Vec<ChainHead> {
    let one = |n: u64| log.record(None, "rule.evaluate", [4; 32], second(n)).expect("recorded");
    (1..=count).map(one).collect()
}

/// What waits, all of it.
pub(crate) fn waiting(log: &ChainLog<impl ChainStore>) -> Vec<ChainEntry> {
    let first = match log.batch(0, 1) {
        Err(ChainError::Gone { first }) => first,
        other => panic!("numbers begin with 1: {other:?}"),
    };
    let mut all: Vec<ChainEntry> = vec![];
    loop {
        let next = first + all.len() as u64;
        match &log.batch(next, usize::MAX).expect("from the first on")[..] {
            [] => return all,
            some => all.extend_from_slice(some),
        }
    }
}

/// The server's half (`spec/chain.md` §4).
pub(crate) struct Server {
    pub(crate) acknowledged: ChainHead,
    pub(crate) kept: Vec<ChainEntry>,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self { acknowledged: ChainHead::EMPTY, kept: vec![] }
    }

    /// Takes a list as it travels. No honest log is ever told of a fault.
    pub(crate) fn take(&mut self, claimed: &ChainHead, list: &[ChainEntry]) {
        let text = ChainEntry::encode_list(list);
        let list = if list.is_empty() { vec![] } else { ChainEntry::decode_list(&text).expect("its form") };
        match extend(&key(1), &self.acknowledged, claimed, &list) {
            Extension::Extended { head, new } => {
                self.acknowledged = head;
                self.kept.extend_from_slice(new);
            }
            Extension::Behind { resend_from } => assert_eq!(resend_from, self.acknowledged.seq + 1),
            Extension::Fault(fault) => panic!("{fault:?}"),
        }
    }
}
