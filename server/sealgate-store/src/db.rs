//! Opening a database on either engine.

use std::sync::Arc;

use crate::cache::Caches;
use crate::feed::Feed;
use crate::group::Group;
use crate::lock::LockFile;
use crate::migrate::migrate;
use crate::progress::Progress;
use crate::sql::{Answer, Ask, Connection, Location, Pool, Pulse, Question};
use crate::tx::Read;
use crate::{StoreError, Threads, Work};

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
    pub(crate) caches: Arc<Caches>,
    group: Group,
    feed: Arc<Feed>,
    threads: Threads,
    _lock: Arc<Option<LockFile>>,
}

impl Ask for &Db {
    async fn ask(self, question: Question) -> Result<Answer, StoreError> {
        self.pool.ask(question).await
    }
}

impl Read for &Db {}

impl Db {
    /// Opens and migrates the database, and starts its writer and the follower of its changes.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        let lock = match location {
            Location::File(path) => Some(LockFile::take(&path.with_extension("lock"))?),
            Location::Postgres(_) => None,
        };
        // A pool tries for half a minute and then only says that time is up; this says at once what is wrong.
        first(location).await.map_err(StoreError::unusable)?;
        let (pulse, threads) = (Arc::new(Pulse::new()), Threads::default());
        let pool = Pool::open(location, &pulse).await.map_err(StoreError::unusable)?;

        let caches = Arc::new(Caches::default());
        let feed = Feed::start(pool.clone(), Arc::clone(&caches), &threads).await?;
        let group = Group::start((location.clone(), pulse), Arc::clone(&feed), &threads);
        Ok(Self { pool, caches, group, feed, threads, _lock: Arc::new(lock) })
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

    /// Moves whenever something cached may have changed.
    pub(crate) fn cache_generation(&self) -> u64 {
        self.feed.generation()
    }

    /// Waits for writes under way, then closes every connection.
    pub async fn close(&self) {
        self.group.close().await;
        self.feed.stop().await;
        self.pool.close().await;
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Db")
    }
}

/// The first connection: it finds the database as it must be, or makes it so.
async fn first(location: &Location) -> Result<(), StoreError> {
    let mut connection = Connection::open(location).await?;
    migrate(&mut connection).await?;
    connection.close().await
}
