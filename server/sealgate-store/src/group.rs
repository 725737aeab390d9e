//! Group commit: many units of work share one transaction, each in its own savepoint (`docs/design.md`, "Writes").
//!
//! One writer per process. Every group takes the change counter first, so that groups of all processes have one
//! order, and no two of them can wait for each other in a circle.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Connection, Executor, Row};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::engine::{Engine, connect};
use crate::feed::Feed;
use crate::{StoreError, Subject, statements};

/// Units of work that share a commit at most. More would only make the first of them wait.
const GROUP: usize = 64;
/// Units of work that may wait. Beyond, callers wait to enter: memory stays bounded.
const QUEUE: usize = 1024;
/// Groups after which old change records go.
const KEPT_CHANGES: i64 = 100_000;

statements! {
    TAKE_COUNTER = "UPDATE change_counter SET n = n + 1 WHERE id = 1 RETURNING n";
    RECORD_CHANGE = "INSERT INTO changes (n, subjects) VALUES ($1, $2)";
    FORGET_CHANGES = "DELETE FROM changes WHERE n < $1";
}

/// A unit of work: what is asked, and how it is done inside a transaction. It owns what it needs and decides from what
/// it reads *inside*.
pub trait Work: Send + 'static {
    /// What the caller gets once it is durable.
    type Output: Send;
    /// Why it was not done; then it has no effect.
    type Error: From<StoreError> + Send;

    /// Reads, decides and writes.
    fn run(&self, tx: &mut Tx<'_>) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

/// A transaction under way.
pub struct Tx<'c> {
    pub(crate) connection: &'c mut AnyConnection,
    changed: Vec<Subject>,
}

#[cfg(test)]
impl<'c> Tx<'c> {
    /// A transaction that a test began itself.
    pub(crate) fn on(connection: &'c mut AnyConnection) -> Self {
        Self { connection, changed: Vec::new() }
    }
}

impl Tx<'_> {
    /// Notes that caches must forget this subject once the transaction is durable.
    pub(crate) fn changes(&mut self, subject: Subject) {
        if !self.changed.contains(&subject) {
            self.changed.push(subject);
        }
    }
}

type Sender = mpsc::Sender<Box<dyn Job>>;

/// The door to the writer.
#[derive(Clone)]
pub(crate) struct Group {
    /// Keeps the writer waiting for more until the store closes.
    open: Arc<Mutex<Option<Sender>>>,
    sender: mpsc::WeakSender<Box<dyn Job>>,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Group {
    pub(crate) fn start(engine: Engine, options: AnyConnectOptions, feed: Arc<Feed>) -> Self {
        let (sender, jobs) = mpsc::channel(QUEUE);
        let writer = Writer { engine, options, feed, connection: None };
        let weak = sender.downgrade();
        let writer = tokio::spawn(writer.run(jobs));
        Self {
            open: Arc::new(Mutex::new(Some(sender))),
            sender: weak,
            writer: Arc::new(Mutex::new(Some(writer))),
        }
    }

    pub(crate) async fn submit<W: Work>(&self, work: W) -> Result<W::Output, W::Error> {
        let closed = || W::Error::from(StoreError::Unavailable("the store is closing".to_owned()));
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Pending { work, outcome: None, reply });
        // A strong sender lives only as long as this call, so that closing waits for nobody who has not asked yet.
        let sender = self.sender.upgrade().ok_or_else(closed)?;
        sender.send(job).await.map_err(|_| closed())?;
        drop(sender);
        answer.await.map_err(|_| closed())?
    }

    pub(crate) async fn close(&self) {
        self.open.lock().await.take();
        if let Some(writer) = self.writer.lock().await.take() {
            // The writer ends by itself once its queue is empty; a panic inside it was logged by its thread.
            let _ = writer.await;
        }
    }
}

