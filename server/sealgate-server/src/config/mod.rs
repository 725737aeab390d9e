//! The configuration of `sealgate serve`.
//!
//! Its keys stand in one table, in [`keys`] and [`limits`]. A row gives a key its name, flag, variable, type, default
//! and meaning. From the table come the command line of `serve`, the configuration file, what `check-config` prints and
//! the table in the operator's guide.

mod check;
mod error;
mod guide;
mod key;
mod keys;
mod limits;
mod sources;
mod value;

pub use error::ConfigError;
pub use guide::{MARKERS, guide_table};
pub use key::{Key, Source};
pub use keys::{Config, DatabaseTls, LogFormat, keys};
pub use limits::{LimitsConfig, Profile};
pub use sources::{Sources, Whence};
