//! The release server as a child process that can be stopped, signalled, or killed without warning.

use harness::failure::{Doing, Failure, Result};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

const READY_WITHIN: Duration = Duration::from_secs(30);
const READY: &str = "listening on ";

/// How a server is started, each time the same.
#[derive(Clone)]
pub(crate) struct Launch {
    /// The program.
    pub(crate) binary: PathBuf,
    /// Holds the server's `data` folder and its log.
    pub(crate) folder: PathBuf,
    /// The URL of a PostgreSQL database; SQLite without.
    pub(crate) database: Option<String>,
    /// A free port at each start, unless a torture needs the same one.
    pub(crate) listen: String,
    /// What runs the program, with its arguments: nothing, or something like `prlimit --nofile=300`.
    pub(crate) wrapper: Vec<String>,
    /// More arguments of `serve`.
    pub(crate) more: Vec<String>,
    /// More variables of its environment.
    pub(crate) environment: Vec<(String, String)>,
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// Where it listens, such as `http://127.0.0.1:41234`.
    pub(crate) url: String,
}

impl Server {
    /// Starts it and waits for its announcement.
    pub(crate) fn start(launch: &Launch) -> Result<Self> {
        let log = File::options().create(true).append(true).open(launch.log_path());
        let mut command = launch.command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.doing("open the server's log")?);
        let mut child = command.spawn().doing(format_args!("start {}", launch.binary.display()))?;
        let stdout = child.stdout.take().ok_or_else(|| Failure::new("the server has no standard output"))?;
        // Held from here on, so that a server that never gets ready is killed too.
        let mut server = Self { child, url: String::new() };
        match announcement(stdout).recv_timeout(READY_WITHIN) {
            Ok(url) => server.url = url,
            Err(_) => {
                return Err(Failure::new(format!(
                    "the server did not get ready; its log:\n{}",
                    launch.log()
                )));
            }
        }
        Ok(server)
    }

    /// One that was started otherwise, and announced itself.
    pub(crate) fn of(child: Child, url: String) -> Self {
        Self { child, url }
    }

    /// Whether it is still there; a server that ended by itself must not pass for one that was killed.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        let mut kill = Command::new("kill");
        harness::process::capture(kill.arg(format!("-{name}")).arg(self.pid().to_string())).map(drop)
    }

    /// Kill -9, and wait until the kernel has let go of its locks.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill().and_then(|()| self.child.wait()).map(drop).doing("kill the server")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(failure) = self.kill() {
            eprintln!("{failure}");
        }
    }
}

impl Launch {
    /// With nothing special about it.
    pub(crate) fn new(binary: &Path, folder: &Path, database: Option<&str>) -> Self {
        Self {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            database: database.map(str::to_owned),
            listen: "127.0.0.1:0".to_owned(),
            wrapper: vec![],
            more: vec![],
            environment: vec![],
        }
    }

    /// The token of the owner, which the server wrote at its first start.
    pub(crate) fn token(&self) -> Result<String> {
        let token = fs::read_to_string(self.data().join("admin.token")).doing("read the owner's token")?;
        Ok(token.trim().to_owned())
    }

    /// What the server complained about, over all its starts.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// The vendor's program, told where the server is and by whose right.
    pub(crate) fn vendor(&self, url: &str, verb: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(["--json", "--url", url, "--data"]).arg(self.data()).args(verb);
        command
    }

    /// The command that serves; its streams are up to whoever spawns it.
    pub(crate) fn command(&self) -> Command {
        let mut command = match self.wrapper.split_first() {
            None => Command::new(&self.binary),
            Some((wrapper, arguments)) => {
                let mut command = Command::new(wrapper);
                command.args(arguments).arg(&self.binary);
                command
            }
        };
        command.args(["serve", "--listen", &self.listen, "--data"]).arg(self.data());
        if let Some(database) = &self.database {
            command.args(["--database", database]);
        }
        command.args(&self.more).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The server's data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where its log is.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.folder.join("server.log")
    }
}

/// Reads on to the end after the announcement, or a full pipe would stop the server.
pub(crate) fn announcement(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(std::io::Result::ok) {
            if let Some(url) = url(&line) {
                // Nobody waits for a second announcement.
                let _ = sender.send(url.to_owned());
            }
        }
    });
    receiver
}

fn url(line: &str) -> Option<&str> {
    let (_, url) = line.split_once(READY)?;
    url.split_whitespace().next().filter(|url| url.starts_with("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_announcement_is_recognised() {
        assert_eq!(url("listening on http://127.0.0.1:41234"), Some("http://127.0.0.1:41234"));
        assert_eq!(url("not listening"), None);
        assert_eq!(url("listening on something"), None);
    }

    #[test]
    fn a_server_that_ends_at_once_is_a_failure_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("server.sh");
        fs::write(&script, "#!/bin/sh\necho 'no database' >&2\nexit 1\n").unwrap();
        fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let failure = Server::start(&Launch::new(&script, folder.path(), None)).err().unwrap();
        assert!(failure.to_string().contains("no database"), "{failure}");
    }
}
