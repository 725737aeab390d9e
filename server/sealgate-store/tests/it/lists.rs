//! Access lists into which somebody else wrote a great many rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sealgate_artifact::{EntryId, UnixSeconds};
use sealgate_store::table::access::{self, MOST};
use sealgate_store::table::{AccessRow, LicenseRow, Listed};
use sealgate_store::{Db, Location, StoreError, work};
use sealgate_testkit::{Engine, TestDatabase, on_postgres};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::support::{at, with_license};

/// Counts warnings.
struct Warnings(Arc<AtomicU64>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN && metadata.target().starts_with("sealgate_store::cached")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn made_up_reports_displace_nothing_of_the_vendors_and_are_read_up_to_a_bound() {
    let warnings = Arc::new(AtomicU64::new(0));
    tracing::subscriber::set_global_default(Warnings(Arc::clone(&warnings)))
        .expect("each test is a process of its own");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        warnings.store(0, Ordering::SeqCst);
        let database = TestDatabase::create(engine);
        let db = Db::open(&database.location()).await.expect("opens");
        let license = with_license(&db, 1).await;
        let vendors: Vec<AccessRow> = (0..3).map(|n| entry(&license, AccessRow::VENDOR, n, None)).collect();
        for entry in &vendors {
            add(&db, entry.clone()).await.expect("is added");
        }
        let ended = entry(&license, AccessRow::VENDOR, 9, Some(at()));
        add(&db, ended.clone()).await.expect("is added");
        fill(&database, &license, MOST * 4);
        for _ in 0..3 {
            let app = db.cached_app(license.app).await.expect("answers").expect("is there");
            assert!(app.is_crowded);
            assert_eq!(app.access.len() as u64, MOST + 4, "{engine:?}");
            let of_vendor = app.access.iter().filter(|row| row.source == AccessRow::VENDOR);
            assert_eq!(of_vendor.filter(|row| vendors.contains(row)).count(), 3, "{engine:?}");
            // Every server reads again after this.
            add(&db, ended.clone()).await.expect("takes the place of the one that has ended");
        }
        assert_eq!(warnings.load(Ordering::SeqCst), 1, "it is said once: {engine:?}");
        let count = async |source| access::count(&db, license.app, source).await.expect("counts");
        assert_eq!((count(AccessRow::SELF_BAN).await, count(AccessRow::VENDOR).await), (MOST, 4));
        db.close().await;
    }
}

#[tokio::test]
async fn what_the_vendor_lists_takes_the_place_of_a_report_and_no_report_takes_its_place() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = TestDatabase::create(engine);
        let db = Db::open(&database.location()).await.expect("opens");
        let license = with_license(&db, 1).await;
        let report = entry(&license, AccessRow::SELF_BAN, 1, UnixSeconds::new(4_000_000_000));
        let vendors =
            AccessRow { id: EntryId::new(1, [9; 10]), ..entry(&license, AccessRow::VENDOR, 1, None) };
        add(&db, report.clone()).await.expect("is added");
        let stands = async |entry| access::is_standing(&db, entry, at()).await.expect("reads");
        assert_eq!((stands(&vendors).await, stands(&report).await), (false, true));
        add(&db, vendors.clone()).await.expect("takes its place");
        assert!(stands(&report).await, "the vendor says so, too");
        let added = add(&db, report).await;
        assert!(matches!(added, Err(StoreError::Duplicate)), "{added:?}");
        let app = db.cached_app(license.app).await.expect("answers").expect("is there");
        assert_eq!((app.access.as_slice(), app.is_crowded), (&[vendors][..], false));
        db.close().await;
    }
}

fn entry(license: &LicenseRow, source: &str, n: u8, expires_at: Option<UnixSeconds>) -> AccessRow {
    AccessRow {
        id: EntryId::new(1_800_000_000_000, [n; 10]),
        tenant: license.tenant,
        app: license.app,
        license: None,
        source: source.to_owned(),
        effect: "deny".to_owned(),
        listed: Listed::Hwid(format!("bad-{n}")),
        reason: None,
        created_at: at(),
        expires_at,
    }
}

async fn add(db: &Db, entry: AccessRow) -> Result<(), StoreError> {
    db.write(work(entry, |entry, tx| Box::pin(async move { access::insert(tx, entry).await }))).await
}

/// Adds so many reports, each with an id that sorts before all others in a list.
fn fill(database: &TestDatabase, license: &LicenseRow, count: u64) {
    let statement = format!(
        "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {count}) INSERT INTO access_entries \
         SELECT 'ffffffff-ffff-7fff-bfff-' || (100000000000 + n), '{}', '{}', '', 'self_ban', 'deny', 'hwid', 'h' || n, NULL, 1, \
         4000000000 FROM g",
        license.tenant, license.app
    );
    match database.location() {
        Location::Postgres(url) => on_postgres(&url, &statement).expect("is filled"),
        Location::File(path) => {
            rusqlite::Connection::open(path).expect("opens").execute_batch(&statement).expect("is filled");
        }
    }
}
