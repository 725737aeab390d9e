//! Signals that end the program while requests change something: the request under way is finished and its answer shown, and
//! nothing else is begun. The second signal ends the program at once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use sealgate_artifact::Code;

use crate::failure::Failure;
use crate::output::{Output, complain};

/// The signal that came, or 0.
static CAME: AtomicI32 = AtomicI32::new(0);

/// From now on, the first signal is noted. What asks a person something is ended by it instead, and so asks before.
pub(crate) fn listen(output: &Output) {
    static LISTENING: OnceLock<()> = OnceLock::new();
    let speaks = !output.json && !output.quiet;
    LISTENING.get_or_init(|| {
        let came = move |number| {
            CAME.store(number, Ordering::SeqCst);
            if speaks {
                complain!("finishing the request that is under way; another signal ends it at once");
            }
        };
        // Where this is impossible, a signal ends the program as ever.
        let _ = sealgate_terminal::listen(came);
    });
}

/// Refuses to go on where a signal came.
pub(crate) fn none_came() -> Result<(), Failure> {
    match CAME.load(Ordering::SeqCst) {
        0 => Ok(()),
        number => Err(interrupted(number)),
    }
}

/// Waits for so many seconds, or for a signal.
pub(crate) fn wait(seconds: u64) -> Result<(), Failure> {
    for _ in 0..seconds {
        none_came()?;
        std::thread::park_timeout(Duration::from_secs(1));
    }
    Ok(())
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
