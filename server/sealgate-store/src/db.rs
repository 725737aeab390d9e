//! Opening a database on either engine.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyPool, ConnectOptions, Connection};

use crate::StoreError;
use crate::cache::Caches;
use crate::engine::{self, Engine};
use crate::feed::Feed;
use crate::group::{Group, Work};
use crate::lock::LockFile;

/// Where the data lies. It has no `Debug` text: a PostgreSQL URL may hold a password.
#[derive(Clone)]
pub enum Location {
    /// An SQLite file, made when it is missing. One process at a time.
    File(PathBuf),
    /// A PostgreSQL URL. Several processes may share it.
    Postgres(String),
}

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Db {
    pub(crate) pool: AnyPool,
    pub(crate) caches: Arc<Caches>,
    group: Group,
    feed: Arc<Feed>,
    _lock: Arc<Option<LockFile>>,
}

impl Db {
    /// Opens and migrates the database, and starts its writer and the follower of its changes.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let (engine, url, lock) = match location {
            Location::File(path) => {
                let lock = LockFile::take(&path.with_extension("lock"))?;
                (Engine::Sqlite, engine::sqlite_url(path), Some(lock))
            }
            Location::Postgres(url) => (Engine::Postgres, url.clone(), None),
        };
        let options = AnyConnectOptions::from_str(&url)
            .map_err(|_| StoreError::Unusable("the database URL is malformed".to_owned()))?
            .disable_statement_logging();
        // The pool tries for half a minute and then only says that time is up; this says at once what is wrong.
        let unusable = |e: sqlx::Error| StoreError::Unusable(e.to_string());
        let first = engine::connect(engine, &options).await.map_err(unusable)?;
        first.close().await.map_err(unusable)?;
        let pool = engine::open_pool(engine, options.clone()).await.map_err(unusable)?;
        migrate(&pool).await?;

        let caches = Arc::new(Caches::default());
        let feed = Feed::start(pool.clone(), Arc::clone(&caches)).await?;
        let group = Group::start(engine, options, Arc::clone(&feed));
        Ok(Self { pool, caches, group, feed, _lock: Arc::new(lock) })
    }

    /// Runs a unit of work in a transaction. When this returns `Ok`, its effect is durable; when it returns `Err`,
    /// it has none.
    pub async fn write<W: Work>(&self, work: W) -> Result<W::Output, W::Error> {
        self.group.submit(work).await
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

/// Brings the schema up to date. Where it is, nothing is written: the database user of a server that only answers running
/// software has no right to.
async fn migrate(pool: &AnyPool) -> Result<(), StoreError> {
    let migrator = sqlx::migrate!();
    let ours = migrator.iter().map(|migration| (migration.version, migration.checksum.to_vec()));
    // Fails where nothing was migrated yet.
    let applied =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version");
    let applied: Vec<(i64, Vec<u8>)> = applied.fetch_all(pool).await.unwrap_or_default();
    if ours.eq(applied) {
        return Ok(());
    }
    migrator.run(pool).await.map_err(|e| StoreError::Unusable(e.to_string()))
}
