//! What differs between the two engines: everything else in this crate is the same for both.

use std::path::Path;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, Connection, Executor};

/// The two engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// How a transaction that writes begins. SQLite takes its write lock at once, or two writers could each wait for
    /// the other's.
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }
}

/// The URL of an SQLite file, whatever characters its path has.
pub(crate) fn sqlite_url(path: &Path) -> String {
    let path = path.display().to_string();
    let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite://{path}?mode=rwc")
}

/// Connections for readers.
pub(crate) async fn open_pool(engine: Engine, options: AnyConnectOptions) -> Result<AnyPool, sqlx::Error> {
    let connections = match engine {
        Engine::Sqlite => 4,
        Engine::Postgres => 10,
    };
    AnyPoolOptions::new()
        .max_connections(connections)
        // A file in this process does not go away between two questions; asking whether it is there costs as much as one.
        .test_before_acquire(engine == Engine::Postgres)
        .after_connect(move |connection, _| Box::pin(prepare_connection(engine, connection)))
        .connect_with(options)
        .await
}

/// A connection outside the pool, for the writer alone.
pub(crate) async fn connect(
    engine: Engine,
    options: &AnyConnectOptions,
) -> Result<sqlx::AnyConnection, sqlx::Error> {
    let mut connection = sqlx::AnyConnection::connect_with(options).await?;
    prepare_connection(engine, &mut connection).await?;
    if engine == Engine::Sqlite {
        // An order of a thousand licenses touches as many pages of the index of keys, wherever they lie, and others
        // elsewhere. 8 MiB of them stay in memory, so that none is written twice within a commit; and the log grows to
        // 16 MiB before it is copied into the file, so that a page which changes often is copied once.
        connection.execute("PRAGMA cache_size = -8192").await?;
        connection.execute("PRAGMA wal_autocheckpoint = 4096").await?;
    }
    Ok(connection)
}

/// spec/http.md §1.5: acknowledged is durable, so SQLite syncs at every commit.
async fn prepare_connection(engine: Engine, connection: &mut sqlx::AnyConnection) -> Result<(), sqlx::Error> {
    if engine == Engine::Sqlite {
        for pragma in [
            "PRAGMA busy_timeout = 10000",
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "PRAGMA foreign_keys = ON",
            // The inner pages of the indexes of a million licenses, which every search goes through.
            "PRAGMA cache_size = -4096",
        ] {
            connection.execute(pragma).await?;
        }
    }
    Ok(())
}
