//! The log: record, hand out, remove what was acknowledged.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sealgate_artifact::{ChainEntry, ChainHead, ChainRecord, ChainWord, UnixSeconds};
use sealgate_journal::{ChainActivation, ChainKey};

use super::error::ChainError;
use super::folder::ChainFolder;
use super::held::{Header, Held, line};
use super::letters;
use super::store::{ChainFile, ChainStore};

/// Entries that wait, in bytes. Blocks a log that fills the customer's disk.
const WAITING_BYTES: u64 = 8 * 1024 * 1024;
/// More than any log of ours has. Blocks memory exhaustion by another file of that name.
const LOG_BYTES: u64 = 2 * WAITING_BYTES;
/// More than any first line has.
const HEADER_BYTES: u64 = 1024;

/// What a program records of itself, until its server acknowledged it.
///
/// All methods may be called from any thread, and several processes may share a folder. An error never loses an entry that was
/// recorded before.
pub struct ChainLog<S = ChainFolder> {
    store: S,
    key: ChainKey,
    chain: ChainActivation,
    /// What the file held when it was looked at last; `None` where it must be read again.
    held: Mutex<Option<Held>>,
}

impl ChainLog {
    /// The log of this chain in the folder of the state, which is made where it is not there. Entries of another chain, of an
    /// activation before this one, become dead letters.
    pub fn open(
        dir: impl Into<std::path::PathBuf>,
        key: ChainKey,
        activation: ChainActivation,
    ) -> Result<Self, ChainError> {
        Self::open_in(ChainFolder::new(dir), key, activation)
    }
}

impl<S: ChainStore> ChainLog<S> {
    /// The same, kept somewhere else.
    pub fn open_in(store: S, key: ChainKey, activation: ChainActivation) -> Result<Self, ChainError> {
        let log = Self { store, key, chain: activation, held: Mutex::new(None) };
        let lock = log.store.lock()?;
        log.begin()?;
        drop(lock);
        log.with(|_, _| Ok(()))?;
        Ok(log)
    }

    /// Records that something was done, for a tenant of the program or for none. `hash` is SHA-256 of the particulars.
    ///
    /// `spec/chain.md` §5.1: durable when this returns. After an error of the store the entry may be there or not.
    pub fn record(
        &self,
        tenant: Option<&str>,
        action: &str,
        hash: [u8; 32],
        at: UnixSeconds,
    ) -> Result<ChainHead, ChainError> {
        let tenant = tenant.map_or_else(|| Some(ChainWord::host()), ChainWord::parse);
        let record = ChainRecord {
            at,
            tenant: tenant.ok_or(ChainError::Word("the tenant"))?,
            action: ChainWord::parse(action).ok_or(ChainError::Word("the action"))?,
            hash,
        };
        self.with(|log, held| {
            let entry = log.key.append(&held.head(), record);
            let line = line(&entry);
            // spec/chain.md §5.4
            if held.waiting_bytes() + line.len() as u64 > WAITING_BYTES {
                return Err(ChainError::Full);
            }
            if let Err(error) = log.store.write(ChainFile::Log, held.bytes(), &line) {
                // Nobody saw the entry: the lock is still held. Where it cannot be taken back, whoever looks next decides.
                let _ = log.store.write(ChainFile::Log, held.bytes(), &[]);
                return Err(error.into());
            }
            let head = entry.head();
            held.push(entry);
            Ok(head)
        })
    }

    /// Entries to be sent, from this number on: at most `max`, at most 1,000, and no more than an attachment takes. They are there
    /// until they are acknowledged (`spec/chain.md` §5.5). None are left where the number is the next.
    pub fn batch(&self, from: u64, max: usize) -> Result<Vec<ChainEntry>, ChainError> {
        self.with(|_, held| {
            let Some(count) = from.checked_sub(1).and_then(|before| held.count_to(before)) else {
                let first = held.header.start.seq + 1;
                return Err(if from < first {
                    ChainError::Gone { first }
                } else {
                    ChainError::NotOurs { seq: from - 1 }
                });
            };
            Ok(held.fitting(count, max))
        })
    }

    /// The head, and at most `max` entries that lead to it. Both are of one moment: an entry that is recorded between two looks would
    /// end the list behind the head, which is a fault (`spec/chain.md` §4.2).
    pub(crate) fn to_show(&self, max: usize) -> Result<(ChainHead, Vec<ChainEntry>), ChainError> {
        self.with(|_, held| {
            // spec/chain.md §5.6: what stands behind dead letters waits for the vendor.
            let waits = held.header.acknowledged != held.header.start;
            Ok((held.head(), if waits { vec![] } else { held.fitting(0, max) }))
        })
    }

    /// Removes what a verified answer acknowledges (`spec/chain.md` §5.3). An answer that is older than another is no error.
    pub fn acknowledge(&self, head: &ChainHead) -> Result<(), ChainError> {
        self.with(|log, held| {
            if head.seq < held.header.start.seq {
                return log.acknowledge_before(held, head);
            }
            let count = held.count_to(head.seq).ok_or(ChainError::NotOurs { seq: head.seq })?;
            if held.head_after(count) != *head {
                return Err(ChainError::NotOurs { seq: head.seq });
            }
            if held.header.acknowledged == *head {
                return Ok(());
            }
            if held.header.acknowledged != held.header.start && count > 0 {
                // The server cannot have taken what stands behind dead letters: it was re-anchored beyond.
                letters::keep(&log.store, &log.chain, "re-anchored", &held.entries[..count])?;
            }
            log.replace(held, held.without(count, *head))
        })
    }

