//! Leases on jobs: how this process takes one, and how long it holds.

use sealgate_artifact::{UnixSeconds, encode_hex};
use sealgate_authority::{CLOCK_TOLERANCE_SECONDS, Ids};
use sealgate_store::table::jobs;
use sealgate_store::{Db, StoreError};
use tokio::sync::watch;

use super::rows;

/// How long a server may work on a job without a sign of life before another one takes it over, in seconds.
pub(super) const LEASE: u64 = 120;

/// This process, as one that takes leases on jobs.
pub(super) struct Holder {
    pub(super) db: Db,
    pub(super) ids: Ids,
    /// Names this start of this process.
    pub(super) name: String,
    stopping: watch::Sender<bool>,
}

impl Holder {
    pub(super) fn new(db: Db, ids: Ids) -> Self {
        Self { name: encode_hex(&ids.random::<16>()), db, ids, stopping: watch::Sender::new(false) }
    }

    /// Leases one of these jobs, if one is due: its name and where to go on.
    pub(super) async fn claim(
        &self,
        names: Vec<&'static str>,
        now: UnixSeconds,
    ) -> Result<Option<(String, String)>, StoreError> {
        // Other servers' clocks may differ a little from this one's.
        let latest = now.plus(LEASE + CLOCK_TOLERANCE_SECONDS);
        if jobs::due(&self.db, &names, (now, latest)).await?.is_none() {
            return Ok(None);
        }
        rows::claim(&self.db, names, (now, latest), now.plus(LEASE), &self.name).await
    }

    /// Tells every run that it must end.
    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}
