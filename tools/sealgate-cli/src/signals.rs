//! Signals that end the program while requests change something: the request under way is finished and its answer shown, and
//! nothing else is begun. The second signal ends the program at once.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use sealgate_artifact::Code;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;
use crate::output::Output;

/// The signal that came, or 0.
static CAME: AtomicI32 = AtomicI32::new(0);

/// From now on, the first signal is noted. What asks a person something is ended by it instead, and so asks before.
pub(crate) fn listen(output: &Output) {
    static LISTENING: OnceLock<()> = OnceLock::new();
    let speaks = !output.json && !output.quiet;
    LISTENING.get_or_init(|| {
        // Where this is impossible, a signal ends the program as ever.
        if let Ok((runtime, streams)) = streams() {
            std::thread::spawn(move || runtime.block_on(wait(streams, speaks)));
        }
    });
}

/// Refuses to go on where a signal came.
pub(crate) fn none_came() -> Result<(), Failure> {
    match CAME.load(Ordering::SeqCst) {
        0 => Ok(()),
        number => Err(interrupted(number)),
    }
}

/// Ended by a signal, as a shell reports it: 128 and its number.
fn interrupted(number: i32) -> Failure {
    let name = match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        _ => "SIGTERM",
    };
    let exit = u8::try_from(128 + number).ok();
    Failure { exit, ..Failure::new(Code::Interrupted, format!("interrupted by {name}")) }
}

/// The signals that are not ignored: `nohup`, say, has a program outlive its terminal.
fn streams() -> std::io::Result<(Runtime, [Option<Signal>; 3])> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let inside = runtime.enter();
    let ignored = ignored();
    let kinds = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()];
    let stream = |kind: SignalKind| match ignored >> (kind.as_raw_value() - 1) & 1 {
        0 => signal(kind).ok(),
        _ => None,
    };
    let streams = kinds.map(stream);
    drop(inside);
    Ok((runtime, streams))
}

/// The signals that whoever started this program has it ignore, a bit each; none where the system does not say.
#[expect(clippy::disallowed_methods, reason = "the system's own word about this process")]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

async fn wait([hangup, interrupt, terminate]: [Option<Signal>; 3], speaks: bool) {
    let (mut hangup, mut interrupt, mut terminate) = (hangup, interrupt, terminate);
    loop {
        let number = tokio::select! {
            () = next(&mut hangup) => 1,
            () = next(&mut interrupt) => 2,
            () = next(&mut terminate) => 15,
        };
        if CAME.swap(number, Ordering::SeqCst) != 0 {
            std::process::exit(128 + number);
        }
        if speaks {
            // Nobody is left to tell when this fails.
            let _ = writeln!(
                std::io::stderr().lock(),
                "finishing the request that is under way; another signal ends it at once"
            );
        }
    }
}

async fn next(stream: &mut Option<Signal>) {
    match stream {
        Some(stream) => {
            stream.recv().await;
        }
        None => std::future::pending().await,
    }
}
