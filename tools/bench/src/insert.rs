//! The cheapest durable write: many rows share one transaction of SQLite, and are acknowledged after it.

use std::path::Path;

use rusqlite::{Connection, Result, params};
use tokio::sync::{mpsc, oneshot};

/// Rows of one transaction at most, as in the product.
const GROUP: usize = 64;
/// As long as an identifier of the product's.
const ID: &str = "00000000-0000-7000-8000-000000000000";

/// The columns of a device, and one unique index, by what a client sends: the least that finds the row again, and keeps a
/// device from standing in it twice.
const SCHEMA: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE devices (license_id TEXT NOT NULL, kind TEXT NOT NULL, identity TEXT NOT NULL,
    device_id TEXT NOT NULL, tenant_id TEXT NOT NULL, first_seen INTEGER NOT NULL,
    PRIMARY KEY (license_id, kind, identity)) WITHOUT ROWID;";
/// A device that asks again is written again: `validate-credits` and `heartbeat` ask so.
const INSERT: &str = "INSERT OR REPLACE INTO devices VALUES (?1, 'hwid', ?2, ?3, ?4, ?5)";

/// A row, and whom to tell once it is durable.
struct Row {
    key: String,
    identity: String,
    nonce: String,
    done: oneshot::Sender<()>,
}

/// The door to the one writer.
pub struct Inserts(mpsc::Sender<Row>);

impl Inserts {
    /// Starts the writer on a new database.
    pub fn start(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        let (rows, queue) = mpsc::channel(1024);
        std::thread::spawn(move || write(&connection, queue).expect("rows can be inserted"));
        Ok(Self(rows))
    }

    /// Returns when the row is durable.
    pub async fn insert(&self, key: String, identity: String, nonce: String) {
        let (done, durable) = oneshot::channel();
        let sent = self.0.send(Row { key, identity, nonce, done }).await;
        assert!(sent.is_ok(), "the writer runs as long as the program");
        durable.await.expect("the writer runs as long as the program");
    }
}

fn write(connection: &Connection, mut queue: mpsc::Receiver<Row>) -> Result<()> {
    let mut insert = connection.prepare(INSERT)?;
    let mut group = Vec::with_capacity(GROUP);
    while queue.blocking_recv_many(&mut group, GROUP) > 0 {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for row in &group {
            insert.execute(params![row.key, row.identity, row.nonce, ID, 1_800_000_000_u32])?;
        }
        connection.execute_batch("COMMIT")?;
        for row in group.drain(..) {
            // The asker may have gone away.
            let _ = row.done.send(());
        }
    }
    Ok(())
}
