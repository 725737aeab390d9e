//! `cargo xtask mutants`: breaks the rules and what verifies, one change at a time, and runs their tests: which changes no test sees.

use crate::workspace::Workspace;
use harness::failure::{Failure, Result};
use harness::process;

/// What decides and what verifies. The other crates of the core read and write formats, which the vectors judge.
const CRATES: [&str; 2] = ["sealgate-rules", "sealgate-trust"];

/// What to break.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Passed on to `cargo mutants`, such as `--file core/sealgate-rules/src/heartbeat.rs`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Runs `cargo mutants`, which this project does not build and no stage of the tests needs. Its own list is in `mutants.out`, in the
/// target folder.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if !process::succeeds(&mut workspace.cargo(["mutants", "--version"])) {
        return Err(Failure::new(
            "cargo-mutants is not installed; run `cargo install --locked cargo-mutants`",
        ));
    }
    let mut mutants = workspace.cargo(["mutants", "--output"]);
    mutants.arg(workspace.target());
    for name in CRATES {
        mutants.args(["--package", name]);
    }
    process::run(mutants.args(&options.rest))
}
