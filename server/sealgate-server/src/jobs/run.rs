//! The jobs of one process: it runs those that are due.

use sealgate_artifact::UnixSeconds;
use sealgate_authority::{Ids, Observed};
use sealgate_store::{Db, StoreError};

use super::lease::{Holder, LEASE};
use super::rows;
use super::table::Job;
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

    /// Runs every job that is due at `now` and that no other process is running, and returns their names. A job that
    /// fails is logged, and tried again after its usual time from where it was.
    pub async fn run_due(&self, now: UnixSeconds) -> Result<Vec<&'static str>, StoreError> {
        let mut done = vec![];
        let Some(duties) = &self.duties else { return Ok(done) };
        while !self.holder.is_stopping() {
            let Some((name, position)) = self.holder.claim(self.names(), now).await? else { break };
            let job = self.table.iter().find(|job| job.name == name).expect("only these were asked for");
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
        if let Err(error) = &ended {
            tracing::error!(%error, job = job.name, "{}", job.failure);
        }
        turn.end(ended.err().map(|error| error.code()), now.plus(job.every)).await
    }

    fn names(&self) -> Vec<&'static str> {
        self.table.iter().map(|job| job.name).collect()
    }
}
