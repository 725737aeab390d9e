//! `POST /auth/validate`: may this device use this license now? (`spec/http.md` §2)

use std::sync::Arc;

use sealgate_authforge::{Typ, ValidateAnswer, ValidateRequest};
use sealgate_store::{AppEntry, LicenseEntry, LicenseRow};
use sha2::{Digest, Sha256};

use super::answer::{self, Allowed};
use super::asking::{self, Source};
use super::seat::{self, Asking};
use super::session;
use crate::observed::About;
use crate::{Authority, AuthorityError};
use sealgate_artifact::Code;

/// A device on this wire is whatever the client says it is.
pub(super) const DEVICE_KIND: &str = "hwid";

/// A signed yes. It holds a session token, so it has no `Debug` text.
pub struct Validated {
    /// What the client gets.
    pub answer: ValidateAnswer,
    /// The name of this request: the one inside the signed answer, the same when the question is asked again.
    pub request_id: String,
}

/// Decides, takes a seat if one is needed and free, takes a credit if they are counted, and signs.
pub async fn validate(
    a: &Authority,
    ask: &ValidateRequest,
    source: Source<'_>,
) -> Result<Validated, AuthorityError> {
    asking::require(is_well_formed(ask))?;
    a.admit_address(source.address)?;
    let mut about = About { device: Some(ask.hwid.clone()), ..About::default() };
    let decided = decide(a, ask, source, &mut about).await;
    let validated = asking::note(a, source, &about, decided)?;
    a.observe_answer("validated", &about, &validated.request_id);
    Ok(validated)
}

fn is_well_formed(ask: &ValidateRequest) -> bool {
    asking::is_text(&ask.license_key)
        && asking::is_text(&ask.hwid)
        && asking::is_nonce(&ask.nonce)
        && asking::is_short(ask.app_id.as_deref())
        && asking::is_short(ask.app_secret.as_deref())
}

async fn decide(
    a: &Authority,
    ask: &ValidateRequest,
    source: Source<'_>,
    about: &mut About,
) -> Result<Validated, AuthorityError> {
    let (app, license) = identify(a, ask, source, about).await?;
    a.admit_license(license.license.id)?;
    let now = a.now();
    let (scope, question) = (scope(&license.license, &ask.hwid, &ask.nonce), question(ask));
    let asked = a.replays.admit(scope, question, a.asked_now()).map_err(AuthorityError::Refused)?;
    let request_id = answer::request_id(a, scope, question, asked);
    let asking = Asking {
        license: &license,
        device: (DEVICE_KIND, &ask.hwid),
        blocked: !asking::admits_to(&app, &license, &ask.hwid, now),
        now,
        pays: app.app.credits.is_some().then_some((app.app.id, scope)),
        request_id: &request_id,
    };
    let used = seat::admit(a, &asking).await?;
    let allowed = Allowed {
        typ: Typ::Validate,
        app: &app.app,
        license: &license.license,
        hwid: &ask.hwid,
        nonce: &ask.nonce,
        ttl: session::ttl(ask.ttl_seconds),
        used,
        at: asked.at(),
        request_id: &request_id,
    };
    Ok(Validated { answer: answer::sign(a, &allowed)?, request_id })
}

/// Who asks, about what: the app proves itself first and its lists admit the device, then the key.
async fn identify(
    a: &Authority,
    ask: &ValidateRequest,
    source: Source<'_>,
    about: &mut About,
) -> Result<(Arc<AppEntry>, Arc<LicenseEntry>), AuthorityError> {
    let admit = |app: &AppEntry| asking::admit(app, &ask.hwid, source.address, a.now());
    if let Some(id) = &ask.app_id {
        let app = asking::prove_app(a, id, ask.app_secret.as_deref(), about).await?;
        admit(&app)?;
        let license = asking::find_license(a, &app, &ask.license_key, about).await?;
        return Ok((app, license));
    }
    let unknown = || AuthorityError::Refused(Code::LicenseUnknown);
    let license =
        a.db.cached_license_of_key(a.secrets.license_key(&ask.license_key)).await?.ok_or_else(unknown)?;
    let app = a.db.cached_app(license.license.app).await?.ok_or_else(unknown)?;
    about.owner = Some((app.app.tenant, app.app.id));
    about.license = Some(license.license.id);
    if app.app.require_secret {
        return Err(AuthorityError::Refused(Code::AppUnknown));
    }
    let app = asking::answering(a, app)?;
    admit(&app)?;
    Ok((app, license))
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

/// 128 bits over parts that cannot run into each other.
pub(super) fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    *hash.finalize().first_chunk().expect("a digest has 32 bytes")
}
