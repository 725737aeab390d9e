//! Questions of our own clients (`spec/online.md` §7).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Timestamp;

/// `POST /api/v1/validate`, `release`, `activate` and `deactivate`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlineQuestion {
    /// The envelope of a `device-request`, or of an `activation-request` with its attachments, byte for byte as it was signed.
    pub request: Box<RawValue>,
    /// Statement ids that the client holds, at most 16: certificate, keyset, tenant keyset, license.
    #[serde(default)]
    pub holds: Vec<String>,
}

/// A signed decision, and what the client does not hold to believe it. Nothing here is believed by itself.
#[derive(Clone, Serialize, Deserialize)]
pub struct OnlineAnswer {
    /// The envelope of a `decision`.
    pub decision: Box<RawValue>,
    /// The envelope of the server's certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Box<RawValue>>,
    /// The envelope of the installation's keyset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyset: Option<Box<RawValue>>,
    /// The envelope of the tenant's keyset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_keyset: Option<Box<RawValue>>,
    /// The license that the decision names, with its attachments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<Box<RawValue>>,
    /// The proof of an activation, with its attachments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Box<RawValue>>,
    /// Modules that the vendor did not approve for the license. Not signed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unapproved: Vec<ModuleView>,
    /// Where no seat is left: which devices have them, those first that were not seen for longest, at most 10. Not signed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seats: Vec<SeatView>,
}

/// `POST /api/v1/heartbeat` (`spec/activation.md` §7.1).
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatQuestion {
    /// The envelope of a `heartbeat-request`, with its attachments, byte for byte as it was signed.
    pub request: Box<RawValue>,
    /// Statement ids that the client holds, at most 16: certificate, keyset, tenant keyset, license.
    #[serde(default)]
    pub holds: Vec<String>,
    /// The envelope of the last `heartbeat-answer` that the device verified, where the server wanted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Box<RawValue>>,
    /// The device's proof, with its attachments, where the server wanted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Box<RawValue>>,
}

/// A signed answer to a heartbeat, and what the client does not hold to believe it. Nothing here is believed by itself.
#[derive(Clone, Serialize, Deserialize)]
pub struct HeartbeatReply {
    /// The envelope of a `heartbeat-answer`.
    pub answer: Box<RawValue>,
    /// The envelope of the server's certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Box<RawValue>>,
    /// The envelope of the installation's keyset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyset: Option<Box<RawValue>>,
    /// The envelope of the tenant's keyset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_keyset: Option<Box<RawValue>>,
    /// The license that the answer names, with its attachments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<Box<RawValue>>,
    /// The proof that the answer names, with its attachments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Box<RawValue>>,
}

/// A file of a program. What a file does not say of itself is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleView {
    /// Its name, without folders.
    pub name: String,
    /// SHA-256 of the whole file, 64 hexadecimal digits.
    pub sha256: String,
    /// The version that stands in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Who signed it, as it says itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

/// A device that has a seat. Nothing here is believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatView {
    /// Its id, by which its seat can be given back.
    pub device_id: String,
    /// What it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was let in last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}

/// `GET /api/v1/trust`: whose keys, and what the client has of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct TrustQuery {
    /// The tenant.
    pub tenant: String,
    /// The version of the newest root statement that the client has; all of them when absent.
    pub root: Option<u64>,
    /// The version of the keyset that the client has.
    pub keyset: Option<u64>,
}

/// Statements about keys. Public, and never believed by themselves.
#[derive(Clone, Serialize, Deserialize)]
pub struct TrustUpdate {
    /// Root statements that are newer, oldest first.
    #[serde(default)]
    pub roots: Vec<Box<RawValue>>,
    /// The keyset, where it is newer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyset: Option<Box<RawValue>>,
    /// The tenant's keyset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_keyset: Option<Box<RawValue>>,
    /// The certificate of the server that answers, for this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Box<RawValue>>,
}
