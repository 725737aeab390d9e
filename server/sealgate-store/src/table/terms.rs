//! What a plan promises and a license grants: columns that both tables have.

use sealgate_artifact::{Conditions, MaxDevices, Tier};

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
    /// Whether licenses may be handed out as files.
    pub files: bool,
    /// As JSON, in the spelling of a license's payload.
    pub conditions: Conditions,
    /// Two columns: `None` where it is no trial.
    pub trial: Option<Trial>,
}

/// What can be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// How many days, from first use on.
    pub days: u32,
    /// For whom there is one.
    pub per: TrialPer,
}

/// For whom there is one trial of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrialPer {
    /// Each device.
    Device,
    /// Each customer.
    Customer,
}

impl TrialPer {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Customer => "customer",
        }
    }

    /// That of this name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Device, Self::Customer].into_iter().find(|per| per.as_str() == text)
    }
}

fn trial(row: &Row) -> Result<Option<Trial>, StoreError> {
    let days: Option<i64> = row.get("trial_days")?;
    let read =
        |_| Ok(Trial { days: small(row, "trial_days")?, per: parsed(row, "trial_per", TrialPer::parse)? });
    days.map(read).transpose()
}

impl FromRow for Terms {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            tier: parsed(row, "tier", Tier::parse)?,
            features: row.get("features")?,
            limits: row.get("limits")?,
            max_devices: seats(row)?,
            files: flag(row, "files")?,
            conditions: parsed(row, "conditions", |text| Conditions::parse(text).ok())?,
            trial: trial(row)?,
        })
    }
}
