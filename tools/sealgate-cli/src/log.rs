//! The log: lines on standard error.
//!
//! A thread of its own writes them, so that nobody who has something to say waits for the disk or for a reader. What
//! cannot be written is lost, and nothing else happens.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Lines that may wait to be written: about a megabyte. Beyond, lines are lost: memory stays bounded.
const WAITING: usize = 4096;
/// How long the end of the program waits for the last lines.
const LAST: Duration = Duration::from_secs(1);

/// Starts the log, for these targets. Keep the value: when it goes, the last lines are written.
pub(crate) fn start(wanted: Targets, as_json: bool) -> Log {
    let (sender, lines) = sync_channel(WAITING);
    let log = Log { lines: sender, lost: Arc::default() };
    let lost = Arc::clone(&log.lost);
    std::thread::spawn(move || write(&lines, &lost));
    let writer = log.writer();
    let fmt = tracing_subscriber::fmt().log_internal_errors(false).with_max_level(LevelFilter::TRACE);
    let fmt = fmt.with_writer(move || writer.clone());
    let fmt = if std::io::stderr().is_terminal() { fmt } else { fmt.with_ansi(false) };
    if as_json {
        fmt.json().finish().with(wanted).init();
    } else {
        fmt.finish().with(wanted).init();
    }
    log
}

enum Line {
    Text(Vec<u8>),
    /// Everything before it is written when this is answered.
    Last(SyncSender<()>),
}

/// The log under way.
pub(crate) struct Log {
    lines: SyncSender<Line>,
    lost: Arc<AtomicU64>,
}

impl Log {
    fn writer(&self) -> Lines {
        Lines { lines: self.lines.clone(), lost: Arc::clone(&self.lost) }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let (written, answer) = sync_channel(1);
        if self.lines.try_send(Line::Last(written)).is_ok() {
            // Whoever reads the log may have stopped to.
            let _ = answer.recv_timeout(LAST);
        }
    }
}

/// Hands lines to the thread.
#[derive(Clone)]
struct Lines {
    lines: SyncSender<Line>,
    lost: Arc<AtomicU64>,
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        if self.lines.try_send(Line::Text(line.to_owned())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn write(lines: &Receiver<Line>, lost: &AtomicU64) {
    for line in lines {
        match line {
            Line::Text(text) => {
                if put(&text).is_err() {
                    lost.fetch_add(1, Ordering::Relaxed);
                } else if let n @ 1.. = lost.swap(0, Ordering::Relaxed) {
                    let told = put(format!("{n} lines of the log before this were lost\n").as_bytes());
                    lost.fetch_add(if told.is_ok() { 0 } else { n }, Ordering::Relaxed);
                }
            }
            Line::Last(written) => {
                // Whoever asked may have waited long enough.
                let _ = written.try_send(());
            }
        }
    }
}

/// A line, or nothing of it where standard error is gone.
fn put(text: &[u8]) -> std::io::Result<()> {
    match std::io::stderr().lock().write_all(text) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
