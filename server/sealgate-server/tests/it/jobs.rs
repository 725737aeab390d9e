//! Each run of a job happens once, however many share the database.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use sealgate_artifact::{Code, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_authority::ports::System;
use sealgate_server::assembly::{self, Options, Server};
use sealgate_server::jobs::{JOBS, Job, Lane};
use sealgate_store::table::jobs::SIGN_SNAPSHOTS;
use sealgate_store::table::{jobs, snapshots, tenants};
use sealgate_store::{StoreError, work};
use sealgate_testkit::{Engine, TestClock, TestDatabase};
use tokio::sync::Notify;

/// One installation.
struct Installation {
    dir: tempfile::TempDir,
    database: TestDatabase,
    clock: Arc<TestClock>,
}

impl Installation {
    fn new() -> Self {
        Self::on(Engine::Postgres)
    }

    fn on(engine: Engine) -> Self {
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

    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.clock.seconds()).expect("a time")
    }
}

async fn position(server: &Server, name: &str) -> String {
    let rows = jobs::list(server.db()).await.expect("the database answers");
    rows.into_iter().find(|job| job.name == name).expect("there is such a job").position
}

fn all_jobs() -> Vec<&'static str> {
    let mut all: Vec<_> = JOBS.iter().map(|job| job.name).collect();
    all.sort_unstable();
    all
}

