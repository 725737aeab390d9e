//! Heartbeats in a thread of their own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sealgate_artifact::UnixSeconds;
use sealgate_rules::{due, spread};

use crate::{Beat, BeatSaid, Client, ConfigurationError, Error, random};

/// How long the thread waits at most before it looks at the clock again: the clock may be set, and the machine may sleep.
const LOOK: Duration = Duration::from_secs(30);

/// Heartbeats that are sent when they are due, until this is stopped or goes.
///
/// Stopping waits for a heartbeat that is under way: as long as the transport's budget at most.
pub struct Heartbeats {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread and its owner share.
struct Shared {
    told: Mutex<Told>,
    changed: Condvar,
}

/// What the owner tells the thread. What comes later counts more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    #[default]
    Nothing,
    /// Look at the clock now.
    Look,
    /// Send one now.
    Beat,
    /// The thread is to end.
    Stop,
    /// The same, with a last heartbeat.
    Leave,
}

/// What the thread sends, and when.
struct Pacemaker<F> {
    client: Arc<Client>,
    on_beat: F,
    /// In a row.
    failures: u32,
    /// When the last one was sent, and how many seconds after that the next one is due.
    last: Option<(UnixSeconds, u64)>,
    /// Whether it has looked at the clock before: what was due earlier, nobody slept through.
    is_running: bool,
}

impl Client {
    /// Sends heartbeats when they are due, in a thread of its own: the first one at once, then as the license and the server want
    /// it, and ever more seldom after failures. Without an activation it waits for one.
    ///
    /// `on_beat` is called in that thread with each answer and each failure. A panic in it ends neither the thread nor the program.
    /// The thread lives until what is returned here is stopped or dropped.
    pub fn start_heartbeats(
        self: &Arc<Self>,
        on_beat: impl FnMut(Result<Beat, Error>) + Send + 'static,
    ) -> Result<Heartbeats, ConfigurationError> {
        let shared = Arc::new(Shared { told: Mutex::default(), changed: Condvar::new() });
        let pacemaker =
            Pacemaker { client: self.clone(), on_beat, failures: 0, last: None, is_running: false };
        let theirs = shared.clone();
        let thread = thread::Builder::new().name("sealgate-heartbeats".to_owned());
        let thread = thread.spawn(move || theirs.run(pacemaker));
        let thread = thread.map_err(|error| ConfigurationError::Thread(error.to_string()))?;
        Ok(Heartbeats { shared, thread: Some(thread) })
    }
}

impl Heartbeats {
    /// Sends a heartbeat now, if there is an activation: one has just come about, the network is back, or actions were recorded.
    pub fn beat_now(&self) {
        self.shared.tell(Told::Beat);
    }

    /// Looks at the clock now: it was set.
    pub fn wake(&self) {
        self.shared.tell(Told::Look);
    }

    /// Ends the thread.
    pub fn stop(mut self) {
        self.end(Told::Stop);
    }

    /// Sends a last heartbeat, which gives the instance and a seat that is lent back, and ends the thread.
    pub fn stop_and_leave(mut self) {
        self.end(Told::Leave);
    }

    fn end(&mut self, how: Told) {
        let Some(thread) = self.thread.take() else { return };
        self.shared.tell(how);
        // Whoever drops it in `on_beat` is that thread, which cannot wait for itself.
        if thread.thread().id() != thread::current().id() {
            // Panics are caught inside.
            let _ = thread.join();
        }
    }
}

impl Drop for Heartbeats {
    fn drop(&mut self) {
        self.end(Told::Stop);
    }
}

impl std::fmt::Debug for Heartbeats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Heartbeats").finish_non_exhaustive()
    }
}

impl Shared {
    fn told(&self) -> MutexGuard<'_, Told> {
        // Nothing here can leave it half written.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, what: Told) {
        let mut told = self.told();
        *told = what.max(*told);
        drop(told);
        self.changed.notify_all();
    }

    fn run<F: FnMut(Result<Beat, Error>)>(&self, mut pacemaker: Pacemaker<F>) {
        loop {
            let left = pacemaker.left();
            if left.is_zero() && *self.told() < Told::Stop {
                pacemaker.beat(Client::heartbeat);
                continue;
            }
            match self.wait(left) {
                Told::Nothing | Told::Look => {}
                Told::Beat => pacemaker.beat(Client::heartbeat),
                Told::Stop => return,
                Told::Leave => return pacemaker.beat(Client::leave),
            }
        }
    }

    /// Until the time is over, or somebody tells something.
    fn wait(&self, left: Duration) -> Told {
        let waited =
            self.changed.wait_timeout_while(self.told(), left.min(LOOK), |told| *told == Told::Nothing);
        let (mut told, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *told)
    }
}

impl<F: FnMut(Result<Beat, Error>)> Pacemaker<F> {
    /// How long until a heartbeat is due, by the client's clock.
    fn left(&mut self) -> Duration {
        let now = self.client.clock.now();
        let mut due = self.due(now);
        if std::mem::replace(&mut self.is_running, true) {
            let sent = spread(due, now, random::bits::<8>().map_or(0, |bits| u64::from_le_bytes(*bits)));
            if sent != due {
                self.last = Some((now, sent.get().saturating_sub(now.get())));
                due = sent;
            }
        }
        Duration::from_secs(due.get().saturating_sub(now.get()))
    }

    fn due(&self, now: UnixSeconds) -> UnixSeconds {
        match (self.last, self.client.heartbeat_due()) {
            (Some((at, wait)), _) => due(at, wait, now),
            (None, Ok(Some(due))) => due,
            // Nothing to send: whoever activates the device wakes this thread, or it looks again.
            (None, Ok(None)) => now.plus(LOOK.as_secs()),
            (None, Err(_)) => now,
        }
    }

    fn beat(&mut self, ask: impl FnOnce(&Client) -> Result<Beat, Error>) {
        let beat = catch_unwind(AssertUnwindSafe(|| ask(&self.client)));
        let Ok(beat) = beat else { return self.failed(None) };
        match &beat {
            Ok(beat) => {
                self.failures = 0;
                let is_kept = beat.not_remembered.is_none();
                match beat.said {
                    // The state says when the next one is due, also where another process sends it.
                    BeatSaid::Admitted | BeatSaid::Revoked | BeatSaid::Ended { .. } if is_kept => {
                        self.last = None;
                    }
                    _ => self.wait(beat.next_due.get().saturating_sub(self.client.clock.now().get())),
                }
            }
            Err(error) => self.failed(error.retry_after()),
        }
        let _ = catch_unwind(AssertUnwindSafe(|| (self.on_beat)(beat)));
    }

    fn failed(&mut self, retry_after: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        let own = self.client.rhythm().retry(self.failures);
        let wanted = retry_after.map_or(0, |after| after.as_secs());
        self.wait(own.max(wanted));
    }

    fn wait(&mut self, seconds: u64) {
        self.last = Some((self.client.clock.now(), seconds));
    }
}
