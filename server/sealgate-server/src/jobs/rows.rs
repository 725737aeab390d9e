//! The rows of jobs: each function is one unit of work on the table `jobs` of the store.

use sealgate_artifact::UnixSeconds;
use sealgate_store::table::jobs;
use sealgate_store::{Db, StoreError, work};

/// Adds a job that is not there yet, due now, and says how often it runs. `latest` is the latest time at which it can be due: a later one was written by
/// a server whose clock was ahead, and becomes now.
pub(super) async fn ensure(
    db: &Db,
    (name, every): (&'static str, u64),
    latest: UnixSeconds,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    // Nearly every start finds it so, and then writes nothing.
    if jobs::find(db, name).await?.is_some_and(|job| job.due_at <= latest && job.every == every) {
        return Ok(());
    }
    let ensure = work((), move |(), tx| {
        Box::pin(async move {
            jobs::ensure(tx, name, now, every).await?;
            match jobs::find(&mut *tx, name).await? {
                Some(job) if job.due_at > latest => jobs::hurry(tx, name, now).await,
                _ => Ok::<_, StoreError>(()),
            }
        })
    });
    db.write(ensure).await
}

/// Takes all jobs from whoever holds them.
pub(super) async fn free_all(db: &Db, now: UnixSeconds) -> Result<(), StoreError> {
    let all = jobs::list(db).await?.into_iter();
    let held: Vec<_> = all.filter_map(|job| Some((job.name, job.holder?))).collect();
    // Who stopped in peace held none.
    if held.is_empty() {
        return Ok(());
    }
    let free = work(held, move |held, tx| {
        Box::pin(async move {
            for (name, holder) in held {
                jobs::free(tx, (name, holder), now).await?;
            }
            Ok::<_, StoreError>(())
        })
    });
    db.write(free).await
}

/// Claims one of these jobs, if one is due: its name and where to go on.
pub(super) async fn claim(
    db: &Db,
    names: Vec<&'static str>,
    times: (UnixSeconds, UnixSeconds),
    lease_until: UnixSeconds,
    holder: &str,
) -> Result<Option<(String, String)>, StoreError> {
    let claim = work((names, holder.to_owned()), move |(names, holder), tx| {
        Box::pin(async move {
            let job = jobs::claim(tx, names, times, lease_until, holder).await?;
            Ok::<_, StoreError>(job.map(|job| (job.name, job.position)))
        })
    });
    db.write(claim).await
}

/// Stores a position and extends the lease; `false` if another process has the job by now.
pub(super) async fn keep(
    db: &Db,
    name: &'static str,
    holder: &str,
    position: String,
    lease_until: UnixSeconds,
) -> Result<bool, StoreError> {
    let keep = work((holder.to_owned(), position), move |(holder, position), tx| {
        Box::pin(async move { jobs::keep(tx, name, holder, position, lease_until).await })
    });
    db.write(keep).await
}

/// Gives a job back that failed with that code, until it is due again; `false` if another process has it by now.
pub(super) async fn failed(
    db: &Db,
    (name, holder): (&'static str, &str),
    position: String,
    due_at: UnixSeconds,
    (now, code): (UnixSeconds, &'static str),
) -> Result<bool, StoreError> {
    let failed = work((holder.to_owned(), position), move |(holder, position), tx| {
        Box::pin(async move { jobs::failed(tx, (name, holder), position, due_at, (now, code)).await })
    });
    db.write(failed).await
}

/// Gives a job back that was done now, until it is due again; `false` if another process has it by now.
pub(super) async fn done(
    db: &Db,
    (name, holder): (&'static str, &str),
    due_at: UnixSeconds,
    now: UnixSeconds,
) -> Result<bool, StoreError> {
    let done = work(holder.to_owned(), move |holder, tx| {
        Box::pin(async move { jobs::done(tx, (name, holder), due_at, now).await })
    });
    db.write(done).await
}

/// Gives a job back whose run paused now, until it goes on; `false` if another process has it by now.
pub(super) async fn paused(
    db: &Db,
    (name, holder): (&'static str, &str),
    due_at: UnixSeconds,
    now: UnixSeconds,
) -> Result<bool, StoreError> {
    let paused = work(holder.to_owned(), move |holder, tx| {
        Box::pin(async move { jobs::paused(tx, (name, holder), due_at, now).await })
    });
    db.write(paused).await
}

/// Gives a job back that could do nothing for this reason; `false` if another process has it by now.
pub(super) async fn waits(
    db: &Db,
    (name, holder): (&'static str, &str),
    due_at: UnixSeconds,
    code: &'static str,
) -> Result<bool, StoreError> {
    let waits = work(holder.to_owned(), move |holder, tx| {
        Box::pin(async move { jobs::waits(tx, (name, holder), due_at, code).await })
    });
    db.write(waits).await
}
