//! Whether the server can work (`spec/http.md` §4).

use sealgate_store::{Db, StoreError, WentBack, table};

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

    /// Fails when the database does not answer.
    pub async fn alive(&self) -> Result<(), StoreError> {
        table::installation::is_alive(&self.db).await
    }

    /// Whether the installation is set up: its schema, keys and first tenant are there.
    pub async fn is_ready(&self) -> Result<bool, StoreError> {
        Ok(table::installation::id(&self.db).await?.is_some())
    }

    /// Whether the database came back older than this server had read from it, a short while ago.
    pub fn went_back(&self) -> Option<WentBack> {
        self.db.went_back()
    }
}
