//! A command that is killed at a moment, or that ends in its own way.

use crate::random::Random;
use crate::server::{Launch, Server, announcement};
use harness::failure::{Doing, Failure, Result};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

const ENDS_WITHIN: Duration = Duration::from_mins(1);
/// Exit code of whoever cannot be configured as asked.
const REFUSED: i32 = 78;

/// A server that is starting.
pub(super) struct Attempt {
    child: Child,
    announced: Receiver<String>,
}

/// How a start ended.
pub(super) enum Started {
    Serves(Server),
    /// It ended by itself: with this code, and these words.
    Ended(Option<i32>, String),
}

impl Attempt {
    /// Begins to start a server.
    pub(super) fn begin(launch: &Launch) -> Result<Self> {
        let mut command = launch.command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().doing("start a server")?;
        let stdout = child.stdout.take().ok_or_else(|| Failure::new("the server has no standard output"))?;
        Ok(Self { child, announced: announcement(stdout) })
    }

    /// Kill -9. Whether it had not announced itself yet.
    pub(super) fn kill(mut self) -> Result<bool> {
        self.child.kill().and_then(|()| self.child.wait()).doing("kill a server")?;
        Ok(self.announced.try_recv().is_err())
    }

    /// Waits until it serves or has ended.
    pub(super) fn outcome(mut self) -> Result<Started> {
        if let Ok(url) = self.announced.recv_timeout(ENDS_WITHIN) {
            // Its log is read to the end, or a full pipe would stop it.
            let stderr = self.child.stderr.take();
            thread::spawn(move || stderr.map(|mut log| std::io::copy(&mut log, &mut std::io::sink())));
            return Ok(Started::Serves(Server::of(self.child, url)));
        }
        // It closed its standard output, or hangs.
        self.child.kill().doing("end a server that neither serves nor ends")?;
        let output = self.child.wait_with_output().doing("wait for a server")?;
        Ok(Started::Ended(output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

impl Started {
    /// Who comes second says so, by a code and a stable word.
    pub(super) fn is_refused_properly(&self) -> Result<()> {
        match self {
            Self::Ended(Some(REFUSED), said) if said.contains("data_in_use") => Ok(()),
            Self::Ended(code, said) => {
                Err(Failure::new(format!("the second of two starts ended with {code:?}: {said}")))
            }
            Self::Serves(_) => Err(Failure::new("two servers serve from one data directory")),
        }
    }
}

/// Sleeps for a part of this time.
pub(super) fn a_moment_of(window: Duration, random: &mut Random) {
    let micros = u64::try_from(window.as_micros()).unwrap_or(u64::MAX).max(1);
    thread::sleep(Duration::from_micros(random.below(micros)));
}

/// Runs a command and kills it at a moment, if it has not ended by then. Whether it had not.
pub(super) fn kill_in_the_middle(
    command: &mut Command,
    window: Duration,
    random: &mut Random,
) -> Result<bool> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().doing("start a command")?;
    a_moment_of(window, random);
    let had_not_ended = child.try_wait().doing("look at a command")?.is_none();
    child.kill().and_then(|()| child.wait()).doing("kill a command")?;
    Ok(had_not_ended)
}

/// Runs two commands at once.
pub(super) fn both_at_once(commands: [Command; 2]) -> Result<[Output; 2]> {
    let [first, second] = commands.map(|mut command| {
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().doing("start a command")
    });
    let (first, second) = (first?, second?);
    let wait = |child: Child| child.wait_with_output().doing("wait for a command");
    Ok([wait(first)?, wait(second)?])
}
