//! Whether the server can work (`spec/http.md` §4).

use sealgate_store::{Db, NotReady, StoreError};

/// Asks the database for health checks.
#[derive(Debug, Clone)]
pub struct Health {
    db: Db,
}

impl Health {
    /// The health of a server on this database.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Fails when the database does not answer within a second.
    pub async fn alive(&self) -> Result<(), StoreError> {
        self.db.check_alive().await
    }

    /// Fails, within a second, when the installation is not set up (schema, keys, first tenant), or when this process
    /// cannot write or has lost a part of itself.
    pub async fn ready(&self) -> Result<(), NotReady> {
        self.db.check_ready().await
    }
}
