//! Opening a database on either engine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealgate_artifact::PublicKey;

use crate::cache::Caches;
use crate::feed::{Feed, WentBack};
use crate::group::Group;
use crate::hold::{Hold, Name};
use crate::lock::{LockFile, close_database};
use crate::migrate::migrate;
use crate::progress::Progress;
use crate::sql::{Answer, Ask, Connection, LAST_WRITE, Location, Pool, Pulse, Question, query};
use crate::tx::Read;
use crate::written::Written;
use crate::{StoreError, Threads, Tx, Work};

/// `spec/revocation.md` §7.7: from these blocks no slot is drawn any more.
const CLOSE_ALL_BLOCKS: &str = "UPDATE slot_blocks SET is_full = 1 WHERE is_full = 0";

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
    pub(crate) caches: Arc<Caches>,
    group: Group,
    feed: Arc<Feed>,
    threads: Threads,
    location: Location,
    pulse: Arc<Pulse>,
    holds: Arc<Mutex<Vec<Hold>>>,
    has_vendors_side: Arc<AtomicBool>,
    _lock: Arc<Option<LockFile>>,
}

impl Ask for &Db {
    async fn ask(self, question: Question) -> Result<Answer, StoreError> {
        self.pool.ask(question).await
    }
}

impl Read for &Db {}

impl Db {
    /// Opens and migrates the database, and starts its writer and the follower of its changes. An SQLite file is locked
    /// by a file beside it.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        let lock = match location {
            Location::File(path) => Some(LockFile::take(&path.with_extension("lock"))?),
            Location::Postgres(_) => None,
        };
        Self::open_holding(location, lock).await
    }

    /// The same for a caller who took the lock of the data directory. It is held as long as the database is open.
    pub async fn open_locked(location: &Location, lock: LockFile) -> Result<Self, StoreError> {
        Self::open_holding(location, Some(lock)).await
    }

    async fn open_holding(location: &Location, lock: Option<LockFile>) -> Result<Self, StoreError> {
        let written = match location {
            Location::File(path) => Some(
                close_database(path)
                    .and_then(|()| Written::beside(path))
                    .map_err(|e| StoreError::Unusable(format!("{}: {e}", path.display())))?,
            ),
            Location::Postgres(_) => None,
        };
        // A pool tries for half a minute and then only says that time is up; this says at once what is wrong.
        first(location, written.as_ref()).await.map_err(StoreError::unusable)?;
        let (pulse, threads) = (Arc::new(Pulse::new()), Threads::default());
        let pool = Pool::open(location, &pulse).await.map_err(StoreError::unusable)?;

        let caches = Arc::new(Caches::default());
        let feed = Feed::start((pool.clone(), written), Arc::clone(&caches), &threads).await?;
        let database = (location.clone(), Arc::clone(&pulse), pool.clone());
        let group = Group::start(database, Arc::clone(&feed), &threads);
        let (location, holds, has_vendors_side) = (location.clone(), Arc::default(), Arc::default());
        let lock = Arc::new(lock);
        Ok(Self { pool, caches, group, feed, threads, location, pulse, holds, has_vendors_side, _lock: lock })
    }

    /// Takes this server's key for this process until the database is closed: no other process on the database has it
    /// meanwhile. [`StoreError::InUse`] or [`StoreError::HeldByUser`] if one does. An SQLite database has one process anyway.
    pub async fn hold(&self, server: PublicKey) -> Result<(), StoreError> {
        self.hold_name(Name::of_server(server)).await
    }

    /// The same for the vendor's side of that installation, whatever keys its process has.
    pub async fn hold_vendors_side(&self, installation: &str) -> Result<(), StoreError> {
        self.hold_name(Name::of_vendors_side(installation)).await?;
        self.has_vendors_side.store(true, Ordering::SeqCst);
        Ok(())
    }

    async fn hold_name(&self, name: Name) -> Result<(), StoreError> {
        if let Location::Postgres(_) = self.location {
            let database = (self.location.clone(), Arc::clone(&self.pulse));
            let hold = Hold::take(database, name, &self.threads).await?;
            self.holds.lock().expect("no holder of this lock panics").push(hold);
        }
        Ok(())
    }

    /// Runs a unit of work in a transaction. When this returns `Ok`, its effect is durable; when it returns `Err`,
    /// it has none.
    pub async fn write<W: Work>(&self, work: W) -> Result<W::Output, W::Error> {
        self.group.submit(work).await
    }

    /// What runs in this process without being asked.
    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// How its writer gets on.
    pub(crate) fn progress(&self) -> &Progress {
        self.group.progress()
    }

    /// Whether answers from memory are provably at most a second old.
    pub(crate) fn cache_is_current(&self) -> bool {
        self.feed.is_current()
    }

    /// How old answers from memory are at most, if they are given at all.
    pub fn cache_age(&self) -> Option<Duration> {
        self.feed.age()
    }

    /// Moves whenever something cached may have changed.
    pub(crate) fn cache_generation(&self) -> u64 {
        self.feed.generation()
    }

    /// Reads what other processes changed, without waiting for the fifth of a second in which this is done anyway: what
    /// they had committed before is known here afterwards.
    pub async fn read_changes(&self) -> Result<(), StoreError> {
        self.feed.catch_up(&self.pool).await
    }

    /// The last time that the database came back older than what this process had read from it. It is forgotten after a
    /// quarter of an hour.
    pub fn went_back(&self) -> Option<WentBack> {
        self.feed.went_back()
    }

    /// How often the database came back older since it was opened. What this process has written before may be missing.
    pub fn times_back(&self) -> u64 {
        self.feed.times_back()
    }

    /// `spec/revocation.md` §7.7: has nothing more drawn from any block of before, where the database came back older and that was not
    /// done yet. Only the vendor's side may: for others it does nothing. What fails is to be tried again.
    pub async fn close_blocks_after_going_back(&self) -> Result<(), StoreError> {
        let Some(times) = self.feed.unclosed().filter(|_| self.has_vendors_side.load(Ordering::SeqCst))
        else {
            return Ok(());
        };
        self.write(CloseAllBlocks).await?;
        self.feed.blocks_are_closed(times);
        Ok(())
    }

    /// Waits for writes under way, then closes every connection.
    pub async fn close(&self) {
        self.group.close().await;
        self.feed.stop().await;
        let holds = std::mem::take(&mut *self.holds.lock().expect("no holder of this lock panics"));
        for hold in holds {
            hold.give_back().await;
        }
        self.pool.close().await;
    }
}

