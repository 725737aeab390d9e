//! Revocation data (`spec/http.md` §3.22).

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A snapshot that was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnapshotView {
    /// Its version.
    pub version: u64,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// By when there is a newer one.
    pub next_update: Timestamp,
    /// How many seconds ago it was signed.
    pub age: u64,
    /// How many shards it names.
    pub shards: u64,
    /// How many versions of licenses and proofs they list.
    pub revoked: u64,
    /// How long its container is, in bytes.
    pub bytes: u64,
    /// The SHA-256 of its container, in hexadecimal digits.
    pub sha256: String,
}

/// `GET /api/v1/snapshot`: of whose app.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct SnapshotQuery {
    /// An app of the tenant.
    pub app_id: String,
}

/// What was due was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnapshotSigned {
    /// `false`: there is more to sign than one request can. The same request again goes on.
    pub complete: bool,
    /// The newest snapshot, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotView>,
}
