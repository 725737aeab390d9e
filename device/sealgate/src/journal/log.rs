//! The journal: write down, count, hand out, remove what was acknowledged.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sealgate_artifact::{ChainId, JournalEntry, JournalHead, JournalKind, LicenseId, UnixSeconds, limits};
use sealgate_journal::{BoundEntry, encode_entry};

use super::error::JournalError;
use super::held::{Header, Held, line};
use super::noted::Noted;
use super::open::{self, OpenRecord};
use super::store::{JournalFile, JournalStore};

/// Entries that wait, in bytes. Blocks a journal that fills the customer's disk.
const WAITING_BYTES: u64 = 8 * 1024 * 1024;
/// Above that there is room for what must not be missing.
const RESERVE_BYTES: u64 = 1024 * 1024;
/// More than any journal of ours has. Blocks memory exhaustion by another file of that name.
const LOG_BYTES: u64 = 2 * WAITING_BYTES;
/// More than any day has.
const OPEN_BYTES: u64 = 64 * 1024;
/// Different things that are counted at once. Whoever makes up codes fills nothing.
const RECORDS: usize = 64;

/// What a machine did with one license, until the vendor acknowledged it.
///
/// All methods may be called from any thread, and several processes may share a folder. An error never loses an entry that was
/// written before.
pub struct JournalLog<S> {
    store: S,
    license: LicenseId,
    /// What the file held when it was looked at last; `None` where it must be read again.
    held: Mutex<Option<Held>>,
}

/// How a chain begins, where there is none yet (`spec/journal.md` §1.2).
#[derive(Debug, Clone, Copy)]
pub struct Begin {
    /// Its identifier: new, and random.
    pub chain: ChainId,
    /// The program's time.
    pub at: UnixSeconds,
    /// Whether a chain of this license is known to have been here.
    pub was_here: bool,
}

/// A part of the chain, to be signed and written to a file. `spec/journal.md` §2.4: no more than 9 MiB wait, so one file takes all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalExport {
    /// The chain.
    pub chain: ChainId,
    /// The entry before the first one here: the last that was acknowledged.
    pub after: JournalHead,
    /// The last entry here.
    pub head: JournalHead,
    /// The entries (`spec/journal.md` §2.2).
    pub entries: Vec<u8>,
}

/// What waits, for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalShown {
    /// The chain.
    pub chain: ChainId,
    /// The last entry that was acknowledged.
    pub acknowledged: JournalHead,
    /// The entries since then.
    pub entries: Vec<BoundEntry>,
    /// What is counted today, and stands in no entry yet.
    pub open: Vec<OpenRecord>,
}

impl<S: JournalStore> JournalLog<S> {
    /// The journal of this license, which begins where there is none. One that cannot be read is kept for the vendor to look at, and
    /// another one begins, which says so.
    pub fn open_in(store: S, license: LicenseId, begin: &Begin) -> Result<Self, JournalError> {
        let log = Self { store, license, held: Mutex::new(None) };
        let lock = log.store.lock()?;
        log.begin(begin)?;
        drop(lock);
        Ok(log)
    }

    /// Writes down that something happened. Durable when this returns. After an error of the store the entry may be there or not.
    pub fn record(&self, at: UnixSeconds, noted: &Noted<'_>) -> Result<JournalHead, JournalError> {
        let entry = checked(noted.entry(1, at))?;
        self.with(|log, held| log.append(held, entry).map(|()| held.head()))
    }

    /// Counts that something happened: one entry for each day stands for all. Durable when this returns.
    pub fn observe(&self, at: UnixSeconds, noted: &Noted<'_>) -> Result<(), JournalError> {
        checked(noted.entry(1, at))?;
        self.with(|log, held| {
            let mut records = log.records(held)?;
            let over: Vec<OpenRecord> = records.extract_if(.., |record| !record.is_of_day(at)).collect();
            match records.iter_mut().find(|record| record.takes(at, noted)) {
                Some(record) => (record.until, record.count) = (at, record.count + 1),
                None => records.push(OpenRecord::new(at, noted)),
            }
            let too_many = records.len().saturating_sub(RECORDS);
            let over: Vec<OpenRecord> = over.into_iter().chain(records.drain(..too_many)).collect();
            log.close(held, &over, &records)
        })
    }

    /// Ends what is counted, and gives everything that waits. The chain's last entry says that it was exported.
    pub fn export(&self, at: UnixSeconds) -> Result<JournalExport, JournalError> {
        self.with(|log, held| {
            let records = log.records(held)?;
            log.close(held, &records, &[])?;
            log.append(held, Noted::only(JournalKind::Export).entry(1, at))?;
            let entries = held.entries.iter().flat_map(|bound| encode_entry(&bound.entry.encode())).collect();
            let Header { chain, start: after, .. } = held.header;
            Ok(JournalExport { chain, after, head: held.head(), entries })
        })
    }

    /// Removes what the vendor acknowledged (`spec/journal.md` §4.3). An older acknowledgement is no error.
    pub fn acknowledge(&self, chain: ChainId, head: &JournalHead) -> Result<(), JournalError> {
        self.with(|log, held| {
            let not_ours = JournalError::NotOurs { seq: head.seq };
            if held.header.chain != chain || (head.seq == held.header.start.seq && *head != held.header.start)
            {
                return Err(not_ours);
            }
            if head.seq <= held.header.start.seq {
                return Ok(());
            }
            let left = held.behind(head).ok_or(not_ours)?;
            log.store.replace(JournalFile::Log, &left.encode())?;
            *held = left;
            Ok(())
        })
    }

