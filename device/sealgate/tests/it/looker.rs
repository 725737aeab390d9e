//! A real process that looks with the real sensors: this test's own program, started again.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the machine itself is what is tested")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use sealgate::guard::Finding;
use sealgate::guard::sensors::{PlatformSensors, Sensors};

/// Which agent the child is to allow.
pub(crate) const ALLOWED: &str = "SEALGATE_TEST_AGENT";
static CALLS: AtomicU64 = AtomicU64::new(0);

/// Where a debugger stops.
#[inline(never)]
fn marked(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::SeqCst);
}

/// Says that this process is a child.
pub(crate) const CHILD: &str = "SEALGATE_TEST_CHILD";

/// The child: it looks when it is told to. Nobody tells it where it is only one of the tests.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let allowed = std::env::var(ALLOWED).unwrap_or_default();
    for line in std::io::stdin().lines() {
        match line.expect("text").as_str() {
            "look" => {
                for seen in PlatformSensors.look(&|agent| !allowed.is_empty() && agent == allowed) {
                    println!("SEEN {} {:?} {}", seen.sensor, seen.finding, seen.what);
                }
                println!("SEEN end");
            }
            "thread" => {
                let (send, receive) = std::sync::mpsc::channel();
                std::thread::spawn(move || {
                    let own = std::fs::read_link("/proc/thread-self").expect("this thread");
                    let id = own.file_name().expect("a number").to_str().expect("digits").to_owned();
                    send.send(id).expect("heard");
                    loop {
                        std::thread::park();
                    }
                });
                println!("SEEN thread {}", receive.recv().expect("said"));
            }
            "spin" => {
                std::thread::spawn(|| {
                    loop {
                        marked(&CALLS);
                        std::thread::yield_now();
                    }
                });
                println!("SEEN spins {:#x}", marked as fn(&AtomicU64) as usize);
            }
            other => panic!("{other}"),
        }
    }
}

/// A child that runs.
pub(crate) struct Looker {
    pub(crate) child: Child,
    say: ChildStdin,
    hear: BufReader<ChildStdout>,
}

pub(crate) fn program() -> PathBuf {
    std::env::current_exe().expect("this program")
}

/// The child, perhaps below another program.
pub(crate) fn command(program: &Path, under: &[&str]) -> Command {
    let mut command = match under {
        [] => Command::new(program),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    };
    command.args(["--exact", "looker::child", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, "1");
    command
}

impl Looker {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let (say, hear) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Self { child, say, hear: BufReader::new(hear) }
    }

    pub(crate) fn plain() -> Self {
        Self::start(command(&program(), &[]))
    }

    /// The next line of the child's own.
    pub(crate) fn next(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.hear.read_line(&mut line).expect("text") > 0, "the child ended");
            if let Some((_, said)) = line.split_once("SEEN ") {
                return said.trim_end().to_owned();
            }
        }
    }

    pub(crate) fn tell(&mut self, word: &str) {
        writeln!(self.say, "{word}").expect("it listens");
    }

    /// What each sensor says.
    pub(crate) fn look(&mut self) -> Vec<(String, String)> {
        self.tell("look");
        let mut seen = vec![];
        loop {
            let line = self.next();
            if line == "end" {
                return seen;
            }
            let (sensor, rest) = line.split_once(' ').expect("a sensor");
            seen.push((sensor.to_owned(), rest.to_owned()));
        }
    }

    pub(crate) fn says(&mut self, sensor: &str) -> String {
        let seen = self.look();
        seen.iter()
            .find(|(name, _)| name == sensor)
            .map(|(_, said)| said.clone())
            .expect("each sensor says something")
    }

    #[track_caller]
    pub(crate) fn is_clean(&mut self) {
        let seen = self.look();
        let nothing = format!("{:?} ", Finding::Nothing);
        assert!(seen.iter().all(|(_, said)| *said == nothing || *said == nothing.trim_end()), "{seen:?}");
    }
}

impl Drop for Looker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn found(said: &str) -> bool {
    said.starts_with("Something")
}
