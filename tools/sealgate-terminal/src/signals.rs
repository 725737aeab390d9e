//! Signals that end a program. The first one is told, so that the program ends well; the second one ends it at once.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Runtime};

/// From now on the first signal is told, by its number. What whoever started the program has it ignore stays ignored: `nohup`, say,
/// has a program outlive its terminal.
///
/// # Errors
///
/// The system does not let the program wait for signals. They end it as ever.
pub fn listen(came: impl FnOnce(i32) + Send + 'static) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let mut signals = Signals::of(&runtime)?;
    let told = move || -> io::Result<()> {
        came(wait(&runtime, &mut signals)?);
        std::process::exit(128 + wait(&runtime, &mut signals)?);
    };
    // Where waiting fails, nobody is told: then nothing can be.
    std::thread::Builder::new().name("signals".to_owned()).spawn(told).map(drop)
}

/// The system ends a program that writes a file longer than it may (`ulimit -f`), unless the program takes the signal. After this call such
/// a write only fails, as on a full disk.
///
/// # Errors
///
/// The system does not let the program take the signal. It ends it as ever.
pub fn outlive_long_files() -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    // It stays taken when the runtime goes.
    system::take_long_files(&runtime)
}

fn wait(runtime: &Runtime, signals: &mut Signals) -> io::Result<i32> {
    runtime.block_on(signals.next())
}

#[cfg(unix)]
mod system {
    use super::{Future, Runtime, io};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// The signals that are not ignored: hangup, interrupt, terminate.
    pub(super) struct Signals([Option<Signal>; 3]);

    impl Signals {
        pub(super) fn of(runtime: &Runtime) -> io::Result<Self> {
            let _inside = runtime.enter();
            let ignored = ignored();
            let stream = |kind: SignalKind| match ignored >> (kind.as_raw_value() - 1) & 1 {
                0 => signal(kind).map(Some),
                _ => Ok(None),
            };
            let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
            Ok(Self([stream(SignalKind::hangup())?, stream(interrupt)?, stream(terminate)?]))
        }

        pub(super) fn next(&mut self) -> impl Future<Output = io::Result<i32>> {
            let [hangup, interrupt, terminate] = &mut self.0;
            async {
                Ok(tokio::select! {
                    () = came(hangup) => 1,
                    () = came(interrupt) => 2,
                    () = came(terminate) => 15,
                })
            }
        }
    }

    pub(super) fn take_long_files(runtime: &Runtime) -> io::Result<()> {
        let _inside = runtime.enter();
        signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
    }

    async fn came(signal: &mut Option<Signal>) {
        match signal {
            Some(signal) => {
                signal.recv().await;
            }
            None => std::future::pending().await,
        }
    }

    /// The signals that whoever started this program has it ignore, a bit each; none where the system does not say.
    #[expect(clippy::disallowed_methods, reason = "the system's own word about this process")]
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    }
}

#[cfg(not(unix))]
mod system {
    use super::{Future, Runtime, io};

    /// There is no such signal.
    pub(super) fn take_long_files(_: &Runtime) -> io::Result<()> {
        Ok(())
    }

    /// Ctrl-C.
    pub(super) struct Signals;

    impl Signals {
        pub(super) fn of(_: &Runtime) -> io::Result<Self> {
            Ok(Self)
        }

        pub(super) fn next(&mut self) -> impl Future<Output = io::Result<i32>> {
            async { tokio::signal::ctrl_c().await.map(|()| 2) }
        }
    }
}

use system::Signals;
