//! Connections to either engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection as _, Executor, PgConnection, PgPool};

use super::query::{Answer, Ask, Question};
use super::sqlite::Readers;
use super::{postgres, sqlite, url};
use crate::StoreError;

/// Connections to PostgreSQL for readers.
const POSTGRES_READERS: u32 = 10;

/// Where the data lies. It has no `Debug` text: a PostgreSQL URL may hold a password.
#[derive(Clone)]
pub enum Location {
    /// An SQLite file, made when it is missing. One process at a time.
    File(PathBuf),
    /// A PostgreSQL URL. Several processes may share it.
    Postgres(String),
}

/// A connection of somebody's own.
pub(crate) enum Connection {
    Sqlite(rusqlite::Connection),
    Postgres(PgConnection),
}

impl Connection {
    /// A connection that writes.
    pub(crate) async fn open(location: &Location) -> Result<Self, StoreError> {
        match location {
            Location::File(path) => Ok(Self::Sqlite(sqlite::open_writer(path)?)),
            Location::Postgres(url) => Ok(Self::Postgres(PgConnection::connect_with(&options(url)?).await?)),
        }
    }

    /// Begins a transaction that writes. SQLite takes its write lock at once, or two writers could each wait for the
    /// other's.
    pub(crate) async fn begin(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.command("BEGIN IMMEDIATE").await,
            Self::Postgres(_) => self.command("BEGIN").await,
        }
    }

    /// Whether others may write at the same time, so that a row must be locked before it is looked at. SQLite's
    /// transactions that write exclude each other.
    pub(crate) fn locks_rows(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Runs statements that take no values and have no rows.
    pub(crate) async fn command(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Self::Postgres(connection) => Ok(connection.execute(sql).await.map(drop)?),
        }
    }

    /// Says goodbye, and waits until the engine has heard it.
    pub(crate) async fn close(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => Ok(connection.close().map_err(|(_, error)| error)?),
            Self::Postgres(connection) => Ok(connection.close().await?),
        }
    }
}

impl Ask for &mut Connection {
    async fn ask(self, question: Question) -> Result<Answer, StoreError> {
        match self {
            Connection::Sqlite(connection) => Ok(sqlite::ask(connection, &question)?),
            Connection::Postgres(connection) => Ok(postgres::ask(connection, question).await?),
        }
    }
}

/// Connections for those who only read. Clones share them.
#[derive(Clone)]
pub(crate) enum Pool {
    Sqlite(Arc<Readers>),
    Postgres(PgPool),
}

impl Pool {
    pub(crate) async fn open(location: &Location) -> Result<Self, StoreError> {
        match location {
            Location::File(path) => Ok(Self::sqlite(path)),
            Location::Postgres(url) => {
                let pool = PgPoolOptions::new().max_connections(POSTGRES_READERS);
                Ok(Self::Postgres(pool.connect_with(options(url)?).await?))
            }
        }
    }

    fn sqlite(path: &Path) -> Self {
        Self::Sqlite(Arc::new(Readers::new(path.to_owned())))
    }

    /// Waits for those who are reading, and closes every connection.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(readers) => readers.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Ask for &Pool {
    async fn ask(self, question: Question) -> Result<Answer, StoreError> {
        match self {
            Pool::Sqlite(readers) => readers.ask(question).await,
            Pool::Postgres(pool) => Ok(postgres::ask(pool, question).await?),
        }
    }
}

/// Statements are not logged: their values may be secret.
fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options = url::options(url).map_err(|error| StoreError::Unusable(error.to_string()))?;
    Ok(options.disable_statement_logging())
}
