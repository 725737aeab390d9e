//! A disk in memory that fails when it is told to. It keeps the files of one log.

use std::any::Any;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use sealgate::{ChainFile, ChainStore, JournalFile, JournalStore};

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
    files: [Vec<u8>; 3],
    writes: usize,
    fails: Option<Failure>,
    is_down: bool,
}

impl Platters {
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
        Self(Arc::new(Mutex::new(Platters { files: [log.to_vec(), vec![], vec![]], ..Platters::default() })))
    }

    pub(crate) fn failing(failure: Failure) -> Self {
        Self(Arc::new(Mutex::new(Platters { fails: Some(failure), ..Platters::default() })))
    }

    fn platters(&self) -> MutexGuard<'_, Platters> {
        self.0.lock().expect("nobody panicked with it")
    }

    pub(crate) fn log(&self) -> Vec<u8> {
        self.file(0)
    }

    pub(crate) fn letters(&self) -> String {
        String::from_utf8(self.file(1)).expect("text")
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
}

/// The functions of a port, for the file in this place.
impl Disk {
    pub(crate) fn file(&self, place: usize) -> Vec<u8> {
        self.platters().files[place].clone()
    }

    fn len_of(&self, file: usize) -> u64 {
        self.platters().files[file].len() as u64
    }

    fn read_of(&self, file: usize, range: &Range<u64>) -> Vec<u8> {
        let bytes = self.file(file);
        let place = |at: u64| usize::try_from(at).expect("short").min(bytes.len());
        bytes[place(range.start)..place(range.end)].to_vec()
    }

    fn write_of(&self, file: usize, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut platters = self.platters();
        let (arrive, done) = platters.arriving(bytes.len());
        let at = usize::try_from(at).expect("short");
        let there = &mut platters.files[file];
        assert!(at <= there.len(), "a hole");
        let over = (at + arrive).min(there.len());
        there.splice(at..over, bytes[..arrive].iter().copied());
        if done.is_ok() {
            there.truncate(at + bytes.len());
        }
        done
    }

    fn replace_of(&self, file: usize, bytes: &[u8]) -> io::Result<()> {
        let mut platters = self.platters();
        let (arrive, done) = platters.arriving(bytes.len());
        if arrive == bytes.len() {
            platters.files[file] = bytes.to_vec();
        }
        done
    }
}

macro_rules! port {
    ($port:ident, $file:ident { $($variant:ident = $place:literal),* }) => {
        impl $port for Disk {
            fn lock(&self) -> io::Result<Box<dyn Any>> {
                Ok(Box::new(()))
            }

            fn len(&self, file: $file) -> io::Result<u64> {
                Ok(self.len_of(match file { $($file::$variant => $place),* }))
            }

            fn read(&self, file: $file, range: Range<u64>) -> io::Result<Vec<u8>> {
                Ok(self.read_of(match file { $($file::$variant => $place),* }, &range))
            }

            fn write(&self, file: $file, at: u64, bytes: &[u8]) -> io::Result<()> {
                self.write_of(match file { $($file::$variant => $place),* }, at, bytes)
            }

            fn replace(&self, file: $file, bytes: &[u8]) -> io::Result<()> {
                self.replace_of(match file { $($file::$variant => $place),* }, bytes)
            }
        }
    };
}

port!(ChainStore, ChainFile { Log = 0, DeadLetters = 1 });
port!(JournalStore, JournalFile { Log = 0, Open = 1, Damaged = 2 });
