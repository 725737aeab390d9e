//! A database from the time before conditions: releases a year are one of them, and nothing else is made up.

use sealgate_artifact::{Allowances, Conditions, LicenseId, PlanId, TenantId};
use sealgate_testkit::{Engine, TestDatabase};

use super::location;
use crate::migrate::{MIGRATIONS, migrate_to};
use crate::sql::{Connection, query};
use crate::table::{licenses, plans};
use crate::{Db, StoreError};

const BEFORE: usize = 19;
const AT: u64 = 1_800_000_000;

fn id(n: u8) -> (TenantId, PlanId, LicenseId) {
    let (at, random) = (AT * 1000, [n; 10]);
    (TenantId::new(at, random), PlanId::new(at, random), LicenseId::new(at, random))
}

/// A plan and a license of it, as the former program stored them.
async fn store(connection: &mut Connection, n: u8, releases: i64) -> Result<(), StoreError> {
    let id = id(n).0.to_string();
    for text in [
        "INSERT INTO tenants (tenant_id, name, issuer_key, offline, created_at) VALUES ($1, $1, '', 1, 0)",
        "INSERT INTO apps (app_id, tenant_id, name, secret_hash, public_key, next_public_key, variables, \
         require_secret, lifetime_files, created_at) VALUES ($1, $1, '', '', '', '', '{}', 0, 0, 0)",
    ] {
        query(text).bind(&id).execute(&mut *connection).await?;
    }
    let text = "INSERT INTO plans (plan_id, tenant_id, app_id, name, tier, features, limits, max_devices, offline, policy, \
                releases_per_seat, created_at) VALUES ($1, $1, $1, 'Pro', 'licensed', '[]', '[]', 1, 1, \
                '{\"heartbeat\":true}', $2, 0)";
    query(text).bind(&id).bind(releases).execute(&mut *connection).await?;
    let text = "INSERT INTO licenses (license_id, tenant_id, app_id, plan_id, key_hash, key_sealed, statement_id, tier, features, \
                limits, variables, max_devices, offline, releases_per_seat, not_before, version, seq, created_at) \
                VALUES ($1, $1, $1, $1, $2, $2, $2, 'licensed', '[]', '[]', '{}', 1, 0, $3, 0, 1, 0, 0)";
    query(text).bind(&id).bind(vec![n; 32]).bind(releases).execute(connection).await.map(drop)
}

#[tokio::test]
async fn releases_a_year_become_a_condition() {
    const STORED: [(u8, i64); 4] = [(1, 2), (2, 0), (3, 9), (4, 1000)];
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = TestDatabase::create(engine);
        let mut connection = Connection::open(&location(&database)).await.expect("connects");
        migrate_to(&mut connection, &MIGRATIONS[..BEFORE]).await.expect("the former schema");
        for (n, releases) in STORED {
            store(&mut connection, n, releases).await.expect("is stored");
        }
        connection.close().await.expect("closes");

        let db = Db::open(&location(&database)).await.expect("is migrated");
        for (n, releases) in STORED {
            let (tenant, plan, license) = id(n);
            let plan = plans::find(&db, tenant, plan).await.expect("reads").expect("is there").terms;
            let license = licenses::find(&db, tenant, license).await.expect("reads").expect("is there").terms;
            assert_eq!((plan.files, license.files), (true, false), "{engine:?}");
            let said = (releases != 2).then(|| releases.unsigned_abs());
            let allowances = said.map(|said| Allowances { releases: Some(said), replacements: None });
            let expected = Conditions { allowances, ..Conditions::default() };
            assert_eq!((&plan.conditions, &license.conditions), (&expected, &expected), "{engine:?}");
            assert_eq!(license.conditions.releases(), releases.unsigned_abs(), "{engine:?}");
        }
        db.close().await;
    }
}
