//! What every question on AuthForge's wire goes through: form, who asks, whom the app's lists admit.

use std::net::IpAddr;
use std::sync::Arc;

use sealgate_artifact::{AppId, Code, Device, Hwid, UnixSeconds};
use sealgate_rules::{Effect, ListEntry, Matcher};
use sealgate_store::{AccessRow, AppEntry, AppRow, LicenseEntry, Listed};

use crate::observed::About;
use crate::{Authority, AuthorityError, Secrets};

/// spec/http.md §2.2: the longest that a field may be, in bytes.
const FIELD_BYTES: usize = 128;
const NONCE_DIGITS: usize = 32;

/// Where a question comes from, and what the server calls it.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The client's address, as far as that is known.
    pub address: Option<IpAddr>,
    /// Finds the question in the log.
    pub request_id: &'a str,
}

/// Text that a client chose: 1 to 128 bytes without control characters.
pub(super) fn is_text(text: &str) -> bool {
    (1..=FIELD_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// A field that proves something when it is right; any other text of the length proves nothing.
pub(super) fn is_short(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.len() <= FIELD_BYTES)
}

/// The device that a client on this wire says it is.
pub(super) fn device(hwid: &str) -> Result<Device, AuthorityError> {
    Hwid::parse(hwid).map(Device::Hwid).ok_or(AuthorityError::Refused(Code::MalformedRequest))
}

pub(super) fn is_nonce(nonce: &str) -> bool {
    nonce.len() == NONCE_DIGITS && nonce.bytes().all(|b| b.is_ascii_hexdigit())
}

/// What is not of the documented form is refused before anything is looked up.
pub(super) fn require(is_sound: bool) -> Result<(), AuthorityError> {
    if is_sound { Ok(()) } else { Err(AuthorityError::Refused(Code::MalformedRequest)) }
}

/// Notes what became of a question, and what a guess costs.
pub(super) fn note<T>(
    a: &Authority,
    source: Source<'_>,
    about: &About,
    outcome: Result<T, AuthorityError>,
) -> Result<T, AuthorityError> {
    if let Err(AuthorityError::Refused(code)) = &outcome {
        // spec/http.md §1.8: only a key, an app or a session that nobody has is a guess.
        if matches!(code, Code::AppUnknown | Code::LicenseUnknown) {
            a.charge_guess(source.address, 1);
        }
        a.observe_refusal(*code, about, source.request_id);
    }
    outcome
}

/// The app that asks with its secret.
pub(super) async fn prove_app(
    a: &Authority,
    id: &str,
    secret: Option<&str>,
    about: &mut About,
) -> Result<Arc<AppEntry>, AuthorityError> {
    let offered = a.secrets.app_secret(secret.unwrap_or_default());
    let now = a.now();
    let is_former = |app: &AppRow| {
        app.former_secret.is_some_and(|(hash, until)| now < until && Secrets::same(&hash, &offered))
    };
    let found = find_app(a, id, about).await?;
    let proven =
        found.filter(|entry| Secrets::same(&entry.app.secret_hash, &offered) || is_former(&entry.app));
    let app = proven.ok_or(AuthorityError::Refused(Code::AppUnknown))?;
    answering(a, app)
}

/// The app that a session names; the session is the proof.
pub(super) async fn name_app(
    a: &Authority,
    id: &str,
    about: &mut About,
) -> Result<Arc<AppEntry>, AuthorityError> {
    let app = find_app(a, id, about).await?.ok_or(AuthorityError::Refused(Code::AppUnknown))?;
    answering(a, app)
}

async fn find_app(
    a: &Authority,
    id: &str,
    about: &mut About,
) -> Result<Option<Arc<AppEntry>>, AuthorityError> {
    let Ok(id) = AppId::parse(id) else { return Ok(None) };
    let found = a.db.cached_app(id).await?;
    about.owner = found.as_ref().map(|entry| (entry.app.tenant, entry.app.id));
    Ok(found)
}

/// An app that is not switched off, by its vendor or with its vendor, and not asked too often.
pub(super) fn answering(a: &Authority, app: Arc<AppEntry>) -> Result<Arc<AppEntry>, AuthorityError> {
    match (app.app.disabled_at, app.tenant_suspended) {
        (None, false) => a.admit_app(app.app.id).map(|()| app),
        (Some(_), _) => Err(AuthorityError::Refused(Code::AppDisabled)),
        (None, true) => Err(AuthorityError::Refused(Code::TenantSuspended)),
    }
}

/// spec/http.md §2.7: the lists of the app, before anything is said about a license.
pub(super) fn admit(
    app: &AppEntry,
    hwid: &str,
    address: Option<IpAddr>,
    now: UnixSeconds,
) -> Result<(), AuthorityError> {
    let entries = app.access.iter().filter(|row| row.license.is_none());
    let entries: Vec<ListEntry<'_>> = entries.map(list_entry).collect();
    if sealgate_rules::admits(&entries, hwid, address, now) {
        Ok(())
    } else {
        Err(AuthorityError::Refused(Code::Blocked))
    }
}

/// Whether entries for this license alone admit the device.
pub(super) fn admits_to(app: &AppEntry, license: &LicenseEntry, hwid: &str, now: UnixSeconds) -> bool {
    let entries = app.access.iter().filter(|row| row.license == Some(license.license.id));
    let entries: Vec<ListEntry<'_>> = entries.map(list_entry).collect();
    sealgate_rules::admits(&entries, hwid, None, now)
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

/// The license of a key, if it is this app's.
pub(super) async fn find_license(
    a: &Authority,
    app: &AppEntry,
    key: &str,
    about: &mut About,
) -> Result<Arc<LicenseEntry>, AuthorityError> {
    let found = a.db.cached_license(app.app.id, a.secrets.license_key(key)).await?;
    of_app(found, app, about)
}

/// A license that was found, if it is this app's.
pub(super) fn of_app(
    found: Option<Arc<LicenseEntry>>,
    app: &AppEntry,
    about: &mut About,
) -> Result<Arc<LicenseEntry>, AuthorityError> {
    // A key of another app, whoever's it is, is as unknown as one that was never issued.
    let entry = found.filter(|entry| entry.license.app == app.app.id);
    let entry = entry.ok_or(AuthorityError::Refused(Code::LicenseUnknown))?;
    about.license = Some(entry.license.id);
    Ok(entry)
}
