//! Work that must be done again and again, once each time however many servers share the database.
//!
//! A server that finds a job due claims it for a while: it gets a lease. Others leave the job alone until the server is
//! done, or until its lease has ended because the server died.
//!
//! While a job is claimed, `due_at` is the end of its lease. An earlier time there means that somebody was in a hurry
//! meanwhile: the job runs once more, from its beginning.

use sealgate_artifact::UnixSeconds;

use crate::columns::{count, optional_time, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

macro_rules! columns {
    () => {
        "name, due_at, lease_until, holder, position, every, last_started_at, last_done_at, last_failed_at, last_error"
    };
}

macro_rules! select_job {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM jobs ", $rest)
    };
}

statements! {
    FIND = select_job!("WHERE name = $1");
    LIST = select_job!("ORDER BY name");
    // What no server has said yet how often it runs was left behind by another version.
    SAID = select_job!("WHERE every > 0 AND name > $1 ORDER BY name LIMIT $2");
    ENSURE = "INSERT INTO jobs (name, due_at, position, every) VALUES ($1, $2, '', $3) \
              ON CONFLICT (name) DO UPDATE SET every = excluded.every";
    // A time so far after $3 was written by a server whose clock was ahead: it is taken as past. A job that runs each day must not
    // put off those that run each minute.
    // $1 holds names between line breaks: removing a job's name changes it if the job is among them.
    DUE = select_job!("WHERE (due_at <= $2 OR due_at > $3 + every OR lease_until > $3) \
           AND (lease_until IS NULL OR lease_until <= $2 OR lease_until > $3) \
           AND REPLACE($1, '\n' || name || '\n', '') <> $1 ORDER BY due_at, name LIMIT 1");
    // The inner statement is DUE. What it found is compared again, because another server may have claimed it since.
    CLAIM = concat!(
        "UPDATE jobs SET due_at = $4, lease_until = $4, holder = $5, last_started_at = $2, \
         position = CASE WHEN due_at < lease_until THEN '' ELSE position END \
         WHERE (due_at <= $2 OR due_at > $3 + every OR lease_until > $3) AND (lease_until IS NULL OR lease_until <= $2 OR lease_until > $3) \
         AND name = (SELECT name FROM jobs WHERE (due_at <= $2 OR due_at > $3 + every OR lease_until > $3) \
         AND (lease_until IS NULL OR lease_until <= $2 OR lease_until > $3) \
         AND REPLACE($1, '\n' || name || '\n', '') <> $1 ORDER BY due_at, name LIMIT 1) RETURNING ",
        columns!()
    );
    KEEP = "UPDATE jobs SET position = $3, due_at = CASE WHEN due_at < lease_until THEN due_at ELSE $4 END, \
            lease_until = $4 WHERE name = $1 AND holder = $2";
    FAILED = "UPDATE jobs SET position = $3, due_at = CASE WHEN due_at < lease_until THEN due_at ELSE $4 END, \
              lease_until = $4, last_failed_at = $5, last_error = $6 WHERE name = $1 AND holder = $2";
    DONE = "UPDATE jobs SET due_at = CASE WHEN due_at < lease_until THEN due_at ELSE $3 END, lease_until = NULL, \
            holder = NULL, position = '', last_done_at = $4, last_error = NULL WHERE name = $1 AND holder = $2";
    PAUSED = "UPDATE jobs SET due_at = CASE WHEN due_at < lease_until THEN due_at ELSE $3 END, \
              position = CASE WHEN due_at < lease_until THEN '' ELSE position END, lease_until = NULL, holder = NULL, \
              last_done_at = $4, last_error = NULL WHERE name = $1 AND holder = $2";
    WAITS = "UPDATE jobs SET due_at = CASE WHEN due_at < lease_until THEN due_at ELSE $3 END, lease_until = NULL, \
             holder = NULL, position = '', last_error = $4 WHERE name = $1 AND holder = $2";
    HURRY = "UPDATE jobs SET due_at = $2 WHERE name = $1 AND due_at > $2";
    FREE = "UPDATE jobs SET due_at = $3, position = CASE WHEN due_at < lease_until THEN '' ELSE position END, lease_until = NULL, \
            holder = NULL WHERE name = $1 AND holder = $2";
}

