//! Group commit: many units of work share one transaction, and one that refuses does not disturb the others
//! (`docs/design.md`, "Writes").
//!
//! One writer per process. Every group takes the change counter first, so that groups of all processes have one
//! order, and no two of them can wait for each other in a circle.

use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::feed::Feed;
use crate::progress::{Ended, Progress};
use crate::sql::{Connection, Location, Pool, Pulse, query};
use crate::statements::statements;
use crate::{StoreError, Subject, Threads, Tx, Work};

/// Units of work that share a commit at most. More would only make the first of them wait.
const GROUP: usize = 64;
/// Statements, or rows that they return or change, after which a group takes no further unit: whoever waits for it waits for a
/// fraction of a second, whatever the units do. Ten for each of a full group are more than any unit makes that takes a seat.
const STEPS: u64 = 10 * GROUP as u64;
/// Units of work that may wait. Beyond, callers wait to enter: memory stays bounded.
const QUEUE: usize = 1024;
/// A record this far above the counter was left there to use up the numbers. Each time that costs no more than one of millions
/// of such stretches.
const FAR: i64 = 1 << 40;
/// Numbers that are tried where one was left.
const JUMPS: u8 = 3;

statements! {
    // A counter that somebody set to its maximum begins again: to the caches that is an older database.
    TAKE_COUNTER = "UPDATE change_counter SET n = CASE WHEN n >= 0 AND n < 4611686018427387904 THEN n + 1 ELSE 1 END \
                    WHERE id = 1 RETURNING n";
    RECORD_CHANGE = "INSERT INTO changes (n, subjects) VALUES ($1, $2) ON CONFLICT (n) DO NOTHING";
    LAST_RECORD = "SELECT MAX(n) AS n FROM changes";
    MOVE_COUNTER = "UPDATE change_counter SET n = $1 WHERE id = 1";
}

type Sender = mpsc::Sender<Box<dyn Job>>;
type Queue = mpsc::Receiver<Box<dyn Job>>;

/// The door to the writer.
#[derive(Clone)]
pub(crate) struct Group {
    /// Keeps the writer waiting for more until the store closes.
    open: Arc<Mutex<Option<Sender>>>,
    sender: mpsc::WeakSender<Box<dyn Job>>,
    /// Answers, or breaks off, when the writer's thread ends.
    ended: Arc<Mutex<Option<oneshot::Receiver<()>>>>,
    progress: Arc<Progress>,
}

impl Group {
    pub(crate) fn start(database: (Location, Arc<Pulse>, Pool), feed: Arc<Feed>, threads: &Threads) -> Self {
        let (sender, jobs) = mpsc::channel(QUEUE);
        let (weak, (end, ended)) = (sender.downgrade(), oneshot::channel());
        let (jobs, progress) = (Arc::new(Mutex::new(jobs)), Arc::new(Progress::default()));
        let noted = Arc::clone(&progress);
        let writer = threads.clone().keep("writer", move || {
            let (database, feed, progress) = (database.clone(), Arc::clone(&feed), Arc::clone(&noted));
            let (writer, jobs) = (Writer::new(database, feed, progress), Arc::clone(&jobs));
            async move { writer.run(&mut *jobs.lock().await).await }
        });
        // A thread of its own: between its statements the writer would else wait behind requests for a turn.
        let runtime = Handle::current();
        std::thread::spawn(move || {
            runtime.block_on(writer);
            // Nobody may be waiting.
            let _ = end.send(());
        });
        Self {
            open: Arc::new(Mutex::new(Some(sender))),
            sender: weak,
            ended: Arc::new(Mutex::new(Some(ended))),
            progress,
        }
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(crate) async fn submit<W: Work>(&self, work: W) -> Result<W::Output, W::Error> {
        let closed = || W::Error::from(StoreError::Unavailable("the store is closing".to_owned()));
        let broke_off = |_| W::Error::from(StoreError::Unavailable("the writer broke off".to_owned()));
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Pending { work, running: false, outcome: None, reply });
        // A strong sender lives only as long as this call, so that closing waits for nobody who has not asked yet.
        let sender = self.sender.upgrade().ok_or_else(closed)?;
        sender.send(job).await.map_err(|_| closed())?;
        drop(sender);
        answer.await.map_err(broke_off)?
    }

