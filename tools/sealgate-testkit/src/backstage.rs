//! What a server does by itself, done when a test says so: nobody has to wait for the next time that it is due.

use sealgate_artifact::UnixSeconds;
use sealgate_server::assembly::Server;
use sealgate_server::jobs::{JOBS, Jobs};
use sealgate_store::{Db, StoreError, work};
use tokio::runtime::Handle;

use crate::TestApp;

/// A server's database and jobs, as it has them.
pub(crate) struct Backstage {
    db: Db,
    jobs: Jobs,
    runtime: Handle,
}

impl Backstage {
    /// Called on the server's own runtime, which its connections belong to.
    pub(crate) async fn of(server: &Server) -> Self {
        let jobs = server.with_jobs(JOBS).await.expect("the database answers");
        Self { db: server.db().clone(), jobs, runtime: Handle::current() }
    }
}

impl TestApp {
    /// Reads what other servers changed: what they acknowledged before is seen here afterwards.
    pub fn read_changes(&self) {
        let Backstage { db, runtime, .. } = self.backstage();
        runtime.block_on(db.read_changes()).expect("the database answers");
    }

    /// Waits until what this server was asked to write before is written, also where nobody waits for the answer.
    pub fn finish_writes(&self) {
        let Backstage { db, runtime, .. } = self.backstage();
        let nothing = work((), |(), _| Box::pin(async { Ok::<_, StoreError>(()) }));
        runtime.block_on(db.write(nothing)).expect("the database answers");
    }

    /// Runs the jobs that are due by this server's clock, unless the server itself is running them.
    pub fn run_jobs(&self) {
        let Backstage { jobs, runtime, .. } = self.backstage();
        let now = UnixSeconds::new(self.clock.seconds()).expect("in range");
        runtime.block_on(jobs.run_due(now)).expect("the database answers");
    }
}