/// The job that signs revocation data. Whoever replaces the key that signs it is in a hurry.
pub const SIGN_SNAPSHOTS: &str = "sign_snapshots";

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct JobRow {
    pub name: String,
    /// When it runs next; while it is claimed, when it runs again if its holder dies.
    pub due_at: UnixSeconds,
    /// Until when nobody else may claim it.
    pub lease_until: Option<UnixSeconds>,
    /// Who claimed it.
    pub holder: Option<String>,
    /// Where to go on, in the job's own words; empty at the beginning.
    pub position: String,
    /// How many seconds after one run the next is due; 0 if no server of this version said it.
    pub every: u64,
    /// When a run began last.
    pub last_started_at: Option<UnixSeconds>,
    /// When one was done.
    pub last_done_at: Option<UnixSeconds>,
    /// When one failed.
    pub last_failed_at: Option<UnixSeconds>,
    /// The code of the last failure, if none was done since.
    pub last_error: Option<String>,
}

/// How often a job may be left out before that is a fault.
const LATE_AFTER: u64 = 3;

impl JobRow {
    /// Whether somebody works on it at that time. A run that failed keeps its lease until the next one is due.
    pub fn is_running(&self, now: UnixSeconds) -> bool {
        let has_failed = self.last_failed_at >= self.last_started_at && self.last_error.is_some();
        self.holder.is_some() && !has_failed && self.lease_until.is_some_and(|until| until > now)
    }

    /// Whether it has not run for three times the time in which it is to run once.
    pub fn is_late(&self, now: UnixSeconds) -> bool {
        let ended = self.last_done_at.max(self.last_failed_at);
        let last = ended.or(self.last_started_at).unwrap_or(self.due_at);
        !self.is_running(now) && last.plus(self.every.saturating_mul(LATE_AFTER)) < now
    }
}

impl FromRow for JobRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            name: row.get("name")?,
            due_at: time(row, "due_at")?,
            lease_until: optional_time(row, "lease_until")?,
            holder: row.get("holder")?,
            position: row.get("position")?,
            every: count(row, "every")?,
            last_started_at: optional_time(row, "last_started_at")?,
            last_done_at: optional_time(row, "last_done_at")?,
            last_failed_at: optional_time(row, "last_failed_at")?,
            last_error: row.get("last_error")?,
        })
    }
}

/// The job of this name.
pub async fn find(on: impl Read, name: &str) -> Result<Option<JobRow>, StoreError> {
    query_as(FIND).bind(name).fetch_optional(on).await
}

/// Every job, by name.
pub async fn list(on: impl Read) -> Result<Vec<JobRow>, StoreError> {
    query_as(LIST).fetch_all(on).await
}

/// Jobs that servers of this version run, by name, starting after that one.
pub async fn said(on: impl Read, after: &str, limit: u32) -> Result<Vec<JobRow>, StoreError> {
    query_as(SAID).bind(after).bind(signed(limit.into())).fetch_all(on).await
}

/// The job that [`claim`] would find. An idle server asks this often; it writes nothing.
pub async fn due(
    on: impl Read,
    names: &[&str],
    (now, latest): (UnixSeconds, UnixSeconds),
) -> Result<Option<JobRow>, StoreError> {
    query_as(DUE)
        .bind(between_line_breaks(names))
        .bind(signed(now.get()))
        .bind(signed(latest.get()))
        .fetch_optional(on)
        .await
}

/// Adds a job that is due at that time and then after every so many seconds. One of this name stays due when it is.
pub async fn ensure(tx: &mut Tx<'_>, name: &str, due_at: UnixSeconds, every: u64) -> Result<(), StoreError> {
    query(ENSURE).bind(name).bind(signed(due_at.get())).bind(signed(every)).execute(tx).await?;
    Ok(())
}

