//! Session tokens (`spec/http.md` §2.6): the server keeps none, it recognises its own.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealgate_artifact::{AppId, LicenseId, UnixSeconds};
use serde::Deserialize;

use crate::{Authority, Secrets};

const TTL_DEFAULT: u64 = 24 * 60 * 60;
const TTL_SHORTEST: u64 = 60 * 60;
const TTL_LONGEST: u64 = 7 * 24 * 60 * 60;

/// What a session is about. App and device are not in it: they are authenticated with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) license: LicenseId,
    /// How long it was wished to last, from each answer on.
    pub(super) ttl: u64,
    /// When it is over.
    pub(super) end: UnixSeconds,
}

/// The first part of a token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    exp: u64,
    l: String,
    #[serde(default = "default_ttl")]
    t: u64,
}

fn default_ttl() -> u64 {
    TTL_DEFAULT
}

/// A wished length within 1 hour to 7 days; a day without a wish.
pub(super) fn ttl(wished: Option<u64>) -> u64 {
    wished.unwrap_or(TTL_DEFAULT).clamp(TTL_SHORTEST, TTL_LONGEST)
}

impl Session {
    /// A session that begins at a time. It never outlives its license.
    pub(super) fn new(
        license: LicenseId,
        expires_at: Option<UnixSeconds>,
        at: UnixSeconds,
        ttl: u64,
    ) -> Self {
        let end = expires_at.map_or(at.plus(ttl), |end| end.min(at.plus(ttl)));
        Self { license, ttl, end }
    }

    /// The token: two parts, the second over the first and over what the first leaves out.
    pub(super) fn token(&self, a: &Authority, app: AppId, hwid: &str) -> String {
        let license = URL_SAFE_NO_PAD.encode(self.license.as_bytes());
        let ttl = if self.ttl == TTL_DEFAULT { String::new() } else { format!(r#","t":{}"#, self.ttl) };
        let body = URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{},"l":"{license}"{ttl}}}"#, self.end.get()));
        let mac = URL_SAFE_NO_PAD.encode(mac(a, &body, app, hwid));
        format!("{body}.{mac}")
    }

    /// The session of a token that this server made for this app and device and that is not over.
    pub(super) fn open(a: &Authority, token: &str, app: AppId, hwid: &str) -> Option<Self> {
        let (body, offered) = token.split_once('.')?;
        let offered: [u8; 16] = URL_SAFE_NO_PAD.decode(offered).ok()?.try_into().ok()?;
        if !Secrets::same_mac(&mac(a, body, app, hwid), &offered) {
            return None;
        }
        // Only this server made it, so the rest cannot fail but by a change of version.
        let body: Body = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
        let license: [u8; 16] = URL_SAFE_NO_PAD.decode(body.l).ok()?.try_into().ok()?;
        let session =
            Self { license: LicenseId::from_bytes(license), ttl: body.t, end: UnixSeconds::new(body.exp)? };
        (a.now() < session.end).then_some(session)
    }
}

fn mac(a: &Authority, body: &str, app: AppId, hwid: &str) -> [u8; 16] {
    a.secrets.session_mac(&[b"session", body.as_bytes(), app.as_bytes(), hwid.as_bytes()])
}
