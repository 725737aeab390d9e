//! How often a license's devices are to be heard, and what follows where they are not (`spec/license.md` §2.15, §2.21).

use sealgate_store::table::LicenseRow;

/// Without a policy.
const INTERVAL_SECONDS: u64 = 4 * 60 * 60;
const GRACE_SECONDS: u64 = 24 * 60 * 60;
const INSTANCES: u64 = 1;

/// The rhythm of one license.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rhythm {
    pub(super) interval: u64,
    pub(super) grace: u64,
    pub(super) max_instances: u64,
}

impl Rhythm {
    pub(super) fn of(_license: &LicenseRow) -> Self {
        Self { interval: INTERVAL_SECONDS, grace: GRACE_SECONDS, max_instances: INSTANCES }
    }

    /// After so long without a heartbeat, a copy of a program makes room for another.
    pub(super) fn gone_after(self) -> u64 {
        2 * self.interval
    }
}