struct CloseAllBlocks;

impl Work for CloseAllBlocks {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        query(CLOSE_ALL_BLOCKS).execute(tx).await.map(drop)
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Db")
    }
}

/// The first connection: it finds the database as it must be, or makes it so.
async fn first(location: &Location, written: Option<&Written>) -> Result<(), StoreError> {
    if let (Some(written), Location::File(path)) = (written, location) {
        written.check_log(path)?;
    }
    let mut connection = Connection::open(location).await?;
    if let Some(written) = written {
        // Before anything is changed: a log that is brought back later still fits then.
        written.check(last_write(&mut connection).await?)?;
    }
    migrate(&mut connection).await?;
    if let Some(written) = written
        && (written.is_unclosed() || written.is_new() && last_write(&mut connection).await? > 0)
    {
        // It came back older, or the database alone was put here, as after a restore: what was given out since it was copied is not known.
        query(CLOSE_ALL_BLOCKS).execute(&mut connection).await?;
        written.note_unclosed(false);
    }
    connection.close().await
}

/// The number of the last write; 0 before the first.
async fn last_write(connection: &mut Connection) -> Result<i64, StoreError> {
    match query(LAST_WRITE).fetch_one(connection).await {
        Ok(row) => row.get(0),
        // There is no such table yet.
        Err(StoreError::Broken(_)) => Ok(0),
        Err(error) => Err(error),
    }
}
