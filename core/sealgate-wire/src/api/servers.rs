//! License servers (`spec/http.md` §3.15).

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A license server, as its operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerView {
    /// The id of its key.
    pub server_id: String,
    /// Its key.
    pub public_key: String,
    /// Where clients find it.
    pub origins: Vec<String>,
    /// `waiting`, `approved` or `revoked`.
    pub status: String,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// When it was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// The key with which it signs activation proofs, base64, as it reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_key: Option<String>,
    /// When that key was approved. Until then no tenant's keyset lists it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_approved_at: Option<Timestamp>,
}

/// Approves a server at the origins that somebody saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApproveServer {
    /// The origins that it is approved for: all that it reports now, in the same order.
    pub origins: Vec<String>,
    /// The key with which it may sign activation proofs: the one that it reports now. Without it, it is not approved for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_key: Option<String>,
}
