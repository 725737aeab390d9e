//! `sealgate check-config`, and reading the configuration.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use sealgate_artifact::{Code, Origin};
use serde::{Deserialize, Serialize};

use super::limits::LimitsConfig;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, say};

/// The configuration file of `serve`. Flags win over it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The data directory.
    pub(crate) data: Option<PathBuf>,
    /// Where to listen.
    pub(crate) listen: Option<SocketAddr>,
    /// A PostgreSQL URL instead of the embedded database.
    pub(crate) database: Option<String>,
    /// `text` or `json`.
    pub(crate) log: Option<LogFormat>,
    /// Proxies whose word on a client's address is taken: addresses, or blocks as in `10.0.0.0/8`.
    #[serde(default)]
    pub(crate) trusted_proxies: Vec<String>,
    /// Where clients find this server, as in `https://licenses.example.com`.
    #[serde(default)]
    pub(crate) origins: Vec<String>,
    /// How often somebody may ask.
    #[serde(default)]
    pub(crate) limits: LimitsConfig,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    // For people.
    Text,
    // One JSON object a line.
    Json,
}

impl Config {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let invalid = |why: String| Failure::new(Code::ConfigInvalid, format!("{}: {why}", path.display()));
        let bytes = files::read(path).map_err(|e| invalid(e.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| invalid("not UTF-8".to_owned()))?;
        let config: Self = toml::from_str(&text).map_err(|e| {
            let line =
                e.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            invalid(format!("line {line}: {}", e.message()))
                .fix("it takes data, listen, database, log, trusted_proxies, origins and [limits]")
        })?;
        config.proxies()?;
        check_origins(&config.origins)?;
        Ok(config)
    }

    /// The trusted proxies as blocks.
    pub(crate) fn proxies(&self) -> Result<Vec<IpNet>, Failure> {
        let read = |text: &String| {
            sealgate_rules::parse_net(text).ok_or_else(|| {
                Failure::new(Code::ConfigInvalid, format!("trusted_proxies: {text}"))
                    .fix("give addresses, or blocks as in 10.0.0.0/8")
            })
        };
        self.trusted_proxies.iter().map(read).collect()
    }
}

/// Whether clients can compare each with what they were told (`spec/keys.md` §5.9).
pub(crate) fn check_origins(origins: &[String]) -> Result<(), Failure> {
    match origins.iter().find(|origin| Origin::parse(origin).is_none()) {
        None => Ok(()),
        Some(wrong) => Err(Failure::new(Code::ConfigInvalid, format!("{wrong}: not an origin"))
            .fix("give scheme, host and port as in https://licenses.example.com, and nothing behind them")),
    }
}

pub(crate) fn check(path: &Path, output: &Output) -> Result<(), Failure> {
    let config = Config::read(path)?;
    let result = serde_json::json!({
        "data": config.data,
        "listen": config.listen,
        "log": config.log,
        // A URL may hold a password.
        "database": config.database.as_ref().map(|_| "set"),
        "trusted_proxies": config.trusted_proxies,
        "origins": config.origins,
    });
    output.result(&result, |_| say!("{}: usable", path.display()));
    Ok(())
}
