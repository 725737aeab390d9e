//! A program that runs, and is told line by line what to do.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use sealgate_testkit::program::{finish_within, start};
use serde_json::Value;

/// Only a broken program needs longer. The guard looks every half minute.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A program that runs. What it started is ended with it.
pub(crate) struct Running {
    child: Child,
    say: ChildStdin,
    lines: Receiver<String>,
    events: Receiver<String>,
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What was said before the last line.
    pub(crate) lines: Vec<String>,
    /// `ok`, `refused …` or `failed: …`.
    pub(crate) last: String,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = start(command.stdin(Stdio::piped()));
        let lines = read(child.stdout.take().expect("piped"));
        let events = read(child.stderr.take().expect("piped"));
        Self { say: child.stdin.take().expect("piped"), lines, events, child }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of standard output.
    pub(crate) fn next(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap_or_else(|why| panic!("{why}: {:?}", self.events()))
    }

    /// The next line that tells where the program stands.
    pub(crate) fn stands(&self) -> String {
        loop {
            let line = self.next();
            if let Some(stands) = line.strip_prefix("= ").filter(|stands| stands.starts_with("tier ")) {
                return stands.to_owned();
            }
        }
    }

    pub(crate) fn tell(&mut self, line: &str) -> Answer {
        writeln!(self.say, "{line}").expect("it listens");
        let mut lines = vec![];
        loop {
            let line = self.next();
            if line == "ok" || line.starts_with("refused ") || line.starts_with("failed: ") {
                return Answer { lines, last: line };
            }
            lines.extend(line.strip_prefix("  ").map(str::to_owned));
        }
    }

    /// The events until now.
    pub(crate) fn events(&self) -> Vec<String> {
        self.events.try_iter().collect()
    }

    /// The next event with this text, also one that is still to come. The guard repeats what it finds, so the wait is bounded as a whole.
    pub(crate) fn event(&self, text: &str) {
        let (began, mut others) = (Instant::now(), vec![]);
        while let Ok(event) = self.events.recv_timeout(PATIENCE.saturating_sub(began.elapsed())) {
            if event.contains(text) {
                return;
            }
            others.push(event);
        }
        panic!("no event says {text:?}: {others:#?}");
    }

    /// All that was sold works.
    #[track_caller]
    pub(crate) fn is_full(&mut self) {
        for line in ["check > 0", "audit", "tenant acme"] {
            assert_eq!(self.tell(line).last, "ok", "{line}");
        }
    }

    /// Nothing that was sold works, for this reason; what is free does.
    #[track_caller]
    pub(crate) fn is_free(&mut self, code: &str) {
        for line in ["check > 0", "engine x", "audit", "tenant acme"] {
            let answer = self.tell(line);
            assert!(answer.last.starts_with(&format!("refused {code}: [License] ")), "{line}: {answer:?}");
            assert!(!answer.lines.is_empty(), "what to do about it");
        }
        assert_eq!(self.tell("add apples 3").last, "ok");
        assert_eq!(self.tell("list").lines.last().map(String::as_str), Some("           3  apples"));
    }

    /// Ends it, as its user does.
    pub(crate) fn quit(mut self) {
        assert_eq!(self.tell("quit").last, "ok");
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }
}

/// Runs a program to its end.
pub(crate) fn ended(command: &mut Command) -> Ended {
    let told = |output: Output| Ended {
        exit: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    let child = start(command.stdin(Stdio::null()));
    finish_within(child, PATIENCE).map_or_else(|late| panic!("it did not end: {:?}", told(late)), told)
}

/// The lines of a stream, from a thread of their own: the program never waits for its reader.
pub(crate) fn read(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = channel();
    std::thread::spawn(move || {
        // The test has ended when nobody takes them.
        BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| send.send(line))
    });
    lines
}

/// The same in pieces as they come, for a terminal.
pub(crate) fn pieces(mut stream: impl Read + Send + 'static) -> Receiver<String> {
    let (send, pieces) = channel();
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut piece) {
            if send.send(String::from_utf8_lossy(&piece[..read]).into_owned()).is_err() {
                break;
            }
        }
    });
    pieces
}
