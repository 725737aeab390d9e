//! `POST /auth/validate`: may this device use this license now? (`spec/http.md` §2)

use std::net::IpAddr;
use std::sync::Arc;

use sealgate_artifact::{AppId, Code, DeviceId, UnixSeconds};
use sealgate_rules::{Effect, LicenseFacts, ListEntry, Matcher, Seat, Verdict, Window};
use sealgate_store::{
    AccessRow, AppEntry, AppRow, DeviceRow, EventRow, LicenseEntry, LicenseRow, Listed, Tx, Work, read, write,
};
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

/// Decides, takes a seat if one is needed and free, takes a credit if they are counted, and signs. `address` is where
/// the question comes from, as far as that is known.
pub async fn validate(
    a: &Authority,
    ask: &ValidateRequest,
    address: Option<IpAddr>,
) -> Result<Validated, AuthorityError> {
    check_form(ask)?;
    let (app, entry) = identify(a, ask).await?;
    let now = a.now();
    let (scope, question) = (scope(&entry.license, ask), question(ask));
    let at = a.replays.admit(scope, question, now).map_err(AuthorityError::Refused)?;
    let request_id = answer::request_id(a, scope, question, at);
    let admitted = admits(&app.access, &ask.hwid, address, now);
    let asking = Asking { app: &app.app, entry: &entry, admitted, now, scope, request_id: &request_id };
    let used = admit_device(a, ask, &asking).await?;
    let allowed = Allowed { app: &app.app, license: &entry.license, used, at, request_id: &request_id };
    Ok(Validated { answer: answer::sign(a, ask, &allowed)?, request_id })
}

/// What is known about a question once it is known whose it is.
struct Asking<'a> {
    app: &'a AppRow,
    entry: &'a LicenseEntry,
    /// Whether the access lists admit who asks.
    admitted: bool,
    now: UnixSeconds,
    scope: [u8; 16],
    request_id: &'a str,
}

fn admits(access: &[AccessRow], hwid: &str, address: Option<IpAddr>, now: UnixSeconds) -> bool {
    let entries: Vec<ListEntry<'_>> = access.iter().map(list_entry).collect();
    sealgate_rules::admits(&entries, hwid, address, now)
}

fn list_entry(row: &AccessRow) -> ListEntry<'_> {
    let matcher = match &row.listed {
        Listed::Hwid(hwid) => Matcher::Hwid(hwid),
        Listed::Net(net) => Matcher::Net(*net),
    };
    // A row that this version cannot read denies: when unsure, refuse.
    let effect = Effect::parse(&row.effect).unwrap_or(Effect::Deny);
    ListEntry { effect, matcher, expires_at: row.expires_at }
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
) -> Result<(Arc<AppEntry>, Arc<LicenseEntry>), AuthorityError> {
    let app = match &ask.app_id {
        Some(id) => Some(answering(prove_app(a, id, ask.app_secret.as_deref()).await?)?),
        None => None,
    };
    let unknown = || AuthorityError::Refused(Code::LicenseUnknown);
    let entry = a.db.cached_license(a.secrets.license_key(&ask.license_key)).await?.ok_or_else(unknown)?;
    let app = match app {
        // A key of another app, whoever's it is, is as unknown as one that was never issued.
        Some(app) if app.app.id == entry.license.app => app,
        Some(_) => return Err(unknown()),
        None => answering(a.db.cached_app(entry.license.app).await?.ok_or_else(unknown)?)?,
    };
    Ok((app, entry))
}

async fn prove_app(a: &Authority, id: &str, secret: Option<&str>) -> Result<Arc<AppEntry>, AuthorityError> {
    let offered = a.secrets.app_secret(secret.unwrap_or_default());
    let app = match AppId::parse(id) {
        Ok(id) => a.db.cached_app(id).await?,
        Err(_) => None,
    };
    let now = a.now();
    let is_former = |app: &AppRow| {
        app.former_secret.is_some_and(|(hash, until)| now < until && Secrets::same(&hash, &offered))
    };
    let app = app.filter(|entry| Secrets::same(&entry.app.secret_hash, &offered) || is_former(&entry.app));
    app.ok_or(AuthorityError::Refused(Code::AppUnknown))
}

