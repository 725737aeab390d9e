//! Releases, and which modules a license may have (`spec/http.md` §3.20).

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// `POST /api/v1/apps/{app_id}/releases`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PublishRelease {
    /// The product's version: 1 to 64 bytes, none of them a control character.
    pub version: String,
    /// What it runs on, such as `linux/x86_64`, likewise.
    pub target: String,
    /// The package's length in bytes: 0 to 2^53 − 1.
    pub length: u64,
    /// The package's SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// The files that it puts on a machine, at most 1,024. They are approved for every license of the app.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<ListedModule>,
}

/// A file of a program, as the vendor lists it. What the file does not say of itself is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ListedModule {
    /// Its name without folders, 1 to 128 bytes.
    pub name: String,
    /// SHA-256 of the whole file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// The version that stands in it, 1 to 64 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Who signed it, as it says itself, 1 to 64 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

/// A release that the vendor published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseView {
    /// Its id.
    pub release_id: String,
    /// The app.
    pub app_id: String,
    /// The app's slug, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The product's version.
    pub version: String,
    /// What it runs on.
    pub target: String,
    /// The package's length in bytes.
    pub length: u64,
    /// The package's SHA-256.
    pub sha256: String,
    /// How many modules it lists.
    pub modules: u64,
    /// When it was published.
    pub published_at: Timestamp,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke_reason: Option<String>,
}

/// `POST /api/v1/licenses/{license_id}/approvals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SubmitModules {
    /// Modules that are to wait for a decision about this license, 1 to 1,024.
    pub modules: Vec<ListedModule>,
}

/// `POST /api/v1/licenses/{license_id}/approvals/approve` and `reject`: all of them or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DecideModules {
    /// Which modules of the license, 1 to 1,024.
    pub approval_ids: Vec<String>,
    /// Why, up to 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What became of a license's modules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovalsChanged {
    /// The license.
    pub license_id: String,
    /// How many of the modules are new, or stand elsewhere now. The others were so already.
    pub changed: u64,
}

/// A module of one license.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovalView {
    /// Its id.
    pub approval_id: String,
    /// The license. It counts for no other one.
    pub license_id: String,
    /// The license's app.
    pub app_id: String,
    /// The app's slug, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Where it stands.
    pub status: String,
    /// Who named it: a device that had it, or the vendor.
    pub source: String,
    /// The file's name, without folders.
    pub name: String,
    /// SHA-256 of the whole file.
    pub sha256: String,
    /// The version that stands in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Who signed it, as it says itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// When it was named.
    pub submitted_at: Timestamp,
    /// When the vendor decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Which modules of licenses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct ApprovalQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wished, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
    /// `true`: no items, but how many this request found; those of all pages together are all.
    pub count: Option<bool>,
    /// Only this license's.
    pub license_id: Option<String>,
    /// Only those of licenses of this app.
    pub app_id: Option<String>,
    /// Only those that stand there.
    pub status: Option<String>,
}
