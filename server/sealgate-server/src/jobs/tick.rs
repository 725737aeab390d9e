//! When a process looks for work: a task for its own, and one for each lane of jobs, so that a long job does not hold up what must be quick.

use std::sync::Arc;
use std::time::Duration;

use sealgate_authority::{ClockWatch, Observed, Seldom, Side};
use sealgate_control::Upkeep;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::run::Jobs;
use super::table::Lane;

/// How often this process looks for work: audit rows are numbered within a second (`spec/audit.md` §2.1).
const TICK: Duration = Duration::from_millis(500);

/// The tasks under way.
pub(crate) struct Ticker {
    jobs: Arc<Jobs>,
    tasks: Vec<JoinHandle<()>>,
}

impl Ticker {
    pub(crate) fn start(jobs: Jobs) -> Self {
        let jobs = Arc::new(jobs);
        let upkeep = jobs.duties.as_ref().map(|duties| duties.upkeep.clone());
        let threads = jobs.holder.db.threads();
        let watch = jobs.holder.ids.clock_watch().clone();
        let (observed, stopping) = (jobs.observed.clone(), jobs.holder.stopping());
        let own = threads.clone().keep("upkeep", move || {
            own_work((observed.clone(), watch.clone()), upkeep.clone(), stopping.clone())
        });
        let mut tasks = vec![tokio::spawn(own)];
        for lane in Lane::ALL {
            let (jobs, stopping) = (Arc::clone(&jobs), jobs.holder.stopping());
            let work = move || shared_work(Arc::clone(&jobs), lane, stopping.clone());
            tasks.push(tokio::spawn(threads.clone().keep(name(lane), work)));
        }
        Self { jobs, tasks }
    }

    /// Waits for what is under way, then writes what this process observed last.
    pub(crate) async fn finish(self) {
        self.jobs.holder.stop();
        for task in self.tasks {
            // It ends by itself.
            let _ = task.await;
        }
        if let Err(error) = self.jobs.observed.write_all().await {
            tracing::error!(%error, "the last counts could not be written");
        }
    }
}

/// What each process does for itself.
async fn own_work(
    (observed, clock): (Observed, ClockWatch),
    upkeep: Option<Upkeep>,
    mut stopping: watch::Receiver<bool>,
) {
    let (mut ticks, begun, unwritten) = (ticks(TICK, Duration::ZERO), Instant::now(), Seldom::default());
    while next(&mut ticks, &mut stopping).await {
        // For the log.
        clock.doubt(Side::Runtime);
        if upkeep.is_some() {
            clock.doubt(Side::Vendor);
        }
        if let Some(upkeep) = &upkeep
            && let Err(error) = upkeep.close_blocks_after_going_back().await
        {
            tracing::error!(%error, "the database came back older, and its blocks are not closed yet");
        }
        if let Some(upkeep) = &upkeep
            && let Err(error) = upkeep.number_audit_rows().await
        {
            tracing::error!(%error, "rows of the audit log wait for their numbers");
        }
        // What could not be written stays due: while the database is away, that is so at each tick.
        if let Err(error) = observed.write_due().await
            && let Some(held_back) =
                unwritten.due(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX))
        {
            tracing::error!(%error, held_back, "counts could not be written");
        }
    }
}

/// The name of a lane's task.
fn name(lane: Lane) -> &'static str {
    match lane {
        Lane::Quick => "jobs",
        Lane::Snapshots => "jobs that sign revocation data",
        Lane::Slow => "jobs that can wait",
    }
}

/// What one process does for all.
async fn shared_work(jobs: Arc<Jobs>, lane: Lane, mut stopping: watch::Receiver<bool>) {
    // Between two ticks of the other tasks: each then finds the others' connection to the database free.
    let mut ticks = match lane {
        Lane::Quick => ticks(TICK, TICK / 2),
        Lane::Snapshots => ticks(2 * TICK, TICK / 4),
        Lane::Slow => ticks(4 * TICK, TICK / 4 * 3),
    };
    while next(&mut ticks, &mut stopping).await {
        if let Err(error) = jobs.run_due_in(lane).await {
            tracing::error!(%error, "jobs wait: their rows could not be read or written");
        }
    }
}

fn ticks(every: Duration, first: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + first, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Whether there is a next tick, or the server stops.
async fn next(ticks: &mut Interval, stopping: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        _ = ticks.tick() => true,
        // The sender is there as long as the tasks are.
        _ = stopping.changed() => false,
    }
}