    pub(crate) async fn close(&self) {
        self.open.lock().await.take();
        if let Some(ended) = self.ended.lock().await.take() {
            // The writer ends by itself once its queue is empty.
            let _ = ended.await;
        }
    }
}

/// A unit of work on its way, whatever its types.
pub(crate) trait Job: Send {
    /// Runs it; `false` means that what it did must be undone.
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>>;
    /// Makes a refusal of what it did, which is then undone.
    fn refuse(&mut self, why: StoreError);
    /// Tells the caller, once the fate of the group is known.
    fn finish(self: Box<Self>, committed: Result<(), &StoreError>);
}

struct Pending<W: Work> {
    work: W,
    /// Whether it began and did not end: then it panicked.
    running: bool,
    outcome: Option<Result<W::Output, W::Error>>,
    reply: oneshot::Sender<Result<W::Output, W::Error>>,
}

impl<W: Work> Job for Pending<W> {
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async move {
            (self.running, self.outcome) = (true, None);
            let outcome = self.work.run(tx).await;
            self.running = false;
            let keep = outcome.is_ok();
            self.outcome = Some(outcome);
            keep
        })
    }

    fn refuse(&mut self, why: StoreError) {
        self.outcome = Some(Err(why.into()));
    }

    /// A refusal counts only with its group: it may follow from what a neighbour did, and that was undone.
    fn finish(self: Box<Self>, committed: Result<(), &StoreError>) {
        let outcome = match (self.outcome, committed) {
            (Some(outcome), Ok(())) => outcome,
            (None, Err(_)) if self.running => {
                Err(StoreError::Broken("a unit of work panicked".to_owned()).into())
            }
            (_, Err(StoreError::Broken(why))) => Err(StoreError::Broken(why.clone()).into()),
            (_, Err(why)) => Err(StoreError::Unavailable(why.to_string()).into()),
            (None, Ok(())) => Err(StoreError::Unavailable("not run".to_owned()).into()),
        };
        // The caller may have gone away; the effect stands all the same.
        let _ = self.reply.send(outcome);
    }
}

/// Who is about to ask may come along: a commit costs much the same for one as for many. Nobody is waited for: the others
/// get the processor for as long as that brings more.
fn gather(group: &mut Vec<Box<dyn Job>>, queue: &mut Queue) {
    loop {
        let before = group.len();
        std::thread::yield_now();
        while group.len() < GROUP
            && let Ok(job) = queue.try_recv()
        {
            group.push(job);
        }
        if group.len() == before {
            return;
        }
    }
}

struct Writer {
    location: Location,
    pulse: Arc<Pulse>,
    pool: Pool,
    feed: Arc<Feed>,
    connection: Option<Connection>,
    progress: Arc<Progress>,
    /// Whether a unit of the last group refused: then the next group gets savepoints from the beginning.
    careful: bool,
}

impl Writer {
    fn new(
        (location, pulse, pool): (Location, Arc<Pulse>, Pool),
        feed: Arc<Feed>,
        progress: Arc<Progress>,
    ) -> Self {
        Self { location, pulse, pool, feed, connection: None, progress, careful: false }
    }