/// An app that is not switched off, by its vendor or with its vendor.
fn answering(app: Arc<AppEntry>) -> Result<Arc<AppEntry>, AuthorityError> {
    match (app.app.disabled_at, app.tenant_suspended) {
        (None, false) => Ok(app),
        (Some(_), _) => Err(AuthorityError::Refused(Code::AppDisabled)),
        (None, true) => Err(AuthorityError::Refused(Code::TenantSuspended)),
    }
}

/// The seats in use once this device is in, or why it may not.
async fn admit_device(
    a: &Authority,
    ask: &ValidateRequest,
    asking: &Asking<'_>,
) -> Result<u64, AuthorityError> {
    let license = &asking.entry.license;
    let bound = match &asking.entry.devices {
        Some(devices) => devices.contains(&ask.hwid),
        None => read::licenses::has_device(&a.db, license.id, DEVICE_KIND, &ask.hwid).await?,
    };
    let facts = facts(license, asking.admitted, license.devices_used, bound);
    match (sealgate_rules::validate(facts, asking.now), asking.app.credits) {
        (Verdict::Refuse(code), _) => Err(AuthorityError::Refused(code)),
        (Verdict::Allow, None) => Ok(license.devices_used),
        (Verdict::Allow | Verdict::TakeSeat, credits) => {
            let (millis, random) = a.new_id();
            let device = DeviceRow {
                id: DeviceId::new(millis, random),
                tenant: license.tenant,
                license: license.id,
                kind: DEVICE_KIND.to_owned(),
                identity: ask.hwid.clone(),
                first_seen: asking.now,
            };
            let event = a.event_row(license, "device_bound", Some(&ask.hwid), asking.request_id);
            let pays = credits.is_some().then_some((asking.app.id, asking.scope));
            a.db.write(Admit { device, admitted: asking.admitted, now: asking.now, pays, event }).await
        }
    }
}

/// What was seen outside may be a second old; inside, the same rule looks again.
struct Admit {
    device: DeviceRow,
    admitted: bool,
    now: UnixSeconds,
    /// The app whose credits are counted, and the question that costs one.
    pays: Option<(AppId, [u8; 16])>,
    event: EventRow,
}

impl Work for Admit {
    type Output = u64;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, AuthorityError> {
        let device = &self.device;
        let locked = write::licenses::lock(tx, device.tenant, device.license).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::LicenseUnknown))?;
        let (used, bound) = write::seats::count_devices(tx, &locked, &device.kind, &device.identity).await?;
        let verdict = sealgate_rules::validate(facts(&locked, self.admitted, used, bound), self.now);
        if let Verdict::Refuse(code) = verdict {
            return Err(AuthorityError::Refused(code));
        }
        if let Some((app, question)) = &self.pays
            && write::apps::debit(tx, question, self.now.get()).await?
            && !write::apps::spend_credit(tx, *app).await?
        {
            return Err(AuthorityError::Refused(Code::NoCredits));
        }
        if verdict == Verdict::Allow {
            return Ok(used);
        }
        write::seats::take(tx, &locked, device).await?;
        write::records::event(tx, &self.event).await?;
        Ok(used + 1)
    }
}

fn facts(license: &LicenseRow, admitted: bool, used: u64, bound: bool) -> LicenseFacts {
    LicenseFacts {
        window: Window { not_before: license.not_before, expires_at: license.expires_at },
        revoked: license.revoked_at.is_some(),
        blocked: license.suspended_at.is_some() || !admitted,
        seat: Seat::count(license.terms.max_devices, used, bound),
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
