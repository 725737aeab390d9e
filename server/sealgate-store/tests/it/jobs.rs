//! Jobs: each time once, however many servers share the database.

use sealgate_artifact::UnixSeconds;
use sealgate_store::table::{JobRow, jobs};
use sealgate_store::{Db, work};
use sealgate_testkit::{Engine, TestDatabase};

use crate::support::{at, on_both_engines};

/// How long a lease lasts here.
const LEASE: u64 = 60;
/// How often a job runs here.
const EVERY: u64 = 10;
/// How far ahead a right clock puts a job here.
const LATEST: u64 = 10_000;

#[tokio::test]
async fn of_two_claimers_one_gets_the_job() {
    on_both_engines(async |db| {
        ensure(db, "sweep", at()).await;
        let (one, two) = tokio::join!(claim(db, "one", at()), claim(db, "two", at()));
        assert_eq!([&one, &two].into_iter().flatten().count(), 1, "{one:?} {two:?}");
    })
    .await;
}

#[tokio::test]
async fn of_many_processes_one_gets_the_job() {
    let database = TestDatabase::create(Engine::Postgres);
    let here = Db::open(&database.location()).await.expect("opens");
    let there = Db::open(&database.location()).await.expect("opens too");
    ensure(&here, "sweep", at()).await;
    // Known already: it stays as it is.
    ensure(&there, "sweep", later(1000)).await;
    let mut claimers = tokio::task::JoinSet::new();
    for n in 0..32 {
        let db = if n % 2 == 0 { here.clone() } else { there.clone() };
        claimers.spawn(async move { claim(&db, &format!("claimer {n}"), at()).await });
    }
    assert_eq!(claimers.join_all().await.into_iter().flatten().count(), 1);
    here.close().await;
    there.close().await;
}

#[tokio::test]
async fn the_most_overdue_of_the_jobs_that_one_knows_comes_first() {
    on_both_engines(async |db| {
        ensure(db, "sweep", later(2)).await;
        ensure(db, "publish", later(1)).await;
        ensure(db, "of_another_version", at()).await;
        ensure(db, "sweep_more", at()).await;
        assert_eq!(claim(db, "one", at()).await, None, "nothing of these is due yet");
        assert_eq!(jobs::due(db, &NAMES, (at(), later(LATEST))).await.expect("answers"), None);
        let claimed = claim(db, "one", later(2)).await.expect("is due");
        assert_eq!((claimed.name.as_str(), claimed.holder.as_deref()), ("publish", Some("one")));
        assert_eq!(claim(db, "one", later(2)).await.expect("is due too").name, "sweep");
        assert_eq!(claim(db, "one", later(2)).await, None);
        assert_eq!(
            jobs::due(db, &NAMES, (later(2), later(LATEST))).await.expect("answers"),
            None,
            "all are held"
        );
    })
    .await;
}

#[tokio::test]
async fn the_lease_of_a_dead_holder_ends_and_another_goes_on_where_it_was() {
    on_both_engines(async |db| {
        ensure(db, "sweep", at()).await;
        assert_eq!(claim(db, "dead", at()).await.expect("is due").position, "");
        assert!(keep(db, "dead", "page 2", later(LEASE + 10)).await);
        assert_eq!(claim(db, "heir", later(LEASE + 9)).await, None, "the longer lease counts");
        let claimed = claim(db, "heir", later(LEASE + 10)).await.expect("is free again");
        assert_eq!((claimed.position.as_str(), claimed.holder.as_deref()), ("page 2", Some("heir")));
    })
    .await;
}

#[tokio::test]
async fn what_a_clock_that_was_ahead_wrote_is_due_now() {
    on_both_engines(async |db| {
        ensure(db, "publish", later(LATEST + EVERY)).await;
        assert_eq!(claim(db, "one", at()).await, None, "so far ahead a right clock may put it");
        ensure(db, "sweep", later(LATEST + EVERY + 1)).await;
        assert_eq!(claim(db, "ahead", at()).await.expect("is due").name, "sweep");
        assert!(keep(db, "ahead", "page 2", later(LATEST + 1)).await);
        let claimed = claim(db, "heir", at()).await.expect("so long nobody holds it");
        assert_eq!((claimed.position.as_str(), claimed.holder.as_deref()), ("page 2", Some("heir")));
    })
    .await;
}

