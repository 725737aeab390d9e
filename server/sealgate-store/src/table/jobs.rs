//! Work that must be done again and again, once each time however many servers share the database.
//!
//! A server that finds a job due claims it for a while: it gets a lease. Others leave the job alone until the server is
//! done, or until its lease has ended because the server died.
//!
//! While a job is claimed, `due_at` is the end of its lease. An earlier time there means that somebody was in a hurry
//! meanwhile: the job runs once more, from its beginning.

use sealgate_artifact::UnixSeconds;

use crate::columns::{optional_time, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

statements! {
    FIND = "SELECT name, due_at, lease_until, holder, position FROM jobs WHERE name = $1";
    LIST = "SELECT name, due_at, lease_until, holder, position FROM jobs ORDER BY name";
    ENSURE = "INSERT INTO jobs (name, due_at, position) VALUES ($1, $2, '') ON CONFLICT (name) DO NOTHING";
    // A time after $3 was written by a server whose clock was ahead: it is taken as past.
    // $1 holds names between line breaks: removing a job's name changes it if the job is among them.
    DUE = "SELECT name, due_at, lease_until, holder, position FROM jobs \
           WHERE (due_at <= $2 OR due_at > $3) AND (lease_until IS NULL OR lease_until <= $2 OR lease_until > $3) \
           AND REPLACE($1, '\n' || name || '\n', '') <> $1 ORDER BY due_at, name LIMIT 1";
    // The inner statement is DUE. What it found is compared again, because another server may have claimed it since.
    CLAIM = "UPDATE jobs SET due_at = $4, lease_until = $4, holder = $5, \
             position = CASE WHEN due_at < lease_until THEN '' ELSE position END \
             WHERE (due_at <= $2 OR due_at > $3) AND (lease_until IS NULL OR lease_until <= $2 OR lease_until > $3) \
             AND name = (SELECT name FROM jobs WHERE (due_at <= $2 OR due_at > $3) \
             AND (lease_until IS NULL OR lease_until <= $2 OR lease_until > $3) \
             AND REPLACE($1, '\n' || name || '\n', '') <> $1 ORDER BY due_at, name LIMIT 1) \
             RETURNING name, due_at, lease_until, holder, position";
    KEEP = "UPDATE jobs SET position = $3, due_at = CASE WHEN due_at < lease_until THEN due_at ELSE $4 END, \
            lease_until = $4 WHERE name = $1 AND holder = $2";
    DONE = "UPDATE jobs SET due_at = CASE WHEN due_at < lease_until THEN due_at ELSE $3 END, lease_until = NULL, \
            holder = NULL, position = '' WHERE name = $1 AND holder = $2";
    HURRY = "UPDATE jobs SET due_at = $2 WHERE name = $1 AND due_at > $2";
}

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
}

impl FromRow for JobRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            name: row.get("name")?,
            due_at: time(row, "due_at")?,
            lease_until: optional_time(row, "lease_until")?,
            holder: row.get("holder")?,
            position: row.get("position")?,
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

/// Adds a job that is due at that time, unless there is one of this name.
pub async fn ensure(tx: &mut Tx<'_>, name: &str, due_at: UnixSeconds) -> Result<(), StoreError> {
    query(ENSURE).bind(name).bind(signed(due_at.get())).execute(tx).await?;
    Ok(())
}

/// Claims the most overdue of these jobs that nobody else holds. No right clock writes a time after `latest`: a job that is
/// due later, or held longer, is due now. `lease_until` must be later than `now`, and `holder` a
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

/// Gives a job back that is due again at that time; `false` if the holder does not hold it any more.
pub async fn done(
    tx: &mut Tx<'_>,
    name: &str,
    holder: &str,
    due_at: UnixSeconds,
) -> Result<bool, StoreError> {
    let query = query(DONE).bind(name).bind(holder).bind(signed(due_at.get()));
    Ok(query.execute(tx).await? == 1)
}

/// Makes a job due now. One that is running will run once more: it may have passed by what was changed just now.
pub async fn hurry(tx: &mut Tx<'_>, name: &str, now: UnixSeconds) -> Result<(), StoreError> {
    query(HURRY).bind(name).bind(signed(now.get())).execute(tx).await?;
    Ok(())
}

fn between_line_breaks(names: &[&str]) -> String {
    names.iter().flat_map(|name| ["\n", name, "\n"]).collect()
}
