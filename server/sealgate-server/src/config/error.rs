//! What is wrong with a configuration.

use sealgate_artifact::Code;
use sealgate_store::UrlError;

use super::keys::keys;

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A line of the file is not what it must be.
    #[error("{path}: line {line}: {}", without_password(.why))]
    Line {
        /// The file.
        path: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// No data directory is named.
    #[error("no data directory was given")]
    NoData,
    /// A client could not compare this with the address that it was told (`spec/keys.md` §5.9).
    #[error("{}: not an origin", without_password(.0))]
    Origin(String),
    /// The days of an unknown place have no end.
    #[error("zone: {0}: not a time zone")]
    Zone(String),
    /// What could not be certified (`spec/keys.md` §5.8).
    #[error("origins: there are more than 16, or one is listed twice")]
    Origins,
    /// No client can ask for an address that stands for all of a machine's.
    #[error("origins: a server that listens on {0} must be told where clients find it")]
    NoOrigin(std::net::SocketAddr),
    /// Several processes cannot share an SQLite file.
    #[error("role: authority and runtime apart share a database, and only PostgreSQL can be shared")]
    Apart,
    /// Neither an address nor a block of addresses.
    #[error("trusted_proxies: {} is neither an address nor a block of addresses", without_password(.0))]
    Proxy(String),
    /// The driver would read the database's URL otherwise than it is meant, or log a part of it.
    #[error(transparent)]
    Database(#[from] UrlError),
}

impl ConfigError {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        Code::ConfigInvalid
    }

    /// What to do about it.
    pub fn fix(&self) -> Option<String> {
        match self {
            Self::Unreadable { .. } => None,
            Self::Line { .. } => Some(format!("use only these keys: {}", accepted())),
            Self::Zone(_) => {
                Some("give a name of the IANA time zone database, such as Europe/Berlin, or UTC".to_owned())
            }
            Self::NoData => Some("give --data DIR".to_owned()),
            Self::Origin(_) => Some(
                "give scheme, host and port as in https://licenses.example.com, and nothing after the port"
                    .to_owned(),
            ),
            Self::NoOrigin(_) => Some(
                "give --origin https://HOST, the address that clients call; or listen on one address, such as 127.0.0.1:8080"
                    .to_owned(),
            ),
            Self::Apart => {
                Some("give --database postgres://…, or run one process with --role all".to_owned())
            }
            Self::Origins => Some("give each origin once, and at most 16".to_owned()),
            Self::Proxy(_) => Some("give IP addresses, or blocks such as 10.0.0.0/8".to_owned()),
            Self::Database(why) => Some(why.fix().to_owned()),
        }
    }
}

/// A database's URL may stand where something else should.
fn without_password(text: &str) -> &str {
    let may_have_one = ["@", "://", "password"].iter().any(|part| text.contains(part));
    let is_plain = text.starts_with("http") && !text.contains('@');
    if may_have_one && !is_plain { "something that may hold a password, so it is not repeated" } else { text }
}

/// `data, listen, … and [limits]`.
fn accepted() -> String {
    let mut names: Vec<String> = vec![];
    for key in keys() {
        let name =
            key.name.split_once('.').map_or(key.name.to_owned(), |(section, _)| format!("[{section}]"));
        if names.last() != Some(&name) {
            names.push(name);
        }
    }
    let last = names.pop().unwrap_or_default();
    format!("{} and {last}", names.join(", "))
}
