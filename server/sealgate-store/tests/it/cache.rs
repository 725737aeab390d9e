//! What may be answered from memory, and for how long.

use std::time::Duration;

use sealgate_store::Db;
use sealgate_store::table::LicenseRow;
use sealgate_testkit::{Engine, TestDatabase};
use tokio::time::Instant;

use crate::support::{
    TakeSeat, bootstrap, is_revoked, issue, license, on_both_engines, revoke, with_license,
};

#[tokio::test]
async fn a_revocation_is_seen_at_once_in_its_own_process() {
    on_both_engines(async |db| {
        let license = with_license(db, 1).await;
        assert!(!is_revoked(db, &license).await);
        db.write(revoke(license.clone())).await.expect("is revoked");
        assert!(is_revoked(db, &license).await);
    })
    .await;
}

#[tokio::test]
async fn a_new_device_is_seen_at_once_in_its_own_process() {
    on_both_engines(async |db| {
        let license = with_license(db, 2).await;
        assert_eq!(devices(db, &license).await, Vec::<String>::new());
        for (n, hwid) in ["a", "b"].into_iter().enumerate() {
            db.write(TakeSeat(license.clone(), hwid.to_owned())).await.expect("is free");
            assert_eq!(devices(db, &license).await.len(), n + 1);
        }
    })
    .await;
}

#[tokio::test]
async fn a_revocation_by_another_process_is_seen_within_a_second() {
    let database = TestDatabase::create(Engine::Postgres);
    let here = Db::open(&database.location()).await.expect("opens");
    let there = Db::open(&database.location()).await.expect("opens");
    let license = with_license(&here, 1).await;
    assert!(!is_revoked(&there, &license).await, "and from here on it is in memory there");

    here.write(revoke(license.clone())).await.expect("is revoked");
    let since = Instant::now();
    let mut looks = tokio::time::interval(Duration::from_millis(10));
    loop {
        // A busy machine may take long to answer; what counts is when it was asked.
        let asked = looks.tick().await;
        if is_revoked(&there, &license).await {
            break;
        }
        assert!(asked < since + Duration::from_secs(1), "an old answer after more than a second");
    }
    here.close().await;
    there.close().await;
}

/// Whoever is not told of changes must fall silent: with the feed gone, memory may not outlive a second.
#[tokio::test]
async fn without_news_memory_is_not_asked() {
    let database = TestDatabase::create(Engine::Postgres);
    let here = Db::open(&database.location()).await.expect("opens");
    let there = Db::open(&database.location()).await.expect("opens");
    let license = with_license(&here, 1).await;
    assert!(!is_revoked(&there, &license).await);
    // Closing ends the follower and the connections: from then on only memory could answer.
    there.close().await;
    let silent = async {
        let mut looks = tokio::time::interval(Duration::from_millis(10));
        while there.cached_license(license.app, license.key_hash).await.is_ok() {
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(2), silent).await.expect("within a second, and some");
    here.close().await;
}

#[tokio::test]
async fn what_is_not_found_is_not_remembered() {
    on_both_engines(async |db| {
        let license = license(1);
        db.write(bootstrap()).await.expect("is stored");
        assert!(db.cached_license(license.app, license.key_hash).await.expect("answers").is_none());
        assert!(db.cached_app(license.app).await.expect("answers").is_some());
        db.write(issue(license.clone())).await.expect("is stored");
        assert!(!is_revoked(db, &license).await, "it is found now");
    })
    .await;
}

async fn devices(db: &Db, license: &LicenseRow) -> Vec<String> {
    let entry = db.cached_license(license.app, license.key_hash).await.expect("answers");
    let devices = entry.expect("is there").devices.clone().expect("few enough to keep");
    devices.iter().map(|seated| seated.device.name().into_owned()).collect()
}
