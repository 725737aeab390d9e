//! What the server does by itself.

use std::sync::Arc;
use std::time::Duration;

use sealgate_authority::Observed;
use sealgate_control::Control;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::assembly::Server;

/// How often rows of the audit log get their numbers (`spec/audit.md` §2.1).
const TICK: Duration = Duration::from_millis(500);
/// Certificates that are missing or about to end are made every so many ticks.
const CERTIFYING: u32 = 10;
/// What has served its time is forgotten every so many ticks.
const FORGETTING: u32 = 120;

/// The task that does it.
pub(crate) struct Jobs {
    observed: Observed,
    done: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Jobs {
    pub(crate) fn start(server: &Server) -> Self {
        let (observed, done) = (server.observed.clone(), Arc::new(Notify::new()));
        let task = tokio::spawn(tick(server.control.clone(), observed.clone(), Arc::clone(&done)));
        Self { observed, done, task }
    }

    /// Waits for what is under way, then writes what was observed last.
    pub(crate) async fn finish(self) {
        self.done.notify_one();
        // It ends by itself; a panic inside it was logged by its thread.
        let _ = self.task.await;
        if let Err(error) = self.observed.write_all().await {
            tracing::error!(%error, "what was observed last could not be written");
        }
    }
}

async fn tick(control: Option<Arc<Control>>, observed: Observed, done: Arc<Notify>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for n in 1_u32.. {
        tokio::select! {
            _ = ticks.tick() => {}
            () = done.notified() => return,
        }
        if let Err(error) = observed.write_due().await {
            tracing::error!(%error, "what was observed could not be written");
        }
        let Some(control) = &control else { continue };
        if let Err(error) = control.upkeep.number_audit_rows().await {
            tracing::error!(%error, "rows of the audit log wait for their numbers");
        }
        if n % CERTIFYING == 0
            && let Err(error) = control.servers.certify().await
        {
            tracing::error!(%error, "license servers wait for their certificates");
        }
        if n % FORGETTING == 0
            && let Err(error) = control.upkeep.forget().await
        {
            tracing::error!(%error, "what has served its time could not be forgotten");
        }
    }
}
