//! Access lists (`spec/http.md` §3.11).

use serde::{Deserialize, Serialize};

use crate::{Timestamp, When};

/// `POST /api/v1/access`: one of `hwid` and `ip`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AddAccess {
    /// The app; the tenant's only one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub app_id: Option<String>,
    /// `allow` or `deny`.
    pub effect: String,
    /// A device, 1 to 128 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hwid: Option<String>,
    /// An address, or a block in CIDR notation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Why, up to 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Until when it counts; forever when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<When>,
}

/// An entry of an access list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessView {
    /// Its id.
    pub entry_id: String,
    /// The app.
    pub app_id: String,
    /// The app's slug, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The one license that it counts for; absent where it counts for all of the app's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_id: Option<String>,
    /// Who made it: `vendor`, or `self_ban` where a client reported itself.
    pub source: String,
    /// `allow` or `deny`.
    pub effect: String,
    /// The device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hwid: Option<String>,
    /// The block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}
