//! `POST /auth/validate`: may this device use this license now? (`spec/http.md` §2)

use std::sync::Arc;

use sealgate_artifact::{AppId, Code, UnixSeconds};
use sealgate_rules::{LicenseFacts, Seat, Verdict, Window};
use sealgate_store::{AppRow, EventRow, LicenseEntry, LicenseRow, Tx, Work, read, write};
use sealgate_wire::{ValidateAnswer, ValidateRequest};
use sha2::{Digest, Sha256};

use super::answer::{self, Allowed};
use crate::{Authority, AuthorityError, Secrets};

/// A device on this wire is whatever the client says it is.
const DEVICE_KIND: &str = "hwid";
/// spec/http.md §2.2: the longest that a field may be, in bytes.
const FIELD_BYTES: usize = 128;
const NONCE_DIGITS: usize = 32;

/// A signed yes. It holds a session token, so it has no `Debug` text.
pub struct Validated {
    /// What the client gets.
    pub answer: ValidateAnswer,
    /// The name of this request: the one inside the signed answer, the same when the question is asked again.
    pub request_id: String,
}

/// Decides, takes a seat if one is needed and free, and signs.
pub async fn validate(a: &Authority, ask: &ValidateRequest) -> Result<Validated, AuthorityError> {
    check_form(ask)?;
    let (app, entry) = identify(a, ask).await?;
    let now = a.now();
    let (scope, question) = (scope(&entry.license, ask), question(ask));
    let at = a.replays.admit(scope, question, now).map_err(AuthorityError::Refused)?;
    let request_id = answer::request_id(a, scope, question, at);
    let used = admit_device(a, ask, &entry, now, &request_id).await?;
    let allowed = Allowed { app: &app, license: &entry.license, used, at, request_id: &request_id };
    Ok(Validated { answer: answer::sign(a, ask, &allowed)?, request_id })
}

fn check_form(ask: &ValidateRequest) -> Result<(), AuthorityError> {
    let text = |t: &str| (1..=FIELD_BYTES).contains(&t.len()) && !t.chars().any(char::is_control);
    let nonce = ask.nonce.len() == NONCE_DIGITS && ask.nonce.bytes().all(|b| b.is_ascii_hexdigit());
    let optional = |t: &Option<String>| t.as_deref().is_none_or(|t| t.len() <= FIELD_BYTES);
    let sound = text(&ask.license_key)
        && text(&ask.hwid)
        && nonce
        && optional(&ask.app_id)
        && optional(&ask.app_secret);
    if sound { Ok(()) } else { Err(AuthorityError::Refused(Code::MalformedRequest)) }
}

/// Who asks, about what: the app proves itself first, then the key.
async fn identify(
    a: &Authority,
    ask: &ValidateRequest,
) -> Result<(Arc<AppRow>, Arc<LicenseEntry>), AuthorityError> {
    let app = match &ask.app_id {
        Some(id) => Some(prove_app(a, id, ask.app_secret.as_deref()).await?),
        None => None,
    };
    let unknown = || AuthorityError::Refused(Code::LicenseUnknown);
    let entry = a.db.cached_license(a.secrets.license_key(&ask.license_key)).await?.ok_or_else(unknown)?;
    let app = match app {
        // A key of another app, whoever's it is, is as unknown as one that was never issued.
        Some(app) if app.id == entry.license.app => app,
        Some(_) => return Err(unknown()),
        None => a.db.cached_app(entry.license.app).await?.ok_or_else(unknown)?,
    };
    Ok((app, entry))
}

async fn prove_app(a: &Authority, id: &str, secret: Option<&str>) -> Result<Arc<AppRow>, AuthorityError> {
    let offered = a.secrets.app_secret(secret.unwrap_or_default());
    let app = match AppId::parse(id) {
        Ok(id) => a.db.cached_app(id).await?,
        Err(_) => None,
    };
    let app = app.filter(|app| Secrets::same(&app.secret_hash, &offered));
    app.ok_or(AuthorityError::Refused(Code::AppUnknown))
}

/// The seats in use once this device is in, or why it may not.
async fn admit_device(
    a: &Authority,
    ask: &ValidateRequest,
    entry: &LicenseEntry,
    now: UnixSeconds,
    request_id: &str,
) -> Result<u64, AuthorityError> {
    let license = &entry.license;
    let bound = match &entry.devices {
        Some(devices) => devices.contains(&ask.hwid),
        None => read::licenses::has_device(&a.db, license.id, DEVICE_KIND, &ask.hwid).await?,
    };
    match sealgate_rules::validate(facts(license, license.devices_used, bound), now) {
        Verdict::Allow => Ok(license.devices_used),
        Verdict::Refuse(code) => Err(AuthorityError::Refused(code)),
        Verdict::TakeSeat => {
            let event = a.event_row(license, "device_bound", Some(&ask.hwid), request_id);
            a.db.write(TakeSeat { license: license.clone(), hwid: ask.hwid.clone(), now, event }).await
        }
    }
}

/// What was seen outside may be a second old; inside, the same rule looks again.
struct TakeSeat {
    license: LicenseRow,
    hwid: String,
    now: UnixSeconds,
    event: EventRow,
}

impl Work for TakeSeat {
    type Output = u64;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, AuthorityError> {
        let locked = write::licenses::lock(tx, self.license.tenant, self.license.id).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::LicenseUnknown))?;
        let (used, bound) = write::licenses::count_devices(tx, &locked, DEVICE_KIND, &self.hwid).await?;
        match sealgate_rules::validate(facts(&locked, used, bound), self.now) {
            Verdict::Allow => Ok(used),
            Verdict::Refuse(code) => Err(AuthorityError::Refused(code)),
            Verdict::TakeSeat => {
                write::licenses::insert_device(tx, &locked, DEVICE_KIND, &self.hwid, self.now).await?;
                write::records::event(tx, &self.event).await?;
                Ok(used + 1)
            }
        }
    }
}

fn facts(license: &LicenseRow, used: u64, bound: bool) -> LicenseFacts {
    LicenseFacts {
        window: Window { not_before: license.not_before, expires_at: license.expires_at },
        revoked: license.revoked_at.is_some(),
        seat: Seat::count(license.max_devices, used, bound),
    }
}

/// spec/http.md §2.5: what makes two requests the same question.
fn question(ask: &ValidateRequest) -> [u8; 16] {
    let ttl = ask.ttl_seconds.map_or_else(String::new, |t| t.to_string());
    let parts = [ask.app_id.as_deref(), ask.app_secret.as_deref(), Some(&ask.license_key), Some(&*ttl)];
    digest(&parts.map(|p| p.unwrap_or("\0").as_bytes()))
}

/// spec/http.md §2.5: a nonce counts within one license and device only.
fn scope(license: &LicenseRow, ask: &ValidateRequest) -> [u8; 16] {
    digest(&[license.id.as_bytes(), ask.hwid.as_bytes(), ask.nonce.as_bytes()])
}

fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    *hash.finalize().first_chunk().expect("a digest has 32 bytes")
}
