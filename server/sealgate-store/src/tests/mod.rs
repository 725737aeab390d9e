//! What both engines must agree on, seen from inside: every statement, the schema, the lock on a license.

mod broken;
mod conditions;
mod counted;
mod customer_lock;
mod plans;
mod rows;
mod schema;
mod seat_lock;
mod sold;
mod statements;

use sealgate_testkit::{Engine, TestDatabase};

use crate::sql::Connection;
use crate::{Db, Location};

/// A migrated database of a test's own.
struct Opened {
    db: Db,
    database: TestDatabase,
}

impl Opened {
    async fn new(engine: Engine) -> Self {
        let database = TestDatabase::create(engine);
        let db = Db::open(&location(&database)).await.expect("opens");
        Self { db, database }
    }

    /// A connection that the store does not know of.
    async fn connection(&self) -> Connection {
        Connection::open(&location(&self.database)).await.expect("connects")
    }
}

/// This crate's own [`Location`]: the test kit's is that of the crate without its tests.
fn location(database: &TestDatabase) -> Location {
    database.postgres_url().map_or_else(|| Location::File(database.file()), Location::Postgres)
}
