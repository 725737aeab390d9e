//! A server's database as somebody sees it who is not the server.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use sqlx::{AssertSqlSafe, Executor, PgConnection};

use crate::database::on_connection;

/// Where a database lies.
pub(crate) enum Outside {
    File(PathBuf),
    Postgres(String),
}

impl Outside {
    /// The values of a query that selects one text.
    pub(crate) fn texts(&self, select: &str) -> Vec<String> {
        match self {
            Self::File(file) => texts_in(file.clone(), select).expect("the database answers"),
            Self::Postgres(url) => {
                let select = AssertSqlSafe(select.to_owned());
                let work = async move |connection: &mut PgConnection| {
                    sqlx::query_scalar::<_, String>(select).fetch_all(connection).await
                };
                on_connection(url, work).expect("the database answers")
            }
        }
    }

    /// Changes something.
    pub(crate) fn run(&self, statement: &str) {
        match self {
            Self::File(file) => on_sqlite(file, statement),
            Self::Postgres(url) => {
                let statement = AssertSqlSafe(statement.to_owned());
                let work =
                    async move |connection: &mut PgConnection| connection.execute(statement).await.map(drop);
                on_connection(url, work).expect("the database is changed");
            }
        }
    }

    /// Does something in the middle of a transaction that alone may write seats.
    pub(crate) fn while_nobody_writes(&self, act: impl FnOnce() + Send) {
        match self {
            Self::File(file) => {
                let connection = open(file.clone(), OpenFlags::SQLITE_OPEN_READ_WRITE).expect("a database");
                connection.execute_batch("BEGIN IMMEDIATE").expect("it gets its turn");
                act();
                connection.execute_batch("ROLLBACK").expect("it ends");
            }
            Self::Postgres(url) => {
                while_held(url, "LOCK TABLE licenses, devices, customers IN EXCLUSIVE MODE", act);
            }
        }
    }
}

/// Does something in the middle of a transaction that has this table for itself.
pub(crate) fn while_locked(url: &str, table: &str, act: impl FnOnce() + Send) {
    while_held(url, &format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"), act);
}

fn while_held(url: &str, lock: &str, act: impl FnOnce() + Send) {
    let lock = AssertSqlSafe(format!("BEGIN; {lock}"));
    let work = async move |connection: &mut PgConnection| {
        connection.execute(lock).await?;
        act();
        connection.execute("ROLLBACK").await.map(drop)
    };
    on_connection(url, work).expect("the table is there");
}

/// Runs statements on an SQLite database.
pub fn on_sqlite(file: &Path, statements: &str) {
    let connection = open(file.to_owned(), OpenFlags::SQLITE_OPEN_READ_WRITE).expect("a database");
    connection.execute_batch(statements).expect("the database is changed");
}

/// A connection that goes on reading an SQLite database as it is now.
pub(crate) fn reading(file: &Path) -> Connection {
    let connection = open(file.to_owned(), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a database");
    connection.execute_batch("BEGIN; SELECT COUNT(*) FROM sqlite_schema").expect("it is read");
    connection
}

fn texts_in(file: PathBuf, select: &str) -> rusqlite::Result<Vec<String>> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = connection.prepare(select)?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// The server may be writing at the time: then this waits.
fn open(file: PathBuf, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.execute_batch("PRAGMA busy_timeout = 10000")?;
    Ok(connection)
}
