//! What a rule reports.

use std::fmt;

/// One breach of a rule, where an editor can jump to it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    path: String,
    line: usize,
    pub(super) message: String,
}

impl Finding {
    pub(super) fn new(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.into(), line, message: message.into() }
    }

    /// At the first line that holds `needle`, or at the top.
    pub(super) fn at(path: impl Into<String>, text: &str, needle: &str, message: impl Into<String>) -> Self {
        let line = text.lines().position(|line| line.contains(needle)).map_or(1, |index| index + 1);
        Self::new(path, line, message)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_something_an_editor_can_open() {
        let finding = Finding::at("a/b.rs", "one\ntwo\n", "two", "too many");
        assert_eq!(finding.to_string(), "a/b.rs:2: too many");
    }
}
