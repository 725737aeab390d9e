//! The server and its configuration.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::commands::config::LogFormat;

#[derive(ClapArgs)]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// A PostgreSQL URL instead of the embedded database
    #[arg(long, value_name = "URL", env = "SEALGATE_DATABASE", hide_env_values = true)]
    pub(crate) database: Option<String>,
    /// How the log on standard error is written: text for people, json for programs [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log: Option<LogFormat>,
    /// A file whose first line is the keystore's passphrase; without it, the keystore is opened by the 0600 file
    /// `keys/unlock.key` in the data directory
    #[arg(long, value_name = "FILE", env = "SEALGATE_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
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
