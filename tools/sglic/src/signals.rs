//! Signals that end a program that goes on. The second one ends it at once.

use std::io;
use std::sync::mpsc::{Receiver, channel};

use sealgate_artifact::Code;

use crate::failure::Failure;

/// From now on, the first signal is told.
pub(crate) fn listen() -> Result<Receiver<()>, Failure> {
    let (tell, told) = channel();
    let (ready, begun) = channel::<io::Result<()>>();
    let thread = std::thread::Builder::new().name("sglic-signals".to_owned());
    let listening = thread.spawn(move || {
        // Whoever asked may be gone, and then nobody needs to hear it.
        let begins = || ready.send(Ok(())).unwrap_or_default();
        let came = || tell.send(()).unwrap_or_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        if let Err(error) = runtime.and_then(|runtime| runtime.block_on(wait(begins, came))) {
            ready.send(Err(error)).unwrap_or_default();
        }
    });
    let begun = listening.and_then(|_| begun.recv().unwrap_or(Ok(())));
    let failed = |error| Failure::new(Code::ConfigInvalid, format!("signals cannot be waited for: {error}"));
    begun.map_err(failed)?;
    Ok(told)
}

#[cfg(unix)]
async fn wait(begun: impl Fn(), came: impl Fn()) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    begun();
    for is_first in [true, false] {
        let number = tokio::select! {
            _ = hangup.recv() => 1,
            _ = interrupt.recv() => 2,
            _ = terminate.recv() => 15,
        };
        if !is_first {
            std::process::exit(128 + number);
        }
        came();
    }
    Ok(())
}

#[cfg(not(unix))]
async fn wait(begun: impl Fn(), came: impl Fn()) -> io::Result<()> {
    begun();
    tokio::signal::ctrl_c().await?;
    came();
    tokio::signal::ctrl_c().await?;
    std::process::exit(130);
}
