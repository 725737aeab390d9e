//! Every connection there is, and which one goes when there is no room.

use std::collections::HashMap;
use std::io::{Error, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use sealgate_authority::Seldom;
use tokio::sync::Notify;
use tokio::time::{Instant, interval};

use super::bounds::Connections;
use super::state::{Stage, State, millis_since};

/// How often late connections are looked for, at least and at most.
const LOOKS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));
/// What share of the time for a head makes a connection old: until then it may well be about to ask, or to ask again.
const OLD: u32 = 10;
/// How long the server waits until it looks again for room, or for what it could not accept a connection without.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Table {
    settings: Connections,
    /// What `settings` want and descriptors allow.
    most: usize,
    origin: Instant,
    states: Mutex<HashMap<u64, Arc<State>>>,
    numbers: AtomicU64,
    freed: Notify,
    full: Seldom,
    failed: Seldom,
}

impl Table {
    pub(super) fn new(settings: Connections, most: usize) -> Self {
        Self {
            settings,
            most,
            origin: Instant::now(),
            states: Mutex::default(),
            numbers: AtomicU64::new(0),
            freed: Notify::new(),
            full: Seldom::default(),
            failed: Seldom::default(),
        }
    }

    /// A place for one more. If there is none, a connection is closed that nobody misses; if the server works for all of
    /// them, it waits for the first that ends or was answered.
    pub(super) async fn make_room(self: &Arc<Self>) -> Slot {
        while self.states().len() >= self.most {
            if let Some(alike) = self.full.due(millis_since(self.origin)) {
                tracing::warn!(target: "sealgate", most = self.most, alike, "as many connections as max_connections and the descriptors allow: those that have sent nothing for longest are closed");
            }
            self.close_one();
            self.freed_or_soon().await;
        }
        let state = Arc::new(State::new(self.origin));
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        self.states().insert(number, Arc::clone(&state));
        Slot { state, number, table: Arc::clone(self) }
    }

    /// Closes the one that is missed least (see [`missed`]), unless one is on its way out already.
    fn close_one(&self) {
        let states = self.states();
        if states.values().any(|state| state.now().0 == Stage::Closed) {
            return;
        }
        let old = millis_since(self.origin).saturating_sub(millis(self.settings.head / OLD));
        // Another try if it came to life meanwhile; each try finds one fewer of those.
        while let Some((state, seen)) = states
            .values()
            .map(|state| (state, state.now()))
            .filter(|(_, (stage, _))| !matches!(stage, Stage::Working | Stage::Closed))
            .min_by_key(|(_, seen)| missed(*seen, old))
        {
            if state.close(seen) {
                return;
            }
        }
    }

    /// Closes connections that have been silent for too long, again and again.
    pub(super) async fn close_what_is_late(&self) {
        let Connections { head, idle, still, .. } = self.settings;
        let mut looks = interval((head.min(idle).min(still) / 4).clamp(LOOKS.0, LOOKS.1));
        loop {
            looks.tick().await;
            let now = millis_since(self.origin);
            for state in self.states().values() {
                let (stage, since) = state.now();
                let limit = match stage {
                    Stage::New | Stage::Head => head,
                    Stage::Idle => idle,
                    Stage::Taking | Stage::TakingRest => still,
                    Stage::Body | Stage::Working | Stage::Closed => continue,
                };
                if u128::from(now.saturating_sub(since)) >= limit.as_millis() {
                    state.close((stage, since));
                }
            }
        }
    }

