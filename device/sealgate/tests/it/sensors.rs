//! The real sensors in a real process under real tools: gdb, strace, valgrind, the dynamic linker. The process is this test's own
//! program, started again.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the machine itself is what is tested")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use sealgate::guard::Finding;
use sealgate::guard::sensors::{PlatformSensors, Sensors};

/// Which agent the child is to allow.
const ALLOWED: &str = "SEALGATE_TEST_AGENT";
static CALLS: AtomicU64 = AtomicU64::new(0);

/// Where a debugger stops.
#[inline(never)]
fn marked(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::SeqCst);
}

/// Says that this process is a child.
const CHILD: &str = "SEALGATE_TEST_CHILD";

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
                for seen in PlatformSensors.look(&|agent| agent == allowed) {
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
struct Looker {
    child: Child,
    say: ChildStdin,
    hear: BufReader<ChildStdout>,
}

fn program() -> PathBuf {
    std::env::current_exe().expect("this program")
}

/// The child, perhaps below another program.
fn command(program: &Path, under: &[&str]) -> Command {
    let mut command = match under {
        [] => Command::new(program),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    };
    command.args(["--exact", "sensors::child", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, "1");
    command
}

impl Looker {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let (say, hear) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Self { child, say, hear: BufReader::new(hear) }
    }

    fn plain() -> Self {
        Self::start(command(&program(), &[]))
    }

    /// The next line of the child's own.
    fn next(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.hear.read_line(&mut line).expect("text") > 0, "the child ended");
            if let Some((_, said)) = line.split_once("SEEN ") {
                return said.trim_end().to_owned();
            }
        }
    }

    fn tell(&mut self, word: &str) {
        writeln!(self.say, "{word}").expect("it listens");
    }

    /// What each sensor says.
    fn look(&mut self) -> Vec<(String, String)> {
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

    fn says(&mut self, sensor: &str) -> String {
        let seen = self.look();
        seen.iter()
            .find(|(name, _)| name == sensor)
            .map(|(_, said)| said.clone())
            .expect("each sensor says something")
    }

    #[track_caller]
    fn is_clean(&mut self) {
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

fn found(said: &str) -> bool {
    said.starts_with("Something")
}

#[test]
fn ordinary_environments_raise_no_alarm() {
    let environments: [(&str, &[(&str, &str)]); 8] = [
        (
            "a service",
            &[
                ("PATH", "/usr/bin"),
                ("INVOCATION_ID", "5f"),
                ("JOURNAL_STREAM", "8:1"),
                ("NOTIFY_SOCKET", "/run/x"),
            ],
        ),
        (
            "a container",
            &[("PATH", "/usr/bin"), ("HOSTNAME", "f00"), ("KUBERNETES_SERVICE_HOST", "10.0.0.1")],
        ),
        ("cron", &[("SHELL", "/bin/sh"), ("PATH", "/usr/bin:/bin"), ("LOGNAME", "root")]),
        (
            "a desktop",
            &[
                ("DISPLAY", ":0"),
                ("XDG_SESSION_TYPE", "x11"),
                ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/b"),
            ],
        ),
        ("continuous integration", &[("CI", "true"), ("GITHUB_ACTIONS", "true")]),
        (
            "a terminal over the network",
            &[("TMUX", "/tmp/t,1,0"), ("SSH_CONNECTION", "a 1 b 2"), ("TERM", "screen")],
        ),
        (
            "another user's command",
            &[("SUDO_USER", "ann"), ("SUDO_COMMAND", "/opt/editor"), ("HOME", "/root")],
        ),
        ("nothing at all", &[]),
    ];
    for (name, variables) in environments {
        let mut command = command(&program(), &[]);
        command.env_clear().envs(variables.iter().copied()).env(CHILD, "1");
        println!("{name}");
        Looker::start(command).is_clean();
    }
}

#[test]
fn a_debugger_from_the_start_is_seen() {
    let under = ["gdb", "-q", "-batch", "-ex", "run", "--args"];
    assert!(found(&Looker::start(command(&program(), &under)).says("debugger")));
}

#[test]
fn a_tracer_of_one_worker_thread_alone_is_seen() {
    let mut looker = Looker::plain();
    looker.is_clean();
    looker.tell("thread");
    let thread = looker.next();
    let thread = thread.strip_prefix("thread ").expect("its number");
    let mut strace = Command::new("strace");
    strace
        .args(["-p", thread, "-e", "trace=none"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut strace = strace.spawn().expect("strace starts");
    let mut told = BufReader::new(strace.stderr.take().expect("a pipe"));
    let mut line = String::new();
    told.read_line(&mut line).expect("text");
    assert!(line.contains("attached"), "{line}");
    assert!(found(&looker.says("debugger")));
    strace.kill().expect("it ends");
    strace.wait().expect("it ended");
    looker.is_clean();
}

/// It set a breakpoint, was hit, took it away and left. The bytes are the old ones, and nobody traces.
#[test]
fn a_debugger_that_came_and_went_is_seen() {
    let mut looker = Looker::plain();
    looker.tell("spin");
    let said = looker.next();
    let place = format!("break *{}", said.strip_prefix("spins ").expect("where"));
    let process = looker.child.id().to_string();
    let mut gdb = Command::new("timeout");
    let steps = [place.as_str(), "continue", "delete", "detach"];
    gdb.args(["60", "gdb", "-q", "-batch", "-p", &process]).args(steps.iter().flat_map(|step| ["-ex", step]));
    let done = gdb.stdin(Stdio::null()).output().expect("gdb runs");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(said.contains("Breakpoint 1, "), "{said} {}", String::from_utf8_lossy(&done.stderr));
    assert!(!found(&looker.says("debugger")), "it has left");
    assert!(found(&looker.says("breakpoints")));
}

#[test]
fn a_foreign_library_and_each_profilers_variable_are_seen() {
    let library = std::fs::read_to_string("/proc/self/maps").expect("readable");
    let mut library = library.lines().filter_map(|line| line.split_whitespace().nth(5));
    let library =
        library.find(|path| path.contains("libgcc_s") || path.contains("libc.so")).expect("one").to_owned();
    let with = |name: &str, value: &str, agent: &str| {
        let mut command = command(&program(), &[]);
        command.env(name, value).env(ALLOWED, agent);
        Looker::start(command)
    };
    assert!(found(&with("LD_PRELOAD", &library, "").says("preload")), "{library}");
    let agent = Path::new(&library).file_name().and_then(|name| name.to_str()).expect("a name");
    let agent = agent.split(".so").next().expect("a name");
    with("LD_PRELOAD", &library, agent).is_clean();
    for (name, value) in [
        ("COR_ENABLE_PROFILING", "1"),
        ("CORECLR_ENABLE_PROFILING", "1"),
        ("CORECLR_PROFILER", "{846F5F1C-F9AE-4B07-969E-05C26BC060D8}"),
        ("MicrosoftInstrumentationEngine_LogLevel", "Errors"),
        ("DD_DOTNET_TRACER_HOME", "/opt/datadog"),
        ("CORECLR_NEWRELIC_HOME", "/usr/local/newrelic"),
    ] {
        assert!(found(&with(name, value, "").says("profiler")), "{name}");
    }
    with("DD_DOTNET_TRACER_HOME", "/opt/datadog", "datadog").is_clean();
}

/// A file that was installed a moment ago, on a disk or in memory, and one that a package manager replaces while it runs.
#[test]
fn a_fresh_file_and_an_update_raise_no_alarm() {
    for folder in ["/dev/shm", "/tmp"] {
        let folder = tempfile::tempdir_in(folder).expect("a folder");
        let fresh = folder.path().join("editor");
        std::fs::copy(program(), &fresh).expect("it is copied");
        let mut looker = Looker::start(command(&fresh, &[]));
        looker.is_clean();
        let next = folder.path().join("editor.new");
        std::fs::write(&next, b"the next version").expect("it is written");
        std::fs::rename(&next, &fresh).expect("it is replaced");
        looker.is_clean();
    }
}

/// Nobody is blamed for a tool's view of the process.
#[test]
fn valgrinds_view_raises_no_alarm() {
    let seen = Looker::start(command(&program(), &["valgrind", "-q", "--tool=none"])).look();
    assert!(seen.iter().all(|(sensor, said)| sensor == "preload" || !found(said)), "{seen:?}");
    println!("{seen:?}");
}
