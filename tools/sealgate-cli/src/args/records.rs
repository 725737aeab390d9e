//! Events and the audit log.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::NewestArgs;

#[derive(ClapArgs)]
pub(crate) struct EventsArgs {
    /// Only events of this license: its key, its id, external:X with your own name for it, or - to read one from standard input
    #[arg(long, value_name = "ID")]
    pub(crate) license: Option<String>,
    /// Only events that this request caused
    #[arg(long, value_name = "ID")]
    pub(crate) request: Option<String>,
    /// Only refusals with this code
    #[arg(long, value_name = "C")]
    pub(crate) code: Option<String>,
    #[command(flatten)]
    pub(crate) part: NewestArgs,
}

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// List who did what, newest first
    List(NewestArgs),
    /// Write the whole log as JSON lines, oldest first
    Export {
        /// Where to write the log, or - for standard output
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Check that no row was changed, inserted or removed
    Verify {
        /// An exported log, or - for standard input; without it, the server's log is checked
        file: Option<PathBuf>,
        /// A head that you kept: the log must still go through it
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
}
