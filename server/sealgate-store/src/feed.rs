//! Following the changes that any process made, so that caches know what they may still say.
//!
//! The design bounds a cached entry's life to one second. This is the same promise, kept more cheaply: an entry may
//! be used while the newest change record was *read* at most a second ago and named nothing of the entry. An entry so
//! proven is as fresh as one read from its table at that moment (`docs/design.md`, "Caches").
#![expect(clippy::disallowed_methods, reason = "monotonic time decides how long a cache may speak")]

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::cache::Caches;
use crate::history::{Next, Position};
use crate::sql::Pool;
use crate::written::Written;
use crate::{StoreError, Subject, Threads};

const EVERY: Duration = Duration::from_millis(200);
/// After so long without news, caches fall silent.
const TRUSTED: Duration = Duration::from_secs(1);
/// How long it is remembered that the database went back.
const REMEMBERED: Duration = Duration::from_mins(15);

/// The database came back older than what this process had seen: groups of writes are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WentBack {
    /// The change counter, as this process had seen it.
    pub from: i64,
    /// The change counter, as it was found.
    pub to: i64,
}

pub(crate) struct Feed {
    caches: Arc<Caches>,
    start: Instant,
    /// Milliseconds from `start` to the beginning of the last read that succeeded.
    proven_at: AtomicU64,
    generation: AtomicU64,
    /// Tells the records of this process from those of others.
    name: u64,
    recorded: AtomicU64,
    /// Records of this process, whose changes the caches know already.
    own: Mutex<BTreeMap<i64, String>>,
    /// The highest number of a group of this process.
    written: AtomicI64,
    /// Where the number of the last write lies beside an SQLite database.
    file: Option<Written>,
    went_back: Mutex<Option<(Instant, WentBack)>>,
    /// How often that was.
    times_back: AtomicU64,
    /// The same, as far as all blocks of slots were closed then.
    closed: AtomicU64,
    /// How far the changes were read.
    position: tokio::sync::Mutex<Position>,
    follower: Mutex<Option<JoinHandle<()>>>,
    stopping: Notify,
}

impl Feed {
    pub(crate) async fn start(
        (pool, written): (Pool, Option<Written>),
        caches: Arc<Caches>,
        threads: &Threads,
    ) -> Result<Arc<Self>, StoreError> {
        let position = Position::at_head(&pool).await?;
        let feed = Arc::new(Self { file: written, ..Self::new(caches, position, Instant::now()) });
        let led = Arc::clone(&feed);
        let round = move || follow(Arc::clone(&led), pool.clone());
        let follower = tokio::spawn(threads.clone().keep("change feed", round));
        *feed.follower.lock().expect("no holder of this lock panics") = Some(follower);
        Ok(feed)
    }

    fn new(caches: Arc<Caches>, position: Position, start: Instant) -> Self {
        Self {
            caches,
            start,
            proven_at: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            // Its keys are random for each of them.
            name: RandomState::new().hash_one("feed"),
            recorded: AtomicU64::new(0),
            own: Mutex::default(),
            written: AtomicI64::new(i64::MIN),
            file: None,
            went_back: Mutex::default(),
            times_back: AtomicU64::new(0),
            closed: AtomicU64::new(0),
            position: tokio::sync::Mutex::new(position),
            follower: Mutex::default(),
            stopping: Notify::new(),
        }
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
        self.age().is_some()
    }

