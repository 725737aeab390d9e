//! What the program is told when it is started. Nothing here says whom it trusts: that was decided when it was built.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// A table of names and numbers, in a program that enforces its license
///
/// What works without a license always works. The license key is read from the file that the configuration names, else from
/// SEALGATE_LICENSE_KEY.
#[derive(Parser)]
#[expect(clippy::doc_markdown, reason = "these texts are shown to people, without markup")]
#[command(version, after_help = EXIT)]
pub(crate) struct Args {
    /// The program's configuration, JSON or TOML, with a section LicenseConfigs
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where the program keeps what it knows of its license
    #[arg(long, value_name = "DIR", default_value = "guarded-app-state")]
    pub(crate) state_dir: PathBuf,
    /// Read commands line by line from standard input. Without a terminal this is the default
    #[arg(long)]
    pub(crate) plain: bool,
    /// Do not look for license files on drives that can be taken out
    #[arg(long)]
    pub(crate) no_drives: bool,
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Say where the program stands, and end
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

const EXIT: &str = "Exit: 0 done, 1 the license forbids to start, 2 usage, 78 configuration";
