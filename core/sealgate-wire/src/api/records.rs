//! Events and the audit log (`spec/http.md` §3.13, `spec/audit.md`).

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Something that happened to a license.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventView {
    /// Its id.
    pub event_id: String,
    /// When.
    pub at: Timestamp,
    /// What, as in `device_bound`.
    pub kind: String,
    /// The code of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// With `blocked`: whether the license is `suspended`, or an access list bars the `device` or its `address`. Whoever asked was not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// The app's slug, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The license.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_id: Option<String>,
    /// The device, where one was involved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// With `device_moved`: the device that held the seat before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<String>,
    /// The request that caused it.
    pub request_id: String,
    /// How often.
    pub count: u64,
}

/// Which events: those that fulfil all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct EventQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wished, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
    /// `true`: no items, but how many this request found; those of all pages together are all.
    pub count: Option<bool>,
    /// Only this license's.
    pub license_id: Option<String>,
    /// Only what this request caused.
    pub request_id: Option<String>,
    /// Only refusals with this code.
    pub code: Option<String>,
}

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditView {
    /// Its id.
    pub audit_id: String,
    /// Its number in the chain, within a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The chain's hash up to here, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Who, as in `token:…`.
    pub actor: String,
    /// What, as in `license.revoked`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// The slug of that where it is an app, a plan or, for a token with the scope `customers:read`, a customer that has one. In
    /// lists, and in no export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_slug: Option<String>,
    /// How: a JSON object, as the text that the chain covers.
    pub detail: String,
    /// The request that caused it.
    pub request_id: String,
}

/// Which rows.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wished, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// A part of the chain, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditExport {
    /// Whose log it is.
    pub tenant_id: String,
    /// Rows after the one asked for, at most 1,000.
    pub items: Vec<AuditView>,
    /// The end of the chain.
    pub head: AuditHead,
}

/// The end of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditHead {
    /// The number of the last row; 0 when there is none.
    pub seq: u64,
    /// Its hash, hexadecimal.
    pub hash: String,
}

/// Where to go on.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// The number of the last row that is known; 0 when absent.
    pub after: Option<u64>,
}
