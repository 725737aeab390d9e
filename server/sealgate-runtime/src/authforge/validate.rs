//! `POST /auth/validate`: may this device use this license now? (`spec/http.md` §2)

use std::sync::Arc;

use sealgate_artifact::{AppId, Code, LicenseKey, Word};
use sealgate_authforge::{Typ, ValidateAnswer, ValidateRequest};
use sealgate_authority::seats::Asking;
use sealgate_authority::{About, AuthorityError, Source};
use sealgate_store::table::{LicenseRow, Said, former_keys};
use sealgate_store::{AppEntry, LicenseEntry};

use super::answer::Allowed;
use super::parts::AuthForge;
use super::session;
use crate::asking::{self, Asked};
use crate::replay::digest;

/// A signed yes. It holds a session token, so it has no `Debug` text.
pub struct Validated {
    /// What the client gets.
    pub answer: ValidateAnswer,
    /// The name of this request: the one inside the signed answer, the same when the question is asked again.
    pub request_id: String,
}

impl AuthForge {
    /// Decides, takes a seat if one is needed and free, takes a credit if credits are counted, and signs.
    pub async fn validate(
        &self,
        ask: &ValidateRequest,
        source: Source<'_>,
    ) -> Result<Validated, AuthorityError> {
        asking::require(is_well_formed(ask))?;
        self.gate.admit(source, || AppId::parse(ask.app_id.as_deref()?).ok())?;
        let (mut in_time, mut paid) = (self.gate.in_time(), false);
        let (about, decided) = loop {
            in_time.begin()?;
            // What an earlier try found may not be so any more.
            let mut about = About { device: Some(ask.hwid.clone()), ..About::default() };
            let decided = self.decide(ask, source, &mut about, &mut paid).await;
            if in_time.is_over(&decided) {
                break (about, decided);
            }
        };
        let validated = self.gate.note(Asked::Question, source, &about, decided)?;
        self.gate.note_answer("validated", &about, &validated.request_id);
        Ok(validated)
    }

    async fn decide(
        &self,
        ask: &ValidateRequest,
        source: Source<'_>,
        about: &mut About,
        paid: &mut bool,
    ) -> Result<Validated, AuthorityError> {
        let device = asking::device(&ask.hwid)?;
        let (app, license) = self.identify(ask, source, about).await?;
        self.gate.charge(Asked::Question, &license.license, paid)?;
        let (now, ids) = (self.gate.ids.now(), &self.gate.ids);
        let (scope, question) = (scope(&license.license, &ask.hwid, &ask.nonce), question(ask));
        let asked = self.replays.not_replayed(scope, question, (ids.moment(), ids.elapsed()));
        let asked = asked.map_err(AuthorityError::Refused)?;
        let request_id = self.sessions.request_id(scope, question, asked);
        let asking = Asking {
            license: &license,
            device: &device,
            said: &Said::default(),
            // spec/online.md §11.2: an `hwid` is the client's own text.
            app: None,
            machine: Some(&ask.hwid),
            blocked: !asking::license_admits(&app, &license, &ask.hwid, now),
            now,
            pays: app.app.credits.is_some().then_some((app.app.id, scope)),
            request_id: &request_id,
        };
        let admitted = self.seats.admit(&asking).await?;
        self.gate.saw(license.license.id, &device, asking.said);
        let allowed = Allowed {
            typ: Typ::Validate,
            app: &app.app,
            license: &license.license,
            hwid: &ask.hwid,
            nonce: &ask.nonce,
            ttl: session::ttl(ask.ttl_seconds),
            begin: asked.seconds(),
            held: None,
            trial_ends: admitted.trial_ends,
            used: admitted.used,
            at: asked.seconds(),
            request_id: &request_id,
        };
        Ok(Validated { answer: self.answers.sign(&allowed)?, request_id })
    }

    /// Who asks, and about what. The app proves itself first and its lists admit the device; then the key counts.
    async fn identify(
        &self,
        ask: &ValidateRequest,
        source: Source<'_>,
        about: &mut About,
    ) -> Result<(Arc<AppEntry>, Arc<LicenseEntry>), AuthorityError> {
        let gate = &self.gate;
        let admit = |app: &AppEntry, about: &mut About| {
            asking::app_admits(app, (&ask.hwid, source.address), gate.ids.now(), about)
        };
        if let Some(id) = &ask.app_id {
            let app = gate.prove_app(id, ask.app_secret.as_deref(), about).await?;
            admit(&app, about)?;
            let license = gate.find_license(&app, &ask.license_key, about).await?;
            return Ok((app, license));
        }
        let typed = &ask.license_key;
        let hash = gate.secrets.license_key(typed);
        let found = match gate.db.cached_license_of_key(hash).await? {
            Some(license) => Ok(license),
            None => Err(former_keys::of_any_app(&gate.db, hash).await?),
        };
        let of = match &found {
            Ok(license) => Some((license.license.app, license.license.id)),
            Err(former) => former.as_ref().map(|former| (former.of.app, former.of.license)),
        };
        let (of, id) = of.ok_or_else(|| asking::unknown(typed, about))?;
        let app = gate.db.cached_app(of).await?;
        let app = app.ok_or_else(|| asking::unknown(typed, about))?;
        about.owner = Some((app.app.tenant, app.app.id));
        about.license = Some(id);
        if app.app.require_secret {
            return Err(AuthorityError::Refused(Code::AppUnknown));
        }
        let app = asking::answering(app)?;
        admit(&app, about)?;
        let license = found.map_err(|_| AuthorityError::Refused(Code::LicenseKeyReplaced))?;
        asking::is_about(&license.license, about);
        Ok((app, license))
    }
}

fn is_well_formed(ask: &ValidateRequest) -> bool {
    LicenseKey::is_typed(&ask.license_key)
        && Word::is_word(&ask.hwid)
        && asking::is_nonce(&ask.nonce)
        && asking::is_short(ask.app_id.as_deref())
        && asking::is_short(ask.app_secret.as_deref())
}

/// spec/http.md §2.5: what makes two requests the same question.
fn question(ask: &ValidateRequest) -> [u8; 16] {
    let ttl = ask.ttl_seconds.map_or_else(String::new, |t| t.to_string());
    let parts = [ask.app_id.as_deref(), ask.app_secret.as_deref(), Some(&ask.license_key), Some(&*ttl)];
    digest(&parts.map(|p| p.unwrap_or("\0").as_bytes()))
}

/// spec/http.md §2.5: a nonce counts within one license and device only.
pub(super) fn scope(license: &LicenseRow, hwid: &str, nonce: &str) -> [u8; 16] {
    digest(&[license.id.as_bytes(), hwid.as_bytes(), nonce.as_bytes()])
}
