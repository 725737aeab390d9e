//! PostgreSQL goes away and comes back.
#![expect(clippy::disallowed_methods, reason = "how long an answer takes is what is tested")]

use std::time::{Duration, Instant};

use sealgate_store::{Db, Location, StoreError};
use sealgate_testkit::{Engine, TestDatabase};

use crate::support::{TakeSeat, issue, license, with_license};

/// Two seconds, and something for a machine that does other things too.
const SOON: Duration = Duration::from_millis(2500);

#[tokio::test]
async fn who_waits_in_line_for_a_database_that_is_away_is_told_with_the_others() {
    let database = TestDatabase::create(Engine::Postgres);
    let (proxy, url) = database.behind_proxy();
    let db = Db::open(&Location::Postgres(url)).await.expect("opens");
    let stored = with_license(&db, 1).await;
    proxy.stall();
    let begun = Instant::now();
    let mut writes = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let db = db.clone();
        writes.spawn(async move { db.write(issue(license(1))).await });
        // The writer begins with the first, and the others come one by one.
        tokio::task::yield_now().await;
    }
    for refused in writes.join_all().await {
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
    assert!(begun.elapsed() < SOON, "after {:?}", begun.elapsed());
    proxy.come_back();
    let seat = db.write(TakeSeat(stored, "a".to_owned())).await;
    assert_eq!(seat.expect("the first write after it"), 1);
    db.close().await;
}

#[tokio::test]
async fn what_was_not_sent_for_commit_is_done_on_a_new_connection() {
    let database = TestDatabase::create(Engine::Postgres);
    let (proxy, url) = database.behind_proxy();
    let db = Db::open(&Location::Postgres(url)).await.expect("opens");
    let stored = with_license(&db, 9).await;
    for n in 1..=5 {
        proxy.drop_connections();
        let seat = db.write(TakeSeat(stored.clone(), format!("device-{n}"))).await;
        assert_eq!(seat.expect("nobody notices"), n);
    }
    db.close().await;
}
