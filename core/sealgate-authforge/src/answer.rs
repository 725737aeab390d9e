//! What a server answers on `/auth/*` (`spec/http.md` §2).

use std::collections::BTreeMap;

use sealgate_artifact::UnixSeconds;
use serde::{Deserialize, Serialize};

use crate::{Variable, rfc3339};

/// Whether an answer is positive. Not signed, so a client must not rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The request was granted.
    Success,
    /// The request was refused.
    Failed,
}

/// The operation that a signed answer belongs to: an answer to one is no answer to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Typ {
    /// `POST /auth/validate`.
    Validate,
    /// `POST /auth/heartbeat`.
    Heartbeat,
}

/// A positive answer to a validation or a heartbeat (`spec/http.md` §2.4). A client opens it with
/// [`ValidateAnswer::unopened`]. It holds a session token, so it has no `Debug` text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidateAnswer {
    /// [`Status::Success`].
    pub status: Status,
    /// `true`.
    pub valid: bool,
    /// Base64 of a [`ValidatePayload`].
    pub payload: String,
    /// Base64 of the app key's signature over the ASCII text of `payload`.
    pub signature: String,
    /// The id of the app key (`spec/keys.md` §2.2). A hint: clients pin the key itself.
    pub key_id: String,
    /// The request's nonce. Not signed; the signed one is inside the payload.
    pub nonce: String,
}

/// The signed part of a positive answer. The order of the fields is part of the wire: one client searches the text for
/// a name, so whatever a vendor or a client can choose comes last (`spec/http.md` §2.4). It holds a session token, so
/// it has no `Debug` text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidatePayload {
    /// Opaque; the client sends it back in heartbeats (`spec/http.md` §2.6).
    pub session_token: String,
    /// When the request was first asked.
    #[serde(with = "rfc3339")]
    pub timestamp: UnixSeconds,
    /// Despite its name, the Unix second at which the session ends.
    pub expires_in: u64,
    /// The request's nonce.
    pub nonce: String,
    /// Identifies this request in the server's log.
    pub request_id: String,
    /// When the session ends, as a time. Sent with the label.
    #[serde(default, with = "rfc3339::or_never", skip_serializing_if = "Option::is_none")]
    pub session_expires_at: Option<UnixSeconds>,
    /// When the license ends; `None` means never.
    #[serde(default, with = "rfc3339::or_never")]
    pub license_expires_at: Option<UnixSeconds>,
    /// Seats of the license; absent when devices are not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_hwid_slots: Option<u32>,
    /// Seats taken, this device's included; absent when devices are not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hwid_count: Option<u64>,
    /// `Some(true)` when devices are not counted, otherwise absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlimited_hwid_slots: Option<bool>,
    /// The operation that was asked for.
    pub typ: Typ,
    /// The app that the decision is about.
    pub app_id: String,
    /// The license that the decision is about.
    pub license_id: String,
    /// The device that the decision is about.
    pub hwid: String,
    /// The vendor's note about the license, where the vendor lets clients see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_label: Option<String>,
    /// What the vendor hands to every client of the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_variables: Option<BTreeMap<String, Variable>>,
    /// What the vendor hands to clients with this license.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_variables: Option<BTreeMap<String, Variable>>,
}

/// The answer to a client that reported itself (`spec/http.md` §2.9). Not signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SelfBanned {
    /// [`Status::Success`].
    pub status: Status,
    /// Always `false`: a client's report does not end a license.
    pub license_revoked: bool,
    /// Whether the device is refused from now on.
    pub hwid_blacklisted: bool,
    /// Whether the address is refused for a while.
    pub ip_blacklisted: bool,
}

/// A license file for the device that asked (`spec/http.md` §2.10). It holds a license key, so it has no `Debug` text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfflineActivateAnswer {
    /// [`Status::Success`].
    pub status: Status,
    /// The armored text of the file.
    pub file: String,
    /// A name for the file on disk.
    pub file_name: String,
    /// The file's id, as its payload states it.
    pub jti: String,
    /// Whether the device was given this file before.
    pub replay: bool,
}

/// A refusal. Not signed, so it proves nothing to a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// [`Status::Failed`].
    pub status: Status,
    /// The reason in AuthForge's words (`spec/errors.md` §4).
    pub error: String,
}

impl Failed {
    /// A refusal with this word.
    pub fn new(error: &str) -> Self {
        Self { status: Status::Failed, error: error.to_owned() }
    }
}
