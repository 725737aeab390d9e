//! What is our own fault is told apart from a database that is away.

use sealgate_artifact::{AppId, Code};
use sealgate_store::table::{AppRow, apps, tenants};
use sealgate_store::{Db, Location, StoreError, work};
use sealgate_testkit::{Engine, TestDatabase, on_postgres};

use crate::support::{bootstrap, issue, license, on_both_engines, tenant_row};

#[tokio::test]
async fn a_row_that_refers_to_nothing_is_our_fault() {
    on_both_engines(async |db| {
        let refused = db.write(issue(license(1))).await;
        assert!(matches!(refused, Err(StoreError::Broken(_))), "no tenant, no app: {refused:?}");
        assert_eq!(refused.expect_err("is refused").code(), Code::SystemError);
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_taken_is_nobodys_fault() {
    on_both_engines(async |db| {
        db.write(bootstrap()).await.expect("is stored");
        let twin = work(license(1), |license, tx| {
            Box::pin(async move {
                let app = apps::find(&mut *tx, license.tenant, license.app).await?.expect("it is there");
                let id = AppId::new(7, [7; 10]);
                apps::insert(tx, &AppRow { id, ..app }).await
            })
        });
        assert!(matches!(db.write(twin).await, Err(StoreError::Duplicate)));
    })
    .await;
}

#[tokio::test]
async fn a_missing_right_is_a_fault_of_the_set_up() {
    let database = TestDatabase::create(Engine::Postgres);
    Db::open(&database.location()).await.expect("opens").close().await;
    let url = database.postgres_url().expect("PostgreSQL");
    let (server, name) = url.rsplit_once('/').expect("a URL");
    let role = format!("clerk_of_{name}");
    let rights = format!(
        "CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}; \
         GRANT UPDATE ON change_counter TO {role}"
    );
    on_postgres(&url, &rights).expect("is granted");
    let (_, host) = server.rsplit_once('@').expect("a URL with a user");
    let db = Db::open(&Location::Postgres(format!("postgres://{role}@{host}/{name}"))).await.expect("opens");
    let tenant = tenant_row(license(1).tenant);
    let refused = db.write(work(tenant, |tenant, tx| Box::pin(tenants::insert(tx, tenant)))).await;
    db.close().await;
    on_postgres(&url, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).expect("goes away");
    assert!(matches!(&refused, Err(StoreError::Broken(why)) if why.contains("permission")), "{refused:?}");
}
