//! Devices that were admitted (`spec/http.md` §3.19).

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One device of one license, once it was activated. It stays when the seat is given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActivationView {
    /// Its id.
    pub activation_id: String,
    /// The license.
    pub license_id: String,
    /// The device, while it has a seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// The device's key.
    pub device_key: String,
    /// How often the device was activated.
    pub generation: u64,
    /// When it was activated last.
    pub activated_at: Timestamp,
    /// When its last heartbeat came that counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heard: Option<Timestamp>,
    /// Copies of the program that run: they were heard within two intervals and did not leave.
    pub instances: u64,
    /// Why it has no rights any more, as it was told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<ActivationEnd>,
    /// The number of the last entry of its chain that the server holds.
    pub chain_seq: u64,
    /// When the vendor asked for the chain to be re-anchored, until that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reanchor_asked_at: Option<Timestamp>,
    /// Where its chains were re-anchored, newest first, at most 100. Only where one activation is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<ChainAnchorView>,
}

/// The end of an activation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActivationEnd {
    /// Why.
    pub code: String,
    /// Since when.
    pub at: Timestamp,
    /// Until when the device keeps what it has.
    pub grace_until: Timestamp,
}

/// Where a chain was re-anchored. The entries behind the one that was held, up to the one that was taken, are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChainAnchorView {
    /// The generation whose chain it is.
    pub generation: u64,
    /// The how manieth time it was in this generation.
    pub anchor: u64,
    /// The number of the last entry that the server held.
    pub held_seq: u64,
    /// The number of the entry that it took.
    pub taken_seq: u64,
    /// When the vendor asked for it.
    pub asked_at: Timestamp,
    /// When it was done.
    pub at: Timestamp,
}

/// Which activations.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct ActivationQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wished, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
    /// `true`: no items, but how many this request found; those of all pages together are all.
    pub count: Option<bool>,
    /// Only this license's.
    pub license_id: Option<String>,
}

/// Which part of an activation's chain.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct ChainQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wished, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
    /// `true`: no items, but how many this request found; those of all pages together are all.
    pub count: Option<bool>,
    /// The generation whose chain it is; when absent, the one that counts.
    pub generation: Option<u64>,
}

/// What a program recorded on a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChainEntryView {
    /// How often the chain had been re-anchored before.
    pub anchor: u64,
    /// Its number.
    pub seq: u64,
    /// When, by the program's clock.
    pub at: Timestamp,
    /// For which of the program's own tenants; `__host__` where it has none.
    pub tenant: String,
    /// What was done.
    pub action: String,
    /// SHA-256 of the particulars, hexadecimal.
    pub hash: String,
    /// What binds it to the entry before it, hexadecimal.
    pub mac: String,
}
