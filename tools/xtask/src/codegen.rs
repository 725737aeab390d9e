//! `cargo xtask codegen`: committed files that are made from the code.

use crate::failure::{Doing, Failure, Result};
use crate::process;
use crate::workspace::Workspace;
use std::fs;

/// Made by printing what the HTTP face makes of its table of operations.
const DOCUMENT: &str = "spec/openapi.json";

/// Whether to write.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Say whether the committed files are current, and write nothing
    #[arg(long)]
    verify: bool,
}

/// Writes `spec/openapi.json`, or compares it.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let print = ["run", "--quiet", "--package", "sealgate-http", "--example", "openapi"];
    let current = process::capture(&mut workspace.cargo(print))?;
    let file = workspace.root().join(DOCUMENT);
    // Nothing committed yet is like any other difference.
    let committed = fs::read_to_string(&file).unwrap_or_default();
    if committed == current {
        println!("{DOCUMENT} is current");
        return Ok(());
    }
    if options.verify {
        return Err(Failure::new(format!(
            "{DOCUMENT} is not what the code says; `cargo xtask codegen` writes it"
        )));
    }
    fs::write(&file, current).doing(format_args!("write {DOCUMENT}"))?;
    println!("wrote {DOCUMENT}");
    Ok(())
}
