//! What the server does by itself.
//!
//! A job is a row in the database with a time when it is due. Whichever server finds it due takes a lease on it and runs
//! it, so each run happens once, however many servers share the database. Jobs belong to the vendor's side: a process of
//! role `runtime` runs none, because its database user may not do what they do.
//!
//! Two things are no rows. Counts that this process keeps in memory can be written by nobody else. Audit rows get their
//! numbers within a second, which is shorter than a lease is worth; the transaction that numbers them excludes other
//! processes by itself, because it takes the change counter first (`docs/design.md`, "Writes").

mod rows;
mod table;
mod tick;

use std::sync::Arc;

use sealgate_artifact::{UnixSeconds, encode_hex};
use sealgate_authority::{AuthorityError, Ids, Observed};
use sealgate_control::{Control, Servers, Upkeep};
use sealgate_store::{Db, StoreError};
use tokio::sync::watch;

pub use table::{JOBS, Job, Running};
pub(crate) use tick::Ticker;

/// How long a server may work on a job without a sign of life before another one takes it over, in seconds.
const LEASE: u64 = 120;

/// The jobs of one process.
pub struct Jobs {
    db: Db,
    ids: Ids,
    observed: Observed,
    /// The vendor's side, where this process has it.
    control: Option<Arc<Control>>,
    table: &'static [Job],
    /// Names this start of this process.
    holder: String,
    stopping: watch::Sender<bool>,
}

impl Jobs {
    /// The jobs of `table`. Those that the database does not know yet are added, due now.
    pub async fn new(
        (db, ids): (Db, Ids),
        observed: Observed,
        control: Option<Arc<Control>>,
        table: &'static [Job],
    ) -> Result<Self, StoreError> {
        let jobs = Self {
            table: if control.is_some() { table } else { &[] },
            holder: encode_hex(&ids.random::<16>()),
            db,
            ids,
            observed,
            control,
            stopping: watch::Sender::new(false),
        };
        if !jobs.table.is_empty() {
            rows::ensure(&jobs.db, jobs.names(), jobs.ids.now()).await?;
        }
        Ok(jobs)
    }

    /// Runs every job that is due at `now` and that no other process is running, and returns their names. A job that
    /// fails is logged, and tried again after its usual time from where it was.
    pub async fn run_due(&self, now: UnixSeconds) -> Result<Vec<&'static str>, StoreError> {
        let mut done = vec![];
        while !self.is_stopping() && rows::is_due(&self.db, &self.names(), now).await? {
            let claimed = rows::claim(&self.db, self.names(), now, now.plus(LEASE), &self.holder);
            let Some((name, position)) = claimed.await? else { break };
            let job = self.table.iter().find(|job| job.name == name).expect("only these were asked for");
            self.run(job, position, now).await?;
            done.push(job.name);
        }
        Ok(done)
    }

    async fn run(&self, job: &'static Job, position: String, now: UnixSeconds) -> Result<(), StoreError> {
        let mut turn = Turn { jobs: self, job, position, is_over: false };
        let ended = (job.run)(&mut turn).await;
        let Turn { position, is_over, .. } = turn;
        let (db, next) = (&self.db, now.plus(job.every));
        match ended {
            Ok(()) if is_over => Ok(()),
            Ok(()) => rows::done(db, job.name, &self.holder, next).await.map(drop),
            Err(error) => {
                tracing::error!(%error, job = job.name, "{}", job.failure);
                rows::keep(db, job.name, &self.holder, position, next).await.map(drop)
            }
        }
    }

    fn names(&self) -> Vec<&'static str> {
        self.table.iter().map(|job| job.name).collect()
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}

/// One run of a job.
pub struct Turn<'a> {
    jobs: &'a Jobs,
    job: &'static Job,
    position: String,
    is_over: bool,
}

impl Turn<'_> {
    /// The vendor's license servers.
    pub fn servers(&self) -> &Servers {
        &self.control().servers
    }

    /// What keeps the database in order.
    pub fn upkeep(&self) -> &Upkeep {
        &self.control().upkeep
    }

    fn control(&self) -> &Control {
        self.jobs.control.as_ref().expect("a process without the vendor's side has no jobs")
    }

    /// Where to go on, in the job's own words; empty at the beginning.
    pub fn position(&self) -> &str {
        &self.position
    }

    /// Stores how far a long job got, and extends the lease. `false`: the job must return now, because another process
    /// took it over or because this one stops; it is then continued from here.
    pub async fn keep(&mut self, position: impl Into<String>) -> Result<bool, AuthorityError> {
        let (jobs, now) = (self.jobs, self.jobs.ids.now());
        self.position = position.into();
        let stopping = jobs.is_stopping();
        let until = if stopping { now } else { now.plus(LEASE) };
        let (db, position) = (&jobs.db, self.position.clone());
        let is_held = rows::keep(db, self.job.name, &jobs.holder, position, until).await?;
        self.is_over = stopping || !is_held;
        Ok(!self.is_over)
    }
}