    async fn run(mut self, queue: &mut Queue) {
        self.progress.starts();
        let mut group = Vec::with_capacity(GROUP);
        // Units that are left from the last group come first.
        while !group.is_empty() || queue.recv_many(&mut group, GROUP).await > 0 {
            gather(&mut group, queue);
            self.progress.begins();
            let committed = self.commit_together(&mut group).await;
            if let Err(error) = &committed {
                if self.is_away() {
                    // Who waits already is told now. Each would else wait as long again.
                    while let Ok(job) = queue.try_recv() {
                        group.push(job);
                    }
                }
                tracing::error!(%error, jobs = group.len(), "a group of writes was not committed");
                // Whatever state the connection is in, the next group starts on a new one.
                self.connection = None;
            }
            self.progress.ends(committed.as_ref().map_or(Ended::Failed, |(how, _)| *how));
            let done = committed.as_ref().map_or(group.len(), |(_, units)| *units);
            for job in group.drain(..done) {
                job.finish(committed.as_ref().map(|_| ()));
            }
        }
        // Closed here and waited for, so that a stopped server leaves one whole file behind.
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the writer's connection did not close cleanly");
        }
    }

    /// Whether the database cannot be reached at all.
    fn is_away(&self) -> bool {
        self.connection.is_none() || self.pulse.is_silent()
    }

    /// Also says how many units were done; the others wait for the next group.
    async fn commit_together(&mut self, group: &mut [Box<dyn Job>]) -> Result<(Ended, usize), StoreError> {
        match self.commit_once(group).await {
            Err(error) if self.connection.as_ref().is_some_and(Connection::lost_before_commit) => {
                tracing::warn!(%error, "the writer lost its connection before COMMIT, and tries once more on a new one");
                self.connection = None;
                self.commit_once(group).await
            }
            ended => ended,
        }
    }

    async fn commit_once(&mut self, group: &mut [Box<dyn Job>]) -> Result<(Ended, usize), StoreError> {
        let done = self.run_together(group).await?;
        // Nobody would find what is written to files that are gone.
        self.pool.look()?;
        self.connected().await?.commit().await?;
        // Caches change only now, and before anybody is told.
        let how = match (done.full, done.wrote) {
            (true, _) => Ended::Pinched,
            (_, true) => Ended::Changed,
            _ => Ended::Unchanged,
        };
        self.feed.committed_here(done.n, done.record, &done.changed);
        Ok((how, done.units))
    }

    /// Does everything but COMMIT.
    async fn run_together(&mut self, group: &mut [Box<dyn Job>]) -> Result<Done, StoreError> {
        let careful = self.careful;
        let connection = self.connected().await?;
        let mut done = if careful { None } else { try_all(connection, group).await? };
        if done.is_none() {
            let (each, refused) = run_each(connection, group).await?;
            (done, self.careful) = (Some(each), refused);
        }
        let mut done = done.expect("done in the one way or in the other");
        done.record = (!done.changed.is_empty()).then(|| self.feed.record(&done.changed));
        if let Some(record) = &done.record {
            done.n = record_changes(self.connected().await?, done.n, record).await?;
        }
        Ok(done)
    }

    async fn connected(&mut self) -> Result<&mut Connection, StoreError> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => {
                self.pool.look()?;
                Ok(none.insert(Connection::open_writer(&self.location, &self.pulse).await?))
            }
        }
    }
}

/// What a group did in its transaction, which is still open.
struct Done {
    n: i64,
    /// So many from the beginning of the group.
    units: usize,
    changed: Vec<Subject>,
    /// Whether anything besides the counter was to be changed.
    wrote: bool,
    /// Whether a unit found no room.
    full: bool,
    /// What the other processes read of it, if it changed anything.
    record: Option<String>,
}

/// Runs the units without savepoints; [`None`], and all of it undone, as soon as one refuses.
async fn try_all(
    connection: &mut Connection,
    group: &mut [Box<dyn Job>],
) -> Result<Option<Done>, StoreError> {
    let n = take_counter(connection).await?;
    let (mut tx, mut units) = (Tx::on(connection), 0);
    for job in group {
        if tx.steps >= STEPS {
            break;
        }
        units += 1;
        if !run(job.as_mut(), &mut tx).await? {
            tx.connection.command("ROLLBACK").await?;
            return Ok(None);
        }
    }
    Ok(Some(Done { n, units, changed: tx.changed, wrote: tx.wrote, full: tx.full, record: None }))
}

/// Runs each unit in a savepoint; says also whether one refused.
async fn run_each(
    connection: &mut Connection,
    group: &mut [Box<dyn Job>],
) -> Result<(Done, bool), StoreError> {
    let n = take_counter(connection).await?;
    let (mut tx, mut units, mut refused) = (Tx::on(connection), 0, false);
    for job in group {
        if tx.steps >= STEPS {
            break;
        }
        units += 1;
        refused |= !run_in_savepoint(job.as_mut(), &mut tx).await?;
    }
    Ok((Done { n, units, changed: tx.changed, wrote: tx.wrote, full: tx.full, record: None }, refused))
}