    /// Sets aside what the server refused by its form, up to the entry with this number (`spec/chain.md` §5.6). Only a verified
    /// answer is a reason: an unsigned refusal could come from anybody.
    pub fn set_aside(&self, through: u64, reason: &str) -> Result<(), ChainError> {
        self.with(|log, held| {
            if through <= held.header.start.seq {
                return Ok(());
            }
            let count = held.count_to(through).ok_or(ChainError::NotOurs { seq: through })?;
            letters::keep(&log.store, &log.chain, reason, &held.entries[..count])?;
            log.replace(held, held.without(count, held.header.acknowledged))
        })
    }

    /// The head of the chain.
    pub fn head(&self) -> Result<ChainHead, ChainError> {
        self.with(|_, held| Ok(held.head()))
    }

    /// The head that the server acknowledged last, as far as it told.
    pub fn acknowledged(&self) -> Result<ChainHead, ChainError> {
        self.with(|_, held| Ok(held.header.acknowledged))
    }

    /// The first number that is not set aside, where the vendor has to re-anchor the chain before anything is taken.
    pub fn wants_anchor(&self) -> Result<Option<u64>, ChainError> {
        self.with(|_, held| {
            let Header { acknowledged, start, .. } = held.header;
            Ok((acknowledged != start).then_some(start.seq + 1))
        })
    }

    /// Something older than what is left. Among dead letters it is news, and nothing can be compared.
    fn acknowledge_before(&self, held: &mut Held, seen: &ChainHead) -> Result<(), ChainError> {
        let known = held.header.acknowledged;
        if seen.seq == known.seq && seen.mac != known.mac {
            return Err(ChainError::NotOurs { seq: seen.seq });
        }
        if seen.seq <= known.seq { Ok(()) } else { self.replace(held, held.without(0, *seen)) }
    }

    fn replace(&self, held: &mut Held, next: Held) -> Result<(), ChainError> {
        self.store.replace(ChainFile::Log, &next.encode())?;
        *held = next;
        Ok(())
    }

    /// Works on what the file holds now, alone. After an error it is read again.
    fn with<T>(&self, work: impl FnOnce(&Self, &mut Held) -> Result<T, ChainError>) -> Result<T, ChainError> {
        let mut held = self.held();
        let _lock = self.store.lock()?;
        let mut now = match held.take() {
            Some(before) => self.look_again(before)?,
            None => self.load()?,
        };
        let done = work(self, &mut now);
        if !matches!(done, Err(ChainError::Store(_))) {
            *held = Some(now);
        }
        done
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        // It is taken out while somebody works on it, so nothing is left half done.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No two files have the same first line, and a file only grows.
    fn look_again(&self, mut before: Held) -> Result<Held, ChainError> {
        let length = self.store.len(ChainFile::Log)?;
        if self.store.read(ChainFile::Log, 0..before.first.len() as u64)? != before.first
            || length < before.bytes()
        {
            return self.load();
        }
        if length > before.bytes() {
            before.follow(&self.store.read(ChainFile::Log, before.bytes()..length)?, &self.key)?;
            self.adopt(&before)?;
        }
        Ok(before)
    }

    fn load(&self) -> Result<Held, ChainError> {
        let file = self.file()?;
        let header = Header::read(&file).ok_or(ChainError::Damaged)?;
        if header.chain != self.chain {
            return Err(ChainError::Superseded);
        }
        let held = Held::parse(&file, &self.key)?;
        self.adopt(&held)?;
        Ok(held)
    }

    /// Ends the file behind the last whole line. The line is written over itself: whoever wrote it may have died before it was
    /// durable, and what is sent must never be gone afterwards.
    fn adopt(&self, held: &Held) -> Result<(), ChainError> {
        let (at, last) = held.last_line();
        self.store.write(ChainFile::Log, at, &last).map_err(ChainError::from)
    }

    fn file(&self) -> Result<Vec<u8>, ChainError> {
        if self.store.len(ChainFile::Log)? > LOG_BYTES {
            return Err(ChainError::Damaged);
        }
        Ok(self.store.read(ChainFile::Log, 0..LOG_BYTES)?)
    }

    /// Makes the file this chain's.
    fn begin(&self) -> Result<(), ChainError> {
        let first = self.store.read(ChainFile::Log, 0..HEADER_BYTES)?;
        let mut turn = 1;
        if !first.is_empty() {
            let there = Header::read(&first).ok_or(ChainError::Damaged)?;
            if there.chain == self.chain {
                return Ok(());
            }
            if there.chain.activation == self.chain.activation
                && there.chain.generation > self.chain.generation
            {
                return Err(ChainError::Superseded);
            }
            self.bury(&there)?;
            turn = there.turn + 1;
        }
        let fresh = Held::empty(Header::new(self.chain, turn));
        self.store.replace(ChainFile::Log, &fresh.encode()).map_err(ChainError::from)
    }

    /// Sets aside what waits in the log of another chain, whose key is gone.
    fn bury(&self, there: &Header) -> Result<(), ChainError> {
        const REASON: &str = "activated again";
        let file = self.file()?;
        let lines = file.split_inclusive(|byte| *byte == b'\n').skip(1);
        let entries: Option<Vec<ChainEntry>> =
            lines.filter(|line| line.ends_with(b"\n")).map(|line| ChainEntry::decode(line).ok()).collect();
        match entries {
            Some(entries) if entries.is_empty() => Ok(()),
            Some(entries) => letters::keep(&self.store, &there.chain, REASON, &entries),
            None => letters::keep_damaged(&self.store, &there.chain, REASON, &file),
        }
    }
}
