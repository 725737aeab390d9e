//! What the types of the values do not say.

use std::collections::BTreeSet;

use ipnet::IpNet;
use jiff::tz::TimeZone;
use sealgate_artifact::{Origin, limits};
use sealgate_store::{check_postgres_proves_itself, check_postgres_url};

use super::error::ConfigError;
use super::keys::{Config, DatabaseTls};
use crate::Role;

impl Config {
    /// Whether the values can be used, as far as their types do not say so already.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if let Some(wrong) = self.origins.iter().find(|text| Origin::parse(text).is_none()) {
            return Err(ConfigError::Origin(wrong.clone()));
        }
        let distinct: BTreeSet<_> = self.origins.iter().collect();
        if self.origins.len() > limits::CERTIFICATE_ENTRIES || distinct.len() < self.origins.len() {
            return Err(ConfigError::Origins);
        }
        self.database.as_deref().map_or(Ok(()), check_postgres_url)?;
        if self.database_tls != DatabaseTls::DangerOff {
            self.database.as_deref().map_or(Ok(()), check_postgres_proves_itself)?;
        }
        self.time_zone()?;
        self.proxies().map(drop)
    }

    /// Whether a server can be started with the values, once all of them are known.
    pub(crate) fn check_start(&self) -> Result<(), ConfigError> {
        let role = Role::from(self.role);
        if role != Role::All && self.database.is_none() {
            return Err(ConfigError::Apart);
        }
        // spec/keys.md §5.8: the address that it listens on would be certified.
        if role.has_runtime() && self.origins.is_empty() && self.listen.ip().is_unspecified() {
            return Err(ConfigError::NoOrigin(self.listen));
        }
        Ok(())
    }

    /// Where the vendor is.
    pub(crate) fn time_zone(&self) -> Result<TimeZone, ConfigError> {
        TimeZone::get(&self.zone).map_err(|_| ConfigError::Zone(self.zone.clone()))
    }

    /// Whether whoever is on the way to the database may pose as it, because somebody said so.
    pub(crate) fn database_may_be_another(&self) -> bool {
        self.database.as_deref().is_some_and(|url| check_postgres_proves_itself(url).is_err())
    }

    pub(crate) fn proxies(&self) -> Result<Vec<IpNet>, ConfigError> {
        let read =
            |text: &String| sealgate_rules::parse_net(text).ok_or_else(|| ConfigError::Proxy(text.clone()));
        self.trusted_proxies.iter().map(read).collect()
    }
}
