//! `cargo xtask bench NAME`: builds the program under measurement, then hands over to the benches' own workspace.

use crate::failure::Result;
use crate::process;
use crate::workspace::Workspace;

/// Which figure, and what its bench wants to be told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The figure's name
    name: String,
    /// Passed on to the bench
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Builds the release program and runs the bench with its path in `SEALGATE_BIN`.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    process::run(&mut workspace.cargo(["build", "--release", "--package", "sealgate-cli"]))?;
    let mut bench = workspace.cargo(["run", "--release", "--manifest-path", "tools/bench/Cargo.toml", "--"]);
    bench.arg(&options.name).args(&options.rest);
    process::run(bench.env("SEALGATE_BIN", workspace.release_binary()))
}
