//! What speaks against sending requests to a server, on both engines.

use std::sync::Arc;

use sealgate_authority::NotReady;
use sealgate_authority::ports::System;
use sealgate_server::assembly::{self, Options, Server};
use sealgate_store::table::{certificates, servers, tenants};
use sealgate_store::{StoreError, work};
use sealgate_testkit::{Engine, TestClock, TestDatabase};

const DAY: u64 = 24 * 60 * 60;

/// One installation, for as many starts as a test needs.
struct Installation {
    dir: tempfile::TempDir,
    database: TestDatabase,
    clock: Arc<TestClock>,
}

impl Installation {
    fn new(engine: Engine) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Self { dir, database: TestDatabase::create(engine), clock: Arc::default() }
    }

    async fn start(&self) -> Server {
        let options = Options {
            database: self.database.postgres_url(),
            origins: vec!["http://127.0.0.1:1".to_owned()],
            ..Options::new(self.dir.path().join("data"))
        };
        let started = assembly::start(options, Arc::clone(&self.clock) as _, Arc::new(System));
        started.await.expect("starts").server
    }
}

async fn why(server: &Server) -> Option<String> {
    server.health().ready().await.err().map(|why| why.to_string())
}

async fn clock_is_fine(server: &Server) -> bool {
    let checks = server.health().checks().await;
    checks.checks.iter().find(|check| check.name == "clock").expect("there is one").trouble.is_none()
}

/// Moves the end of the server's one certificate, as if another clock had signed it.
async fn certified_later(server: &Server, seconds: u64) {
    let own = servers::list(server.db(), None, 1).await.expect("answers").remove(0).server.server_key;
    let tenant = tenants::list(server.db(), None, 1).await.expect("answers").remove(0).id;
    let row = certificates::find(server.db(), own, tenant).await.expect("answers").expect("there is one");
    let row = certificates::CertificateRow { expires_at: row.expires_at.plus(seconds), ..row };
    let store = work(row, |row, tx| Box::pin(async move { certificates::upsert(tx, row).await }));
    let stored: Result<(), StoreError> = server.db().write(store).await;
    stored.expect("answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_are_not_in_force_are_told_and_made_anew() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let installation = Installation::new(engine);
        let (server, clock) = (installation.start().await, &installation.clock);
        let certify = async || {
            clock.advance(5);
            server.jobs().run_due().await.expect("the database answers");
        };
        assert_eq!(why(&server).await, None);
        certified_later(&server, DAY).await;
        assert_eq!(why(&server).await, None, "clients take it, and it is made anew all the same");
        certified_later(&server, 1).await;
        assert_eq!(why(&server).await, Some(NotReady::NotCertified(1).to_string()), "of the future");
        certify().await;
        assert_eq!(why(&server).await, None);
        clock.advance(14 * DAY);
        assert_eq!(why(&server).await, Some(NotReady::NotCertified(1).to_string()), "over");
        certify().await;
        assert_eq!(why(&server).await, None);
        server.db().close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_long_after_the_newest_time_in_the_database_is_doubted_until_somebody_accepts_it() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let installation = Installation::new(engine);
        // The last one is a start soon after: that makes nothing right.
        for (days, told) in [(0, None), (30, None), (31, Some(31 * DAY)), (0, Some(31 * DAY + 3600))] {
            installation.clock.advance(days * DAY);
            let server = installation.start().await;
            let told =
                told.map(|seconds| NotReady::ClockWasSet(i64::try_from(seconds).expect("small")).to_string());
            assert_eq!(why(&server).await, told, "{days} days");
            installation.clock.advance(3600);
            assert_eq!(why(&server).await, None, "running software is answered");
            assert_eq!(clock_is_fine(&server).await, told.is_none(), "nobody accepted it");
            server.jobs().run_due().await.expect("the database answers");
            server.db().close().await;
        }
    }
}
