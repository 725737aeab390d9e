//! What speaks against sending requests to a server, on both engines.

use std::sync::Arc;

use sealgate_authority::NotReady;
use sealgate_authority::ports::System;
use sealgate_server::assembly::{self, Options, Server};
use sealgate_store::table::{certificates, servers, tenants};
use sealgate_store::{StoreError, work};
use sealgate_testkit::{Engine, TestClock, TestDatabase};

const DAY: u64 = 24 * 60 * 60;

async fn start(engine: Engine, test: impl AsyncFnOnce(&Server, &TestClock)) {
    let (dir, database) = (tempfile::tempdir().expect("a directory"), TestDatabase::create(engine));
    let clock = Arc::new(TestClock::default());
    let options = Options {
        database: database.postgres_url(),
        origins: vec!["http://127.0.0.1:1".to_owned()],
        ..Options::new(dir.path().join("data"))
    };
    let started = assembly::start(options, Arc::clone(&clock) as _, Arc::new(System));
    let server = started.await.expect("starts").server;
    test(&server, &clock).await;
    server.db().close().await;
}

/// How many certificates `/readyz` says are not in force.
async fn idle(server: &Server) -> u64 {
    match server.health().ready().await {
        Ok(()) => 0,
        Err(NotReady::NotCertified(count)) => count,
        Err(other) => panic!("{other}"),
    }
}

/// Moves the end of the server's one certificate, as if another clock had signed it.
async fn certified_later(server: &Server, seconds: u64) {
    let own = servers::list(server.db()).await.expect("answers").remove(0).server_key;
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
        start(engine, async |server, clock| {
            let certify = async || {
                clock.advance(5);
                let now = sealgate_artifact::UnixSeconds::new(clock.seconds()).expect("a time");
                server.jobs().run_due(now).await.expect("the database answers");
            };
            assert_eq!(idle(server).await, 0);
            certified_later(server, DAY).await;
            assert_eq!(idle(server).await, 0, "clients take it, and it is made anew all the same");
            certified_later(server, 1).await;
            assert_eq!(idle(server).await, 1, "of the future");
            certify().await;
            assert_eq!(idle(server).await, 0);
            clock.advance(14 * DAY);
            assert_eq!(idle(server).await, 1, "over");
            certify().await;
            assert_eq!(idle(server).await, 0);
        })
        .await;
    }
}
