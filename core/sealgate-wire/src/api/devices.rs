//! Devices (`spec/http.md` §3.10).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Timestamp;

/// A device that holds a seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceView {
    /// The id of its seat, which stays where the seat moves.
    pub device_id: String,
    /// The license.
    pub license_id: String,
    /// `hwid`: named by the client in its own words.
    pub kind: String,
    /// The name.
    pub identity: String,
    /// When the seat was taken.
    pub first_seen: Timestamp,
    /// When it was let in last, to the hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// What it calls itself, such as its host name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its operating system and processor, as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The version of the program that asked last, as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_version: Option<String>,
    /// What the program tells about the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// When the trial began that the license is for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_began: Option<Timestamp>,
    /// The identity of the device of the same machine that held the seat before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<String>,
    /// When the seat moved to it from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_at: Option<Timestamp>,
    /// Until when it holds the seat without being heard, where the license's seats are leases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Timestamp>,
    /// Until when bundles for machines without a network hold the seat, whatever is released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_until: Option<Timestamp>,
    /// Its activation, if it has one. Only where one device is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_id: Option<String>,
    /// The vendor's own notes.
    #[serde(default)]
    pub metadata: Map<String, Value>,
}

/// `PATCH /api/v1/devices/{device_id}`: what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateDevice {
    /// The vendor's own notes: at most 16,384 bytes as JSON, at most 8 objects and lists deep. They go with the seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
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
    /// `true`: no items, but how many this request found; those of all pages together are all.
    pub count: Option<bool>,
    /// Only this license's.
    pub license_id: Option<String>,
    /// Only those that say this of the machine.
    pub fingerprint: Option<String>,
}