async fn take_counter(connection: &mut Connection) -> Result<i64, StoreError> {
    connection.begin().await?;
    query(TAKE_COUNTER).fetch_one(connection).await?.get(0)
}

async fn run_in_savepoint(job: &mut dyn Job, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    tx.connection.command("SAVEPOINT job").await?;
    let changed_before = tx.changed.len();
    let keep = run(job, tx).await?;
    if !keep {
        tx.connection.command("ROLLBACK TO SAVEPOINT job").await?;
        tx.changed.truncate(changed_before);
    }
    tx.connection.command("RELEASE SAVEPOINT job").await?;
    Ok(keep)
}

/// A bug in one unit of work must not end the writer. What it left half done goes with the connection. A unit that says it
/// is done although a statement failed on the way has a bug, too: on PostgreSQL nothing of it was kept.
async fn run(job: &mut dyn Job, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    tx.failed = false;
    let keep = AssertUnwindSafe(job.run(tx))
        .catch_unwind()
        .await
        .map_err(|_| StoreError::Unavailable("a unit of work of the same group panicked".to_owned()))?;
    if keep && tx.failed {
        job.refuse(StoreError::Broken("a unit of work went on after a statement had failed".to_owned()));
        return Ok(false);
    }
    Ok(keep)
}

/// Leaves the record, and says under which number. Where somebody left records that no group made, the counter goes on to a
/// number that none of them has: a runtime may not delete them, and nobody may search among them while all others wait.
async fn record_changes(connection: &mut Connection, n: i64, record: &str) -> Result<i64, StoreError> {
    if leave_record(connection, n, record).await? {
        return Ok(n);
    }
    let last: Option<i64> = query(LAST_RECORD).fetch_one(&mut *connection).await?.get(0)?;
    for free in free_numbers(n, last, record) {
        if leave_record(connection, free, record).await? {
            query(MOVE_COUNTER).bind(free).execute(connection).await?;
            tracing::warn!(n, free, "change records that no server writes were passed over");
            return Ok(free);
        }
    }
    Err(StoreError::Unavailable("somebody takes the numbers of change records".to_owned()))
}

/// Whether no other record has this number.
async fn leave_record(connection: &mut Connection, n: i64, record: &str) -> Result<bool, StoreError> {
    Ok(query(RECORD_CHANGE).bind(n).bind(record).execute(connection).await? == 1)
}

/// Numbers to try: behind all records, unless somebody left one far away to use up the numbers; then some that only this
/// record leads to.
fn free_numbers(n: i64, last: Option<i64>, record: &str) -> impl Iterator<Item = i64> {
    let behind = last.filter(|last| last.saturating_sub(n) < FAR).map(|last| last + 1);
    let jump = move |attempt: u8| {
        let mut hasher = DefaultHasher::new();
        (record, attempt).hash(&mut hasher);
        n + 1 + i64::try_from(hasher.finish() % FAR.unsigned_abs()).expect("less than FAR")
    };
    behind.into_iter().chain((0..JUMPS).map(jump))
}

#[cfg(test)]
mod tests {
    use super::{FAR, free_numbers};

    #[test]
    fn the_next_number_lies_behind_all_records_unless_one_is_far_away() {
        let near: Vec<i64> = free_numbers(7, Some(1_000_000_000), "a").collect();
        assert_eq!((near[0], near.len()), (1_000_000_001, 4));
        for last in [Some(7 + FAR), Some(i64::MAX), None] {
            let free: Vec<i64> = free_numbers(7, last, "a").collect();
            assert!(free.len() == 3 && free.iter().all(|n| (8..8 + FAR).contains(n)), "{free:?}");
            assert!(free[0] != free[1] && free[1] != free[2], "each try is another");
            assert_ne!(free, free_numbers(7, last, "b").collect::<Vec<_>>(), "each record leads elsewhere");
        }
    }
}
