//! The table of keys, and what each part of the server gets from them.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use sealgate_artifact::Origin;

use super::key::keys;
use super::value::words;
use super::{ConfigError, LimitsConfig, limits};
use crate::Role;

keys! {
    /// What `serve` is told. It has no `Debug` text: a PostgreSQL URL may hold a password.
    pub struct Config, "" {
        /// The server's data directory, with the keys, the owner's token and the embedded database.
        data: Option<PathBuf> = None
            => default("must be given").flag("data", "DIR").variable("SEALGATE_DATA").global();
        /// Where to listen; port 0 takes a free one.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080))
            => default("127.0.0.1:8080").flag("listen", "ADDR");
        /// A PostgreSQL URL, to use PostgreSQL instead of the embedded database.
        database: Option<String> = None
            => default("SQLite in the data directory").flag("database", "URL").variable("SEALGATE_DATABASE").secret();
        /// Which part of the work this process does: authority serves the vendor, runtime answers running software, all
        /// does both.
        role: RoleName = RoleName::All
            => default("all").flag("role", "ROLE");
        /// Where clients reach this server: scheme and host, and the port unless it is the scheme's own; several times
        /// for several.
        origins: Vec<String> = vec![]
            => default("the address it listens on").flag("origin", "URL");
        /// How the log on standard error is written: text for people, json for programs.
        log: LogFormat = LogFormat::Text
            => default("text").flag("log", "FORMAT");
        /// A file whose first line is the passphrase of the keystore.
        passphrase_file: Option<PathBuf> = None
            => default("the keystore is opened by the file keys/unlock.key in the data directory")
                .flag("passphrase-file", "FILE").variable("SEALGATE_PASSPHRASE_FILE");
        /// Proxies whose word on a client's address is trusted: addresses, or blocks as in 10.0.0.0/8.
        trusted_proxies: Vec<String> = vec![]
            => default("none");
        [limits]: LimitsConfig = limits::Given;
    }
}

words! {
    /// How the log is written.
    pub enum LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

words! {
    /// A [`Role`] as operators spell it.
    pub enum RoleName {
        /// [`Role::All`].
        All = "all",
        /// [`Role::Authority`].
        Authority = "authority",
        /// [`Role::Runtime`].
        Runtime = "runtime",
    }
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::All => Self::All,
            RoleName::Authority => Self::Authority,
            RoleName::Runtime => Self::Runtime,
        }
    }
}

impl Config {
    /// Whether the values can be used, as far as their types do not say so already.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if let Some(wrong) = self.origins.iter().find(|text| Origin::parse(text).is_none()) {
            return Err(ConfigError::Origin(wrong.clone()));
        }
        self.proxies().map(drop)
    }

    pub(crate) fn proxies(&self) -> Result<Vec<IpNet>, ConfigError> {
        let read =
            |text: &String| sealgate_rules::parse_net(text).ok_or_else(|| ConfigError::Proxy(text.clone()));
        self.trusted_proxies.iter().map(read).collect()
    }
}
