//! Bundles for machines without a network (`spec/offline.md` §5).

use serde::{Deserialize, Serialize};

use crate::{Timestamp, When};

/// For which machines a bundle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum BundleMode {
    /// Those whose keys it names.
    Bound,
    /// So many, whichever they are.
    Pool,
}

/// `POST /api/v1/licenses/{license_id}/bundles`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ExportBundle {
    /// For which machines it is. Absent: those that ask in `requests`, those of the bundle that it replaces, or `pool`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<BundleMode>,
    /// For a pool: how many machines, 1 to 1,000,000. Absent where the bundle replaces one: as many as that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<u32>,
    /// Files of machines that ask (`.sgreq`), each in base64: up to 256.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<String>,
    /// The bundle that this one replaces. A bound one names its machines, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// When it ends. Absent: as late as the license allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<When>,
}

/// `POST /api/v1/offline/respond`: a machine's request, to be answered by a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RespondOffline {
    /// The machine's file (`.sgreq`), in base64.
    pub request: String,
    /// The license, where the request names none. Where it names one, this must be the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_id: Option<String>,
    /// When the bundle ends. Absent: as late as the license allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<When>,
}

/// A bundle that was signed. Its file is downloaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BundleView {
    /// Its id.
    pub bundle_id: String,
    /// The license.
    pub license_id: String,
    /// The license's app.
    pub app_id: String,
    /// Rises by every bundle of the license.
    pub serial: u64,
    /// The version of the license whose terms it carries.
    pub version: u64,
    /// The first bundle of its line: bundles of a line replace each other.
    pub line: String,
    /// For which machines it is.
    pub mode: BundleMode,
    /// How many machines it names, or how many the vendor agreed upon.
    pub machines: u64,
    /// The keys of the machines that it names. Only where one bundle is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub device_keys: Vec<String>,
    /// The statement id of the one request that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The bundle that it replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// The statement's id.
    pub statement_id: String,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// When it ends.
    pub valid_until: Timestamp,
    /// Whether it has not ended: its machines hold their seats until then, also where it was revoked.
    pub live: bool,
    /// Since when it is revoked. Machines learn that from something newer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// Why it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke_reason: Option<String>,
    /// Who had it signed, such as a token's id.
    pub made_by: String,
}

/// Which keys travel in a bundle's file, so that the machine can verify it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum BundleKeys {
    /// Root statements, the keyset and the tenant's keyset.
    #[default]
    All,
    /// The tenant's keyset alone: the machine knows the installation's.
    Tenant,
    /// None: the machine knows them all.
    None,
}

/// `GET /api/v1/bundles/{bundle_id}/file`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct BundleFileQuery {
    /// Which keys travel with the bundle; `all` when absent.
    #[cfg_attr(feature = "openapi", param(inline))]
    pub keys: Option<BundleKeys>,
}
