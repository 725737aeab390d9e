//! Printing: lines for people, JSON for programs.

use std::io::Write;

use sealgate_artifact::Code;
use sealgate_terminal::{after_colon, harmless, json, line, unwritten};
use serde::Serialize;

use crate::failure::Failure;

/// How to print.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

impl Output {
    /// A result: as it is for programs, by `show` for people.
    pub(crate) fn result<T: Serialize>(self, value: &T, show: impl FnOnce(&T) -> String) {
        if self.json {
            line(format_args!("{}", json(value)));
        } else if !self.quiet {
            line(format_args!("{}", show(value)));
        }
    }

    /// What is under way, for a person who waits: on standard error.
    pub(crate) fn progress(self, text: &str) {
        if !self.json && !self.quiet {
            complain(text);
        }
    }

    /// What went wrong, on standard error.
    pub(crate) fn failure(self, failure: &Failure) {
        if self.json {
            return complain(&json(failure));
        }
        if failure.code.is_empty() {
            return complain(&failure.message);
        }
        complain(&format!("error: {} ({})", after_colon(&failure.message), failure.code));
        for line in &failure.lines {
            complain(&format!("  {line}"));
        }
        if let Some(fix) = &failure.fix {
            complain(&format!("  fix: {}", after_colon(fix)));
        }
    }
}

/// What became of a command, and of what it had to show.
pub(crate) fn written(done: Result<(), Failure>) -> Result<(), Failure> {
    match unwritten() {
        Some(why) if done.is_ok() => {
            let failure = Failure::new(Code::FileUnreadable, format!("standard output: {why}"));
            Err(failure.fix("the command did all else; make room, or send its output elsewhere"))
        }
        _ => done,
    }
}

/// A line on standard error. Where that is impossible, the exit code has to do.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", harmless(text));
}

/// Names and values, one pair a line.
pub(crate) fn pairs(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    pairs.iter().map(|(name, value)| format!("{name:width$}  {value}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn pairs_stand_in_two_columns() {
        assert_eq!(super::pairs(&[("a", "x".to_owned()), ("long", "y".to_owned())]), "a     x\nlong  y");
    }
}
