//! A database from the time when a license had its buyer's name: each name becomes a customer.

use sealgate_artifact::{LicenseId, TenantId};
use sealgate_testkit::{Engine, TestDatabase};

use super::location;
use crate::migrate::{MIGRATIONS, migrate_to};
use crate::sql::{Connection, query};
use crate::table::customers::Searched;
use crate::table::licenses::Filter;
use crate::table::{customers, licenses};
use crate::{Db, StoreError};

/// What there was before customers.
const BEFORE: usize = 9;
const AT: u64 = 1_800_000_000;

fn tenant(n: u8) -> TenantId {
    TenantId::new(AT * 1000, [n; 10])
}

fn license(n: u8) -> LicenseId {
    LicenseId::new(AT * 1000 + u64::from(n), [n; 10])
}

async fn vendor(connection: &mut Connection, n: u8) -> Result<(), StoreError> {
    let id = tenant(n).to_string();
    let tenants =
        "INSERT INTO tenants (tenant_id, name, issuer_key, offline, created_at) VALUES ($1, $1, '', 1, 0)";
    query(tenants).bind(&id).execute(&mut *connection).await?;
    let apps = "INSERT INTO apps (app_id, tenant_id, name, secret_hash, public_key, next_public_key, variables, \
                require_secret, lifetime_files, created_at) VALUES ($1, $1, '', $2, '', '', '{}', 0, 0, 0)";
    query(apps).bind(&id).bind(vec![0; 32]).execute(&mut *connection).await.map(drop)
}

/// A license of that vendor's, for that customer, as the former program stored it.
async fn sold(
    connection: &mut Connection,
    (vendor, n): (u8, u8),
    customer: Option<&str>,
) -> Result<(), StoreError> {
    let text = "INSERT INTO licenses (license_id, tenant_id, app_id, key_hash, key_sealed, statement_id, customer, \
                customer_search, tier, features, limits, variables, max_devices, offline, releases_per_seat, not_before, \
                version, seq, created_at) \
                VALUES ($1, $2, $2, $3, $3, $3, $4, $5, 'licensed', '[]', '[]', '{}', 1, 1, 2, 0, 1, 0, $6)";
    query(text)
        .bind(license(n).to_string())
        .bind(tenant(vendor).to_string())
        .bind(vec![n; 32])
        .bind(customer.map(str::to_owned))
        .bind(customer.map(|name| name.to_lowercase().into_bytes()))
        .bind(i64::from(n))
        .execute(connection)
        .await
        .map(drop)
}

#[tokio::test]
async fn each_name_of_a_vendors_customer_becomes_one_customer() {
    const SOLD: [(u8, u8, Option<&str>); 7] = [
        (1, 1, Some("Ada")),
        (1, 2, Some("ada")),
        (1, 3, Some("Ada")),
        (1, 4, None),
        (2, 5, Some("Ada")),
        (1, 6, Some("Ödön")),
        (2, 7, Some("Ada")),
    ];
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = TestDatabase::create(engine);
        let mut connection = Connection::open(&location(&database)).await.expect("connects");
        migrate_to(&mut connection, &MIGRATIONS[..BEFORE]).await.expect("the former schema");
        for n in [1, 2] {
            vendor(&mut connection, n).await.expect("is stored");
        }
        for (vendor, n, customer) in SOLD {
            sold(&mut connection, (vendor, n), customer).await.expect("is stored");
        }
        connection.close().await.expect("closes");

        let db = Db::open(&location(&database)).await.expect("is migrated");
        for (vendor, n, name) in SOLD {
            let found = licenses::find(&db, tenant(vendor), license(n)).await.expect("reads");
            let customer = found.expect("is there").customer;
            let Some(name) = name else {
                assert_eq!(customer, None, "{engine:?}");
                continue;
            };
            let customer = customer.expect("has one");
            let row = customers::find(&db, tenant(vendor), customer).await.expect("reads").expect("is there");
            assert_eq!((row.name.as_deref(), row.metadata.as_str()), (Some(name), "{}"), "{engine:?}");
            // All licenses of the name, and no others, are the customer's; the first of them gave it its id.
            let mut same: Vec<_> = SOLD
                .iter()
                .filter(|(v, _, of)| (*v, *of) == (vendor, Some(name)))
                .map(|(_, n, _)| license(*n))
                .collect();
            let filter = Filter::Customer(customer);
            let mut found: Vec<_> = licenses::list(&db, tenant(vendor), &filter, None, 10)
                .await
                .expect("lists")
                .iter()
                .map(|l| l.id)
                .collect();
            same.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, same, "{engine:?} {name}");
            assert_eq!(customer.as_bytes(), same[0].as_bytes(), "{engine:?} {name}");
        }
        let named = customers::search(&db, tenant(1), (Searched::Name, "AD"), None, 10).await.expect("finds");
        assert_eq!(named.len(), 2, "{engine:?}");
        db.close().await;
    }
}
