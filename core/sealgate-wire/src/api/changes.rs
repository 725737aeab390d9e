//! What a change of a license would do, and its keys (`spec/http.md` §3.2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Allowances, Feature, Licensee, Limit, OfflinePermit, Policy, Seats, Timestamp, Variable};

/// What `PATCH /api/v1/licenses/{license_id}`, or its renewal, would do with the same body. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LicensePreview {
    /// The license.
    pub license_id: String,
    /// Its terms now.
    pub before: LicenseTerms,
    /// Its terms after the change.
    pub after: LicenseTerms,
    /// Names of the terms that would change.
    pub changed: Vec<String>,
    /// Those of them that would grant less, or something else, than now.
    pub lessened: Vec<String>,
    /// The newest signed version.
    pub version: u64,
    /// Whether the change would make a new one: files that were handed out before keep the old terms until they are replaced, or taken back where `lessened` names something.
    pub new_version: bool,
    /// Seats taken now.
    pub devices_used: u64,
    /// How many devices `release` must name beyond those that it names.
    pub devices_to_release: u64,
}

/// What a change of a license can change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LicenseTerms {
    /// The plan whose terms it got.
    pub plan_id: Option<String>,
    /// That plan's slug, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// `free`, `licensed` or `enterprise`.
    pub tier: String,
    /// Features beyond the tier.
    pub features: Vec<Feature>,
    /// Numbers that the software holds itself to.
    pub limits: Vec<Limit>,
    /// What it hands to running software.
    pub variables: BTreeMap<String, Variable>,
    /// Seats.
    pub max_devices: Seats,
    /// When it ends; `null` never.
    pub expires_at: Option<Timestamp>,
    /// Whether it may be handed out as a file.
    pub files: bool,
    /// What the software enforces; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// Copies of the program that may run on one device at once; absent: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_instances: Option<u64>,
    /// How it may go to machines without a network; absent: it may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<OfflinePermit>,
    /// What the customer may do without asking the vendor; absent: the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowances: Option<Allowances>,
    /// How many days it can be tried; `null` where it is no trial.
    pub trial_days: Option<u32>,
    /// For whom there is one trial, `device` or `customer`; `null` where it is no trial.
    pub trial_per: Option<String>,
    /// The vendor's own note.
    pub label: Option<String>,
    /// The id of the customer who bought it.
    pub customer_id: Option<String>,
    /// The customer's slug, where it has one, for a token with the scope `customers:read`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// What it says about its buyer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licensee: Option<Licensee>,
}

/// The key of a license. A secret.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LicenseKeyShown {
    /// The license.
    pub license_id: String,
    /// Its key.
    pub license_key: String,
}
