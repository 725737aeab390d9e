//! `POST /auth/heartbeat`: may this session go on? (`spec/http.md` §2.8)

use sealgate_artifact::Code;
use sealgate_authforge::{HeartbeatRequest, Typ};
use sealgate_rules::{Seat, Window, in_force};

use super::answer::{self, Allowed};
use super::asking::{self, Source};
use super::seat;
use super::session::Session;
use super::validate::{DEVICE_KIND, Validated, digest, scope};
use crate::observed::About;
use crate::{Authority, AuthorityError};

/// Decides and signs. It never takes a seat, and costs no credit.
pub async fn heartbeat(
    a: &Authority,
    ask: &HeartbeatRequest,
    source: Source<'_>,
) -> Result<Validated, AuthorityError> {
    asking::require(is_well_formed(ask))?;
    a.admit_heartbeat_address(source.address)?;
    let mut about = About { device: Some(ask.hwid.clone()), ..About::default() };
    let decided = decide(a, ask, source, &mut about).await;
    let answered = asking::note(a, source, &about, decided)?;
    a.observe_answer("heartbeat", &about, &answered.request_id);
    Ok(answered)
}

fn is_well_formed(ask: &HeartbeatRequest) -> bool {
    asking::is_short(Some(&ask.app_id))
        && asking::is_text(&ask.hwid)
        && asking::is_nonce(&ask.nonce)
        && ask.session_token.len() <= super::SESSION_TOKEN_BYTES
}

async fn decide(
    a: &Authority,
    ask: &HeartbeatRequest,
    source: Source<'_>,
    about: &mut About,
) -> Result<Validated, AuthorityError> {
    let over = || AuthorityError::Refused(Code::SessionExpired);
    let app = asking::name_app(a, &ask.app_id, about).await?;
    let now = a.now();
    let session = Session::open(a, &ask.session_token, app.app.id, &ask.hwid).ok_or_else(over)?;
    asking::admit(&app, &ask.hwid, source.address, now)?;
    let entry = a.db.cached_license_of_id(session.license).await?.ok_or_else(over)?;
    about.license = Some(entry.license.id);
    a.admit_heartbeat(entry.license.id)?;

    let license = &entry.license;
    let window = Window { not_before: license.not_before, expires_at: license.expires_at };
    in_force(window, license.revoked_at.is_some(), now).map_err(AuthorityError::Refused)?;
    if license.suspended_at.is_some() || !asking::admits_to(&app, &entry, &ask.hwid, now) {
        return Err(AuthorityError::Refused(Code::Blocked));
    }
    let bound = seat::holds_seat(a, &entry, (DEVICE_KIND, &ask.hwid)).await?;
    if Seat::count(license.terms.max_devices, license.devices_used, bound) != Seat::Bound {
        return Err(AuthorityError::Refused(Code::DeviceLimit));
    }
    let (scope, question) =
        (scope(license, &ask.hwid, &ask.nonce), digest(&[b"heartbeat", ask.session_token.as_bytes()]));
    // A nonce that was used is no reason to end a session that its owner proved; then this is another question.
    let asked = a.asked_now();
    let asked = a.replays.admit(scope, question, asked).unwrap_or(asked);
    let request_id = answer::request_id(a, scope, question, asked);
    let allowed = Allowed {
        typ: Typ::Heartbeat,
        app: &app.app,
        license,
        hwid: &ask.hwid,
        nonce: &ask.nonce,
        ttl: session.ttl,
        used: license.devices_used,
        at: asked.at(),
        request_id: &request_id,
    };
    Ok(Validated { answer: answer::sign(a, &allowed)?, request_id })
}
