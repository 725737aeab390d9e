//! Stopping, and bugs that must not stop the store.

use sealgate_store::{Db, Location, StoreError, Tx, Work};
use sealgate_testkit::{Engine, TestDatabase};

use crate::support::{TakeSeat, on_both_engines, with_license};

/// A unit of work with a bug in it.
struct Panics;

impl Work for Panics {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, _: &mut Tx<'_>) -> Result<(), StoreError> {
        panic!("a bug, on purpose")
    }
}

#[tokio::test]
async fn a_bug_in_one_unit_of_work_does_not_end_the_writer() {
    on_both_engines(async |db| {
        let stored = with_license(db, 1).await;
        assert!(matches!(db.write(Panics).await, Err(StoreError::Broken(_))));
        assert_eq!(db.write(TakeSeat(stored, "a".to_owned())).await.expect("the writer goes on"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_closed_store_is_one_whole_file() {
    for _ in 0..20 {
        let database = TestDatabase::create(Engine::Sqlite);
        let Location::File(file) = database.location() else { panic!("a file") };
        let db = Db::open(&database.location()).await.expect("opens");
        with_license(&db, 1).await;
        db.close().await;
        assert!(!file.with_extension("db-wal").exists(), "nothing is left beside {}", file.display());
    }
}
