//! Whoever looks at what was observed and goes away takes nothing of it along (`spec/http.md` §3.13).

use std::sync::Arc;
use std::time::Duration;

use sealgate_artifact::{AppId, LicenseId, TenantId};
use sealgate_authority::ports::System;
use sealgate_authority::{About, Ids, Observed};
use sealgate_store::Db;
use sealgate_store::table::events::{self, Filter};
use sealgate_testkit::{Engine, TestClock, TestDatabase};

/// More than are written in one transaction.
const ROWS: usize = 700;

#[tokio::test]
async fn who_hangs_up_takes_no_counts_along() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = TestDatabase::create(engine);
        let db = Db::open(&database.location()).await.expect("opens");
        let ids = Ids::new(Arc::<TestClock>::default(), Arc::new(System));
        let (tenant, license) = (ids.fresh(TenantId::new), ids.fresh(LicenseId::new));
        let observed = Observed::new(db.clone(), ids.clone());
        let owner = Some((tenant, ids.fresh(AppId::new)));
        for n in 0..ROWS {
            let device = Some(format!("device-{n}"));
            let about = About { owner, license: Some(license), device, ..About::default() };
            observed.answer("validated", &about, "request");
        }
        // Asked once, and then no more.
        let looking = observed.write_of(tenant, Some(license));
        assert!(tokio::time::timeout(Duration::ZERO, looking).await.is_err(), "it takes a while");
        observed.write_all().await.expect("is written");
        let written = events::list(&db, tenant, &Filter::License(license), None, 1_000).await.expect("reads");
        assert_eq!(written.len(), ROWS, "{engine:?}");
        db.close().await;
    }
}
