//! `cargo xtask codegen`: committed text that is made from the code.

use crate::architecture;
use crate::workspace::Workspace;
use harness::failure::{Doing, Failure, Result};
use harness::process;
use std::fs;

/// Everything that is generated. A new table is a row here and, for a part of a page, a pair of markers in it:
/// `<!-- generated: NAME -->` and `<!-- end: NAME -->`, each on a line of its own.
const PARTS: &[Part] = &[
    Part {
        file: "ARCHITECTURE.md",
        place: Place::Between("arrows"),
        source: Source::Here(architecture::markdown),
    },
    Part {
        file: "spec/openapi.json",
        place: Place::Whole,
        source: Source::Example { package: "sealgate-http", example: "openapi" },
    },
    Part {
        file: "docs/book/operators.md",
        place: Place::Between("configuration"),
        source: Source::Example { package: "sealgate-server", example: "guide" },
    },
];

/// A file, or a part of one.
struct Part {
    file: &'static str,
    place: Place,
    source: Source,
}

enum Place {
    Whole,
    /// Between the markers of this name
    Between(&'static str),
}

/// Who writes the text.
enum Source {
    /// This program, from tables of its own
    Here(fn() -> String),
    /// An example of a package, which prints it
    Example { package: &'static str, example: &'static str },
}

/// Whether to write.
#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Say whether the committed files are current, and write nothing
    #[arg(long)]
    verify: bool,
}

/// Writes every part that is not current, or names those.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if options.verify {
        return verify(workspace);
    }
    for part in PARTS {
        match part.update(workspace)? {
            None => println!("{} is current", part.file),
            Some(text) => {
                fs::write(workspace.root().join(part.file), text)
                    .doing(format_args!("write {}", part.file))?;
                println!("wrote {}", part.file);
            }
        }
    }
    Ok(())
}

/// Whether every part is current; writes nothing.
pub(crate) fn verify(workspace: &Workspace) -> Result<()> {
    let stale = stale(workspace, PARTS.iter())?;
    if stale.is_empty() {
        println!("{} generated parts are current", PARTS.len());
        return Ok(());
    }
    let files = stale.join(", ");
    Err(Failure::new(format!("{files}: not what the code says; `cargo xtask codegen` writes it")))
}

/// The files with a part that is not current, of those parts that need nothing built.
pub(crate) fn stale_without_a_build(workspace: &Workspace) -> Result<Vec<&'static str>> {
    stale(workspace, PARTS.iter().filter(|part| matches!(part.source, Source::Here(_))))
}

fn stale(workspace: &Workspace, parts: impl Iterator<Item = &'static Part>) -> Result<Vec<&'static str>> {
    let mut stale = Vec::new();
    for part in parts {
        if part.update(workspace)?.is_some() {
            stale.push(part.file);
        }
    }
    Ok(stale)
}

impl Part {
    /// The file's new text, if it is another one.
    fn update(&self, workspace: &Workspace) -> Result<Option<String>> {
        let made = match self.source {
            Source::Here(make) => make(),
            Source::Example { package, example } => {
                let print = ["run", "--quiet", "--package", package, "--example", example];
                process::capture(&mut workspace.cargo(print))?
            }
        };
        // Nothing committed yet is like any other difference.
        let committed = fs::read_to_string(workspace.root().join(self.file)).unwrap_or_default();
        let current = match self.place {
            Place::Whole => made,
            Place::Between(name) => {
                let filled = fill(&committed, name, &made);
                filled.ok_or_else(|| Failure::new(format!("{} has no markers for {name}", self.file)))?
            }
        };
        Ok((current != committed).then_some(current))
    }
}

/// The page with this text between the markers; nothing without a pair of markers.
fn fill(page: &str, name: &str, text: &str) -> Option<String> {
    let open = format!("<!-- generated: {name} -->\n");
    let (before, rest) = page.split_once(&open)?;
    let (_, after) = rest.split_once(&format!("<!-- end: {name} -->"))?;
    // Blank lines, or Markdown takes a table for a part of the comment.
    Some(format!("{before}{open}\n{}\n\n<!-- end: {name} -->{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_filled_and_the_rest_stays() {
        let page = "# A\n<!-- generated: a -->\nold\n<!-- end: a -->\nmore\n<!-- generated: b -->\n<!-- end: b -->\n";
        let filled = fill(page, "a", "new\n").unwrap();
        assert_eq!(filled, page.replace("old", "\nnew\n"));
        assert_eq!(fill(&filled, "a", "new\n").unwrap(), filled, "the second time nothing changes");
        assert!(fill(page, "b", "x").unwrap().ends_with("\n\nx\n\n<!-- end: b -->\n"));
    }

    #[test]
    fn a_page_without_markers_is_not_filled() {
        assert_eq!(fill("# A\n", "a", "new"), None);
        assert_eq!(fill("<!-- generated: a -->\nold\n", "a", "new"), None);
        assert_eq!(fill("<!-- end: a -->\n<!-- generated: a -->\n", "a", "new"), None);
    }
}
