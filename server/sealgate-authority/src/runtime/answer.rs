//! The signed answer on AuthForge's wire, derived from the decision and nothing else, so that it can be given again
//! byte for byte.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sealgate_artifact::{KeyUse, UnixSeconds, encode_hex};
use sealgate_store::{AppRow, LicenseRow};
use sealgate_trust::Message;
use sealgate_wire::{Timestamp, ValidateAnswer, ValidatePayload, ValidateRequest};

use super::replay::Scope;
use crate::{Authority, AuthorityError};

const TTL_DEFAULT: u64 = 24 * 60 * 60;
const TTL_SHORTEST: u64 = 60 * 60;
const TTL_LONGEST: u64 = 7 * 24 * 60 * 60;

/// A positive decision.
pub(super) struct Allowed<'a> {
    pub(super) app: &'a AppRow,
    pub(super) license: &'a LicenseRow,
    /// Devices that hold a seat, the asking one included.
    pub(super) used: u64,
    /// When the question counts as asked.
    pub(super) at: UnixSeconds,
    /// The name of the request.
    pub(super) request_id: &'a str,
}

/// Signs the answer (`spec/http.md` §2.4).
pub(super) fn sign(
    a: &Authority,
    ask: &ValidateRequest,
    allowed: &Allowed<'_>,
) -> Result<ValidateAnswer, AuthorityError> {
    let payload = payload(a, ask, allowed);
    let json = serde_json::to_vec(&payload).expect("text and numbers can be written");
    let payload = STANDARD.encode(json);
    let key = allowed.app.public_key.id(KeyUse::App);
    let signature = a.signer.sign(key, Message::AppAnswer(&payload))?;
    Ok(ValidateAnswer {
        status: "success".to_owned(),
        valid: true,
        payload,
        signature: STANDARD.encode(signature),
        key_id: key.to_string(),
        nonce: ask.nonce.clone(),
    })
}

fn payload(a: &Authority, ask: &ValidateRequest, allowed: &Allowed<'_>) -> ValidatePayload {
    let Allowed { app, license, used, at, .. } = allowed;
    let seats = license.terms.max_devices.seats();
    let ttl = ask.ttl_seconds.unwrap_or(TTL_DEFAULT).clamp(TTL_SHORTEST, TTL_LONGEST);
    // A session never outlives its license.
    let session_end = license.expires_at.map_or(at.plus(ttl), |end| end.min(at.plus(ttl)));
    ValidatePayload {
        session_token: session_token(a, ask, allowed, session_end, ttl),
        timestamp: Timestamp(*at),
        expires_in: session_end.get(),
        nonce: ask.nonce.clone(),
        request_id: allowed.request_id.to_owned(),
        license_expires_at: license.expires_at.map(Timestamp),
        max_hwid_slots: seats,
        hwid_count: seats.map(|_| *used),
        unlimited_hwid_slots: seats.is_none().then_some(true),
        typ: "validate".to_owned(),
        app_id: app.id.to_string(),
        license_id: license.id.to_string(),
        hwid: ask.hwid.clone(),
    }
}

/// `spec/http.md` §2.6: two parts, the second over the first and over what the first leaves out.
fn session_token(
    a: &Authority,
    ask: &ValidateRequest,
    allowed: &Allowed<'_>,
    end: UnixSeconds,
    ttl: u64,
) -> String {
    let license = URL_SAFE_NO_PAD.encode(allowed.license.id.as_bytes());
    let body = URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{},"l":"{license}","t":{ttl}}}"#, end.get()));
    let mac =
        a.secrets.session_mac(&[b"session", body.as_bytes(), allowed.app.id.as_bytes(), ask.hwid.as_bytes()]);
    format!("{body}.{}", URL_SAFE_NO_PAD.encode(mac))
}

/// `spec/http.md` §2.5: derived, so that the same question keeps its name.
pub(super) fn request_id(a: &Authority, scope: Scope, question: [u8; 16], at: UnixSeconds) -> String {
    encode_hex(&a.secrets.session_mac(&[b"request", &scope, &question, &at.get().to_be_bytes()])[..8])
}