#[tokio::test]
async fn a_former_holder_changes_nothing() {
    on_both_engines(async |db| {
        ensure(db, "sweep", at()).await;
        claim(db, "former", at()).await.expect("is due");
        claim(db, "heir", later(LEASE)).await.expect("the lease is over");
        let before = only(db).await;
        assert!(!done(db, "former", later(5000)).await);
        assert!(!keep(db, "former", "page 9", later(5000)).await);
        assert_eq!(only(db).await, before);
        assert!(done(db, "heir", later(5000)).await);
        assert!(!done(db, "heir", later(6000)).await, "given back already");
        let given_back = only(db).await;
        assert_eq!((given_back.due_at, given_back.lease_until), (later(5000), None));
        assert_eq!((given_back.holder, given_back.position.as_str()), (None, ""));
    })
    .await;
}

#[tokio::test]
async fn a_hurried_job_is_due_now() {
    on_both_engines(async |db| {
        ensure(db, "sweep", later(5000)).await;
        hurry(db, later(7)).await;
        assert_eq!(only(db).await.due_at, later(7));
        hurry(db, later(9)).await;
        assert_eq!(only(db).await.due_at, later(7), "it was due already");
        assert!(claim(db, "one", later(7)).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_job_that_is_hurried_while_it_runs_runs_once_more_from_its_beginning() {
    on_both_engines(async |db| {
        ensure(db, "sweep", at()).await;
        claim(db, "one", at()).await.expect("is due");
        hurry(db, at()).await;
        assert_eq!(claim(db, "two", at()).await, None, "it is held");
        assert!(keep(db, "one", "page 2", later(LEASE)).await);
        assert!(done(db, "one", later(5000)).await);
        assert_eq!(only(db).await.due_at, at(), "not as late as the holder thought");

        // The same where the holder dies on the way.
        claim(db, "one", at()).await.expect("is due again");
        assert!(keep(db, "one", "page 2", later(LEASE)).await);
        hurry(db, later(1)).await;
        assert_eq!(claim(db, "two", later(LEASE)).await.expect("the lease is over").position, "");
    })
    .await;
}

fn later(seconds: u64) -> UnixSeconds {
    at().plus(seconds)
}

async fn ensure(db: &Db, name: &'static str, due_at: UnixSeconds) {
    let ensured = work((name, due_at), |(name, due_at), tx| {
        Box::pin(async move { jobs::ensure(tx, name, *due_at, EVERY).await })
    });
    db.write(ensured).await.expect("is stored");
}

const NAMES: [&str; 2] = ["sweep", "publish"];

/// Claims one of two jobs. What was claimed was said to be due.
async fn claim(db: &Db, holder: &str, now: UnixSeconds) -> Option<JobRow> {
    let due = jobs::due(db, &NAMES, (now, now.plus(LATEST))).await.expect("answers");
    let claimed = work((holder.to_owned(), now), |(holder, now), tx| {
        Box::pin(
            async move { jobs::claim(tx, &NAMES, (*now, now.plus(LATEST)), now.plus(LEASE), holder).await },
        )
    });
    let claimed = db.write(claimed).await.expect("answers");
    assert!(claimed.is_none() || due.is_some());
    claimed
}

async fn keep(db: &Db, holder: &'static str, position: &'static str, lease_until: UnixSeconds) -> bool {
    let kept = work((holder, position, lease_until), |(holder, position, until), tx| {
        Box::pin(async move { jobs::keep(tx, "sweep", holder, position, *until).await })
    });
    db.write(kept).await.expect("answers")
}

async fn done(db: &Db, holder: &'static str, due_at: UnixSeconds) -> bool {
    let done = work((holder, due_at), |(holder, due_at), tx| {
        Box::pin(async move { jobs::done(tx, ("sweep", *holder), *due_at, at()).await })
    });
    db.write(done).await.expect("answers")
}

async fn hurry(db: &Db, now: UnixSeconds) {
    let hurried = work(now, |now, tx| Box::pin(async move { jobs::hurry(tx, "sweep", *now).await }));
    db.write(hurried).await.expect("is stored");
}

async fn only(db: &Db) -> JobRow {
    let mut all = jobs::list(db).await.expect("reads");
    assert_eq!(all.len(), 1);
    all.remove(0)
}
