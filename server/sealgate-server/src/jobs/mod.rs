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
use sealgate_authority::ports::{Clock, Entropy};
use sealgate_authority::{Authority, AuthorityError};
use sealgate_store::StoreError;
use tokio::sync::watch;

pub use table::{JOBS, Job, Running};
pub(crate) use tick::Ticker;

/// How long a server may work on a job without a sign of life before another one takes it over, in seconds.
const LEASE: u64 = 120;

/// The jobs of one process.
pub struct Jobs {
    authority: Arc<Authority>,
    clock: Arc<dyn Clock>,
    table: &'static [Job],
    /// Names this start of this process.
    holder: String,
    stopping: watch::Sender<bool>,
}

impl Jobs {
    /// The jobs of `table`. Those that the database does not know yet are added, due now.
    pub async fn new(
        authority: Arc<Authority>,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
        table: &'static [Job],
    ) -> Result<Self, StoreError> {
        let mut holder = [0; 16];
        entropy.fill(&mut holder);
        let jobs = Self {
            table: if authority.role().has_control() { table } else { &[] },
            authority,
            clock,
            holder: encode_hex(&holder),
            stopping: watch::Sender::new(false),
        };
        if !jobs.table.is_empty() {
            rows::ensure(jobs.authority.db(), jobs.names(), jobs.now()).await?;
        }
        Ok(jobs)
    }

    /// Runs every job that is due at `now` and that no other process is running, and returns their names. A job that
    /// fails is logged, and tried again after its usual time from where it was.
    pub async fn run_due(&self, now: UnixSeconds) -> Result<Vec<&'static str>, StoreError> {
        let mut done = vec![];
        while !self.is_stopping() && rows::is_due(self.authority.db(), &self.names(), now).await? {
            let claimed = rows::claim(self.authority.db(), self.names(), now, now.plus(LEASE), &self.holder);
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
        let (db, next) = (self.authority.db(), now.plus(job.every));
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

    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.clock.unix_millis() / 1000).expect("a clock before the year 10000")
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
    /// What the job works with.
    pub fn authority(&self) -> &Authority {
        &self.jobs.authority
    }

    /// Where to go on, in the job's own words; empty at the beginning.
    pub fn position(&self) -> &str {
        &self.position
    }

    /// Stores how far a long job got, and extends the lease. `false`: the job must return now, because another process
    /// took it over or because this one stops; it is then continued from here.
    pub async fn keep(&mut self, position: impl Into<String>) -> Result<bool, AuthorityError> {
        let (jobs, now) = (self.jobs, self.jobs.now());
        self.position = position.into();
        let stopping = jobs.is_stopping();
        let until = if stopping { now } else { now.plus(LEASE) };
        let (db, position) = (jobs.authority.db(), self.position.clone());
        let is_held = rows::keep(db, self.job.name, &jobs.holder, position, until).await?;
        self.is_over = stopping || !is_held;
        Ok(!self.is_over)
    }
}
