//! Profiles: a server's address and a token, kept for later commands.

use clap::{Args as ClapArgs, Subcommand};

#[derive(Subcommand)]
pub(crate) enum ProfileCommand {
    /// List profiles; the default one is marked
    List,
    /// Show a profile without its token
    Show(ProfileArg),
    /// Make a profile the default
    Use {
        /// The profile's name
        name: String,
    },
}

#[derive(ClapArgs)]
pub(crate) struct ProfileArg {
    /// The profile's name [default: the one that commands use]
    pub(crate) name: Option<String>,
}

pub(crate) const LOGIN: &str = "\
The token is asked for and not shown while you type. In a script, give it on standard input or in SEALGATE_TOKEN: what stands in the \
arguments, others on the machine can read.

Examples:
  sealgate login --url https://licenses.example.com
  sealgate login --profile shop --url https://licenses.example.com --token - < token.txt

Commands take server and token from flags, then from the environment, then from the default profile. A profile's token is never sent \
to another server than the profile's.";