    /// How long ago the last read began that succeeded, unless caches are silent.
    pub(crate) fn age(&self) -> Option<Duration> {
        let now = millis(self.start.elapsed());
        let age = Duration::from_millis(now.saturating_sub(self.proven_at.load(Ordering::Acquire)));
        (age < TRUSTED).then_some(age)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// The last time that the database came back older, for a while.
    pub(crate) fn went_back(&self) -> Option<WentBack> {
        let last = *self.went_back.lock().expect("no holder of this lock panics");
        last.filter(|(at, _)| at.elapsed() < REMEMBERED).map(|(_, gap)| gap)
    }

    /// How often it came back older.
    pub(crate) fn times_back(&self) -> u64 {
        self.times_back.load(Ordering::SeqCst)
    }

    /// The same, if the blocks of slots were not closed since.
    pub(crate) fn unclosed(&self) -> Option<u64> {
        let times = self.times_back();
        (self.closed.load(Ordering::SeqCst) < times).then_some(times)
    }

    /// Notes that the blocks were closed since it came back older so often.
    pub(crate) fn blocks_are_closed(&self, times: u64) {
        self.closed.fetch_max(times, Ordering::SeqCst);
        if let (Some(file), None) = (&self.file, self.unclosed()) {
            file.note_unclosed(false);
        }
    }

    /// The record of a group of this process that changed these. No two records are alike, so that a history which was
    /// written again is not taken for the first one.
    pub(crate) fn record(&self, changed: &[Subject]) -> String {
        let count = self.recorded.fetch_add(1, Ordering::Relaxed);
        let subjects = changed.iter().map(Subject::to_string);
        subjects.chain([format!("by:{:016x}.{count}", self.name)]).collect::<Vec<_>>().join(" ")
    }

    /// A group of this process became durable, with this record if it changed anything.
    pub(crate) fn committed_here(&self, n: i64, record: Option<String>, changed: &[Subject]) {
        self.written.fetch_max(n, Ordering::SeqCst);
        self.note(n);
        if let Some(record) = record {
            self.own.lock().expect("no holder of this lock panics").insert(n, record);
        }
        self.forget(changed);
    }

    fn note(&self, n: i64) {
        if let Some(file) = &self.file {
            file.note(n);
        }
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

    fn forget_all(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.caches.forget_all();
    }

    /// Reads what is new. What any process had committed when this was called is known when it returns.
    pub(crate) async fn catch_up(&self, pool: &Pool) -> Result<(), StoreError> {
        let mut position = self.position.lock().await;
        if let (Some(n), Some(file)) = (pool.look_inside()?, &self.file) {
            file.note_alone(n);
        }
        if !self.is_current() {
            // Records that came and were cleared while nobody read are lost: start over with empty caches.
            self.forget_all();
        }
        let asked_at = millis(self.start.elapsed());
        let (written, own) = (self.written.load(Ordering::SeqCst), self.own_after(position.seen));
        let (reached, next) = position.read_on(pool).await?;
        let gap = WentBack { from: position.seen.max(written), to: reached.seen };
        match next {
            // What was written here, and never read, is lost as well.
            _ if written > reached.seen => self.start_over(gap),
            Next::Follows(records) if is_rewritten(&own, reached.seen, &records) => self.start_over(gap),
            Next::Follows(records) => self.learn(&records),
            Next::Unknown => self.forget_all(),
            Next::WentBack => self.start_over(gap),
        }
        // Groups that changed nothing left no record; none at or below `seen` will come any more.
        let mut own = self.own.lock().expect("no holder of this lock panics");
        *own = own.split_off(&reached.seen.saturating_add(1));
        drop(own);
        *position = reached;
        self.prove(asked_at);
        Ok(())
    }

    /// What is kept was as it is now when the last read began.
    fn prove(&self, asked_at: u64) {
        if !self.is_current() {
            // The read was slow, and caches fell silent meanwhile. Whoever began to decide since then counts on reading all
            // anew: what is kept is older than that.
            self.forget_all();
        }
        self.proven_at.store(asked_at, Ordering::Release);
    }

    /// The records of this process that were not read so far.
    fn own_after(&self, seen: i64) -> BTreeMap<i64, String> {
        let own = self.own.lock().expect("no holder of this lock panics");
        own.iter().filter(|(n, _)| **n > seen).map(|(n, record)| (*n, record.clone())).collect()
    }

    fn learn(&self, records: &[(i64, String)]) {
        for (n, subjects) in records {
            let own = self.own.lock().expect("no holder of this lock panics").remove(n);
            if own.as_ref() != Some(subjects) {
                self.forget(&subjects.split(' ').filter_map(Subject::parse).collect::<Vec<_>>());
            }
        }
    }

    fn start_over(&self, gap: WentBack) {
        self.own.lock().expect("no holder of this lock panics").clear();
        // Whoever wrote since then into the history that is there now has a number above it.
        let _ = self.written.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |written| {
            (written <= gap.from).then_some(gap.to.min(written))
        });
        self.forget_all();
        if let Some(file) = &self.file {
            file.note_unclosed(true);
        }
        self.note(gap.to);
        tracing::error!(
            from = gap.from,
            to = gap.to,
            "the database is older than what this server had read from it: writes after that are lost"
        );
        *self.went_back.lock().expect("no holder of this lock panics") = Some((Instant::now(), gap));
        self.times_back.fetch_add(1, Ordering::SeqCst);
    }
}

/// Whether a record of this process is not where it was written.
fn is_rewritten(own: &BTreeMap<i64, String>, head: i64, records: &[(i64, String)]) -> bool {
    let is_there = |n: &i64, record: &String| {
        records.binary_search_by_key(n, |(n, _)| *n).is_ok_and(|at| records[at].1 == *record)
    };
    own.iter().any(|(n, record)| *n <= head && !is_there(n, record))
}

async fn follow(feed: Arc<Feed>, pool: Pool) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = feed.stopping.notified() => return,
        }
        if let Err(error) = feed.catch_up(&pool).await {
            tracing::warn!(%error, "the change feed cannot be read; caches fall silent within a second");
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::time::{Duration, Instant};

    use sealgate_artifact::{AppId, LicenseId};

    use sealgate_testkit::{Engine, TestDatabase};

    use super::{Feed, WentBack};
    use crate::cache::Caches;
    use crate::history::Position;
    use crate::key_hash::KeyHash;
    use crate::written::Written;

    /// A process that began so long ago, read for the first time then, and holds something in memory.
    fn begun(ago: Duration) -> Feed {
        let start = Instant::now().checked_sub(ago).expect("the machine runs for longer");
        let feed = Feed::new(Arc::new(Caches::default()), Position::default(), start);
        feed.caches
            .of_ids
            .insert(LicenseId::from_bytes([1; 16]), (AppId::from_bytes([2; 16]), KeyHash([3; 32])));
        feed
    }

    fn is_kept(feed: &Feed) -> bool {
        feed.caches.of_ids.get(&LicenseId::from_bytes([1; 16])).is_some()
    }

    /// `spec/http.md` §1.5: a decision counts what it finds silent as read anew.
    #[test]
    fn what_was_silent_does_not_speak_again() {
        let feed = begun(Duration::from_secs(5));
        assert!(!feed.is_current());
        // Asked in time, and answered after caches had fallen silent.
        feed.prove(4_900);
        assert!(feed.is_current() && !is_kept(&feed));
        assert_eq!(feed.generation.load(Ordering::SeqCst), 1, "what is being read now is not kept either");
    }

    /// `spec/revocation.md` §7.7: also where the process ends meanwhile.
    #[test]
    fn it_is_noted_that_blocks_are_to_be_closed_until_they_are() {
        let database = TestDatabase::create(Engine::Sqlite);
        let file = || Written::beside(&database.file()).expect("opens");
        let feed = Feed { file: Some(file()), ..begun(Duration::ZERO) };
        assert!(!file().is_unclosed() && feed.unclosed().is_none());
        feed.start_over(WentBack { from: 9, to: 4 });
        assert!(file().is_unclosed());
        assert_eq!(feed.unclosed(), Some(1));
        feed.start_over(WentBack { from: 5, to: 3 });
        feed.blocks_are_closed(1);
        assert!(file().is_unclosed() && feed.unclosed() == Some(2), "once more");
        feed.blocks_are_closed(2);
        assert!(!file().is_unclosed() && feed.unclosed().is_none());
    }

    #[test]
    fn what_was_current_all_the_time_is_kept() {
        let feed = begun(Duration::ZERO);
        feed.prove(0);
        assert!(feed.is_current() && is_kept(&feed));
    }
}
