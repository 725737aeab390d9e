//! `POST /auth/heartbeat`: may this session go on? (`spec/http.md` §2.8)

use sealgate_artifact::{Code, Word};
use sealgate_authforge::{HeartbeatRequest, Typ};
use sealgate_authority::seats::{facts, trial_ends};
use sealgate_authority::{About, AuthorityError, Source};
use sealgate_store::table::Said;

use super::answer::Allowed;
use super::parts::{AuthForge, SESSION_TOKEN_BYTES};
use super::validate::{Validated, scope};
use crate::asking::{self, Asked};
use crate::replay::digest;

impl AuthForge {
    /// Decides and signs. It never takes a seat, and costs no credit.
    pub async fn heartbeat(
        &self,
        ask: &HeartbeatRequest,
        source: Source<'_>,
    ) -> Result<Validated, AuthorityError> {
        asking::require(is_well_formed(ask))?;
        self.gate.admit_heartbeat(source, &ask.app_id)?;
        let (mut in_time, mut paid) = (self.gate.in_time(), false);
        let (about, decided) = loop {
            in_time.begin()?;
            // What an earlier try found may not be so any more.
            let mut about = About { device: Some(ask.hwid.clone()), ..About::default() };
            let decided = self.continues(ask, source, &mut about, &mut paid).await;
            if in_time.is_over(&decided) {
                break (about, decided);
            }
        };
        let answered = self.gate.note(Asked::Heartbeat, source, &about, decided)?;
        self.gate.note_answer("heartbeat", &about, &answered.request_id);
        Ok(answered)
    }

    async fn continues(
        &self,
        ask: &HeartbeatRequest,
        source: Source<'_>,
        about: &mut About,
        paid: &mut bool,
    ) -> Result<Validated, AuthorityError> {
        let over = || AuthorityError::Refused(Code::SessionExpired);
        let app = self.gate.name_app(&ask.app_id, about).await?;
        let now = self.gate.ids.now();
        let session = self.sessions.open(&ask.session_token, app.app.id, &ask.hwid).ok_or_else(over)?;
        asking::app_admits(&app, (&ask.hwid, source.address), now, about)?;
        let entry = self.gate.db.cached_license_of_id(session.license).await?.ok_or_else(over)?;
        asking::is_about(&entry.license, about);
        self.gate.charge(Asked::Heartbeat, &entry.license, paid)?;

        let license = &entry.license;
        let blocked = !asking::license_admits(&app, &entry, &ask.hwid, now);
        let device = asking::device(&ask.hwid)?;
        let seated = self.seats.seat(&entry, &device).await?;
        let began = seated.as_ref().and_then(|seated| seated.trial_began);
        let facts = facts(license, blocked, (license.devices_used, seated.is_some()), began);
        facts.continues(now).map_err(refused)?;
        self.gate.saw(license.id, &device, &Said::default());
        let (scope, question) =
            (scope(license, &ask.hwid, &ask.nonce), digest(&[b"heartbeat", ask.session_token.as_bytes()]));
        // A reused nonce does not end the session; the request is treated as new.
        let (moment, elapsed) = (self.gate.ids.moment(), self.gate.ids.elapsed());
        let asked = self.replays.not_replayed(scope, question, (moment, elapsed)).unwrap_or(moment);
        let request_id = self.sessions.request_id(scope, question, asked);
        let allowed = Allowed {
            typ: Typ::Heartbeat,
            app: &app.app,
            license,
            hwid: &ask.hwid,
            nonce: &ask.nonce,
            ttl: session.ttl,
            begin: session.begin,
            held: Some(session.end),
            trial_ends: trial_ends(license, began),
            used: license.devices_used,
            at: asked.seconds(),
            request_id: &request_id,
        };
        Ok(Validated { answer: self.answers.sign(&allowed)?, request_id })
    }
}

/// The license became a trial while the session went on: the next validation begins it (`spec/http.md` §2.8).
fn refused(code: Code) -> AuthorityError {
    AuthorityError::Refused(if code == Code::TrialNotBegun { Code::SessionExpired } else { code })
}

fn is_well_formed(ask: &HeartbeatRequest) -> bool {
    asking::is_short(Some(&ask.app_id))
        && Word::is_word(&ask.hwid)
        && asking::is_nonce(&ask.nonce)
        && ask.session_token.len() <= SESSION_TOKEN_BYTES
}
