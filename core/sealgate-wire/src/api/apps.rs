//! Apps (`spec/http.md` §3.1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Timestamp, Variable};

/// `POST /api/v1/apps`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateApp {
    /// What the vendor calls it: 1 to 64 characters, unique per tenant.
    pub name: String,
    /// What people write in the place of its id: 1 to 63 lower-case letters, digits and single hyphens between them, unique
    /// per tenant. Made from the name when absent; none when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
}

/// A new app: the only answer that shows its first secret.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppCreated {
    /// The app's id.
    pub app_id: String,
    /// What people write in the place of its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The app's shared secret for `/auth/*`.
    pub app_secret: String,
    /// Base64 of the 32 bytes that builds embed.
    pub public_key: String,
    /// The key that signs after the next rotation; embed it too.
    pub next_public_key: String,
    /// `public_key` as base64 of DER, for libraries that want it so.
    pub public_key_spki: String,
}

/// An app as the vendor sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct AppView {
    /// The app's id.
    pub app_id: String,
    /// What the vendor calls it.
    pub name: String,
    /// What people write in the place of its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Base64 of the 32 bytes that builds embed.
    pub public_key: String,
    /// The key that signs after the next rotation.
    pub next_public_key: String,
    /// `public_key` as base64 of DER.
    pub public_key_spki: String,
    /// Validations left; absent while they are not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credits: Option<u64>,
    /// Until when the secret before the present one is taken too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_secret_until: Option<Timestamp>,
    /// Whether nobody asks without its secret.
    pub require_secret: bool,
    /// Whether it hands out files that last forever and cannot be revoked.
    pub danger_lifetime_files: bool,
    /// Whether a client that reports itself in a session lists its address, for an hour and for the whole app.
    #[serde(default)]
    pub list_reported_addresses: bool,
    /// Whether AuthForge's clients are told the label of their license and when their session ends.
    #[serde(default)]
    pub show_labels: bool,
    /// When it was switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// `PATCH /api/v1/apps/{app_id}`. What is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateApp {
    /// What people write in the place of its id; none when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Whether nobody asks without the app's secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_secret: Option<bool>,
    /// Whether files may be handed out that last forever. Such a file cannot be revoked: whoever has one keeps using
    /// the software.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub danger_lifetime_files: Option<bool>,
    /// Whether a client that reports itself in a session lists its address for an hour. Customers who share that address
    /// are refused with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_reported_addresses: Option<bool>,
    /// Whether answers to AuthForge's clients carry the label of the license and the end of the session, and files the label.
    /// Customers can read both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_labels: Option<bool>,
}

/// `POST /api/v1/apps/{app_id}/rotate-secret`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RotateSecret {
    /// How long the present secret is still taken: 0 to 2,592,000; a day when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_former_seconds: Option<u32>,
}

/// The only answer that shows the new secret.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecretRotated {
    /// The app.
    pub app_id: String,
    /// The new secret.
    pub app_secret: String,
    /// Until when the former one is taken too.
    pub former_secret_until: Timestamp,
}

/// Values that an app or a license hands to running software.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Variables {
    /// At most 50 names of 1 to 64 bytes. All of it together has at most 1,500 bytes as JSON.
    pub variables: BTreeMap<String, Variable>,
}

/// `PATCH …/variables`, of an app or a license.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeVariables {
    /// Variables that come, or get another value. The others stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<BTreeMap<String, Variable>>,
    /// Names of variables that go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove_variables: Option<Vec<String>>,
}

/// `POST /api/v1/apps/{app_id}/credits`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GrantCredits {
    /// How many to add, 1 to 1,000,000,000. The first grant switches counting on.
    pub amount: u32,
}

/// The credits of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreditsView {
    /// Validations left; absent while they are not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<u64>,
}
