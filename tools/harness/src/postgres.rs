//! A PostgreSQL of the run's own, in a temporary folder, gone when it is dropped.

use crate::failure::{Doing, Failure, Result};
use crate::process;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const STARTS_WITHIN: Duration = Duration::from_secs(30);
const STOPS_WITHIN: Duration = Duration::from_secs(10);
/// The port is free when it is chosen, not when it is used, so a start may have to be repeated.
const ATTEMPTS: u32 = 5;

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disk {
    Waited,
    /// The system keeps what a killed process had written.
    Trusted,
}

/// A running server; reachable over loopback without a password.
pub struct Postgres {
    child: Mutex<Child>,
    pub(crate) port: u16,
    disk: Disk,
    binaries: PathBuf,
    folder: TempDir,
}

impl Postgres {
    /// Makes a cluster and starts it on a free port.
    pub fn start() -> Result<Self> {
        Self::start_with(Disk::Waited, &std::env::temp_dir(), &[])
    }

    /// The same for somebody who kills processes and never the machine: then the disk need not be waited for.
    pub fn start_unsynced() -> Result<Self> {
        Self::start_with(Disk::Trusted, &std::env::temp_dir(), &[])
    }

    /// The same below this folder, with more arguments for `initdb`.
    pub fn start_on(place: &Path, more: &[&str]) -> Result<Self> {
        Self::start_with(Disk::Waited, place, more)
    }

    fn start_with(disk: Disk, place: &Path, more: &[&str]) -> Result<Self> {
        let binaries = binaries()?;
        let folder = folder(place)?;
        let mut initdb = as_owner(&binaries.join("initdb"), folder.path())?;
        initdb.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]);
        process::capture(initdb.arg(folder.path().join("data")).args(more))?;

        for _ in 0..ATTEMPTS {
            let port = free_port()?;
            let mut child = spawn(&binaries, folder.path(), (port, disk))?;
            if ready(&binaries, port, &mut child) {
                println!("PostgreSQL listens on 127.0.0.1:{port}");
                return Ok(Self { child: Mutex::new(child), port, disk, binaries, folder });
            }
            // It either ended by itself or never answered; in both cases nothing of it may stay.
            child.kill().and_then(|()| child.wait()).doing("stop PostgreSQL")?;
        }
        let log = fs::read_to_string(log_path(folder.path())).unwrap_or_default();
        Err(Failure::new(format!("PostgreSQL did not start:\n{log}")))
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and returns its URL.
    pub fn create_database(&self, name: &str) -> Result<String> {
        let mut createdb = Command::new(self.binaries.join("createdb"));
        createdb.args(["-h", "127.0.0.1", "-U", "postgres", "-p"]).arg(self.port.to_string()).arg(name);
        process::capture(&mut createdb)?;
        Ok(self.url(name))
    }

    /// The folder of the cluster `data`, its log, and whatever else belongs to this server.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// One of its programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
    }

    /// Sends a signal and waits until it has ended; it is killed if it does not.
    pub(crate) fn end(&self, signal: &str) -> std::io::Result<()> {
        let mut child = self.child();
        Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status()?;
        let deadline = Instant::now() + STOPS_WITHIN;
        while Instant::now() < deadline {
            if child.try_wait()?.is_some() {
                return Ok(());
            }
            pause();
        }
        child.kill()?;
        child.wait().map(drop)
    }

    /// Whether it has ended, by itself or not.
    pub fn has_ended(&self) -> Result<bool> {
        Ok(self.child().try_wait().doing("look after PostgreSQL")?.is_some())
    }

    /// Starts the server, which has ended, on the same port and data. It is ready when this returns.
    pub fn start_again(&self) -> Result<()> {
        let deadline = Instant::now() + STARTS_WITHIN;
        while Instant::now() < deadline {
            let mut child = spawn(&self.binaries, self.folder(), (self.port, self.disk))?;
            let ready = ready(&self.binaries, self.port, &mut child);
            *self.child() = child;
            if ready {
                return Ok(());
            }
            // Sessions of the one before may still hold its memory.
            self.child().kill().and_then(|()| self.child().wait()).doing("stop PostgreSQL")?;
            pause();
        }
        let log = fs::read_to_string(log_path(self.folder())).unwrap_or_default();
        Err(Failure::new(format!("PostgreSQL did not start again:\n{log}")))
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown: it ends its sessions and removes its shared memory.
        if let Err(error) = self.end("INT") {
            eprintln!("PostgreSQL in {} may still run: {error}", self.folder.path().display());
        }
    }
}

