//! Units of work that go on where they must not, and servers that stand still.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sealgate_store::table::{LicenseRow, licenses};
use sealgate_store::{Db, StoreError, Tx, Work};
use sealgate_testkit::{Engine, TestDatabase};
use tokio::sync::Notify;

use crate::support::{TakeSeat, issue, license, on_both_engines, unsigned, with_license};

/// Stores a license, fails to store one that is there, and says that all is well.
struct ShrugsOff {
    new: LicenseRow,
    there: LicenseRow,
}

impl Work for ShrugsOff {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        licenses::insert(&mut *tx, &self.new, &unsigned()).await?;
        let _ = licenses::insert(tx, &self.there, &unsigned()).await;
        Ok(())
    }
}

#[tokio::test]
async fn nobody_is_told_yes_after_a_statement_failed() {
    on_both_engines(async |db| {
        let stored = with_license(db, 1).await;
        for _ in 0..3 {
            let (new, neighbour) = (license(1), license(1));
            let (told, kept) = tokio::join!(
                db.write(ShrugsOff { new: new.clone(), there: stored.clone() }),
                db.write(issue(neighbour.clone())),
            );
            assert!(matches!(&told, Err(StoreError::Broken(why)) if why.contains("went on")), "{told:?}");
            kept.expect("its neighbour is kept");
            let find = async |row: LicenseRow| licenses::find(db, row.tenant, row.id).await.expect("reads");
            assert_eq!(find(new).await, None, "nothing of it was kept");
            assert_eq!(find(neighbour.clone()).await, Some(neighbour));
        }
    })
    .await;
}

/// Stands still inside its first transaction, which holds the change counter.
struct StandsStill {
    license: LicenseRow,
    began: Arc<Notify>,
    goes_on: Arc<Notify>,
    is_again: AtomicBool,
}

impl Work for StandsStill {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        licenses::insert(tx, &self.license, &unsigned()).await?;
        if !self.is_again.swap(true, Ordering::SeqCst) {
            self.began.notify_one();
            self.goes_on.notified().await;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_server_that_stands_still_in_a_transaction_holds_nobody_up() {
    let database = TestDatabase::create(Engine::Postgres);
    let here = Db::open(&database.location()).await.expect("opens");
    let there = Db::open(&database.location()).await.expect("opens");
    let stored = with_license(&here, 1).await;
    let (license, began, goes_on) = (license(1), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let still = StandsStill {
        license: license.clone(),
        began: Arc::clone(&began),
        goes_on: Arc::clone(&goes_on),
        is_again: AtomicBool::new(false),
    };
    let standing = tokio::spawn({
        let there = there.clone();
        async move { there.write(still).await }
    });
    began.notified().await;
    let seat = here.write(TakeSeat(stored, "a".to_owned())).await;
    assert_eq!(seat.expect("is stored while the other still stands"), 1);
    goes_on.notify_one();
    standing.await.expect("ends").expect("PostgreSQL had ended its transaction: it did all of it once more");
    let found = licenses::find(&here, license.tenant, license.id).await.expect("reads");
    assert_eq!(found, Some(license));
    here.close().await;
    there.close().await;
}
