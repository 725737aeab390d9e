//! The management API (`spec/http.md` §3).

use sealgate_artifact::MaxDevices;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use crate::Timestamp;

/// `POST /api/v1/apps`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateApp {
    /// What the vendor calls it: 1 to 64 characters, unique per tenant.
    pub name: String,
}

/// The answer to [`CreateApp`]: the only place where the secret is ever shown.
#[derive(Clone, Serialize, Deserialize)]
pub struct AppCreated {
    /// The app's id.
    pub app_id: String,
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
pub struct AppView {
    /// The app's id.
    pub app_id: String,
    /// What the vendor calls it.
    pub name: String,
    /// Base64 of the 32 bytes that builds embed.
    pub public_key: String,
    /// The key that signs after the next rotation.
    pub next_public_key: String,
    /// `public_key` as base64 of DER.
    pub public_key_spki: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// `POST /api/v1/licenses`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssueLicenses {
    /// The app that is sold.
    pub app_id: String,
    /// Seats; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_devices: Option<Seats>,
    /// When they end; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The vendor's own note, up to 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How many, 1 to 1,000; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

/// The answer to [`IssueLicenses`].
#[derive(Clone, Serialize, Deserialize)]
pub struct LicensesIssued {
    /// As many as were asked for.
    pub licenses: Vec<IssuedLicense>,
}

/// One new license with its key.
#[derive(Clone, Serialize, Deserialize)]
pub struct IssuedLicense {
    /// The license's id, safe in URLs and logs.
    pub license_id: String,
    /// The key to send to the customer. A secret.
    pub license_key: String,
    /// When it ends; `null` never.
    pub expires_at: Option<Timestamp>,
    /// Seats.
    pub max_devices: Seats,
}

/// A license as the vendor sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenseView {
    /// The license's id.
    pub license_id: String,
    /// The app that was sold.
    pub app_id: String,
    /// `active`, `expired` or `revoked`.
    pub status: String,
    /// `free`, `licensed` or `enterprise`.
    pub tier: String,
    /// Features beyond the tier.
    pub features: Vec<String>,
    /// Seats.
    pub max_devices: Seats,
    /// Seats taken.
    pub devices_used: u64,
    /// When it ends; `null` never.
    pub expires_at: Option<Timestamp>,
    /// The vendor's own note.
    pub label: Option<String>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// Why it was revoked, in the vendor's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_reason: Option<String>,
}

/// One page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// At most as many as were asked for.
    pub items: Vec<T>,
    /// Send it back as `cursor` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// `POST /api/v1/licenses/lookup`: keys travel in bodies, never in URLs.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookUpLicense {
    /// The key as someone typed it.
    pub license_key: String,
}

/// `POST /api/v1/licenses/{license_id}/revoke`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeLicense {
    /// Why, up to 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A key that signs something for this tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    /// Its name.
    pub keyid: String,
    /// `root`, `authority`, `issuer` or `app`.
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
#[serde(deny_unknown_fields)]
pub struct RotateKey {
    /// `root`, `authority` or `issuer`.
    pub r#use: String,
}

/// `POST /api/v1/keys/{keyid}/revoke`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeKey {
    /// Why, up to 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How far the revocation of a key came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRevoked {
    /// The key.
    pub keyid: String,
    /// Whether it is revoked. Otherwise there are more licenses to sign: ask again.
    pub complete: bool,
    /// Licenses that this request signed anew. Copies of them in the field go dark.
    pub dark: Vec<String>,
}

/// What a build pins and a verifier needs (`spec/keys.md` §6).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Root keys, base64.
    pub roots: Vec<String>,
    /// How many of them must sign.
    pub threshold: usize,
    /// The version of the root statement that says so.
    pub root_version: u64,
    /// Root statements, oldest first, and then the newest keyset: envelopes.
    pub keyset_chain: Vec<Box<RawValue>>,
    /// The tenant keyset's envelope.
    pub tenant_keyset: Box<RawValue>,
    /// The tenant that statements must name.
    pub tenant: String,
    /// The app that statements must name.
    pub app: String,
}

/// Every error outside `/auth/*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A code of `spec/errors.md`.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// Finds this request in the server's log.
    pub request_id: String,
}

/// A number of seats, or `"unlimited"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seats(pub MaxDevices);

impl Serialize for Seats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.seats() {
            Some(n) => serializer.serialize_u32(n),
            None => serializer.serialize_str("unlimited"),
        }
    }
}

impl<'de> Deserialize<'de> for Seats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u64),
            Word(String),
        }
        let seats = match Written::deserialize(deserializer) {
            Ok(Written::Number(n)) => MaxDevices::limited(n),
            Ok(Written::Word(word)) if word == "unlimited" => Some(MaxDevices::Unlimited),
            _ => None,
        };
        seats.map(Self).ok_or_else(|| de::Error::custom("expected 1 to 1,000,000 or \"unlimited\""))
    }
}
