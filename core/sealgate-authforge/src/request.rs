//! What clients send to `/auth/*` (`spec/http.md` §2). Unknown fields are ignored: clients that we did not write send
//! more than we know. These types hold license keys and secrets, so they have no `Debug` text.

use serde::Deserialize;

/// `POST /auth/validate` (`spec/http.md` §2.1). Published clients use either of two names for some fields.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidateRequest {
    /// The app; when absent, the app follows from the license key.
    #[serde(alias = "app_id", default)]
    pub app_id: Option<String>,
    /// The app's shared secret; required together with `app_id`.
    #[serde(alias = "app_secret", default)]
    pub app_secret: Option<String>,
    /// The license key as the customer typed it.
    #[serde(alias = "license_key")]
    pub license_key: String,
    /// The device, by whatever name its client gives it.
    pub hwid: String,
    /// 32 hexadecimal digits, new for every request.
    pub nonce: String,
    /// The session's length in seconds; the server clamps it to between 1 hour and 7 days.
    #[serde(alias = "ttl_seconds", default)]
    pub ttl_seconds: Option<u64>,
}

/// `POST /auth/heartbeat` (`spec/http.md` §2.8).
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatRequest {
    /// The app.
    pub app_id: String,
    /// The session's token from the last answer.
    pub session_token: String,
    /// 32 hexadecimal digits, new for every request.
    pub nonce: String,
    /// The device that the session was opened for.
    pub hwid: String,
}

/// `POST /auth/selfban` (`spec/http.md` §2.9): proved by a session's token, or by secret, license key and nonce.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SelfBanRequest {
    /// The app.
    pub app_id: String,
    /// The app's shared secret, when there is no session.
    #[serde(default)]
    pub app_secret: Option<String>,
    /// The license key, when there is no session.
    #[serde(default)]
    pub license_key: Option<String>,
    /// The session's token, when there is a session.
    #[serde(default)]
    pub session_token: Option<String>,
    /// 32 hexadecimal digits, when there is no session.
    #[serde(default)]
    pub nonce: Option<String>,
    /// The device that reports itself.
    pub hwid: String,
    /// Asks to end the license; with a session, absent means `true`.
    #[serde(default)]
    pub revoke_license: Option<bool>,
    /// Asks to refuse the device; absent means `true`.
    #[serde(default)]
    pub blacklist_hwid: Option<bool>,
    /// Asks to refuse the address; absent means `true`.
    #[serde(default)]
    pub blacklist_ip: Option<bool>,
}

/// `POST /auth/offline/activate` (`spec/http.md` §2.10).
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfflineActivateRequest {
    /// The app.
    pub app_id: String,
    /// The app's shared secret.
    #[serde(default)]
    pub app_secret: Option<String>,
    /// The license key as the customer typed it.
    pub license_key: String,
    /// The device that the file will be for.
    pub hwid: String,
    /// 32 hexadecimal digits, new for every request.
    pub nonce: String,
}
