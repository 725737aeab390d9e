//! `cargo xtask tidy`: the rules of the house that a compiler does not know. Every rule reports all it finds.

mod arrows;
mod categories;
mod finding;
mod licences;
mod manifests;
mod map;
mod members;
mod numbers;
mod paths;
mod rooms;
mod tree;
mod words;

use crate::codegen;
use crate::workspace::Workspace;
use finding::Finding;
use harness::failure::{Failure, Result};
use std::path::PathBuf;
use tree::Tree;

/// Whether to check or to draw.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Print modules, the arrows between them, arrows up and circles, and check nothing
    #[arg(long)]
    map: bool,
    /// Map the checkout in this folder instead of this one
    #[arg(long, requires = "map", value_name = "DIR")]
    root: Option<PathBuf>,
    /// List every arrow inside this crate
    #[arg(long, requires = "map", value_name = "CRATE")]
    arrows: Option<String>,
}

/// Checks the workspace, or prints its map.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    match &options.root {
        Some(folder) => draw(&Workspace::at(folder)?, options),
        None if options.map => draw(workspace, options),
        None => check(workspace),
    }
}

fn draw(workspace: &Workspace, options: &Options) -> Result<()> {
    let tree = Tree::read(workspace.root())?;
    let members = members::read(workspace)?;
    let maps = map::read(&tree, &members)?;
    match &options.arrows {
        None => map::print(&maps, &members),
        Some(name) => map::print_arrows(&maps, name)?,
    }
    Ok(())
}

/// Every rule; any finding is a failure.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let tree = Tree::read(workspace.root())?;
    let members = members::read(workspace)?;

    let mut findings = Vec::new();
    findings.extend(arrows::check(&members));
    findings.extend(manifests::check(&members));
    findings.extend(map::check(&map::read(&tree, &members)?));
    findings.extend(rooms::check(&tree));
    findings.extend(generated(workspace)?);
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

/// Generated text that is not what this program's own tables say.
fn generated(workspace: &Workspace) -> Result<Vec<Finding>> {
    let stale = codegen::stale_without_a_build(workspace)?;
    let message = "the generated part is stale; `cargo xtask codegen` writes it";
    Ok(stale.into_iter().map(|path| Finding::new(path, 1, message)).collect())
}