/// A unit of work on its way, whatever its types.
pub(crate) trait Job: Send {
    /// Runs it; `false` means that its savepoint must be undone.
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>>;
    /// Tells the caller, once the fate of the group is known.
    fn finish(self: Box<Self>, committed: Result<(), &str>);
}

struct Pending<W: Work> {
    work: W,
    outcome: Option<Result<W::Output, W::Error>>,
    reply: oneshot::Sender<Result<W::Output, W::Error>>,
}

impl<W: Work> Job for Pending<W> {
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async move {
            let outcome = self.work.run(tx).await;
            let keep = outcome.is_ok();
            self.outcome = Some(outcome);
            keep
        })
    }

    fn finish(self: Box<Self>, committed: Result<(), &str>) {
        let outcome = match (self.outcome, committed) {
            (Some(Err(refused)), _) => Err(refused),
            (Some(done), Ok(())) => done,
            (_, Err(why)) => Err(StoreError::Unavailable(why.to_owned()).into()),
            (None, Ok(())) => Err(StoreError::Unavailable("not run".to_owned()).into()),
        };
        // The caller may have gone away; the effect stands all the same.
        let _ = self.reply.send(outcome);
    }
}

struct Writer {
    engine: Engine,
    options: AnyConnectOptions,
    feed: Arc<Feed>,
    connection: Option<AnyConnection>,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Box<dyn Job>>) {
        let mut group = Vec::with_capacity(GROUP);
        while queue.recv_many(&mut group, GROUP).await > 0 {
            let committed = self.commit_together(&mut group).await;
            if let Err(error) = &committed {
                tracing::error!(%error, jobs = group.len(), "a group of writes was not committed");
                // Whatever state the connection is in, the next group starts on a new one.
                self.connection = None;
            }
            let committed = committed.map_err(|e| e.to_string());
            for job in group.drain(..) {
                job.finish(committed.as_ref().copied().map_err(String::as_str));
            }
        }
        // Closed here and waited for, so that a stopped server leaves one whole file behind.
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the writer's connection did not close cleanly");
        }
    }

    async fn commit_together(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), sqlx::Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect(self.engine, &self.options).await?),
        };
        connection.execute(self.engine.begin()).await?;
        let n: i64 = sqlx::query(TAKE_COUNTER).fetch_one(&mut *connection).await?.try_get(0)?;
        let mut tx = Tx { connection, changed: Vec::new() };
        for job in group {
            run_in_savepoint(job.as_mut(), &mut tx).await?;
        }
        let Tx { changed, connection } = tx;
        record_changes(connection, n, &changed).await?;
        connection.execute("COMMIT").await?;
        // Caches change only now, and before anybody is told.
        self.feed.committed_here(n, &changed);
        Ok(())
    }
}

async fn run_in_savepoint(job: &mut dyn Job, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
    tx.connection.execute("SAVEPOINT job").await?;
    let changed_before = tx.changed.len();
    // A bug in one unit of work must not end the writer. What it left half done goes with the connection.
    let keep = AssertUnwindSafe(job.run(tx)).catch_unwind().await.map_err(|_| sqlx::Error::WorkerCrashed)?;
    if !keep {
        tx.connection.execute("ROLLBACK TO SAVEPOINT job").await?;
        tx.changed.truncate(changed_before);
    }
    tx.connection.execute("RELEASE SAVEPOINT job").await?;
    Ok(())
}

async fn record_changes(
    connection: &mut AnyConnection,
    n: i64,
    changed: &[Subject],
) -> Result<(), sqlx::Error> {
    if !changed.is_empty() {
        let subjects: Vec<String> = changed.iter().map(Subject::to_string).collect();
        sqlx::query(RECORD_CHANGE).bind(n).bind(subjects.join(" ")).execute(&mut *connection).await?;
    }
    if n % 1000 == 0 {
        sqlx::query(FORGET_CHANGES).bind(n - KEPT_CHANGES).execute(&mut *connection).await?;
    }
    Ok(())
}
