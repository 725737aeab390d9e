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
    /// In how many seconds to ask again: nothing was signed now, because there is a snapshot of this minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_in: Option<u64>,
    /// The newest snapshot, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotView>,
}

/// `POST /api/v1/snapshots/import`: a snapshot of this installation's own, for a database that came back older.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImportSnapshot {
    /// The container, in base64: at most 16 MiB without it.
    pub file: String,
    /// Where it came from, in the caller's words, up to 256 characters. The audit log says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What came of a snapshot that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnapshotImported {
    /// The snapshot's version.
    pub version: u64,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// The SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// How many versions of licenses and proofs it lists. All of them stay listed.
    pub revoked: u64,
    /// How many of them the database had not listed.
    pub listed: u64,
    /// In how many of its shards these stand.
    pub shards: u64,
    /// How many of its shards are of apps that the database does not know.
    pub unknown: u64,
    /// Licenses that were revoked or given less: they are suspended until the vendor decides.
    pub licenses_suspended: Vec<String>,
    /// Devices whose seats are released again.
    pub devices_released: Vec<String>,
    /// Servers that are revoked again.
    pub servers_revoked: Vec<String>,
    /// Keys that are revoked again, also those that the database does not know.
    pub keys_revoked: Vec<String>,
    /// Keys that signed and were retired in what was lost, and keys that the database does not know: others sign now.
    #[serde(default)]
    pub keys_retired: Vec<String>,
    /// What could not be done, and why. Importing the file again tries it again.
    pub failed: Vec<NotDone>,
}

/// Something that could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotDone {
    /// The id of what it was to be done to.
    pub id: String,
    /// Why not.
    pub code: String,
}
