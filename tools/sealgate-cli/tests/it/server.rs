//! `sealgate serve` and `sealgate demo` as child processes.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};

use crate::program::{PATIENCE, sealgate};

/// A running program, killed when this value is dropped.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) url: String,
    lines: Receiver<String>,
    log: Receiver<String>,
}

impl Server {
    /// Serves from this directory on a free port.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(data: &Path, more: &[&str]) -> Self {
        let mut command = sealgate(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        Self::launch(command.arg(data).args(more))
    }

    /// Starts any command that will announce where it listens.
    pub(crate) fn launch(command: &mut Command) -> Self {
        Self::launch_with_log(command, Stdio::piped())
    }

    /// The same with a log that goes elsewhere.
    pub(crate) fn launch_with_log(command: &mut Command, log: Stdio) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("it starts");
        let lines = lines_of(child.stdout.take().expect("piped"));
        let log = child.stderr.take().map_or_else(|| mpsc::channel().1, lines_of);
        let mut server = Self { child, url: String::new(), lines, log };
        let announcement = server.line_with("listen");
        let url = announcement.split_once("http://").expect("a URL").1;
        let address: String = url.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
        server.url = format!("http://{}", address.trim_end_matches('.'));
        server
    }

    /// The next line on standard output that holds this text.
    pub(crate) fn line_with(&self, text: &str) -> String {
        next(&self.lines, text)
    }

    /// The next line of the log that holds this text.
    pub(crate) fn log_with(&self, text: &str) -> String {
        next(&self.log, text)
    }

    /// Sends a signal, as in `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill runs").success());
    }

    /// From now on no file that it writes may be longer than this, in bytes.
    pub(crate) fn may_write_files_of(&self, bytes: &str) {
        let (process, limit) = (self.child.id().to_string(), format!("--fsize={bytes}:"));
        let limited = Command::new("prlimit").args(["--pid", &process, &limit]).status();
        assert!(limited.expect("prlimit, of util-linux, runs").success());
    }

    /// Ends it without warning.
    pub(crate) fn kill(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("it ends");
    }

    /// Asks it to end and waits for that. Returns the exit code, if it was not the signal that ended it, and the log.
    pub(crate) fn stop(self) -> (Option<i32>, String) {
        self.signal("TERM");
        self.wait()
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        rest(&self.lines);
        let log = rest(&self.log);
        (self.child.wait().expect("it ends").code(), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads on to the end, or a full pipe would stop the program.
pub(crate) fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            // The test may have seen enough.
            let _ = sender.send(line);
        }
    });
    receiver
}

pub(crate) fn next(lines: &Receiver<String>, text: &str) -> String {
    let mut seen = Vec::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) if line.contains(text) => return line,
            Ok(line) => seen.push(line),
            Err(why) => panic!("no line with {text:?} ({why}) after:\n{}", seen.join("\n")),
        }
    }
}

pub(crate) fn rest(lines: &Receiver<String>) -> String {
    let mut rest = String::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => rest = rest + &line + "\n",
            Err(RecvTimeoutError::Disconnected) => return rest,
            Err(RecvTimeoutError::Timeout) => panic!("it does not end; so far:\n{rest}"),
        }
    }
}
