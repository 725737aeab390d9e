//! Printing: lines for people, JSON for programs.

use std::io::{ErrorKind, Write};
use std::sync::OnceLock;

use sealgate_artifact::Code;
use serde::Serialize;

use crate::failure::Failure;

/// Why standard output took nothing, as on a full disk.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

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
            line(&json(value));
        } else if !self.quiet {
            line(&show(value));
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

/// A line on standard output. Whatever of it came from a server or a file cannot steer the terminal.
pub(crate) fn line(text: &str) {
    raw(format!("{}\n", text.split('\n').map(harmless).collect::<Vec<_>>().join("\n")).as_bytes());
}

/// Bytes as they are. A reader that has seen enough and left, as `head` does, is no reason to fail.
pub(crate) fn raw(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_all(bytes).and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        let _ = UNWRITTEN.set(error.to_string());
    }
}

/// What became of a command, and of what it had to show.
pub(crate) fn written(done: Result<(), Failure>) -> Result<(), Failure> {
    match UNWRITTEN.get() {
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

/// A sentence as it stands after a colon: it begins with a small letter and has no full stop. Names and flags stay as they are.
fn after_colon(sentence: &str) -> String {
    let sentence = sentence.strip_suffix('.').unwrap_or(sentence);
    let word: String = sentence.chars().take_while(|c| !c.is_whitespace()).collect();
    match word.strip_prefix(|c: char| c.is_ascii_uppercase()) {
        Some(rest) if rest.chars().all(|c| !c.is_uppercase()) => {
            word[..1].to_ascii_lowercase() + &sentence[1..]
        }
        _ => sentence.to_owned(),
    }
}

/// JSON in which every character that steers a terminal is escaped. Such a character stands only within strings.
fn json<T: Serialize>(value: &T) -> String {
    let text = serde_json::to_string(value).expect("results can be written");
    text.chars().map(|c| if steers(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }).collect()
}

/// Text from outside cannot steer the terminal.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if steers(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// All of them are below U+10000.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        assert_eq!(super::harmless("a\u{1b}[2J\n\u{202e}b"), "a\\u{1b}[2J\\u{a}\\u{202e}b");
        let value = serde_json::json!({ "code": "a\u{1b}[2J\u{9b}\u{202e}b" });
        let text = super::json(&value);
        assert!(!text.chars().any(super::steers), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
    }

    #[test]
    fn pairs_stand_in_two_columns() {
        assert_eq!(super::pairs(&[("a", "x".to_owned()), ("long", "y".to_owned())]), "a     x\nlong  y");
    }
}
