//! Access tokens (`spec/http.md` §3.12).

use serde::{Deserialize, Serialize};

use crate::{Timestamp, When};

/// `POST /api/v1/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// What it is for, up to 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it may do: scopes that the asking token has.
    pub scopes: Vec<String>,
    /// When it ends: no later than the asking token, and with it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<When>,
}

/// A new token: the only answer that shows it.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenCreated {
    /// Its id, safe in URLs and logs.
    pub token_id: String,
    /// The token. A secret.
    pub token: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it ends; `null` never.
    pub expires_at: Option<Timestamp>,
}

/// A token without the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenView {
    /// Its id.
    pub token_id: String,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; `null` never.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// The token that made it; absent where the server made it by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
}

/// `GET /api/v1/token`: the token that asks, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnToken {
    /// The tenant's id.
    pub tenant_id: String,
    /// The tenant's name.
    pub tenant_name: String,
    /// The token's id, safe in URLs and logs.
    pub token_id: String,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it ends; `null` never.
    pub expires_at: Option<Timestamp>,
}

/// `POST /api/v1/tokens/{token_id}/revoke`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RevokeToken {
    /// The tokens that it made, and those that they made, stay in force.
    #[serde(default)]
    pub keep_made: bool,
}

/// A token that is revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenRevoked {
    /// The token.
    #[serde(flatten)]
    pub token: TokenView,
    /// How many other tokens this request revoked: those that it made, and those that they made.
    pub also_revoked: u64,
}
