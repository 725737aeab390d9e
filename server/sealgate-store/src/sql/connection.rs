//! Connections to either engine.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, PgPool};

use super::patience::{ANSWER, Pulse, is_lost};
use super::query::{Answer, Ask, Question};
use super::session::Session;
use super::sqlite::Readers;
use super::{postgres, sqlite, url};
use crate::StoreError;

/// Connections to PostgreSQL for readers.
const POSTGRES_READERS: u32 = 10;
/// What a reader's statement may take where other connections are answered: as long as a request.
const READ: Duration = Duration::from_secs(30);

/// Where the data lies. It has no `Debug` text: a PostgreSQL URL may hold a password.
#[derive(Clone)]
pub enum Location {
    /// An SQLite file, made when it is missing. One process at a time.
    File(PathBuf),
    /// A PostgreSQL URL. Several processes may share it.
    Postgres(String),
}

impl std::fmt::Display for Location {
    /// The engine and the place, for people. Of a URL only host, port and name are shown: no user, no password, no option.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "SQLite {}", path.display()),
            Self::Postgres(url) => match url::place(url) {
                Some(place) => write!(f, "PostgreSQL {place}"),
                None => f.write_str("PostgreSQL"),
            },
        }
    }
}

/// A connection of somebody's own.
pub(crate) enum Connection {
    Sqlite(rusqlite::Connection),
    Postgres(Session),
}

impl Connection {
    /// The first connection, which may have to wait and to work long.
    pub(crate) async fn open(location: &Location) -> Result<Self, StoreError> {
        match location {
            Location::File(path) => Ok(Self::Sqlite(sqlite::open_first(path)?)),
            Location::Postgres(url) => Ok(Self::Postgres(Session::open(&options(url)?).await?)),
        }
    }

    /// The writer's connection. On PostgreSQL it has limits, because it holds up other servers.
    pub(crate) async fn open_writer(location: &Location, pulse: &Arc<Pulse>) -> Result<Self, StoreError> {
        match location {
            Location::File(path) => Ok(Self::Sqlite(sqlite::open_writer(path)?)),
            Location::Postgres(url) => Ok(Self::Postgres(Session::open_writer(&options(url)?, pulse).await?)),
        }
    }

    /// Whether it is of no more use, and its transaction was certainly not committed.
    pub(crate) fn lost_before_commit(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(session) => session.lost_before_commit(),
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
            Self::Postgres(session) => Ok(Box::pin(session.command(sql)).await?),
        }
    }

    /// Makes the transaction durable. It fails, too, if a statement in it failed and somebody went on all the same.
    pub(crate) async fn commit(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.command("COMMIT").await,
            Self::Postgres(session) => Ok(Box::pin(session.commit()).await?),
        }
    }

    /// Says goodbye, and waits until the engine has heard it.
    pub(crate) async fn close(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => Ok(connection.close().map_err(|(_, error)| error)?),
            Self::Postgres(session) => Ok(session.close().await?),
        }
    }
}

impl Ask for &mut Connection {
    async fn ask(self, question: Question) -> Result<Answer, StoreError> {
        match self {
            Connection::Sqlite(connection) => Ok(sqlite::ask(connection, &question)?),
            // In a box, so that a question to SQLite does not carry the size of the other.
            Connection::Postgres(session) => Ok(Box::pin(session.ask(question)).await?),
        }
    }
}

/// Connections for those who only read. Clones share them.
#[derive(Clone)]
pub(crate) enum Pool {
    Sqlite(Arc<Readers>),
    Postgres(PgPool, Arc<Pulse>),
}

impl Pool {
    pub(crate) async fn open(location: &Location, pulse: &Arc<Pulse>) -> Result<Self, StoreError> {
        match location {
            Location::File(path) => Ok(Self::Sqlite(Arc::new(Readers::new(path)?))),
            Location::Postgres(url) => {
                let pool = PgPoolOptions::new().max_connections(POSTGRES_READERS);
                let pool = pool.acquire_timeout(ANSWER).connect_with(options(url)?).await?;
                Ok(Self::Postgres(pool, Arc::clone(pulse)))
            }
        }
    }

    /// Looks whether the files that were opened are still there.
    pub(crate) fn look(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(readers) => readers.place().look(),
            Self::Postgres(..) => Ok(()),
        }
    }

    /// The same, and whether they hold what they held. The last write that an SQLite database holds without its log.
    pub(crate) fn look_inside(&self) -> Result<Option<i64>, StoreError> {
        match self {
            Self::Sqlite(readers) => readers.place().look_inside().map(Some),
            Self::Postgres(..) => Ok(None),
        }
    }

    /// Waits for those who are reading, and closes every connection.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(readers) => readers.close().await,
            Self::Postgres(pool, _) => pool.close().await,
        }
    }
}

impl Ask for &Pool {
    async fn ask(self, question: Question) -> Result<Answer, StoreError> {
        match self {
            Pool::Sqlite(readers) => readers.ask(question).await,
            Pool::Postgres(pool, pulse) => Ok(Box::pin(read(pool, pulse, question)).await?),
        }
    }
}

async fn read(pool: &PgPool, pulse: &Pulse, question: Question) -> Result<Answer, sqlx::Error> {
    let mut connection = pulse.wait(ANSWER, pool.acquire()).await?;
    let answer = pulse.wait(READ, postgres::ask(&mut *connection, question)).await;
    if answer.as_ref().is_err_and(is_lost) {
        // Given back, it would keep its place in the pool until somebody has tried it.
        drop(connection.detach());
    }
    answer
}

/// Every list enters an index where it begins and leaves it in the order that is asked for. A planner that has no statistics,
/// or old ones, may rather collect all rows and sort them: with a million rows that somebody just added, each question would
/// read all of them.
const IN_ORDER: [(&str, &str); 3] = [("enable_sort", "off"), ("enable_bitmapscan", "off"), ("jit", "off")];

/// Statements are not logged: their values may be secret.
fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options = url::options(url).map_err(|error| StoreError::Unusable(error.to_string()))?;
    Ok(options.options(IN_ORDER).disable_statement_logging())
}
