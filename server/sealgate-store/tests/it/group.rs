//! Many units of work in one commit: each is kept or left out alone.

use std::time::Duration;

use sealgate_store::table::{LicenseRow, devices, licenses};
use sealgate_store::{Db, StoreError, Tx, Work};
use sealgate_testkit::{Engine, TestDatabase};

use crate::support::{TakeSeat, hwid, issue, license, on_both_engines, with_license};

#[tokio::test]
async fn a_write_is_visible_once_it_is_acknowledged() {
    on_both_engines(async |db| {
        let stored = with_license(db, 3).await;
        assert_eq!(licenses::find(db, stored.tenant, stored.id).await.expect("reads"), Some(stored.clone()));
        assert_eq!(db.write(TakeSeat(stored.clone(), "a".to_owned())).await.expect("is free"), 1);
        let found = licenses::by_key(db, stored.tenant, stored.key_hash).await.expect("reads");
        assert_eq!(found.expect("is there").devices_used, 1);
        assert!(devices::seat(db, stored.id, &hwid("a")).await.expect("reads").is_some());
        assert!(devices::seat(db, stored.id, &hwid("b")).await.expect("reads").is_none());
    })
    .await;
}

#[tokio::test]
async fn a_failing_unit_of_work_leaves_no_trace_and_its_neighbours_are_kept() {
    on_both_engines(async |db| {
        let stored = with_license(db, 1).await;
        let good: Vec<LicenseRow> = (0..40).map(|_| license(1)).collect();
        // Each third fails after it has written: by the database's own refusal, or by its own.
        let mut writes = tokio::task::JoinSet::new();
        for new in &good {
            let (new, twin, db) = (new.clone(), stored.clone(), db.clone());
            writes.spawn(async move {
                let (kept, twice, refused) = tokio::join!(
                    db.write(issue(new)),
                    db.write(issue(twin.clone())),
                    db.write(RefusedAfterwards(twin)),
                );
                kept.expect("is kept");
                assert!(matches!(twice, Err(StoreError::Duplicate)), "{twice:?}");
                assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
            });
        }
        while let Some(ended) = writes.join_next().await {
            ended.expect("every unit of work ends as it should");
        }
        for new in good {
            assert_eq!(find(db, &new).await.as_ref(), Some(&new));
        }
        assert_eq!(find(db, &stored).await, Some(stored), "no device was left behind");
    })
    .await;
}

async fn find(db: &Db, license: &LicenseRow) -> Option<LicenseRow> {
    licenses::find(db, license.tenant, license.id).await.expect("reads")
}

/// Binds a device and revokes, then thinks better of it.
struct RefusedAfterwards(LicenseRow);

impl Work for RefusedAfterwards {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let locked = licenses::lock(tx, self.0.tenant, self.0.id).await?.expect("it is there");
        devices::take_seat(tx, &locked, &crate::support::device(&self.0, "x")).await?;
        let revoked_at = Some(crate::support::at());
        licenses::store(tx, &LicenseRow { revoked_at, ..locked }).await?;
        Err(StoreError::Corrupt("on second thoughts".to_owned()))
    }
}

#[tokio::test]
async fn racers_for_the_last_seat_get_it_once() {
    on_both_engines(async |db| {
        let stored = with_license(db, 1).await;
        let mut racers = tokio::task::JoinSet::new();
        for n in 0..64 {
            let (db, license) = (db.clone(), stored.clone());
            racers.spawn(async move { db.write(TakeSeat(license, format!("device-{n}"))).await });
        }
        let seats: Vec<u64> = racers.join_all().await.into_iter().flatten().collect();
        assert_eq!(seats, [1]);
        assert_eq!(find(db, &stored).await.expect("is there").devices_used, 1);
    })
    .await;
}

#[tokio::test]
async fn racers_of_two_processes_get_the_last_seat_once() {
    let database = TestDatabase::create(Engine::Postgres);
    let here = Db::open(&database.location()).await.expect("opens");
    let there = Db::open(&database.location()).await.expect("opens");
    let stored = with_license(&here, 1).await;
    let mut racers = tokio::task::JoinSet::new();
    for n in 0..64 {
        let (db, license) = (if n % 2 == 0 { here.clone() } else { there.clone() }, stored.clone());
        racers.spawn(async move { db.write(TakeSeat(license, format!("device-{n}"))).await });
    }
    let seats: Vec<u64> = racers.join_all().await.into_iter().flatten().collect();
    assert_eq!(seats, [1]);
    assert_eq!(find(&there, &stored).await.expect("is there").devices_used, 1);
    here.close().await;
    there.close().await;
}

#[tokio::test]
async fn after_closing_a_write_is_refused_and_what_was_under_way_is_kept() {
    on_both_engines(async |db| {
        let stored = with_license(db, 5).await;
        let under_way = tokio::spawn({
            let (db, stored) = (db.clone(), stored.clone());
            async move { db.write(TakeSeat(stored, "early".to_owned())).await }
        });
        // The current-thread runtime has not run it yet: it goes first, then this.
        tokio::task::yield_now().await;
        let closed = tokio::time::timeout(Duration::from_secs(10), db.close());
        closed.await.expect("closing waits for nobody who has not asked yet");
        assert_eq!(under_way.await.expect("ends").expect("was asked in time"), 1);
        let late = db.write(TakeSeat(stored.clone(), "late".to_owned())).await;
        assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
        db.close().await;
    })
    .await;
}
