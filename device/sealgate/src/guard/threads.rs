//! The threads of a guard: one sends heartbeats, one looks at the clock where no action does.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::checks::EVERY;
use super::engine::Engine;
use super::refused::StartRefused;
use crate::Heartbeats;

/// How often it looks: a machine that slept is noticed so soon.
const LOOK: Duration = EVERY;

/// The threads of a guard. They end with this, what sends heartbeats first.
#[derive(Default)]
pub(super) struct Threads {
    pub(super) heartbeats: Option<Heartbeats>,
    _watch: Option<Watch>,
}

impl Threads {
    pub(super) fn start(engine: &Arc<Engine>, is_online: bool) -> Result<Self, StartRefused> {
        let failed = |error: &dyn std::fmt::Display| StartRefused::Thread(error.to_string());
        let heartbeats = is_online.then(|| {
            let theirs = engine.clone();
            engine.client.start_heartbeats(move |beat| theirs.heard(&beat))
        });
        let heartbeats = heartbeats.transpose().map_err(|error| failed(&error))?;
        let watch = Watch::start(engine).map_err(|error| failed(&error))?;
        Ok(Self { heartbeats, _watch: Some(watch) })
    }
}

/// The thread that looks at the clock, for grace that begins and ends while nobody works.
struct Watch {
    ended: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    fn start(engine: &Arc<Engine>) -> std::io::Result<Self> {
        let ended = Arc::new((Mutex::new(false), Condvar::new()));
        let (theirs, engine) = (ended.clone(), engine.clone());
        let thread = thread::Builder::new().name("sealgate-guard".to_owned());
        let thread = thread.spawn(move || {
            while !waits(&theirs) {
                engine.check();
            }
        })?;
        Ok(Self { ended, thread: Some(thread) })
    }
}

/// Whether it has ended when the time is over.
fn waits((ended, changed): &(Mutex<bool>, Condvar)) -> bool {
    let lock = ended.lock().unwrap_or_else(PoisonError::into_inner);
    *changed.wait_timeout_while(lock, LOOK, |ended| !*ended).unwrap_or_else(PoisonError::into_inner).0
}

impl Drop for Watch {
    fn drop(&mut self) {
        *self.ended.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.1.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}
