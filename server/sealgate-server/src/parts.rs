//! What each part of the server is told, by the configuration.

use std::net::SocketAddr;

use crate::StartError;
use crate::assembly::{Options, unlock};
use crate::config::{Config, ConfigError, Profile};

/// What each part of the server is told.
pub struct Parts {
    /// Where to listen.
    pub listen: SocketAddr,
    /// For [`crate::assembly::start`]. Without origins there, the server's own address is meant.
    pub options: Options,
    /// For [`crate::listen::serve`].
    pub http: sealgate_http::Settings,
    /// Whether nobody is limited.
    pub limits_are_off: bool,
}

impl Parts {
    /// Hands each value to the part of the server that needs it. A passphrase is read now.
    pub fn new(config: Config) -> Result<Self, StartError> {
        let trusted_proxies = config.proxies()?;
        // Every field is named, so that a key that is forgotten here does not compile. The log is set up before this.
        let Config {
            data,
            listen,
            database,
            role,
            origins,
            log: _,
            passphrase_file,
            trusted_proxies: _,
            limits,
        } = config;
        let data = data.ok_or(ConfigError::NoData)?;
        let unlock = unlock(passphrase_file.as_deref())?;
        let limits_are_off = limits.profile == Profile::DangerOff;
        let limits = limits.into_limits();
        Ok(Self {
            listen,
            options: Options { data, database, unlock, limits, role: role.into(), origins },
            http: sealgate_http::Settings { trusted_proxies },
            limits_are_off,
        })
    }
}
