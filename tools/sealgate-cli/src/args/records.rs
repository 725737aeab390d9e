//! Events and the audit log.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

#[derive(ClapArgs)]
pub(crate) struct EventsArgs {
    /// Only this license's: key, id, or - for standard input
    #[arg(long, value_name = "ID", group = "which")]
    pub(crate) license: Option<String>,
    /// Only what this request caused
    #[arg(long, value_name = "ID", group = "which")]
    pub(crate) request: Option<String>,
    /// Only refusals with this code
    #[arg(long, value_name = "C", group = "which")]
    pub(crate) code: Option<String>,
    /// At most so many, newest first
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// List who did what, newest first
    List {
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
    },
    /// Write the whole log as JSON lines, oldest first
    Export {
        /// Where to write it
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Check that nothing was changed, inserted or taken away
    Verify {
        /// An exported log; without one, the server's
        file: Option<PathBuf>,
    },
}
