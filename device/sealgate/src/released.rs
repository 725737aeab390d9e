//! A seat that was given back (`spec/online.md` §9).

use sealgate_artifact::{Decision, LicenseId};

/// The vendor's server says, in a verified decision, that the device holds no seat of the license any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Released {
    /// The license.
    pub license: LicenseId,
    /// How many devices use it now, as the server says.
    pub devices_used: Option<u64>,
}

impl Released {
    pub(crate) fn new(license: LicenseId, said: &Decision) -> Self {
        Self { license, devices_used: said.devices_used }
    }
}
