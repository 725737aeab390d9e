//! What both engines must agree on, seen from inside: every statement, the schema, the lock on a license.

mod plans;
mod rows;
mod schema;
mod seat_lock;
mod statements;

use std::str::FromStr;

use sealgate_testkit::TestDatabase;
use sqlx::AnyConnection;
use sqlx::any::AnyConnectOptions;

use crate::engine::{Engine, connect};
use crate::{Db, Location};

/// A migrated database of a test's own.
struct Opened {
    db: Db,
    engine: Engine,
    database: TestDatabase,
}

impl Opened {
    async fn new(engine: Engine) -> Self {
        let database = TestDatabase::create(match engine {
            Engine::Sqlite => sealgate_testkit::Engine::Sqlite,
            Engine::Postgres => sealgate_testkit::Engine::Postgres,
        });
        let location =
            database.postgres_url().map_or_else(|| Location::File(database.file()), Location::Postgres);
        let db = Db::open(&location).await.expect("opens");
        Self { db, engine, database }
    }

    /// A connection that the store does not know of.
    async fn connection(&self) -> AnyConnection {
        let url = self.database.postgres_url();
        let url = url.unwrap_or_else(|| format!("sqlite://{}", self.database.file().display()));
        let options = AnyConnectOptions::from_str(&url).expect("a URL");
        connect(self.engine, &options).await.expect("connects")
    }
}
