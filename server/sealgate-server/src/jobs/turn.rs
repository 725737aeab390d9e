//! One run of a job: what it works with, and how it says how far it got.

use sealgate_artifact::{Code, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_control::{Offline, Servers, Snapshots, Upkeep};
use sealgate_store::StoreError;

use super::lease::{Holder, LEASE};
use super::rows;

/// What jobs work with: the vendor's side, as far as they need it.
pub struct Duties {
    servers: Servers,
    snapshots: Snapshots,
    offline: Offline,
    pub(super) upkeep: Upkeep,
}

impl Duties {
    /// The duties of a process that has the vendor's side.
    pub fn new(servers: &Servers, snapshots: &Snapshots, offline: &Offline, upkeep: &Upkeep) -> Self {
        Self {
            servers: servers.clone(),
            snapshots: snapshots.clone(),
            offline: offline.clone(),
            upkeep: upkeep.clone(),
        }
    }
}

/// One run of a job.
pub struct Turn<'a> {
    holder: &'a Holder,
    duties: &'a Duties,
    job: &'static str,
    position: String,
    is_over: bool,
    is_paused: bool,
}

/// How soon the next run goes on where one paused, in seconds.
const PAUSE: u64 = 10 * 60;

impl<'a> Turn<'a> {
    pub(super) fn new(holder: &'a Holder, duties: &'a Duties, job: &'static str, position: String) -> Self {
        Self { holder, duties, job, position, is_over: false, is_paused: false }
    }

    /// The vendor's license servers.
    pub fn servers(&self) -> &Servers {
        &self.duties.servers
    }

    /// Revocation data.
    pub fn snapshots(&self) -> &Snapshots {
        &self.duties.snapshots
    }

    /// Bundles for machines without a network.
    pub fn offline(&self) -> &Offline {
        &self.duties.offline
    }

    /// What keeps the database in order.
    pub fn upkeep(&self) -> &Upkeep {
        &self.duties.upkeep
    }

    /// Where to go on, in the job's own words; empty at the beginning.
    pub fn position(&self) -> &str {
        &self.position
    }

    /// Stores how far a long job got, and extends the lease. `false`: the job must return now, because another process
    /// took it over or because this one stops; it is then continued from here.
    pub async fn keep(&mut self, position: impl Into<String>) -> Result<bool, AuthorityError> {
        let (holder, now) = (self.holder, self.holder.ids.now());
        self.position = position.into();
        let is_stopping = holder.is_stopping();
        let until = if is_stopping { now } else { now.plus(LEASE) };
        let position = self.position.clone();
        let is_held = rows::keep(&holder.db, self.job, &holder.name, position, until).await?;
        self.is_over = is_stopping || !is_held;
        Ok(!self.is_over)
    }

    /// Ends this run before the work is done. The next one goes on from the last position that was kept, soon.
    pub fn pause(&mut self) {
        self.is_paused = true;
    }

    /// Gives the job back until `next`: from the beginning, or after a failure from where it was.
    pub(super) async fn end(self, failure: Option<Code>, next: UnixSeconds) -> Result<(), StoreError> {
        let Self { holder: Holder { db, name, ids, .. }, job, position, is_over, is_paused, .. } = self;
        let now = ids.now();
        match failure {
            None if is_over => Ok(()),
            None if is_paused => {
                let next = next.min(now.plus(PAUSE));
                rows::paused(db, (job, name), next, now).await.map(drop)
            }
            None => rows::done(db, (job, name), next, now).await.map(drop),
            // The clock is set right or accepted at any time.
            Some(code) if code == Code::ClockInDoubt => {
                rows::waits(db, (job, name), next, code.as_str()).await.map(drop)
            }
            Some(code) => {
                // It keeps its lease until then, and nobody's lease is longer.
                let next = next.min(now.plus(LEASE));
                let how = (now, code.as_str());
                rows::failed(db, (job, name), position, next, how).await.map(drop)
            }
        }
    }
}
