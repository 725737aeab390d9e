//! The rows of jobs: each function is one unit of work on the table `jobs` of the store.

use sealgate_artifact::UnixSeconds;
use sealgate_store::table::jobs;
use sealgate_store::{Db, StoreError, work};

/// Adds jobs that are not there yet, due now. Each comes with the latest time at which it can be due: a later one was
/// written by a server whose clock was ahead, and becomes now.
pub(super) async fn ensure(
    db: &Db,
    latest: Vec<(&'static str, UnixSeconds)>,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    let ensure = work(latest, move |latest, tx| {
        Box::pin(async move {
            for (name, _) in latest {
                jobs::ensure(tx, name, now).await?;
            }
            let rows = jobs::list(&mut *tx).await?;
            for (name, latest) in latest {
                if rows.iter().any(|row| row.name == *name && row.due_at > *latest) {
                    jobs::hurry(tx, name, now).await?;
                }
            }
            Ok::<_, StoreError>(())
        })
    });
    db.write(ensure).await
}

/// Whether a claim would find one of these jobs. An idle server asks this often; it writes nothing.
pub(super) async fn is_due(db: &Db, names: &[&str], now: UnixSeconds) -> Result<bool, StoreError> {
    if names.is_empty() {
        return Ok(false);
    }
    let is_free = |job: &jobs::JobRow| job.lease_until.is_none_or(|until| until <= now);
    let rows = jobs::list(db).await?;
    Ok(rows.iter().any(|job| names.contains(&job.name.as_str()) && job.due_at <= now && is_free(job)))
}

/// Claims one of these jobs, if one is due: its name and where to go on.
pub(super) async fn claim(
    db: &Db,
    names: Vec<&'static str>,
    now: UnixSeconds,
    lease_until: UnixSeconds,
    holder: &str,
) -> Result<Option<(String, String)>, StoreError> {
    let claim = work((names, holder.to_owned()), move |(names, holder), tx| {
        Box::pin(async move {
            let job = jobs::claim(tx, names, now, lease_until, holder).await?;
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

/// Gives a job back until it is due again; `false` if another process has it by now.
pub(super) async fn done(
    db: &Db,
    name: &'static str,
    holder: &str,
    due_at: UnixSeconds,
) -> Result<bool, StoreError> {
    let done = work(holder.to_owned(), move |holder, tx| {
        Box::pin(async move { jobs::done(tx, name, holder, due_at).await })
    });
    db.write(done).await
}
