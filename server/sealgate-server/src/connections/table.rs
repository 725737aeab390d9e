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
/// How long the server waits when it could not accept a connection for want of something.
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
    /// them, it waits for the first that ends.
    pub(super) async fn make_room(self: &Arc<Self>) -> Slot {
        while self.states().len() >= self.most {
            if let Some(alike) = self.full.due(millis_since(self.origin)) {
                tracing::warn!(target: "sealgate", most = self.most, alike, "as many connections as max_connections and the descriptors allow: those that have sent nothing for longest are closed");
            }
            self.close_one();
            self.freed.notified().await;
        }
        let state = Arc::new(State::new(self.origin));
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        self.states().insert(number, Arc::clone(&state));
        Slot { state, number, table: Arc::clone(self) }
    }

    /// Closes the one that is missed least. See [`missed`].
    fn close_one(&self) {
        let states = self.states();
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
        let Connections { head, idle, .. } = self.settings;
        let mut looks = interval((head.min(idle) / 4).clamp(LOOKS.0, LOOKS.1));
        loop {
            looks.tick().await;
            let now = millis_since(self.origin);
            for state in self.states().values() {
                let (stage, since) = state.now();
                let limit = match stage {
                    Stage::New | Stage::Head => head,
                    Stage::Idle => idle,
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
        let _ = tokio::time::timeout(PAUSE, self.freed.notified()).await;
    }

    fn free(&self, number: u64) {
        self.states().remove(&number);
        self.freed.notify_one();
    }

    fn states(&self) -> MutexGuard<'_, HashMap<u64, Arc<State>>> {
        self.states.lock().expect("no holder of this lock panics")
    }
}

/// How much a connection is missed that does this, and has done so since before `old`, or not. Least are those that have not
/// sent a whole request, the one first that has been at it longest; then those that have waited longest for their next. Those
/// that began only now come last: else whoever opens many would push out each new one before it can ask.
fn missed((stage, since): (Stage, u64), old: u64) -> (bool, bool, u64) {
    (since >= old, stage == Stage::Idle, since)
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
    use super::{Stage, missed};

    #[test]
    fn who_began_only_now_is_kept_longer_than_who_said_nothing_for_a_while() {
        let old = 1_000;
        let least_first = [
            (Stage::New, 10),
            (Stage::Body, 20),
            (Stage::Head, 999),
            (Stage::Idle, 5),
            (Stage::Idle, 999),
            (Stage::New, 1_000),
            (Stage::Body, 1_500),
            (Stage::Idle, 1_000),
        ];
        assert!(least_first.is_sorted_by(|a, b| missed(*a, old) < missed(*b, old)));
    }
}
