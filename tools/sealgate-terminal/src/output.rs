//! Standard output. Where it takes nothing, as on a full disk, a program does the rest of what it was asked for, and then fails.

use std::fmt::Arguments;
use std::io::{Error, ErrorKind, Write};
use std::sync::OnceLock;

use crate::lines_without_steering;

/// Why the first write failed.
static WHY: OnceLock<String> = OnceLock::new();

/// A line, or several. Whatever of it came from a server or a file cannot steer the terminal.
pub fn line(text: Arguments) {
    raw(format!("{}\n", lines_without_steering(&text.to_string())).as_bytes());
}

/// Bytes as they are.
pub fn raw(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
        note(&error);
    }
}

/// A write to standard output failed. A reader that has seen enough and left, as `head` does, is no reason to fail.
pub fn note(error: &Error) {
    if error.kind() != ErrorKind::BrokenPipe {
        let _ = WHY.set(error.to_string());
    }
}

/// Why standard output took nothing, if so.
pub fn unwritten() -> Option<&'static str> {
    WHY.get().map(String::as_str)
}
