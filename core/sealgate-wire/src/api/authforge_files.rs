//! License files on AuthForge's wire (`spec/http.md` §3.14).

use serde::{Deserialize, Serialize};

use crate::{Timestamp, When};

/// `POST /api/v1/licenses/{license_id}/authforge-file`: exactly one of `hwid`, `any` and `request`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MakeAuthforgeFile {
    /// The device, as its client names it; it takes a seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hwid: Option<String>,
    /// `true`: the file counts on every device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any: Option<bool>,
    /// The text of the `.authforge-request` file in which the device names itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// When the file ends, not after its license; `null` never; with the license when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub expires_at: Option<Option<When>>,
}

/// A file for the customer. It holds a license key, so it has no `Debug` text.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuthforgeFile {
    /// The armored text.
    pub file: String,
    /// What to call it on a disk.
    pub file_name: String,
    /// Names this file among all.
    pub jti: String,
    /// When it ends; `null` never.
    pub expires_at: Option<Timestamp>,
}
