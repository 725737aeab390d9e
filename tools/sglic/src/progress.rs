//! How far a long copy is, for a person who waits.

use std::io::{IsTerminal, Write};

use crate::output::Output;

/// Below this, it is over before anybody reads it.
const LONG: u64 = 8 * 1024 * 1024;
const WIDTH: u64 = 30;

/// One line on a terminal, written again and again. It is gone once it is dropped.
pub(crate) struct Bar {
    what: &'static str,
    is_shown: bool,
    percent: Option<u64>,
}

impl Bar {
    pub(crate) fn new(output: Output, what: &'static str) -> Self {
        let is_shown = !output.json && !output.quiet && std::io::stderr().is_terminal();
        Self { what, is_shown, percent: None }
    }

    /// So much of all is done.
    pub(crate) fn show(&mut self, done: u64, all: u64) {
        let percent = Some(done.saturating_mul(100) / all.max(1));
        if !self.is_shown || all < LONG || self.percent == percent {
            return;
        }
        self.percent = percent;
        let _ = write!(std::io::stderr().lock(), "\r{}", line(self.what, done, all));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.percent.is_some() {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}

fn line(what: &str, done: u64, all: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    let full = usize::try_from(done.saturating_mul(WIDTH) / all.max(1)).unwrap_or(0);
    let full = full.min(usize::try_from(WIDTH).unwrap_or(0));
    let width = usize::try_from(WIDTH).unwrap_or(0);
    format!("{what} [{:width$}] {} of {} MiB", "#".repeat(full), done / MIB, all / MIB)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_bar_grows_and_never_beyond_its_end() {
        let mib = 1024 * 1024;
        assert_eq!(super::line("copying", 0, 30 * mib), format!("copying [{}] 0 of 30 MiB", " ".repeat(30)));
        let half = format!("copying [{}{}] 15 of 30 MiB", "#".repeat(15), " ".repeat(15));
        assert_eq!(super::line("copying", 15 * mib, 30 * mib), half);
        assert!(
            super::line("copying", 99 * mib, 30 * mib).starts_with(&format!("copying [{}]", "#".repeat(30)))
        );
    }
}
