//! The jobs of one process: it runs those that are due.

use sealgate_artifact::{Code, UnixSeconds};
use sealgate_authority::{Ids, Observed};
use sealgate_store::{Db, StoreError};

use super::lease::{Holder, LEASE};
use super::rows;
use super::table::{Job, Lane};
use super::turn::{Duties, Turn};

/// The jobs of one process.
pub struct Jobs {
    pub(super) holder: Holder,
    pub(super) observed: Observed,
    /// Without the vendor's side, this process runs no job.
    pub(super) duties: Option<Duties>,
    table: &'static [Job],
}

impl Jobs {
    /// The jobs of `table`. Those that the database does not know yet are added, due now.
    pub async fn new(
        (db, ids): (Db, Ids),
        observed: Observed,
        duties: Option<Duties>,
        table: &'static [Job],
    ) -> Result<Self, StoreError> {
        let jobs = Self { holder: Holder::new(db, ids), observed, duties, table };
        if jobs.duties.is_some() {
            let now = jobs.holder.ids.now();
            for job in table {
                rows::ensure(&jobs.holder.db, (job.name, job.every), now.plus(job.every.max(LEASE)), now)
                    .await?;
            }
        }
        Ok(jobs)
    }

    /// Takes every job from whoever holds it. Only for a process that has just got the vendor's side: whoever had it before is dead, and
    /// its leases would keep the jobs from running until they end. One that still stands notices at its next page.
    pub(crate) async fn free_all(&self) -> Result<(), StoreError> {
        if self.duties.is_none() {
            return Ok(());
        }
        rows::free_all(&self.holder.db, self.holder.ids.now()).await
    }

    /// Runs every job that is due and that no other process is running, and returns their names. A job that fails is logged, and
    /// tried again after its usual time from where it was.
    pub async fn run_due(&self) -> Result<Vec<&'static str>, StoreError> {
        self.run_those(|_| true).await
    }

    /// The same for the jobs of one lane.
    pub async fn run_due_in(&self, lane: Lane) -> Result<Vec<&'static str>, StoreError> {
        self.run_those(|job| job.lane == lane).await
    }

    async fn run_those(&self, is_one: impl Fn(&Job) -> bool) -> Result<Vec<&'static str>, StoreError> {
        let mut done = vec![];
        let Some(duties) = &self.duties else { return Ok(done) };
        let those: Vec<_> = self.table.iter().filter(|job| is_one(job)).collect();
        while !self.holder.is_stopping() {
            let names = those.iter().map(|job| job.name).collect();
            // Each lease begins when it is taken, however long the job before took.
            let now = self.holder.ids.now();
            let Some((name, position)) = self.holder.claim(names, now).await? else { break };
            let job = those.iter().find(|job| job.name == name).expect("only these were asked for");
            self.run(duties, job, position, now).await?;
            done.push(job.name);
        }
        Ok(done)
    }

    async fn run(
        &self,
        duties: &Duties,
        job: &'static Job,
        position: String,
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        let mut turn = Turn::new(&self.holder, duties, job.name, position);
        let ended = (job.run)(&mut turn).await;
        match &ended {
            // The watch of the clock says so.
            Err(error) if error.code() == Code::ClockInDoubt => {}
            Err(error) => tracing::error!(%error, job = job.name, "{}", job.failure),
            Ok(()) => {}
        }
        turn.end(ended.err().map(|error| error.code()), now.plus(job.every)).await
    }
}
