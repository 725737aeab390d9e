//! Session tokens (`spec/http.md` §2.6): the server keeps none, it recognises its own.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealgate_artifact::{AppId, LicenseId, UnixSeconds, encode_hex};
use sealgate_authority::{Ids, Moment, SharedSecrets, Side, secrets};
use serde::Deserialize;

use crate::replay::ReplayScope;

const TTL_DEFAULT: u64 = 24 * 60 * 60;
const TTL_SHORTEST: u64 = 60 * 60;
const TTL_LONGEST: u64 = 7 * 24 * 60 * 60;
/// The longest while the clock is doubted.
const TTL_DOUBTED: u64 = 24 * 60 * 60;

/// What a session is about. App and device are not in it: they are authenticated with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) license: LicenseId,
    /// How long it lasts from each answer on.
    pub(super) ttl: u64,
    /// When its device was admitted. Heartbeats do not change it.
    pub(super) begin: UnixSeconds,
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
    #[serde(default)]
    b: Option<u64>,
}

fn default_ttl() -> u64 {
    TTL_DEFAULT
}

/// The requested length, held within 1 hour to 7 days; a day when none was requested.
pub(super) fn ttl(requested: Option<u64>) -> u64 {
    requested.unwrap_or(TTL_DEFAULT).clamp(TTL_SHORTEST, TTL_LONGEST)
}

impl Session {
    /// A session that began at a time and goes on until another. It never outlives its license.
    pub(super) fn new(
        license: LicenseId,
        expires_at: Option<UnixSeconds>,
        (begin, until): (UnixSeconds, UnixSeconds),
        ttl: u64,
    ) -> Self {
        let end = expires_at.map_or(until, |end| end.min(until));
        Self { license, ttl, begin, end }
    }
}

/// Makes session tokens, and recognises its own.
#[derive(Clone)]
pub(super) struct Sessions {
    secrets: Arc<SharedSecrets>,
    ids: Ids,
}

impl Sessions {
    pub(super) fn new(secrets: Arc<SharedSecrets>, ids: Ids) -> Self {
        Self { secrets, ids }
    }

    /// Until when a session may go on that is answered at that time. While the clock is doubted, that is at most a day, or as
    /// long as the session `held` until then (`docs/design.md`, "A clock in doubt").
    pub(super) fn until(&self, at: UnixSeconds, ttl: u64, held: Option<UnixSeconds>) -> UnixSeconds {
        let until = at.plus(ttl);
        if ttl <= TTL_DOUBTED || self.ids.clock_watch().doubt(Side::Runtime).is_none() {
            return until;
        }
        let latest = at.plus(TTL_DOUBTED);
        until.min(held.map_or(latest, |held| held.max(latest)))
    }

    /// The token: two parts, the second over the first and over what the first leaves out.
    pub(super) fn token(&self, session: &Session, app: AppId, hwid: &str) -> String {
        let license = URL_SAFE_NO_PAD.encode(session.license.as_bytes());
        let ttl = if session.ttl == TTL_DEFAULT { String::new() } else { format!(r#","t":{}"#, session.ttl) };
        // What follows from the rest is left out: answers stay small.
        let usual = session.begin.plus(session.ttl) == session.end;
        let begin = if usual { String::new() } else { format!(r#","b":{}"#, session.begin.get()) };
        let body = format!(r#"{{"exp":{},"l":"{license}"{ttl}{begin}}}"#, session.end.get());
        let body = URL_SAFE_NO_PAD.encode(body);
        let mac = URL_SAFE_NO_PAD.encode(self.mac(&body, app, hwid));
        format!("{body}.{mac}")
    }

    /// The session of a token that this server made for this app and device, if it is not over.
    pub(super) fn open(&self, token: &str, app: AppId, hwid: &str) -> Option<Session> {
        let (body, offered) = token.split_once('.')?;
        let offered: [u8; 16] = URL_SAFE_NO_PAD.decode(offered).ok()?.try_into().ok()?;
        if !secrets::same(&self.mac(body, app, hwid), &offered) {
            return None;
        }
        // Only this server made it, so the rest can fail only after a change of version.
        let body: Body = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
        let license: [u8; 16] = URL_SAFE_NO_PAD.decode(body.l).ok()?.try_into().ok()?;
        let end = UnixSeconds::new(body.exp)?;
        let begin = body.b.map_or(Some(end.minus(body.t)), UnixSeconds::new)?;
        let session = Session { license: LicenseId::from_bytes(license), ttl: body.t, begin, end };
        (self.ids.now() < session.end).then_some(session)
    }

    fn mac(&self, body: &str, app: AppId, hwid: &str) -> [u8; 16] {
        self.secrets.session_mac(&[b"session", body.as_bytes(), app.as_bytes(), hwid.as_bytes()])
    }

    /// `spec/http.md` §2.5: derived from the question, so that the same question keeps its name. It begins with the
    /// time, so that names that are made together lie together in the database.
    pub(super) fn request_id(&self, scope: ReplayScope, question: [u8; 16], asked: Moment) -> String {
        let at = asked.0.to_be_bytes();
        let mac = self.secrets.session_mac(&[b"request", &scope, &question, &at]);
        encode_hex(&[&at[2..], &mac[..5]].concat())
    }
}