/// Claims the most overdue of these jobs that nobody else holds. No right clock leases a job until after `latest`, nor makes
/// it due later than so often as it runs after that: one that is, is due now. `lease_until` must be later than `now`, and `holder` a
/// name that no other process and no earlier start of this one uses.
pub async fn claim(
    tx: &mut Tx<'_>,
    names: &[&str],
    (now, latest): (UnixSeconds, UnixSeconds),
    lease_until: UnixSeconds,
    holder: &str,
) -> Result<Option<JobRow>, StoreError> {
    query_as(CLAIM)
        .bind(between_line_breaks(names))
        .bind(signed(now.get()))
        .bind(signed(latest.get()))
        .bind(signed(lease_until.get()))
        .bind(holder)
        .fetch_optional(tx)
        .await
}

/// Stores how far the holder got, and extends its lease; `false` if it does not hold the job any more and must stop.
pub async fn keep(
    tx: &mut Tx<'_>,
    name: &str,
    holder: &str,
    position: &str,
    lease_until: UnixSeconds,
) -> Result<bool, StoreError> {
    let query = query(KEEP).bind(name).bind(holder).bind(position).bind(signed(lease_until.get()));
    Ok(query.execute(tx).await? == 1)
}

/// Stores that a run failed, how far it got, and when the next one is due; `false` if the holder does not hold the job any more.
pub async fn failed(
    tx: &mut Tx<'_>,
    (name, holder): (&str, &str),
    position: &str,
    due_at: UnixSeconds,
    (now, code): (UnixSeconds, &str),
) -> Result<bool, StoreError> {
    let query = query(FAILED).bind(name).bind(holder).bind(position).bind(signed(due_at.get()));
    Ok(query.bind(signed(now.get())).bind(code).execute(tx).await? == 1)
}

/// Gives a job back that was done now, and is due again at that time; `false` if the holder does not hold it any more.
pub async fn done(
    tx: &mut Tx<'_>,
    (name, holder): (&str, &str),
    due_at: UnixSeconds,
    now: UnixSeconds,
) -> Result<bool, StoreError> {
    let query = query(DONE).bind(name).bind(holder).bind(signed(due_at.get()));
    Ok(query.bind(signed(now.get())).execute(tx).await? == 1)
}

/// Gives a job back whose run paused now: the next one, due at that time, goes on from the position that was kept. `false` if the holder
/// does not hold it any more.
pub async fn paused(
    tx: &mut Tx<'_>,
    (name, holder): (&str, &str),
    due_at: UnixSeconds,
    now: UnixSeconds,
) -> Result<bool, StoreError> {
    let query = query(PAUSED).bind(name).bind(holder).bind(signed(due_at.get()));
    Ok(query.bind(signed(now.get())).execute(tx).await? == 1)
}

/// Gives a job back that could do nothing for this reason, which is no fault of its own. `false` if the holder does not hold it any more.
pub async fn waits(
    tx: &mut Tx<'_>,
    (name, holder): (&str, &str),
    due_at: UnixSeconds,
    code: &str,
) -> Result<bool, StoreError> {
    let query = query(WAITS).bind(name).bind(holder).bind(signed(due_at.get()));
    Ok(query.bind(code).execute(tx).await? == 1)
}

/// Makes a job due now. One that is running will run once more: it may have passed by what was changed just now.
pub async fn hurry(tx: &mut Tx<'_>, name: &str, now: UnixSeconds) -> Result<(), StoreError> {
    query(HURRY).bind(name).bind(signed(now.get())).execute(tx).await?;
    Ok(())
}

/// Takes a job from its holder, who is dead: it is due now, and goes on from the position that was kept.
pub async fn free(tx: &mut Tx<'_>, (name, holder): (&str, &str), now: UnixSeconds) -> Result<(), StoreError> {
    query(FREE).bind(name).bind(holder).bind(signed(now.get())).execute(tx).await?;
    Ok(())
}

fn between_line_breaks(names: &[&str]) -> String {
    names.iter().flat_map(|name| ["\n", name, "\n"]).collect()
}
