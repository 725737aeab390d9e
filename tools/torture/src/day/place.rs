//! Where one server of the day stands: it may be started, killed and stopped, and keeps its address and its clock.

use super::absence::Absence;
use super::promises::{Promises, Readiness};
use super::pulse::Pulse;
use crate::server::{Launch, Server};
use harness::failure::{Doing, Failure, Result};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
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
    /// What is promised here; only changed while there is trouble.
    promises: Mutex<Promises>,
}

impl Place {
    /// Not started yet.
    pub(crate) fn new(launch: Launch) -> Self {
        let url = format!("http://{}", launch.listen);
        let (server, ups, promises) = (Mutex::default(), AtomicU64::new(0), Mutex::default());
        let (pulse, database) = (Pulse::default(), Absence::default());
        Self { launch, url, pulse, database, server, ups, promises }
    }

    /// Starts it.
    pub(crate) fn start(&self) -> Result<()> {
        let server = Server::start(&self.launch)?;
        *self.server() = Some(server);
        // What was not answered until now is no sign of its state.
        self.pulse.forget();
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
        self.pulse.forget();
        self.set_up(true);
        Ok(())
    }

    /// From now on its database is away.
    pub(crate) fn cut_off(&self) {
        self.database.begin();
        self.pulse.forget();
    }

    /// From now on its database may be there again.
    pub(crate) fn may_connect(&self) {
        self.database.may_end();
    }

    /// Its database is there again.
    pub(crate) fn connected(&self) {
        self.database.end();
        self.pulse.forget();
    }

    /// Whether it should answer, and can.
    pub(crate) fn serves(&self) -> bool {
        self.is_up() && self.database.is_over()
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

    /// What is promised here.
    pub(crate) fn promises(&self) -> Promises {
        *self.promises.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on this is promised.
    pub(crate) fn promise(&self, promises: Promises) {
        *self.promises.lock().unwrap_or_else(PoisonError::into_inner) = promises;
    }

    /// Whether its clock is in doubt, so that it may refuse an order.
    pub(crate) fn is_doubted(&self) -> bool {
        self.promises().readiness == Readiness::ClockInDoubt
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

    /// The most memory that it ever had at once, in bytes; if it runs.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib * 1024)
    }

    /// How long its log is.
    pub(crate) fn logged(&self) -> u64 {
        fs::metadata(self.launch.log_path()).map_or(0, |log| log.len())
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
