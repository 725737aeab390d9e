//! The update that comes first makes racers wait for each other (`docs/design.md`, "Seats").

use sealgate_testkit::Engine;

use super::{Opened, rows};
use crate::sql::Connection;
use crate::table::licenses::lock;
use crate::table::{LicenseRow, devices};
use crate::{StoreError, Tx};

#[tokio::test]
async fn a_second_taker_waits_until_the_first_is_done_and_then_counts_what_it_did() {
    let opened = Opened::new(Engine::Postgres).await;
    let license = rows::store_license(&opened.db).await;
    let (mut first, mut second) = (opened.connection().await, opened.connection().await);

    first.command("BEGIN").await.expect("begins");
    assert_eq!(take(&mut first, &license, "first").await.expect("is free"), 0);
    // Instead of waiting for long, the second says that it would have to.
    second.command("BEGIN; SET LOCAL lock_timeout = '50ms'").await.expect("begins");
    let waited = take(&mut second, &license, "second").await;
    assert!(
        matches!(&waited, Err(StoreError::Unavailable(why)) if why.contains("lock timeout")),
        "{waited:?}"
    );
    first.command("COMMIT").await.expect("commits");
    second.command("ROLLBACK; BEGIN").await.expect("begins again");
    assert_eq!(take(&mut second, &license, "second").await.expect("no longer waits"), 1);
    second.command("ROLLBACK").await.expect("rolls back");

    first.close().await.expect("closes");
    second.close().await.expect("closes");
    opened.db.close().await;
}

/// The devices that there were before this one.
async fn take(connection: &mut Connection, license: &LicenseRow, hwid: &str) -> Result<u64, StoreError> {
    let mut tx = Tx::on(connection);
    let locked = lock(&mut tx, license.tenant, license.id).await?.expect("it is there");
    let (used, bound) = devices::count_seats(&mut tx, &locked, &rows::hwid_device(hwid)).await?;
    assert!(bound.is_none());
    devices::take_seat(&mut tx, &locked, &rows::device(license, hwid)).await?;
    Ok(used)
}

#[tokio::test]
async fn a_locked_license_reads_like_any_other() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let opened = Opened::new(engine).await;
        let license = rows::store_license(&opened.db).await;
        let mut connection = opened.connection().await;
        connection.command("BEGIN").await.expect("begins");
        let locked = lock(&mut Tx::on(&mut connection), license.tenant, license.id).await.expect("locks");
        assert_eq!(locked.as_ref(), Some(&license));
        connection.command("ROLLBACK").await.expect("rolls back");
        connection.close().await.expect("closes");
        opened.db.close().await;
    }
}
