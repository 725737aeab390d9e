//! A log that fails takes nothing with it.

use sealgate_store::{Db, Location, StoreError};
use sealgate_testkit::{Engine, TestDatabase, on_postgres};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::{TakeSeat, with_license};

/// Breaks down over every word.
struct BadLog;

impl Subscriber for BadLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("sealgate_store")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        panic!("no room for a log, on purpose")
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_log_that_panics_does_not_end_the_writer() {
    tracing::subscriber::set_global_default(BadLog).expect("each test is a process of its own");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = TestDatabase::create(engine);
        let db = Db::open(&database.location()).await.expect("opens");
        let stored = with_license(&db, 1).await;
        meddle(&database, "ALTER TABLE change_counter RENAME TO hidden");
        let refused = db.write(TakeSeat(stored.clone(), "a".to_owned())).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        meddle(&database, "ALTER TABLE hidden RENAME TO change_counter");
        let seat = db.write(TakeSeat(stored, "a".to_owned())).await;
        assert_eq!(seat.expect("the writer was started again"), 1);
        db.close().await;
    }
}

fn meddle(database: &TestDatabase, statement: &str) {
    match database.location() {
        Location::Postgres(url) => on_postgres(&url, statement).expect("is changed"),
        Location::File(path) => {
            rusqlite::Connection::open(path).expect("opens").execute_batch(statement).expect("is changed");
        }
    }
}
