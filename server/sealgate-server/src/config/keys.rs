//! The table of keys, and what each part of the server gets from them.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use super::key::{Key, keys};
use super::limits::{self, LimitsConfig};
use super::value::words;
use crate::Role;
use crate::connections::Connections;

keys! {
    /// What `serve` is told. It has no `Debug` text: a PostgreSQL URL may hold a password.
    pub struct Config, "" {
        /// The server's data directory, with the keys, the owner's token and the embedded database.
        data: Option<PathBuf> = None
            => default("must be given").flag("data", "DIR").variable("SEALGATE_DATA").global();
        /// The address and port to listen on; port 0 picks a free port.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080))
            => default("127.0.0.1:8080").flag("listen", "ADDR");
        /// A PostgreSQL URL, to use PostgreSQL instead of the embedded database.
        database: Option<String> = None
            => default("SQLite in the data directory").flag("database", "URL").variable("SEALGATE_DATABASE").secret();
        /// Whether a database on another machine must prove by TLS that it is the one (`sslmode=verify-full` in its URL);
        /// with `danger_off`, whoever is on the way there can pose as it.
        database_tls: DatabaseTls = DatabaseTls::Proven
            => default("proven").flag("database-tls", "HOW").variable("SEALGATE_DATABASE_TLS");
        /// Which part of the work this process does: authority serves the vendor, runtime answers running software, all
        /// does both.
        role: RoleName = RoleName::All
            => default("all").flag("role", "ROLE");
        /// Where clients reach this server: scheme, host, and the port unless it is the scheme's default. For more than
        /// one, repeat the flag.
        origins: Vec<String> = vec![]
            => default("the address it listens on").flag("origin", "URL");
        /// The format of the log on standard error: text for people, json for programs.
        log: LogFormat = LogFormat::Text
            => default("text").flag("log", "FORMAT");
        /// A file whose first line is the passphrase of the keystore.
        passphrase_file: Option<PathBuf> = None
            => default("the keystore is opened by the file keys/unlock.key in the data directory")
                .flag("passphrase-file", "FILE").variable("SEALGATE_PASSPHRASE_FILE");
        /// Where the vendor is, as a name of the IANA time zone database such as Europe/Berlin: a date that is given as an end
        /// counts to its end there, and months are counted there.
        zone: String = "UTC".to_owned()
            => default("UTC").flag("zone", "NAME").variable("SEALGATE_ZONE");
        /// Proxies that are trusted to report the client's address: IP addresses, or blocks such as 10.0.0.0/8.
        trusted_proxies: Vec<String> = vec![]
            => default("none");
        /// Connections at once; when there are more, those that have sent nothing for longest are closed.
        max_connections: NonZeroU32 = Connections::MOST
            => default("2000");
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
    /// What a database on another machine must prove.
    pub enum DatabaseTls {
        /// That it is the one that the URL names.
        Proven = "proven",
        /// Nothing but what the URL demands.
        DangerOff = "danger_off",
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

/// Every key, in the order of the guide.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    Given::KEYS.iter().chain(limits::Given::KEYS)
}
