//! What the server does by itself.

use std::sync::Arc;
use std::time::Duration;

use sealgate_authority::{Authority, upkeep};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How often rows of the audit log get their numbers (`spec/audit.md` §2.1).
const TICK: Duration = Duration::from_millis(500);
/// Certificates that are missing or about to end are made every so many ticks.
const CERTIFYING: u32 = 10;
/// What has served its time is forgotten every so many ticks.
const FORGETTING: u32 = 120;

/// The task that does it.
pub(crate) struct Jobs {
    authority: Arc<Authority>,
    done: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Jobs {
    pub(crate) fn start(authority: Arc<Authority>) -> Self {
        let done = Arc::new(Notify::new());
        let task = tokio::spawn(tick(Arc::clone(&authority), Arc::clone(&done)));
        Self { authority, done, task }
    }

    /// Waits for what is under way, then writes what was observed last.
    pub(crate) async fn finish(self) {
        self.done.notify_one();
        // It ends by itself; a panic inside it was logged by its thread.
        let _ = self.task.await;
        if let Err(error) = upkeep::write_all_observed(&self.authority).await {
            tracing::error!(%error, "what was observed last could not be written");
        }
    }
}

async fn tick(authority: Arc<Authority>, done: Arc<Notify>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for n in 1_u32.. {
        tokio::select! {
            _ = ticks.tick() => {}
            () = done.notified() => return,
        }
        if let Err(error) = upkeep::number_audit_rows(&authority).await {
            tracing::error!(%error, "rows of the audit log wait for their numbers");
        }
        if n % CERTIFYING == 0
            && let Err(error) = upkeep::certify_servers(&authority).await
        {
            tracing::error!(%error, "license servers wait for their certificates");
        }
        if let Err(error) = upkeep::write_observed(&authority).await {
            tracing::error!(%error, "what was observed could not be written");
        }
        if n % FORGETTING == 0
            && let Err(error) = upkeep::forget(&authority).await
        {
            tracing::error!(%error, "what has served its time could not be forgotten");
        }
    }
}
