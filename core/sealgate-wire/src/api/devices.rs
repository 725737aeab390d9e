//! Devices (`spec/http.md` §3.10).

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A device that holds a seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceView {
    /// Its id.
    pub device_id: String,
    /// The license.
    pub license_id: String,
    /// `hwid`: named by the client in its own words.
    pub kind: String,
    /// The name.
    pub identity: String,
    /// When it took the seat.
    pub first_seen: Timestamp,
}

/// Which devices.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct DeviceQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wished, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
    /// Only this license's.
    pub license_id: Option<String>,
}
