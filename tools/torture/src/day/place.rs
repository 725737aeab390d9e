//! Where one server of the day stands: it may be started, killed and stopped, and keeps its address and its clock.

use super::absence::Absence;
use super::pulse::Pulse;
use crate::server::{Launch, Server};
use harness::failure::{Doing, Failure, Result};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a customer waits for one answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// One server.
pub(crate) struct Place {
    /// How it is started.
    pub(crate) launch: Launch,
    /// Where it listens, at every start.
    pub(crate) url: String,
    /// Whether writes go through it.
    pub(crate) pulse: Pulse,
    /// Whether its database is away, by the torture's own doing.
    pub(crate) database: Absence,
    server: Mutex<Option<Server>>,
    /// How often it began or ceased to be one that should answer; odd while it should.
    ups: AtomicU64,
    /// Whether `/readyz` should say 503 although all is well: its clock is in doubt.
    doubted: AtomicBool,
}

impl Place {
    /// Not started yet.
    pub(crate) fn new(launch: Launch) -> Self {
        let url = format!("http://{}", launch.listen);
        let (server, ups, doubted) = (Mutex::default(), AtomicU64::new(0), AtomicBool::new(false));
        let (pulse, database) = (Pulse::default(), Absence::default());
        Self { launch, url, pulse, database, server, ups, doubted }
    }

    /// Starts it.
    pub(crate) fn start(&self) -> Result<()> {
        let server = Server::start(&self.launch)?;
        *self.server() = Some(server);
        self.set_up(true);
        Ok(())
    }

    /// Kill -9.
    pub(crate) fn kill(&self) -> Result<()> {
        self.set_up(false);
        self.server().take().map_or(Ok(()), |mut server| server.kill())
    }

    /// Stops it in the middle of what it does.
    pub(crate) fn stop(&self) -> Result<()> {
        self.set_up(false);
        self.signal("STOP")
    }

    /// It goes on.
    pub(crate) fn go_on(&self) -> Result<()> {
        self.signal("CONT")?;
        self.pulse.beat(true);
        self.set_up(true);
        Ok(())
    }

    /// From now on its database is away, or there again.
    pub(crate) fn set_cut_off(&self, cut_off: bool) {
        self.database.set(cut_off);
        self.pulse.beat(true);
    }

    /// Whether it should answer, and can.
    pub(crate) fn serves(&self) -> bool {
        self.is_up() && self.database.since().is_none()
    }

    /// Its process, if it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.server().as_ref().map(Server::pid)
    }

    /// Whether the process is still there.
    pub(crate) fn is_running(&self) -> bool {
        self.server().as_mut().is_some_and(Server::is_running)
    }

    /// Whether it should answer.
    pub(crate) fn is_up(&self) -> bool {
        self.ups.load(Ordering::SeqCst) % 2 == 1
    }

    /// How often anything changed that its answers depend on.
    pub(crate) fn turns(&self) -> u64 {
        self.ups.load(Ordering::SeqCst) + self.database.turns()
    }

    /// Whether `/readyz` should say that the clock is in doubt.
    pub(crate) fn is_doubted(&self) -> bool {
        self.doubted.load(Ordering::SeqCst)
    }

    /// From now on it should, or should not.
    pub(crate) fn set_doubted(&self, doubted: bool) {
        self.doubted.store(doubted, Ordering::SeqCst);
    }

    /// Sets its clock this many seconds ahead of the machine's, or behind it; only in a setting with clocks.
    pub(crate) fn set_clock(&self, ahead: i64) -> Result<()> {
        // Replaced as a whole, because it is read at every look at the clock.
        let (new, file) = (self.launch.folder.join("clock.new"), self.clock_file());
        fs::write(&new, format!("{ahead:+}"))
            .and_then(|()| fs::rename(&new, &file))
            .doing("set a server's clock")
    }

    /// Where its clock is written.
    pub(crate) fn clock_file(&self) -> PathBuf {
        self.launch.folder.join("clock")
    }

    /// The end of its log.
    pub(crate) fn last_words(&self) -> String {
        let log = self.launch.log();
        let lines: Vec<&str> = log.lines().rev().take(25).collect();
        let lines: Vec<&str> = lines.into_iter().rev().collect();
        format!("log of {}:\n{}\n", self.url, lines.join("\n"))
    }

    /// From now on it should answer, or need not.
    pub(crate) fn set_up(&self, up: bool) {
        if self.is_up() != up {
            self.ups.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn signal(&self, name: &str) -> Result<()> {
        let server = self.server();
        server.as_ref().ok_or_else(|| Failure::new("the server does not run"))?.signal(name)
    }

    fn server(&self) -> MutexGuard<'_, Option<Server>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