/// The folder of the server's programs. A client alone has none, whatever else is on the PATH.
pub fn binaries() -> Result<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    let configured = process::capture(Command::new("pg_config").arg("--bindir")).ok();
    versions
        .into_iter()
        .rev()
        .map(|(_, folder)| folder)
        .chain(configured.map(|folder| PathBuf::from(folder.trim())))
        .find(|folder| ["initdb", "postgres", "pg_isready"].iter().all(|name| folder.join(name).is_file()))
        .ok_or_else(|| Failure::new("the server programs of PostgreSQL are not installed"))
}

fn folder(place: &Path) -> Result<TempDir> {
    let folder = TempDir::with_prefix_in("sealgate-pg-", place).doing("make a temporary folder")?;
    if is_root() {
        process::capture(Command::new("chown").arg("postgres").arg(folder.path()))?;
    }
    Ok(folder)
}

fn spawn(binaries: &Path, folder: &Path, (port, disk): (u16, Disk)) -> Result<Child> {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(log_path(folder))
        .doing("make PostgreSQL's log")?;
    let mut postgres = as_owner(&binaries.join("postgres"), folder)?;
    postgres.arg("-D").arg(folder.join("data")).arg("-p").arg(port.to_string());
    for setting in ["listen_addresses=127.0.0.1", "max_connections=300", "shared_buffers=128MB"] {
        postgres.args(["-c", setting]);
    }
    if disk == Disk::Trusted {
        postgres.args(["-c", "fsync=off"]);
    }
    postgres.arg("-c").arg(format!("unix_socket_directories={}", folder.display()));
    postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    postgres.spawn().doing("start PostgreSQL")
}

/// PostgreSQL refuses to run as root. `setpriv` becomes the program instead of staying its parent, so the child's
/// process id is PostgreSQL's own, and it makes the kernel stop the server should this program be killed.
pub(crate) fn as_owner(program: &Path, folder: &Path) -> Result<Command> {
    let mut command = Command::new("setpriv");
    if is_root() {
        let user = process::capture(Command::new("id").args(["-u", "postgres"]))?;
        let group = process::capture(Command::new("id").args(["-g", "postgres"]))?;
        command.args(["--reuid", user.trim(), "--regid", group.trim(), "--init-groups"]);
    }
    command.args(["--pdeathsig", "INT", "--"]).arg(program).current_dir(folder);
    Ok(command)
}

fn ready(binaries: &Path, port: u16, child: &mut Child) -> bool {
    let deadline = Instant::now() + STARTS_WITHIN;
    while Instant::now() < deadline && matches!(child.try_wait(), Ok(None)) {
        let mut question = Command::new(binaries.join("pg_isready"));
        if process::succeeds(question.args(["-q", "-h", "127.0.0.1", "-p"]).arg(port.to_string())) {
            return true;
        }
        pause();
    }
    false
}

/// A port of loopback that nobody listens on now.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).doing("find a free port")?;
    Ok(listener.local_addr().doing("find a free port")?.port())
}

fn log_path(folder: &Path) -> PathBuf {
    // Beside the cluster, in the folder that vanishes with it.
    folder.join("postgres.log")
}

/// Whether this program may install packages and must step down for PostgreSQL.
pub fn is_root() -> bool {
    process::capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}