    /// What waits.
    pub fn show(&self) -> Result<JournalShown, JournalError> {
        self.with(|log, held| {
            let open = log.records(held)?;
            let Header { chain, start: acknowledged, .. } = held.header;
            Ok(JournalShown { chain, acknowledged, entries: held.entries.clone(), open })
        })
    }

    /// Appends an entry, which gets its number here.
    fn append(&self, held: &mut Held, entry: JournalEntry) -> Result<(), JournalError> {
        let bound = held.bound(JournalEntry { seq: held.head().seq + 1, ..entry });
        let line = line(&bound.entry.encode(), &bound.head);
        let room = WAITING_BYTES + if is_needed(&bound.entry.kind) { RESERVE_BYTES } else { 0 };
        if held.waiting_bytes() + line.len() as u64 > room {
            return Err(JournalError::Full);
        }
        if let Err(error) = self.store.write(JournalFile::Log, held.bytes(), &line) {
            // Nobody saw the entry: the lock is still held. Where it cannot be taken back, whoever looks next decides.
            let _ = self.store.write(JournalFile::Log, held.bytes(), &[]);
            return Err(error.into());
        }
        held.push(bound);
        Ok(())
    }

    /// Makes entries of what is over, then keeps the rest. A crash in between leaves both, which the next look notices.
    fn close(&self, held: &mut Held, over: &[OpenRecord], left: &[OpenRecord]) -> Result<(), JournalError> {
        over.iter().try_for_each(|record| self.append(held, record.entry(1)))?;
        Ok(self.store.replace(JournalFile::Open, &open::encode(left))?)
    }

    /// What is counted and stands in no entry.
    fn records(&self, held: &mut Held) -> Result<Vec<OpenRecord>, JournalError> {
        let file = self.store.read(JournalFile::Open, 0..OPEN_BYTES)?;
        if let Some(mut records) = open::decode(&file) {
            records.retain(|record| !held.entries.iter().any(|bound| record.is_in(&bound.entry)));
            return Ok(records);
        }
        self.store.replace(JournalFile::Damaged, &file)?;
        let at = held.entries.last().map_or(UnixSeconds::new(0).expect("in range"), |last| last.entry.at);
        self.append(held, Noted::only(JournalKind::Lost).entry(1, at))?;
        self.store.replace(JournalFile::Open, &open::encode(&[]))?;
        Ok(vec![])
    }

    /// Works on what the file holds now, alone. After an error of the store it is read again.
    fn with<T>(
        &self,
        work: impl FnOnce(&Self, &mut Held) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let mut held = self.held();
        let _lock = self.store.lock()?;
        let before = held.take();
        let mut now = self.look(before)?;
        let done = work(self, &mut now);
        if !matches!(done, Err(JournalError::Store(_))) {
            *held = Some(now);
        }
        done
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        // It is taken out while somebody works on it, so nothing is left half done.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No two files have the same first line, and a file only grows.
    fn look(&self, before: Option<Held>) -> Result<Held, JournalError> {
        if let Some(mut before) = before {
            let length = self.store.len(JournalFile::Log)?;
            let is_same = self.store.read(JournalFile::Log, 0..before.first.len() as u64)? == before.first;
            if is_same && length >= before.bytes() {
                let rest = self.store.read(JournalFile::Log, before.bytes()..length)?;
                if before.follow(&rest).is_some() {
                    self.adopt(&before, !rest.is_empty())?;
                    return Ok(before);
                }
            }
        }
        let held = Held::parse(&self.file()?);
        let held =
            held.ok_or_else(|| JournalError::Store("it was changed while the program ran".to_owned()))?;
        self.adopt(&held, true)?;
        Ok(held)
    }

    /// Ends the file behind the last whole line. The line is written over itself: whoever wrote it may have died before it was
    /// durable, and what is sent must never be gone afterwards.
    fn adopt(&self, held: &Held, is_new: bool) -> Result<(), JournalError> {
        if !is_new {
            return Ok(());
        }
        let (at, last) = held.last_line();
        Ok(self.store.write(JournalFile::Log, at, &last)?)
    }

    fn file(&self) -> Result<Vec<u8>, JournalError> {
        Ok(self.store.read(JournalFile::Log, 0..LOG_BYTES)?)
    }

    /// Begins a chain where there is none that can be read.
    fn begin(&self, begin: &Begin) -> Result<(), JournalError> {
        let file = self.file()?;
        if Held::parse(&file).is_some_and(|held| held.header.license == self.license) {
            return Ok(());
        }
        // A day without a log: the log is what is missing.
        let is_lost = begin.was_here || !file.is_empty() || self.store.len(JournalFile::Open)? > 0;
        if !file.is_empty() {
            self.store.replace(JournalFile::Damaged, &file)?;
        }
        let header = Header { license: self.license, chain: begin.chain, turn: 1, start: JournalHead::EMPTY };
        let mut held = Held::empty(header);
        let note = Some(if is_lost { "lost" } else { "first" });
        let first = Noted { note, ..Noted::only(JournalKind::Begin) }.entry(1, begin.at);
        held.push(held.bound(first));
        Ok(self.store.replace(JournalFile::Log, &held.encode())?)
    }
}

/// Whether an entry of this kind has a place where others have none left.
fn is_needed(kind: &JournalKind) -> bool {
    use JournalKind::{Activation, Begin, Export, Lost, Renewal, Return};
    matches!(kind, Activation | Begin | Export | Lost | Renewal | Return)
}

/// What is written is read again, by us and by the vendor.
fn checked(entry: JournalEntry) -> Result<JournalEntry, JournalError> {
    let text = entry.encode();
    let is_sound = text.len() < limits::JOURNAL_ENTRY_BYTES - 40 && JournalEntry::decode(&text).is_ok();
    if is_sound { Ok(entry) } else { Err(JournalError::Word) }
}
