//! One process per name, among all that share a PostgreSQL database (`docs/design.md`, "One process per key").

use std::sync::Arc;
use std::time::Duration;

use sealgate_artifact::PublicKey;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::sql::{Connection, Location, Pulse, query};
use crate::{StoreError, Threads};

/// How often the engine is asked.
const EVERY: Duration = Duration::from_secs(1);
/// How often a name that is taken is asked for: longer than the engine takes to notice that its holder's machine died.
const ATTEMPTS: u32 = 15;

/// The engine frees the name of a machine that fell silent after nine seconds.
const NOTICE_DEATH: &str = "SET tcp_keepalives_idle = 3; SET tcp_keepalives_interval = 2; \
                            SET tcp_keepalives_count = 3; SET tcp_user_timeout = 9000";
const PING: &str = "SELECT 1";
/// Only PostgreSQL is asked. The lock belongs to the connection and ends with it.
const TRY: &str = "SELECT CASE WHEN pg_try_advisory_lock($1) THEN 1 ELSE 0 END";
/// Who has it, if that is another database user than ours: anybody who can connect may take any lock.
const STRANGER: &str = "SELECT a.usename::text AS name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND a.usename <> current_user \
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
     AND ((l.classid::bigint << 32) | l.objid::bigint) = $1";

/// What one process has at a time.
#[derive(Clone, Copy)]
pub(crate) struct Name {
    lock: i64,
    /// For the log.
    what: &'static str,
    /// What `/readyz` calls whoever holds it.
    holder: &'static str,
}

impl Name {
    pub(crate) fn of_server(key: PublicKey) -> Self {
        let (name, _) = key.as_bytes().split_first_chunk().expect("a key has 32 bytes");
        Self {
            lock: i64::from_be_bytes(*name),
            what: "this server's key",
            holder: "holder of the server's key",
        }
    }

    pub(crate) fn of_vendors_side(installation: &str) -> Self {
        let hash: [u8; 32] =
            Sha256::new().chain_update("vendor's side of ").chain_update(installation).finalize().into();
        let (name, _) = hash.split_first_chunk().expect("a hash has 32 bytes");
        Self {
            lock: i64::from_be_bytes(*name),
            what: "the vendor's side of this installation",
            holder: "holder of the vendor's side",
        }
    }
}

/// What became of an attempt to take a name.
enum Taken {
    Ours(Connection),
    /// With the database user who has it, if that is not ours.
    Theirs(Option<String>),
}

/// A name, held until this is given back.
pub(crate) struct Hold {
    stopping: Arc<Notify>,
    keeper: JoinHandle<()>,
}

impl Hold {
    /// Takes the name. [`StoreError::InUse`] if another process keeps it, [`StoreError::HeldByUser`] if it has another database
    /// user; one that has just died is waited for.
    pub(crate) async fn take(
        database: (Location, Arc<Pulse>),
        name: Name,
        threads: &Threads,
    ) -> Result<Self, StoreError> {
        let (mut ticks, mut holder) = (each_second(), None);
        for attempt in 0..ATTEMPTS {
            ticks.tick().await;
            match take_once(&database, name).await {
                Ok(Taken::Ours(connection)) => return Ok(Self::keep(database, name, connection, threads)),
                Ok(Taken::Theirs(user)) => {
                    holder = user;
                    if attempt == 0 {
                        tracing::warn!("another process has {}: waiting whether it ends", name.what);
                    }
                }
                // On a busy machine a connection may take too long once.
                Err(_) if attempt == 0 => {}
                Err(error) => return Err(error),
            }
        }
        Err(holder.map_or(StoreError::InUse, StoreError::HeldByUser))
    }

    fn keep(database: (Location, Arc<Pulse>), name: Name, connection: Connection, threads: &Threads) -> Self {
        let (stopping, mut first) = (Arc::new(Notify::new()), Some(connection));
        let until = Arc::clone(&stopping);
        let round = move || {
            let keeper = Keeper { database: database.clone(), name, connection: first.take() };
            keeper.run(Arc::clone(&until))
        };
        Self { stopping, keeper: tokio::spawn(threads.clone().keep(name.holder, round)) }
    }

    /// Gives the name back, and waits until the engine has heard it.
    pub(crate) async fn give_back(mut self) {
        self.stopping.notify_one();
        // A panic inside it was logged by its thread.
        let _ = (&mut self.keeper).await;
    }
}

impl Drop for Hold {
    /// A start that failed further on gives it back too.
    fn drop(&mut self) {
        self.stopping.notify_one();
    }
}

fn each_second() -> Interval {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// A connection that has the name, or who has it.
async fn take_once((location, pulse): &(Location, Arc<Pulse>), name: Name) -> Result<Taken, StoreError> {
    // Like the writer's it does not wait in vain: a line that broke in silence holds no name.
    let mut connection = Connection::open_writer(location, pulse).await?;
    connection.command(NOTICE_DEATH).await?;
    let taken: i64 = query(TRY).bind(name.lock).fetch_one(&mut connection).await?.get(0)?;
    if taken == 1 {
        return Ok(Taken::Ours(connection));
    }
    let stranger = query(STRANGER).bind(name.lock).fetch_optional(&mut connection).await?;
    connection.close().await?;
    Ok(Taken::Theirs(stranger.map(|row| row.get(0)).transpose()?))
}

struct Keeper {
    database: (Location, Arc<Pulse>),
    name: Name,
    connection: Option<Connection>,
}

impl Keeper {
    async fn run(mut self, stopping: Arc<Notify>) {
        let mut ticks = each_second();
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stopping.notified() => break,
            }
            self.keep().await;
        }
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the connection that holds {} did not close cleanly", self.name.what);
        }
    }

    /// Sees whether the connection is still there, and takes the name again if it is not.
    async fn keep(&mut self) {
        if let Some(connection) = &mut self.connection
            && connection.command(PING).await.is_ok()
        {
            return;
        }
        self.connection = None;
        match take_once(&self.database, self.name).await {
            Ok(Taken::Ours(connection)) => self.connection = Some(connection),
            Ok(Taken::Theirs(None)) => {
                tracing::error!("another process has {}, too: stop one of the two", self.name.what);
            }
            Ok(Taken::Theirs(Some(user))) => tracing::error!(
                user,
                "a process with another database user has {}: if none of your servers has that user, it was stolen",
                self.name.what
            ),
            // The writer and the feed say what is wrong.
            Err(error) => {
                tracing::debug!(%error, "{} is not held: the database does not answer", self.name.what);
            }
        }
    }
}
