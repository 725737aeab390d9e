//! Whether the server can work (`spec/http.md` §4).

use sealgate_artifact::PublicKey;
use sealgate_store::{Db, StoreError, WentBack, table};

use crate::Ids;
use crate::certificates::latest_end;

/// Asks the database and the clock for health checks.
#[derive(Clone)]
pub struct Health {
    db: Db,
    ids: Ids,
    server: Option<PublicKey>,
}

/// Why a server should get no requests, in words for the person who can change it.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The database, or a part of this process that works with it.
    #[error(transparent)]
    Database(#[from] sealgate_store::NotReady),
    /// What the clock shows is doubted.
    #[error(
        "this machine's clock was set by {0} seconds, or the machine slept or was off: compare its clock with a time \
         server. If it is right now, wait: after an hour it is taken as right"
    )]
    ClockWasSet(i64),
    /// Clients refuse what it signs for some tenants.
    #[error(
        "{0} of this server's certificates are not in force: check this machine's clock, and that a process of role \
         authority or all is running"
    )]
    NotCertified(u64),
}

impl Health {
    /// The health of a server on this database. `server` is the key by which clients know it, if they ask it.
    pub fn new(db: Db, ids: Ids, server: Option<PublicKey>) -> Self {
        Self { db, ids, server }
    }

    /// Fails when the database does not answer within a second.
    pub async fn alive(&self) -> Result<(), StoreError> {
        self.db.check_alive().await
    }

    /// What speaks against sending requests here, told within a second. A server that was not approved yet has no
    /// certificate; that is for `server list` to say.
    pub async fn ready(&self) -> Result<(), NotReady> {
        self.db.check_ready().await?;
        if let Some(seconds) = self.ids.clock_watch().was_set_by() {
            return Err(NotReady::ClockWasSet(seconds));
        }
        let Some(server) = self.server else { return Ok(()) };
        let now = self.ids.now();
        let idle = table::certificates::count_outside(&self.db, server, now, latest_end(now)).await;
        match idle.map_err(sealgate_store::NotReady::Database)? {
            0 => Ok(()),
            count => Err(NotReady::NotCertified(count)),
        }
    }

    /// Whether the database came back older than this server had read from it, a short while ago.
    pub fn went_back(&self) -> Option<WentBack> {
        self.db.went_back()
    }
}
