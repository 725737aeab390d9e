//! The release server as a child process that can be killed without warning.

use crate::failure::{Doing, Failure, Result};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

const READY_WITHIN: Duration = Duration::from_secs(30);
const READY: &str = "listening on ";

/// How the server is started, each time the same.
pub(super) struct Launch<'a> {
    pub(super) binary: &'a Path,
    /// Holds the server's `data` folder and its log.
    pub(super) folder: &'a Path,
    pub(super) database: Option<&'a str>,
}

/// A running server.
pub(super) struct Server {
    child: Child,
    /// Where it listens, such as `http://127.0.0.1:41234`.
    pub(super) url: String,
}

impl Server {
    /// Starts it and waits for its announcement.
    pub(super) fn start(launch: &Launch) -> Result<Self> {
        let mut child = launch.command()?.spawn().doing(format_args!("start {}", launch.binary.display()))?;
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

    /// Whether it is still there; a server that ended by itself must not pass for one that was killed.
    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kill -9, and wait until the kernel has let go of its locks.
    pub(super) fn kill(&mut self) -> Result<()> {
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

impl Launch<'_> {
    /// The token of the owner, which the server wrote at its first start.
    pub(super) fn token(&self) -> Result<String> {
        let token = fs::read_to_string(self.data().join("admin.token")).doing("read the owner's token")?;
        Ok(token.trim().to_owned())
    }

    /// What the server complained about, over all its starts.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    /// The vendor's program, told where the server is and by whose right.
    pub(super) fn vendor(&self, url: &str, verb: &[&str]) -> Command {
        let mut command = Command::new(self.binary);
        command.args(["--json", "--url", url, "--data"]).arg(self.data()).args(verb);
        command
    }

    fn command(&self) -> Result<Command> {
        let log = File::options().create(true).append(true).open(self.folder.join("server.log"));
        let mut command = Command::new(self.binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(self.data());
        if let Some(database) = self.database {
            command.args(["--database", database]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.doing("open the server's log")?);
        Ok(command)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

/// Reads on to the end after the announcement, or a full pipe would stop the server.
fn announcement(stdout: ChildStdout) -> Receiver<String> {
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
        let launch = Launch { binary: &script, folder: folder.path(), database: None };
        let failure = Server::start(&launch).err().unwrap();
        assert!(failure.to_string().contains("no database"), "{failure}");
    }
}