    /// The connection is gone, or there was none because something has run out.
    pub(super) async fn could_not_accept(&self, error: &Error) {
        use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
            return;
        }
        if let Some(alike) = self.failed.due(millis_since(self.origin)) {
            tracing::warn!(target: "sealgate", %error, alike, "a connection could not be accepted");
        }
        // Whatever has run out: one that sends nothing gives some of it back.
        self.close_one();
        self.freed_or_soon().await;
    }

    /// Waits for the end of a connection, but not for long: one that was answered meanwhile tells nobody.
    async fn freed_or_soon(&self) {
        let _ = tokio::time::timeout(PAUSE, self.freed.notified()).await;
    }

    fn free(&self, number: u64) {
        self.states().remove(&number);
        // Only for who waits now: a sign kept for later would make the next one look without a reason, and close one more.
        self.freed.notify_waiters();
    }

    fn states(&self) -> MutexGuard<'_, HashMap<u64, Arc<State>>> {
        self.states.lock().expect("no holder of this lock panics")
    }
}

/// How much a connection is missed that does this, and has done so since before `old`, or not. Least are those that have not
/// sent a whole request, the one first that has been at it longest; then those that have waited longest for their next; then those
/// that take nothing of their answer. Those that did something only now come last: else whoever opens many would push out each new
/// one before it can ask.
fn missed((stage, since): (Stage, u64), old: u64) -> (bool, u8, u64) {
    let rank = match stage {
        Stage::Idle => 1,
        Stage::Taking | Stage::TakingRest => 2,
        _ => 0,
    };
    (since >= old, rank, since)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A connection's place in the table, which is free again when this is dropped.
pub(super) struct Slot {
    pub(super) state: Arc<State>,
    number: u64,
    table: Arc<Table>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.table.free(self.number);
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use hyper::Request;
    use tokio::time::timeout;

    use super::super::state::tests::is_answered;
    use super::{Arc, Connections, Duration, Slot, Stage, Table, missed};

    /// Nothing here takes as long; a test that would wait for ever fails instead.
    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn one_connection_more_closes_one() {
        let table = Arc::new(Table::new(Connections::default(), 3));
        // What ended earlier makes nobody close anything later.
        drop(table.make_room().await);
        let mut idle = vec![];
        for _ in 0..3 {
            let slot = table.make_room().await;
            is_answered(&slot.state);
            idle.push(slot);
        }
        let waiting = tokio::spawn({
            let table = Arc::clone(&table);
            async move { drop(table.make_room().await) }
        });
        let closed = |slot: &Slot| slot.state.now().0 == Stage::Closed;
        let one_is = async {
            while !idle.iter().any(closed) {
                tokio::task::yield_now().await;
            }
        };
        timeout(LONG, one_is).await.expect("the one that has waited longest");
        idle.retain(|slot| !closed(slot));
        assert_eq!(idle.len(), 2);
        timeout(LONG, waiting).await.expect("there is room").expect("no panic");
        assert!(idle.iter().all(|slot| slot.state.now().0 == Stage::Idle), "the others are kept");
    }

    #[tokio::test]
    async fn what_was_answered_while_somebody_waits_for_room_makes_room() {
        let table = Arc::new(Table::new(Connections::default(), 1));
        let busy = table.make_room().await;
        assert!(busy.state.head_is_here(&Request::new(Body::empty())), "the server works for it");
        let waiting = tokio::spawn({
            let table = Arc::clone(&table);
            async move { drop(table.make_room().await) }
        });
        // It looks for room, and finds none.
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        is_answered(&busy.state);
        timeout(LONG, busy.state.is_closed()).await.expect("it has sent nothing since, and is closed");
        drop(busy);
        timeout(LONG, waiting).await.expect("there is room").expect("no panic");
    }

    #[test]
    fn who_began_only_now_is_kept_longer_than_who_said_nothing_for_a_while() {
        let old = 1_000;
        let least_first = [
            (Stage::New, 10),
            (Stage::Body, 20),
            (Stage::Head, 999),
            (Stage::Idle, 5),
            (Stage::Idle, 999),
            (Stage::TakingRest, 7),
            (Stage::Taking, 999),
            (Stage::New, 1_000),
            (Stage::Body, 1_500),
            (Stage::Idle, 1_000),
            (Stage::Taking, 1_000),
        ];
        assert!(least_first.is_sorted_by(|a, b| missed(*a, old) < missed(*b, old)));
    }
}
