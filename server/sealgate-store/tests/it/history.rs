//! What a server makes of a database that came back older, and of change records that no server wrote.

use std::time::Duration;

use sealgate_store::table::LicenseRow;
use sealgate_store::{Db, WentBack};
use sealgate_testkit::{Engine, TestDatabase, on_postgres};
use tokio::time::Instant;

use crate::support::{TakeSeat, is_revoked, revoke, with_license};

/// Two servers on one database, with a license that both have in memory.
struct Two {
    here: Db,
    there: Db,
    license: LicenseRow,
    url: String,
    // Dropped last.
    _database: TestDatabase,
}

impl Two {
    async fn new() -> Self {
        let database = TestDatabase::create(Engine::Postgres);
        let here = Db::open(&database.location()).await.expect("opens");
        let there = Db::open(&database.location()).await.expect("opens");
        let license = with_license(&here, 9).await;
        let url = database.postgres_url().expect("PostgreSQL");
        let two = Self { here, there, license, url, _database: database };
        for db in [&two.here, &two.there] {
            assert!(!is_revoked(db, &two.license).await);
        }
        two
    }

    /// Takes so many seats here, and waits until they are seen there.
    async fn take_seats(&self, hwids: &[&str]) {
        for hwid in hwids {
            self.here.write(TakeSeat(self.license.clone(), (*hwid).to_owned())).await.expect("is free");
        }
        within_a_second(async || {
            let entry = self.there.cached_license(self.license.app, self.license.key_hash).await;
            entry.expect("answers").expect("is there").license.devices_used == hwids.len() as u64
        })
        .await;
    }

    /// Changes the database behind both.
    fn meddle(&self, statements: &str) {
        on_postgres(&self.url, statements).expect("the database is changed");
    }

    async fn revoked_here_is_seen_there_in_time(&self) {
        self.here.write(revoke(self.license.clone())).await.expect("is revoked");
        assert!(is_revoked(&self.here, &self.license).await);
        within_a_second(async || is_revoked(&self.there, &self.license).await).await;
    }

    async fn close(self) {
        self.here.close().await;
        self.there.close().await;
    }
}

/// Sets the database back to the state before the last three groups.
const BACK: &str = "DELETE FROM devices; UPDATE change_counter SET n = n - 3; \
                    DELETE FROM changes WHERE n > (SELECT n FROM change_counter)";

#[tokio::test]
async fn a_revocation_in_a_database_that_went_back_is_seen_within_a_second() {
    let two = Two::new().await;
    assert_eq!(two.there.went_back(), None);
    two.take_seats(&["a", "b", "c"]).await;
    two.meddle(BACK);
    two.revoked_here_is_seen_there_in_time().await;
    let WentBack { from, to } = two.there.went_back().expect("it is named");
    assert!(to < from, "{to} < {from}");
    two.close().await;
}

#[tokio::test]
async fn what_a_database_that_went_back_does_not_know_is_forgotten_within_a_second() {
    let two = Two::new().await;
    two.take_seats(&["a", "b", "c"]).await;
    two.meddle(BACK);
    for db in [&two.here, &two.there] {
        within_a_second(async || {
            let entry = db.cached_license(two.license.app, two.license.key_hash).await;
            entry.expect("answers").expect("is there").devices.as_ref().is_some_and(Vec::is_empty)
        })
        .await;
    }
    two.close().await;
}

/// A server looks five times a second, and remembers what it wrote since then.
#[tokio::test]
async fn what_a_server_wrote_just_now_and_is_lost_is_forgotten_when_it_looks() {
    for again in [
        "",
        "INSERT INTO changes SELECT n + 1, 'by:another' FROM change_counter; UPDATE change_counter SET n = n + 40",
    ] {
        let two = Two::new().await;
        for round in 1..6 {
            two.here.read_changes().await.expect("answers");
            let seat = TakeSeat(two.license.clone(), "a".to_owned());
            two.here.write(seat).await.expect("is free");
            let entry = async || {
                let entry = two.here.cached_license(two.license.app, two.license.key_hash).await;
                entry.expect("answers").expect("is there")
            };
            assert_eq!(entry().await.devices.as_ref().map(Vec::len), Some(1));
            let back = BACK.replace("n - 3", "n - 1");
            two.meddle(&format!("BEGIN; {back}; UPDATE licenses SET devices_used = 0; {again}; COMMIT"));
            two.here.read_changes().await.expect("answers");
            assert_eq!(entry().await.devices.as_ref().map(Vec::len), Some(0), "{round}");
            assert_eq!(two.here.times_back(), round);
        }
        two.close().await;
    }
}

/// Another server may write so much at once that the counter is higher than before when it is looked at again.
#[tokio::test]
async fn a_database_that_went_back_and_was_written_to_again_is_noticed() {
    let two = Two::new().await;
    two.take_seats(&["a", "b", "c"]).await;
    let again = "INSERT INTO changes SELECT n + 1, 'by:another' FROM change_counter; \
                 UPDATE change_counter SET n = n + 40; UPDATE licenses SET revoked_at = 1, version = version + 1";
    two.meddle(&format!("BEGIN; {BACK}; {again}; COMMIT"));
    within_a_second(async || is_revoked(&two.there, &two.license).await).await;
    assert!(two.there.went_back().is_some_and(|gap| gap.from < gap.to), "{:?}", two.there.went_back());
    two.close().await;
}

/// A database user who may add change records and change the counter, as a runtime's may, must not blind the others.
#[tokio::test]
async fn what_somebody_does_to_counter_and_records_blinds_nobody() {
    for loot in [
        "INSERT INTO changes VALUES (9223372036854775807, '')",
        "INSERT INTO changes SELECT n + i, '' FROM change_counter, generate_series(1, 50) i",
        "UPDATE change_counter SET n = 9223372036854775807",
        "UPDATE change_counter SET n = -9223372036854775808",
        "UPDATE change_counter SET n = 0",
        "UPDATE change_counter SET n = n + 100000; \
         INSERT INTO changes SELECT n - i, 'nonsense' FROM change_counter, generate_series(0, 20000) i",
    ] {
        let two = Two::new().await;
        two.take_seats(&["a"]).await;
        two.meddle(loot);
        two.revoked_here_is_seen_there_in_time().await;
        two.close().await;
    }
}

/// Setting the counter back after each change keeps the record above it: then nothing stays in memory for long.
#[tokio::test]
async fn a_counter_that_is_set_back_behind_a_change_hides_nothing() {
    let two = Two::new().await;
    two.take_seats(&["a"]).await;
    let back = "BEGIN; UPDATE licenses SET revoked_at = 1, version = version + 1; \
                INSERT INTO changes SELECT n + 1, 'by:another' FROM change_counter; COMMIT";
    two.meddle(back);
    within_a_second(async || is_revoked(&two.there, &two.license).await).await;
    two.close().await;
}

async fn within_a_second(is_so: impl AsyncFn() -> bool) {
    let since = Instant::now();
    let mut looks = tokio::time::interval(Duration::from_millis(10));
    loop {
        // A busy machine may take long to answer; what counts is when it was asked.
        let asked = looks.tick().await;
        if is_so().await {
            return;
        }
        assert!(asked < since + Duration::from_secs(1), "an old answer after more than a second");
    }
}
