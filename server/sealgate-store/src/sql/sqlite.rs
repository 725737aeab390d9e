//! Asking SQLite: calls into the engine, on the thread that asks.

use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, Result};
use tokio::sync::Semaphore;

use super::place::Place;
use super::query::{Answer, Question, Wanted};
use super::row::Cell;
use super::{Row, Value};
use crate::StoreError;

/// Lists that are read at the same time.
const LISTS: u32 = 4;
/// Connections that wait for the next question.
const IDLE: usize = 4;
/// Statements that a connection keeps prepared: more than there are.
const STATEMENTS: usize = 256;

/// What every connection is told. spec/http.md §1.5: acknowledged is durable, so SQLite syncs at every commit. The
/// cache holds what a page of a list reads, and the upper pages of the indexes of a million licenses.
const PREPARE: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                       PRAGMA foreign_keys = ON; PRAGMA cache_size = -4096";
/// What a device or a license adds to the indexes of keys and names lies anywhere in them: pages that were read are kept,
/// so that they are not read again, nor one written twice within a commit. The log grows to 64 MiB before it is copied
/// into the file: a page that changes often is copied once.
const PREPARE_WRITER: &str = "PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 16384";
const PREPARE_READER: &str = "PRAGMA query_only = ON";

/// Reading something opens the log.
const READ: &str = "SELECT COUNT(*) FROM sqlite_schema";

/// Opens a file, and makes it where it is missing: nobody works with it yet.
pub(super) fn open_first(path: &Path) -> Result<Connection> {
    open_with(OpenFlags::SQLITE_OPEN_CREATE, path, PREPARE_WRITER)
}

/// Opens a file that is there.
pub(super) fn open_writer(path: &Path) -> Result<Connection> {
    open(path, PREPARE_WRITER)
}

fn open(path: &Path, prepare: &str) -> Result<Connection> {
    open_with(OpenFlags::empty(), path, prepare)
}

fn open_with(more: OpenFlags, path: &Path, prepare: &str) -> Result<Connection> {
    // Not as a URI: a path may have any character.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let connection = Connection::open_with_flags(path, flags)?;
    // A plan does not depend on the values. Else SQLite plans a statement with `LIMIT $3` anew whenever it gets them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(PREPARE)?;
    connection.execute_batch(prepare)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Runs a statement. The work is done when this returns.
pub(super) fn ask(connection: &Connection, question: &Question) -> Result<Answer> {
    let mut statement = connection.prepare_cached(question.sql)?;
    bind(&mut statement, &question.values)?;
    if question.wanted == Wanted::Effect {
        let changed = statement.raw_execute()?;
        return Ok(Answer { changed: changed as u64, rows: Vec::new() });
    }
    let names: Arc<[String]> = statement.column_names().into_iter().map(str::to_owned).collect();
    let (mut found, mut rows) = (statement.raw_query(), Vec::new());
    while let Some(row) = found.next()? {
        let cells = (0..names.len()).map(|at| row.get_ref(at).and_then(cell)).collect::<Result<_>>()?;
        rows.push(Row::new(Arc::clone(&names), cells));
        if question.wanted == Wanted::First {
            break;
        }
    }
    Ok(Answer { changed: 0, rows })
}

/// To SQLite `$2` is a name: it stands at the place where it is met first.
fn bind(statement: &mut CachedStatement<'_>, values: &[Value]) -> Result<()> {
    for place in 1..=statement.parameter_count() {
        let name = statement.parameter_name(place).and_then(|name| name[1..].parse::<usize>().ok());
        let value = name.and_then(|n| values.get(n.checked_sub(1)?));
        let value = value.ok_or(rusqlite::Error::InvalidParameterCount(values.len(), place))?;
        statement.raw_bind_parameter(place, value)?;
    }
    Ok(())
}

impl ToSql for Value {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Integer(Some(n)) => ValueRef::Integer(*n),
            Self::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(Some(bytes)) => ValueRef::Blob(bytes),
            Self::Integer(None) | Self::Text(None) | Self::Bytes(None) => ValueRef::Null,
        }))
    }
}

fn cell(value: ValueRef<'_>) -> Result<Cell> {
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(n) => Cell::Integer(n),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
        text @ (ValueRef::Text(_) | ValueRef::Real(_)) => Cell::Text(text.as_str()?.to_owned()),
    })
}

/// Connections for readers, opened when they are needed.
pub(crate) struct Readers {
    place: Place,
    /// [`None`] once closed.
    open: Mutex<Option<Opened>>,
    lists: Arc<Semaphore>,
}

struct Opened {
    idle: Vec<Connection>,
    /// Keeps the files from being made anew as long as this process works with them, and closes last.
    anchor: Connection,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Result<Self> {
        let anchor = open(path, PREPARE_READER)?;
        anchor.query_row(READ, (), |_| Ok(()))?;
        Ok(Self {
            place: Place::of(path),
            open: Mutex::new(Some(Opened { idle: Vec::new(), anchor })),
            lists: Arc::new(Semaphore::new(LISTS as usize)),
        })
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// A row that is found by its key costs less than to hand the question to another thread. A list may be long: it is
    /// read where nobody waits for the thread. Whoever asks for one row after the other lets others have the thread in
    /// between, and can be stopped there.
    pub(super) async fn ask(self: &Arc<Self>, question: Question) -> Result<Answer, StoreError> {
        if question.wanted != Wanted::All {
            tokio::task::coop::consume_budget().await;
            return self.ask_here(&question);
        }
        let closed = |_| StoreError::Unavailable("the store is closing".to_owned());
        let permit = Arc::clone(&self.lists).acquire_owned().await.map_err(closed)?;
        let readers = Arc::clone(self);
        let there = tokio::task::spawn_blocking(move || {
            let answer = readers.ask_here(&question);
            // Kept until here even if the one who asked has gone away.
            drop(permit);
            answer
        });
        there.await.map_err(|error| StoreError::Unavailable(error.to_string()))?
    }

    fn ask_here(&self, question: &Question) -> Result<Answer, StoreError> {
        self.place.check()?;
        let connection = self.take()?;
        // After an error the connection goes: the next question gets a new one.
        let answer = ask(&connection, question)?;
        let mut open = self.open.lock().expect("no holder of this lock panics");
        if let Some(open) = open.as_mut().filter(|open| open.idle.len() < IDLE) {
            open.idle.push(connection);
        }
        Ok(answer)
    }

    fn take(&self) -> Result<Connection, StoreError> {
        let mut open = self.open.lock().expect("no holder of this lock panics");
        let closed = || StoreError::Unavailable("the store is closing".to_owned());
        let waiting = open.as_mut().ok_or_else(closed)?.idle.pop();
        drop(open);
        waiting.map_or_else(|| self.open_reader(), Ok)
    }

    /// Never one of other files, which would make a log beside them.
    fn open_reader(&self) -> Result<Connection, StoreError> {
        self.place.look()?;
        Ok(self::open(self.place.path(), PREPARE_READER)?)
    }

    /// Lists under way are waited for.
    pub(super) async fn close(&self) {
        let all = self.lists.acquire_many(LISTS).await;
        let opened = self.open.lock().expect("no holder of this lock panics").take();
        if let Some(Opened { idle, anchor }) = opened {
            drop(idle);
            self.close_last(anchor);
        }
        drop(all);
    }

    /// Who closes last copies the log into the file, and deletes it by its name: that may be the log of another database now.
    fn close_last(&self, anchor: Connection) {
        if self.place.look().is_err()
            && let Err(error) = anchor.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        {
            tracing::warn!(%error, "what lies at the database's place may lose its log");
        }
        drop(anchor);
    }
}
