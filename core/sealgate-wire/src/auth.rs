//! `POST /auth/validate` (`spec/http.md` §2): AuthForge's wire with the names of both dialects.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Timestamp, Variable};

/// A validation request. Unknown fields are ignored: other people's clients send what they like.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidateRequest {
    /// The app; without it, the app follows from the key.
    #[serde(alias = "app_id", default)]
    pub app_id: Option<String>,
    /// The app's shared secret; needed as soon as `app_id` is sent.
    #[serde(alias = "app_secret", default)]
    pub app_secret: Option<String>,
    /// The license key as the customer typed it.
    #[serde(alias = "license_key")]
    pub license_key: String,
    /// The device, in the client's own words.
    pub hwid: String,
    /// 32 hexadecimal digits, new for every request.
    pub nonce: String,
    /// The session's length; clamped to 1 hour to 7 days.
    #[serde(alias = "ttl_seconds", default)]
    pub ttl_seconds: Option<u64>,
}

/// A positive answer: `signature` is over the ASCII text of `payload`. It holds a session token, so it has no `Debug`
/// text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidateAnswer {
    /// `success`.
    pub status: String,
    /// `true`.
    pub valid: bool,
    /// Base64 of a [`ValidatePayload`].
    pub payload: String,
    /// Base64 of the app key's signature.
    pub signature: String,
    /// The name of the app key.
    pub key_id: String,
    /// The request's nonce; only the one inside the payload is signed.
    pub nonce: String,
}

/// What is signed. The order of fields is part of the wire: vendor data comes last (`spec/http.md` §2.4).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidatePayload {
    /// Names the session in later requests.
    pub session_token: String,
    /// When the server decided.
    pub timestamp: Timestamp,
    /// Unix seconds at which the session ends, despite the name.
    pub expires_in: u64,
    /// The request's nonce.
    pub nonce: String,
    /// Finds this request in the server's log.
    pub request_id: String,
    /// When the license ends; `null` never.
    pub license_expires_at: Option<Timestamp>,
    /// Seats; absent when devices are not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_hwid_slots: Option<u32>,
    /// Seats taken; absent when devices are not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hwid_count: Option<u64>,
    /// Present and `true` when devices are not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlimited_hwid_slots: Option<bool>,
    /// `validate`: an answer to one question is no answer to another.
    pub typ: String,
    /// The app that the decision is about.
    pub app_id: String,
    /// The license that the decision is about.
    pub license_id: String,
    /// The device that the decision is about.
    pub hwid: String,
    /// What the vendor hands to every client of the app. After all else: whoever reads the text by searching for a name
    /// must find ours first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_variables: Option<BTreeMap<String, Variable>>,
    /// What the vendor hands to clients with this license.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_variables: Option<BTreeMap<String, Variable>>,
}

/// `POST /auth/heartbeat`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatRequest {
    /// The app.
    pub app_id: String,
    /// The session's token, as the last answer brought it.
    pub session_token: String,
    /// 32 hexadecimal digits, new for every request.
    pub nonce: String,
    /// The device.
    pub hwid: String,
}

/// `POST /auth/selfban`: with a session's token, or with secret, key and nonce.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SelfBanRequest {
    /// The app.
    pub app_id: String,
    /// The app's secret, before a session.
    #[serde(default)]
    pub app_secret: Option<String>,
    /// The license key, before a session.
    #[serde(default)]
    pub license_key: Option<String>,
    /// The session's token.
    #[serde(default)]
    pub session_token: Option<String>,
    /// 32 hexadecimal digits, before a session.
    #[serde(default)]
    pub nonce: Option<String>,
    /// The device.
    pub hwid: String,
    /// Whether the license shall end; with a session `true` when absent.
    #[serde(default)]
    pub revoke_license: Option<bool>,
    /// Whether the device shall be refused; `true` when absent.
    #[serde(default)]
    pub blacklist_hwid: Option<bool>,
    /// Whether the address shall be refused; `true` when absent.
    #[serde(default)]
    pub blacklist_ip: Option<bool>,
}

/// What became of a client's report about itself. Unsigned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SelfBanned {
    /// `success`.
    pub status: String,
    /// `false`: a client's word ends no license.
    pub license_revoked: bool,
    /// Whether the device is refused from now on.
    pub hwid_blacklisted: bool,
    /// Whether the address is refused for a while.
    pub ip_blacklisted: bool,
}

/// `POST /auth/offline/activate`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfflineActivateRequest {
    /// The app.
    pub app_id: String,
    /// The app's secret.
    #[serde(default)]
    pub app_secret: Option<String>,
    /// The license key.
    pub license_key: String,
    /// The device.
    pub hwid: String,
    /// 32 hexadecimal digits, new for every request.
    pub nonce: String,
}

/// A license file for the device that asked. It holds a license key, so it has no `Debug` text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfflineActivateAnswer {
    /// `success`.
    pub status: String,
    /// The armored file.
    pub file: String,
    /// A name for it.
    pub file_name: String,
    /// Names this file among all.
    pub jti: String,
    /// Whether the same device got the same file before.
    pub replay: bool,
}

/// A negative answer. Unsigned on this wire, so a client must not take it as proof of anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// `failed`.
    pub status: String,
    /// The code as AuthForge clients know it.
    pub error: String,
}

impl Failed {
    /// The answer with this code.
    pub fn new(error: &str) -> Self {
        Self { status: "failed".to_owned(), error: error.to_owned() }
    }
}
