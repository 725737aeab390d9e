//! What a plan promises and a license grants: columns that both tables have.

use sealgate_artifact::{MaxDevices, Tier};

use crate::StoreError;
use crate::columns::{flag, parsed, seats, small};
use crate::sql::{FromRow, Row};

/// What a plan promises and a license grants.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct Terms {
    pub tier: Tier,
    /// Features beyond those of the tier, as JSON.
    pub features: String,
    /// Numbers for the software, as JSON.
    pub limits: String,
    pub max_devices: MaxDevices,
    /// Whether licenses may be handed out for use offline.
    pub offline: bool,
    /// How often a year a seat may be released before its device has gone, for each seat.
    pub releases_per_seat: u32,
}

impl FromRow for Terms {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            tier: parsed(row, "tier", Tier::parse)?,
            features: row.get("features")?,
            limits: row.get("limits")?,
            max_devices: seats(row)?,
            offline: flag(row, "offline")?,
            releases_per_seat: small(row, "releases_per_seat")?,
        })
    }
}
