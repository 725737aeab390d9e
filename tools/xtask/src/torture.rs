//! `cargo xtask torture NAME`: builds the program, then hands over to the crate `torture`, which knows the SDK as this one must not.

use crate::workspace::Workspace;
use harness::failure::Result;
use harness::process;
use std::process::Command;

/// Which bad day, and what its torture wants to be told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Its name and its own options; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Builds the program as the release profile does, and tortures it.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    process::run(&mut workspace.cargo(["build", "--release", "--package", "sealgate-cli"]))?;
    process::run(command(workspace).args(&options.rest))
}

/// The torture of the release program, still without a name.
pub(crate) fn command(workspace: &Workspace) -> Command {
    let mut command = workspace.cargo(["run", "--quiet", "--package", "torture", "--"]);
    command.arg("--binary").arg(workspace.release_binary());
    command
}
