//! Plans: templates that licenses are issued from (`spec/http.md` §3.9).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Allowances, AllowancesChange, OfflineChange, OfflinePermit, Policy, Seats, Timestamp, Variable};

/// `POST /api/v1/plans`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreatePlan {
    /// The app; the tenant's only one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub app_id: Option<String>,
    /// 1 to 64 characters, unique for the app.
    pub name: String,
    /// What people write in the place of its id: 1 to 63 lower-case letters, digits and single hyphens between them, unique
    /// for the app. Made from the name when absent; none when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// `free`, `licensed` or `enterprise`.
    pub tier: String,
    /// Features beyond the tier, at most 128.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<Feature>>,
    /// Numbers that the software holds itself to, at most 32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Vec<Limit>>,
    /// Seats of each license; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_devices: Option<Seats>,
    /// How long a license lasts, such as `365d`, `3m` or `1y`: 1 to 36,500 days, 1 to 1,200 months, 1 to 100 years; forever when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// Makes its licenses trials. They need no duration, and are never handed out as files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
    /// Whether licenses may be handed out as files; not when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<bool>,
    /// What the software enforces; nothing when absent. Programs need an SDK that enforces policies: others refuse the license.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// Copies of the program that may run on one device at once, 1 to 1,000; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_instances: Option<u64>,
    /// Licenses may go to machines without a network; not when absent. A trial's may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<OfflinePermit>,
    /// What the customer may do without asking the vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowances: Option<Allowances>,
    /// What licenses hand to running software, in the form and within the room of an app's variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<BTreeMap<String, Variable>>,
    /// What a license says about its buyer: these fields of the customer; nothing when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licensee: Option<Vec<LicenseeField>>,
}

/// `PATCH /api/v1/plans/{plan_id}`: what is absent stays. Licenses that were issued keep their terms. How features, limits and
/// variables change: `spec/http.md` §3.9.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdatePlan {
    /// 1 to 64 characters, unique for the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What people write in the place of its id; none when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// `free`, `licensed` or `enterprise`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Features that come, or get another value. The others stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<Feature>>,
    /// Names of features that go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove_features: Option<Vec<String>>,
    /// All features from now on, instead of the two before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replace_features: Option<Vec<Feature>>,
    /// Limits that come, or get another value. The others stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Vec<Limit>>,
    /// Names of limits that go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove_limits: Option<Vec<String>>,
    /// All limits from now on, instead of the two before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replace_limits: Option<Vec<Limit>>,
    /// Seats of each license.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_devices: Option<Seats>,
    /// How long a license lasts; `null`: forever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub duration: Option<Option<String>>,
    /// Makes licenses from it trials; `null`: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub trial: Option<Option<Trial>>,
    /// Whether licenses may be handed out as files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<bool>,
    /// What the software enforces, all of it; `null` nothing. Programs need an SDK that enforces policies: others refuse the
    /// license.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub policy: Option<Option<Policy>>,
    /// Copies of the program that may run on one device at once, 1 to 1,000; `null` 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub max_instances: Option<Option<u64>>,
    /// Whether licenses may go to machines without a network, for how long, to how many; `null` not. A trial's may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub offline: Option<Option<OfflineChange>>,
    /// What the customer may do without asking the vendor; `null` the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub allowances: Option<Option<AllowancesChange>>,
    /// Variables that come, or get another value. The others stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<BTreeMap<String, Variable>>,
    /// Names of variables that go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove_variables: Option<Vec<String>>,
    /// All variables from now on, instead of the two before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replace_variables: Option<BTreeMap<String, Variable>>,
    /// What a license says about its buyer: these fields of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licensee: Option<Vec<LicenseeField>>,
}

/// A plan as the vendor sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanView {
    /// Its id.
    pub plan_id: String,
    /// The app.
    pub app_id: String,
    /// The app's slug, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Its name.
    pub name: String,
    /// What people write in the place of its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// `free`, `licensed` or `enterprise`.
    pub tier: String,
    /// Features beyond the tier.
    pub features: Vec<Feature>,
    /// Numbers that the software holds itself to.
    pub limits: Vec<Limit>,
    /// Seats of each license.
    pub max_devices: Seats,
    /// How long a license lasts, such as `365d`, `3m` or `1y`; absent: forever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// Its licenses are trials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
    /// Whether licenses may be handed out as files.
    pub files: bool,
    /// What the software enforces; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// Copies of the program that may run on one device at once; absent: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_instances: Option<u64>,
    /// How licenses may go to machines without a network; absent: they may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<OfflinePermit>,
    /// What the customer may do without asking the vendor; absent: the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowances: Option<Allowances>,
    /// What licenses hand to running software.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Variable>,
    /// What a license says about its buyer: these fields of the customer; absent: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licensee: Vec<LicenseeField>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How a license can be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Days from first use on, 1 to 3,650.
    pub days: u32,
    /// For whom there is one trial of the app: `device` when absent.
    #[serde(default)]
    pub per: TrialPer,
}

/// For whom there is one trial of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TrialPer {
    /// Each device, by what its client says of the machine.
    #[default]
    Device,
    /// Each customer: all devices of the license end together.
    Customer,
}

/// A feature that a plan or a license grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// 1 to 32 bytes, none of them a control character.
    pub name: String,
    /// A value for the software: 1 to 64 bytes, none of them a control character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A number that the software holds itself to, as in `projects: 10`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// 1 to 32 bytes, none of them a control character.
    pub name: String,
    /// The number: 0 to 2^53 − 1.
    pub value: u64,
}

/// What a license may say about its buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LicenseeField {
    /// The customer's name.
    Name,
    /// The customer's company.
    Company,
    /// The customer's e-mail address.
    Email,
}