#[test]
fn each_job_has_a_name_of_its_own_and_a_period() {
    let names: HashSet<_> = JOBS.iter().map(|job| job.name).collect();
    assert_eq!(names.len(), JOBS.len());
    assert!(JOBS.iter().all(|job| job.every >= 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_holders_run_each_due_job_once() {
    let installation = Installation::new();
    let one = installation.start().await;
    // As a process that stood still and goes on after another one was started.
    let other = one.with_jobs(JOBS).await.expect("the rows are there");
    let run = async || {
        let (ran, also) = tokio::join!(one.jobs().run_due(), other.run_due());
        let mut ran = [ran.expect("the database answers"), also.expect("the database answers")].concat();
        ran.sort_unstable();
        ran
    };
    let mut due = all_jobs();
    for _ in 0..10 {
        assert_eq!(run().await, due, "each of them is due");
        due.retain(|job| !["forget_slots", "note_key_digests"].contains(job));
        assert!(run().await.is_empty(), "nothing is due at the same time again");
        installation.clock.advance(5);
        assert_eq!(run().await, ["certify_servers", "list_revoked", "renew_ahead"]);
        installation.clock.advance(60);
    }
    let tenant = tenants::list(one.db(), None, 1).await.expect("the database answers").remove(0).id;
    let signed = snapshots::list(one.db(), tenant, None, 10).await.expect("the database answers");
    assert_eq!(signed.len(), 1, "one was due, and was signed once");
    one.db().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_a_run_is_in_its_row() {
    let installation = Installation::new();
    let server = installation.start().await;
    let paged = server.with_jobs(PAGED).await.expect("the rows are there");
    let row = async || jobs::find(server.db(), "paged").await.expect("answers").expect("there is one");
    let begun = installation.now();
    assert_eq!((row().await.every, row().await.last_started_at), (10, None));
    paged.run_due().await.expect("the database answers");
    let failed = row().await;
    assert_eq!(
        (failed.last_started_at, failed.last_failed_at, failed.last_done_at),
        (Some(begun), Some(begun), None)
    );
    assert_eq!(failed.last_error.as_deref(), Some("system_error"));
    assert!(!failed.is_running(begun) && !failed.is_late(begun.plus(30)) && failed.is_late(begun.plus(31)));
    installation.clock.advance(10);
    paged.run_due().await.expect("the database answers");
    let done = row().await;
    assert_eq!(
        (done.last_done_at, done.last_failed_at, done.last_error),
        (Some(begun.plus(10)), Some(begun), None)
    );
    server.db().close().await;
}

/// Fails after its first page, and succeeds when it goes on from there.
const PAGED: &[Job] = &[Job {
    name: "paged",
    lane: Lane::Quick,
    every: 10,
    failure: "a test's job fails",
    run: |turn| {
        Box::pin(async move {
            if turn.position() == "half" {
                return Ok(());
            }
            assert!(turn.keep("half").await?, "nobody else has it");
            Err(AuthorityError::Refused(Code::SystemError))
        })
    },
}];

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_failed_goes_on_later_from_where_it_was() {
    let installation = Installation::new();
    let server = installation.start().await;
    let paged = server.with_jobs(PAGED).await.expect("the rows are there");
    let run = async || paged.run_due().await.expect("the database answers");
    assert_eq!((run().await, position(&server, "paged").await), (vec!["paged"], "half".to_owned()));
    assert!(run().await.is_empty(), "it is not tried again at once");
    installation.clock.advance(10);
    assert_eq!((run().await, position(&server, "paged").await), (vec!["paged"], String::new()));
    server.db().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_servers_job_is_taken_over_when_its_lease_has_ended() {
    let installation = Installation::new();
    let server = installation.start().await;
    let paged = server.with_jobs(PAGED).await.expect("the rows are there");
    let now = installation.now();
    let claim = work((), move |(), tx| {
        Box::pin(async move {
            jobs::claim(tx, &["paged"], (now, now.plus(120)), now.plus(120), "the dead").await?;
            jobs::keep(tx, "paged", "the dead", "half", now.plus(120)).await
        })
    });
    let is_held: Result<bool, StoreError> = server.db().write(claim).await;
    assert!(is_held.expect("the database answers"));
    installation.clock.advance(119);
    assert!(paged.run_due().await.expect("the database answers").is_empty());
    installation.clock.advance(1);
    assert_eq!(paged.run_due().await.expect("the database answers"), ["paged"]);
    assert_eq!(position(&server, "paged").await, "", "it went on from the half, and is done");
    server.db().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_starts_after_a_kill_waits_for_no_lease() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let installation = Installation::on(engine);
        let killed = installation.start().await;
        killed.jobs().run_due().await.expect("the database answers");
        installation.clock.advance(60);
        let now = installation.now();
        let claim = work((), move |(), tx| {
            Box::pin(async move {
                for name in [SIGN_SNAPSHOTS, "list_revoked", "forget"] {
                    let (times, until) = ((now, now.plus(420)), now.plus(120));
                    jobs::claim(tx, &[name], times, until, "the killed").await?.expect("it is due");
                    jobs::keep(tx, name, "the killed", "half", until).await?;
                }
                // Somebody was in a hurry meanwhile.
                jobs::hurry(tx, "forget", now).await
            })
        });
        let held: Result<(), StoreError> = killed.db().write(claim).await;
        held.expect("is stored");
        killed.db().close().await;
        drop(killed);
        let server = installation.start().await;
        assert_eq!(position(&server, SIGN_SNAPSHOTS).await, "half", "it goes on from there");
        assert_eq!(position(&server, "forget").await, "", "once more, from its beginning");
        let ran = server.jobs().run_due().await.expect("the database answers");
        for name in [SIGN_SNAPSHOTS, "list_revoked", "forget"] {
            assert!(ran.contains(&name), "{name} {engine:?}: {ran:?}");
        }
        let keep = work((), move |(), tx| {
            Box::pin(async move { jobs::keep(tx, SIGN_SNAPSHOTS, "the killed", "on", now.plus(240)).await })
        });
        let is_held: Result<bool, StoreError> = server.db().write(keep).await;
        assert!(!is_held.expect("the database answers"), "who only stood still must stop");
        server.db().close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_does_not_stop_a_job_for_that_long() {
    // Also where another job runs no oftener than that.
    for ahead in [10 * 60 * 60, 400 * 24 * 60 * 60] {
        goes_on_after_a_clock_that_was_ahead_by(ahead).await;
    }
}

async fn goes_on_after_a_clock_that_was_ahead_by(ahead: u64) {
    let installation = Installation::new();
    let skewed = installation.start().await;
    let now = installation.now();
    let far = now.plus(ahead);
    let run = work((), move |(), tx| {
        Box::pin(async move {
            jobs::claim(tx, &["forget"], (now, now.plus(120)), now.plus(120), "ahead").await?;
            jobs::done(tx, ("forget", "ahead"), far, now).await
        })
    });
    let is_done: Result<bool, StoreError> = skewed.db().write(run).await;
    assert!(is_done.expect("the database answers"));
    let mut ran = skewed.jobs().run_due().await.expect("the database answers");
    ran.sort_unstable();
    assert_eq!(ran, all_jobs());
    skewed.db().close().await;
}

/// The clock of the test that runs `TWO`.
static CLOCK: OnceLock<Arc<TestClock>> = OnceLock::new();

/// The first one takes a thousand seconds.
const TWO: &[Job] = &[
    Job {
        name: "a_long_one",
        lane: Lane::Quick,
        every: 10_000,
        failure: "a test's job fails",
        run: |_| {
            Box::pin(async {
                CLOCK.get().expect("is set").advance(1_000);
                Ok(())
            })
        },
    },
    Job {
        name: "the_next",
        lane: Lane::Quick,
        every: 10_000,
        failure: "a test's job fails",
        run: |_| Box::pin(async { Ok(()) }),
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_begins_when_it_is_taken() {
    let installation = Installation::new();
    CLOCK.get_or_init(|| Arc::clone(&installation.clock));
    let server = installation.start().await;
    let two = server.with_jobs(TWO).await.expect("the rows are there");
    let begun = installation.now();
    assert_eq!(two.run_due().await.expect("the database answers"), ["a_long_one", "the_next"]);
    let next = jobs::find(server.db(), "the_next").await.expect("answers").expect("there is one");
    assert_eq!(next.last_started_at, Some(begun.plus(1_000)), "else its lease would have been over");
    server.db().close().await;
}

/// Lets the slow one go on.
static GO_ON: Notify = Notify::const_new();

const LANES: &[Job] = &[
    Job {
        name: "slow",
        lane: Lane::Slow,
        every: 10_000,
        failure: "a test's job fails",
        run: |turn| {
            Box::pin(async move {
                if turn.position().is_empty() {
                    GO_ON.notified().await;
                    assert!(turn.keep("half").await?, "nobody else has it");
                    turn.pause();
                }
                Ok(())
            })
        },
    },
    Job {
        name: "quick",
        lane: Lane::Quick,
        every: 10_000,
        failure: "a test's job fails",
        run: |_| Box::pin(async { Ok(()) }),
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_job_holds_up_no_quick_one_and_goes_on_where_it_paused() {
    let installation = Installation::new();
    let server = installation.start().await;
    let both = server.with_jobs(LANES).await.expect("the rows are there");
    let quick = async {
        let ran = both.run_due_in(Lane::Quick).await;
        GO_ON.notify_one();
        ran
    };
    let (slow, quick) = tokio::join!(both.run_due_in(Lane::Slow), quick);
    assert_eq!(quick.expect("the database answers"), ["quick"]);
    assert_eq!(slow.expect("the database answers"), ["slow"]);
    assert_eq!(position(&server, "slow").await, "half");
    assert!(both.run_due().await.expect("the database answers").is_empty());
    installation.clock.advance(600);
    assert_eq!(both.run_due().await.expect("the database answers"), ["slow"], "soon");
    assert_eq!(position(&server, "slow").await, "", "from there, and is done");
    server.db().close().await;
}

/// In the first hour after a pause nobody knows how old anything is.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_started_every_day_forgets_slots() {
    let installation = Installation::new();
    let first = installation.start().await;
    first.jobs().run_due().await.expect("the database answers");
    first.db().close().await;
    drop(first);
    installation.clock.advance(24 * 60 * 60);
    let server = installation.start().await;
    let forgets = async || {
        let ran = server.jobs().run_due_in(Lane::Slow).await.expect("the database answers");
        ran.contains(&"forget_slots")
    };
    for _ in 0..6 {
        assert!(forgets().await && !forgets().await, "it is tried again soon");
        installation.clock.advance(10 * 60);
    }
    assert!(forgets().await, "the hour is over");
    installation.clock.advance(10 * 60);
    assert!(!forgets().await, "it is done for the day");
    server.db().close().await;
}

/// Runs once a day, and fails.
const DAILY: &[Job] = &[Job {
    name: "daily",
    lane: Lane::Slow,
    every: 24 * 60 * 60,
    failure: "a test's job fails",
    run: |_| Box::pin(async { Err(AuthorityError::Refused(Code::SystemError)) }),
}];

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_job_that_failed_is_tried_again_soon_and_not_at_once() {
    let installation = Installation::new();
    let server = installation.start().await;
    let daily = server.with_jobs(DAILY).await.expect("the rows are there");
    for _ in 0..3 {
        assert_eq!(daily.run_due().await.expect("the database answers"), ["daily"]);
        assert!(daily.run_due().await.expect("the database answers").is_empty());
        installation.clock.advance(120);
    }
    server.db().close().await;
}
