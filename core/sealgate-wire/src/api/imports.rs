//! Licenses from elsewhere, and what an export needs (`spec/http.md` §3.2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Feature, LicenseKeyShown, Licensee, Limit, Seats, Timestamp, Variable, When};

/// `POST /api/v1/licenses/import`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImportLicenses {
    /// The app that was sold.
    pub app_id: String,
    /// Only say what would become of each row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// The licenses, 1 to 200.
    pub rows: Vec<ImportRow>,
}

/// A license to be made, once for ever. What is absent comes from the plan, as in the request that issues licenses.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImportRow {
    /// What the row is known by: 1 to 128 bytes. No two licenses of the app are made under the same name.
    pub name: String,
    /// The id that the license has where it comes from. If a license of the tenant has it, the row makes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_id: Option<String>,
    /// The plan whose terms it gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_id: Option<String>,
    /// `free`, `licensed` or `enterprise`, in place of the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// All of its features, in place of the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<Feature>>,
    /// All of its limits, in place of the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Vec<Limit>>,
    /// All that it hands to running software, in place of the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<BTreeMap<String, Variable>>,
    /// Seats, in place of the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_devices: Option<Seats>,
    /// When it ends, in place of the plan's duration; `null` never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub expires_at: Option<Option<When>>,
    /// The vendor's own note, up to 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The id of the customer who bought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// What the license says about its buyer, in place of what the plan takes from the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licensee: Option<Licensee>,
    /// The vendor's own name for the license, unique in the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// A key that another system gave it: it counts beside the license's own one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_key: Option<String>,
    /// Devices that take seats of it, at most 100, as their clients name them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hwids: Vec<String>,
    /// Whether it begins suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<bool>,
}

/// What became of the rows, in their order.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LicensesImported {
    /// As many as were sent.
    pub rows: Vec<ImportedRow>,
}

/// What became of one row.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportedRow {
    /// `imported`; `there`, where the row's license exists already; or `refused`. In a dry run, `imported` is what would be.
    pub outcome: String,
    /// The license. Of one that was there, or has what the row was refused for, for a caller who may see licenses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_id: Option<String>,
    /// The key of a new license, to send to the customer. A secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_key: Option<String>,
    /// When a new license ends; absent for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Devices of the row that got seats of a license that was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices_added: Option<u64>,
    /// Devices of the row that did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices_left_out: Option<u64>,
    /// Why it was refused, or devices of it left out: a code of `spec/errors.md`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The field that it was refused for, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Why it was refused, or devices of it left out, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// `POST /api/v1/licenses/reveal-keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RevealKeys {
    /// The licenses whose keys to show, 1 to 200 different ones.
    pub license_ids: Vec<String>,
}

/// The keys of licenses. Secrets.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LicenseKeysShown {
    /// In the order in which they were asked for.
    pub licenses: Vec<LicenseKeyShown>,
}
