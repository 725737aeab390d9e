//! What the environment says to programs of the vendor's.

use std::ffi::OsString;

/// What the environment says that a program of the vendor's may read. None of it is shown.
pub(crate) struct Variables {
    /// `SEALGATE_LICENSE_KEY`.
    pub(crate) license_key: Option<OsString>,
    /// The names of those that name a proxy for others.
    pub(crate) proxies: Vec<&'static str>,
}
