//! Whoever takes a seat under a customer's limit first locks the customer: racers on different licenses meet there.

use sealgate_artifact::{CustomerId, MaxDevices};
use sealgate_testkit::Engine;

use super::{Opened, rows};
use crate::table::{CustomerRow, LicenseRow, customers};
use crate::{Db, StoreError, Tx, work};

/// A customer of the license's vendor.
async fn store_customer(db: &Db, license: &LicenseRow, n: u8, max_devices: MaxDevices) -> CustomerRow {
    let customer = CustomerRow {
        id: CustomerId::from_bytes([n; 16]),
        tenant: license.tenant,
        name: Some("Ada".to_owned()),
        slug: None,
        company: None,
        email: None,
        external_id: None,
        metadata: "{}".to_owned(),
        max_devices,
        forgotten_at: None,
        created_at: rows::at(),
    };
    let insert =
        work(customer.clone(), |customer, tx| Box::pin(async move { customers::insert(tx, customer).await }));
    db.write(insert).await.expect("is stored");
    customer
}

#[tokio::test]
async fn a_second_taker_under_a_limit_waits_until_the_first_is_done() {
    let opened = Opened::new(Engine::Postgres).await;
    let license = rows::store_license(&opened.db).await;
    let limited = store_customer(&opened.db, &license, 1, MaxDevices::Limited(3)).await;
    let free = store_customer(&opened.db, &license, 2, MaxDevices::Unlimited).await;
    let (mut first, mut second) = (opened.connection().await, opened.connection().await);
    first.command("BEGIN").await.expect("begins");
    second.command("BEGIN; SET LOCAL lock_timeout = '50ms'").await.expect("begins");
    for connection in [&mut first, &mut second] {
        let none = customers::lock_limit(&mut Tx::on(connection), free.tenant, free.id).await;
        assert_eq!(none.expect("nobody waits for a customer without a limit"), None);
    }
    let taken = customers::lock_limit(&mut Tx::on(&mut first), limited.tenant, limited.id).await;
    assert_eq!(taken.expect("is free"), Some(3));
    let waited = customers::lock_limit(&mut Tx::on(&mut second), limited.tenant, limited.id).await;
    assert!(
        matches!(&waited, Err(StoreError::Unavailable(why)) if why.contains("lock timeout")),
        "{waited:?}"
    );
    first.command("COMMIT").await.expect("commits");
    second.command("ROLLBACK; BEGIN").await.expect("begins again");
    let taken = customers::lock_limit(&mut Tx::on(&mut second), limited.tenant, limited.id).await;
    assert_eq!(taken.expect("no longer waits"), Some(3));
    second.command("ROLLBACK").await.expect("rolls back");
    first.close().await.expect("closes");
    second.close().await.expect("closes");
    opened.db.close().await;
}
