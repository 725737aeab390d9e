//! The server and its configuration.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use sealgate_authority::Role;

use crate::commands::config::LogFormat;

#[derive(ClapArgs)]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// A PostgreSQL URL instead of the embedded database
    #[arg(long, value_name = "URL", env = "SEALGATE_DATABASE", hide_env_values = true)]
    pub(crate) database: Option<String>,
    /// Which part of the work: all of it; authority, what the vendor does; or runtime, what running software asks
    #[arg(long, value_name = "ROLE", default_value = "all")]
    pub(crate) role: RoleArg,
    /// Where clients find this server: scheme and host, and a port that is not the scheme's own; several times for
    /// several [default: the address it listens on]
    #[arg(long = "origin", value_name = "URL")]
    pub(crate) origins: Vec<String>,
    /// How the log on standard error is written: text for people, json for programs [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log: Option<LogFormat>,
    /// A file whose first line is the keystore's passphrase; without it, the keystore is opened by the 0600 file
    /// `keys/unlock.key` in the data directory
    #[arg(long, value_name = "FILE", env = "SEALGATE_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// Parts of the work.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RoleArg {
    // Described where it is asked for.
    All,
    Authority,
    Runtime,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::All => Self::All,
            RoleArg::Authority => Self::Authority,
            RoleArg::Runtime => Self::Runtime,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum ServerCommand {
    /// List license servers
    List,
    /// Let a server be certified: its key then answers running software
    Approve {
        /// The server's id, as `server list` shows it
        server_id: String,
    },
    /// Take a server's word away
    Revoke {
        /// The server's id, as `server list` shows it
        server_id: String,
        /// Why, for your own records
        #[arg(long, value_name = "R")]
        reason: Option<String>,
    },
}

#[derive(ClapArgs)]
pub(crate) struct DemoArgs {
    /// End after the last step instead of staying up
    #[arg(long)]
    pub(crate) exit: bool,
    /// Where the demo's server listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
}

#[derive(ClapArgs)]
pub(crate) struct CheckConfigArgs {
    /// The TOML file for `serve --config`
    pub(crate) file: PathBuf,
}
