//! Keys and the trust that builds pin (`spec/http.md` §3.6).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Timestamp;

/// A key that signs something for this tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyView {
    /// Its name.
    pub keyid: String,
    /// `root`, `authority`, `server`, `issuer`, `update`, `activation` or `app`.
    pub r#use: String,
    /// `installation`, the tenant's id, or an app's.
    pub scope: String,
    /// The key, base64.
    pub public_key: String,
    /// When it was published.
    pub not_before: Timestamp,
    /// When it was retired or revoked.
    pub not_after: Option<Timestamp>,
    /// `next`, `active`, `retired` or `revoked`.
    pub state: String,
}

/// `POST /api/v1/keys/rotate`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RotateKey {
    /// `root`, `authority`, `issuer` or `update`.
    pub r#use: String,
}

/// How far the revocation of a key came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyRevoked {
    /// The key.
    pub keyid: String,
    /// Whether it is revoked. Otherwise there are more licenses to sign: ask again.
    pub complete: bool,
    /// Licenses that this request signed again. Copies of them in the field no longer verify.
    pub dark: Vec<String>,
    /// Bundles that the key signed and that have not ended, at most 1,000: machines that take over the new keyset refuse them. Sign others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dark_bundles: Vec<String>,
}

/// What a build pins and a verifier needs (`spec/keys.md` §6).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Root keys, base64.
    pub roots: Vec<String>,
    /// How many of them must sign.
    pub threshold: usize,
    /// The version of the root statement that says so.
    pub root_version: u64,
    /// Root statements, oldest first, and then the newest keyset: envelopes.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub keyset_chain: Vec<Box<RawValue>>,
    /// The tenant keyset's envelope.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub tenant_keyset: Box<RawValue>,
    /// The tenant that statements must name.
    pub tenant: String,
    /// The app that statements must name.
    pub app: String,
}

/// A signed statement, byte for byte as it was signed (`spec/envelope.md`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = Object))]
#[serde(transparent)]
pub struct SignedStatement(pub Box<RawValue>);
