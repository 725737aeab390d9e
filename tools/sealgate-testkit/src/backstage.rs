//! What a server does by itself, done when a test says so: nobody has to wait for the next time that it is due.

use std::sync::Arc;

use sealgate_authority::AuthorityError;
use sealgate_control::{Control, Reapplied};
use sealgate_server::assembly::Server;
use sealgate_server::jobs::{JOBS, Jobs};
use sealgate_store::{Db, StoreError, work};
use tokio::runtime::Handle;

/// A server's database and jobs, as it has them.
pub(crate) struct Backstage {
    db: Db,
    jobs: Jobs,
    control: Option<Arc<Control>>,
    runtime: Handle,
}

impl Backstage {
    /// Called on the server's own runtime, which its connections belong to.
    pub(crate) async fn of(server: &Server) -> Self {
        let jobs = server.with_jobs(JOBS).await.expect("the database answers");
        Self { db: server.db().clone(), jobs, control: server.control().cloned(), runtime: Handle::current() }
    }

    pub(crate) fn read_changes(&self) {
        self.runtime.block_on(self.db.read_changes()).expect("the database answers");
    }

    pub(crate) fn finish_writes(&self) {
        let nothing = work((), |(), _| Box::pin(async { Ok::<_, StoreError>(()) }));
        self.runtime.block_on(self.db.write(nothing)).expect("the database answers");
    }

    pub(crate) fn reapply(&self, export: &str) -> Result<Reapplied, AuthorityError> {
        let control = self.control.as_ref().expect("it has the vendor's side");
        self.runtime.block_on(control.reapply_revocations("restore", export.as_bytes()))
    }

    pub(crate) fn run_jobs(&self) {
        self.runtime.block_on(self.jobs.run_due()).expect("the database answers");
    }
}
