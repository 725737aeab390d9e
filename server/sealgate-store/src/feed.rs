//! Following the changes that any process made, so that caches know what they may still say.
//!
//! The design bounds a cached entry's life to one second. This is the same promise, kept more cheaply: an entry may
//! be used while the newest change record was *read* at most a second ago and named nothing of the entry. An entry so
//! proven is as fresh as one read from its table at that moment (`docs/design.md`, "Caches").
#![expect(clippy::disallowed_methods, reason = "monotonic time decides how long a cache may speak")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::cache::Caches;
use crate::sql::{Pool, query};
use crate::statements::statements;
use crate::{StoreError, Subject, Threads};

const EVERY: Duration = Duration::from_millis(200);
/// After so long without news, caches fall silent.
const TRUSTED: Duration = Duration::from_secs(1);

statements! {
    HEAD = "SELECT n FROM change_counter WHERE id = 1";
    SINCE = "SELECT n, subjects FROM changes WHERE n > $1 ORDER BY n";
}

pub(crate) struct Feed {
    caches: Arc<Caches>,
    start: Instant,
    /// Milliseconds from `start` to the beginning of the last read that succeeded.
    proven_at: AtomicU64,
    generation: AtomicU64,
    /// Groups of this process, whose changes the caches know already.
    own: Mutex<BTreeSet<i64>>,
    follower: Mutex<Option<JoinHandle<()>>>,
    stopping: Notify,
}

impl Feed {
    pub(crate) async fn start(
        pool: Pool,
        caches: Arc<Caches>,
        threads: &Threads,
    ) -> Result<Arc<Self>, StoreError> {
        let head: i64 = query(HEAD).fetch_one(&pool).await?.get(0)?;
        let feed = Arc::new(Self {
            caches,
            start: Instant::now(),
            proven_at: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            own: Mutex::default(),
            follower: Mutex::default(),
            stopping: Notify::new(),
        });
        let followed = Arc::clone(&feed);
        let round = move || follow(Arc::clone(&followed), pool.clone(), head);
        let follower = tokio::spawn(threads.clone().keep("change feed", round));
        *feed.follower.lock().expect("no holder of this lock panics") = Some(follower);
        Ok(feed)
    }

    /// Ends the follower and waits until it has given its connection back.
    pub(crate) async fn stop(&self) {
        let follower = self.follower.lock().expect("no holder of this lock panics").take();
        if let Some(follower) = follower {
            self.stopping.notify_one();
            // It ends after at most one read; a panic inside it was logged by its thread.
            let _ = follower.await;
        }
    }

    pub(crate) fn is_current(&self) -> bool {
        let now = millis(self.start.elapsed());
        now.saturating_sub(self.proven_at.load(Ordering::Acquire)) < millis(TRUSTED)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// A group of this process became durable.
    pub(crate) fn committed_here(&self, n: i64, changed: &[Subject]) {
        self.own.lock().expect("no holder of this lock panics").insert(n);
        self.forget(changed);
    }

    /// The order matters: a fill that began before the generation moved drops what it read.
    fn forget(&self, changed: &[Subject]) {
        if !changed.is_empty() {
            self.generation.fetch_add(1, Ordering::SeqCst);
            for subject in changed {
                self.caches.forget(subject);
            }
        }
    }

    async fn catch_up(&self, pool: &Pool, seen: &mut i64) -> Result<(), StoreError> {
        if !self.is_current() {
            // Records that came and were cleared while nobody read are lost: start over with empty caches.
            self.generation.fetch_add(1, Ordering::SeqCst);
            self.caches.forget_all();
        }
        let asked_at = millis(self.start.elapsed());
        let rows = query(SINCE).bind(*seen).fetch_all(pool).await?;
        for row in rows {
            let (n, subjects): (i64, String) = (row.get(0)?, row.get(1)?);
            if !self.own.lock().expect("no holder of this lock panics").remove(&n) {
                self.forget(&subjects.split(' ').filter_map(Subject::parse).collect::<Vec<_>>());
            }
            *seen = n;
        }
        // Groups that changed nothing left no record; none at or below `seen` will come any more.
        let mut own = self.own.lock().expect("no holder of this lock panics");
        *own = own.split_off(&(*seen + 1));
        drop(own);
        self.proven_at.store(asked_at, Ordering::Release);
        Ok(())
    }
}

async fn follow(feed: Arc<Feed>, pool: Pool, mut seen: i64) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = feed.stopping.notified() => return,
        }
        if let Err(error) = feed.catch_up(&pool, &mut seen).await {
            tracing::warn!(%error, "the change feed cannot be read; caches fall silent within a second");
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
