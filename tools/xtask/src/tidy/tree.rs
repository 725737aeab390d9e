//! What git would commit: every path, and the text of the Rust files.

use harness::failure::{Doing, Result};
use harness::process;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The tree as it would be committed.
pub(super) struct Tree {
    /// Every path, relative to the root.
    pub(super) paths: Vec<String>,
    /// The Rust files among them.
    pub(super) sources: Vec<Source>,
}

/// A Rust file.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
}

impl Tree {
    /// Asks git, so that ignored files are nobody's business, and new ones are.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut listing = Command::new("git");
        listing.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
        let mut paths: Vec<String> = process::capture(&mut listing)?
            .split_terminator('\0')
            .filter(|path| root.join(path).exists()) // deleted, and not yet committed as such
            .map(str::to_owned)
            .collect();
        paths.sort();
        paths.dedup();
        let sources = paths.iter().filter(|path| is_rust(path)).map(|path| Source::read(root, path));
        let sources = sources.collect::<Result<_>>()?;
        Ok(Self { paths, sources })
    }
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

impl Source {
    fn read(root: &Path, path: &str) -> Result<Self> {
        let text = fs::read_to_string(root.join(path)).doing(format_args!("read {path}"))?;
        Ok(Self { path: path.to_owned(), text })
    }

    /// Generated code answers to its generator's rules.
    pub(super) fn is_generated(&self) -> bool {
        self.text.lines().next().is_some_and(|line| line.contains("@generated"))
    }
}

#[cfg(test)]
impl Tree {
    /// A tree of made-up Rust files.
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let sources = files.iter().map(|(path, text)| Source { path: (*path).into(), text: (*text).into() });
        Self { paths: files.iter().map(|(path, _)| (*path).into()).collect(), sources: sources.collect() }
    }
}
