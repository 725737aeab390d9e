//! `cargo xtask tidy`: the rules of the house that a compiler does not know. Every rule reports all it finds.

mod arrows;
mod categories;
mod licences;
mod manifests;
mod members;
mod numbers;
mod paths;
mod rooms;
mod tree;
mod words;

use crate::failure::{Failure, Result};
use crate::workspace::Workspace;
use std::fmt;
use tree::Tree;

/// Checks everything; any finding is a failure.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tree = Tree::read(workspace.root())?;
    let members = members::read(workspace)?;

    let mut findings = Vec::new();
    findings.extend(arrows::check(&members));
    findings.extend(manifests::check(&members));
    findings.extend(rooms::check(&tree));
    findings.extend(numbers::check(&tree));
    findings.extend(categories::check(&tree));
    findings.extend(words::check(&tree));
    findings.extend(licences::check_workspace(workspace)?);
    findings.sort();

    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("tidy: {} files, nothing found", tree.paths.len());
            Ok(())
        }
        count => Err(Failure::new(format!("tidy found {count} breaches"))),
    }
}

/// One breach of a rule, where an editor can jump to it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.into(), line, message: message.into() }
    }

    /// At the first line that holds `needle`, or at the top.
    fn at(path: impl Into<String>, text: &str, needle: &str, message: impl Into<String>) -> Self {
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
