//! `cargo xtask torture NAME`: reliability under violence, with seeds that reproduce a failure.

mod books;
mod client;
pub(crate) mod crash;
mod ledger;
mod random;
mod server;

use crate::failure::Result;
use crate::workspace::Workspace;

/// The kinds of violence.
#[derive(clap::Subcommand)]
pub(crate) enum Torture {
    /// Kill -9 the server at random moments under load; what it acknowledged must be there afterwards
    Crash(crash::Options),
}

/// Runs one kind.
pub(crate) fn run(workspace: &Workspace, torture: &Torture) -> Result<()> {
    match torture {
        Torture::Crash(options) => crash::command(workspace, options),
    }
}
