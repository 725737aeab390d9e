//! The real sensors in a real process under real tools: gdb, strace, valgrind, the dynamic linker.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the machine itself is what is tested")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::looker::{ALLOWED, Looker, command, found, program};

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

/// An emulator shows some of `/proc/self` as it is, and some as it would be.
#[test]
fn qemus_view_raises_no_alarm() {
    let seen = Looker::start(command(&program(), &["qemu-x86_64"])).look();
    println!("{seen:?}");
    assert!(seen.iter().all(|(_, said)| !found(said)), "{seen:?}");
}

/// Nobody is blamed for a tool's view of the process.
#[test]
fn valgrinds_view_raises_no_alarm() {
    let seen = Looker::start(command(&program(), &["valgrind", "-q", "--tool=none"])).look();
    assert!(seen.iter().all(|(sensor, said)| sensor == "preload" || !found(said)), "{seen:?}");
    println!("{seen:?}");
}
