//! What every request goes through: its form, who asks, whom the app's lists admit.

use std::net::IpAddr;
use std::sync::Arc;

use sealgate_artifact::{AppId, Code, Device, Hwid, LicenseId, LicenseKey, UnixSeconds, limits};
use sealgate_authority::{
    About, AuthorityError, Barred, Ids, Limiter, Observed, SharedSecrets, Source, lists, secrets,
};
use sealgate_rules::lists_allow;
use sealgate_store::table::{AppRow, FormerKeyRow, LicenseRow, Said, former_keys};
use sealgate_store::{AppEntry, Db, LicenseEntry};

use crate::in_time::InTime;

const NONCE_DIGITS: usize = 32;

/// What was asked, as addresses and licenses are charged for it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked {
    Question,
    Heartbeat,
}

/// What every request goes through, whichever wire it comes by. Clones share the counts.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) db: Db,
    pub(crate) ids: Ids,
    pub(crate) secrets: Arc<SharedSecrets>,
    pub(crate) limiter: Limiter,
    observed: Observed,
}

/// spec/http.md §2.2: whether a secret is short enough to be looked at. A wrong one needs no other form.
pub(crate) fn is_short(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.len() <= limits::WORD_BYTES)
}

/// The device that a client on this wire says it is.
pub(crate) fn device(hwid: &str) -> Result<Device, AuthorityError> {
    Hwid::parse(hwid).map(Device::Hwid).ok_or(AuthorityError::Refused(Code::MalformedRequest))
}

pub(crate) fn is_nonce(nonce: &str) -> bool {
    nonce.len() == NONCE_DIGITS && nonce.bytes().all(|b| b.is_ascii_hexdigit())
}

/// spec/http.md §1.8: here, an unknown key or app; tokens are guesses too, for `Tokens::authenticate`.
/// spec/http.md §1.8: only an unknown app or key is a guess, and not a key that nobody can have.
fn is_guess<T>(outcome: &Result<T, AuthorityError>, about: &About) -> bool {
    match outcome {
        Err(AuthorityError::Refused(Code::AppUnknown)) => true,
        Err(AuthorityError::Refused(Code::LicenseUnknown)) => !about.mistyped,
        _ => false,
    }
}

/// Refuses what is not of the documented form, before anything is looked up.
pub(crate) fn require(is_sound: bool) -> Result<(), AuthorityError> {
    if is_sound { Ok(()) } else { Err(AuthorityError::Refused(Code::MalformedRequest)) }
}

impl Gate {
    pub(crate) fn new(
        db: Db,
        ids: Ids,
        secrets: Arc<SharedSecrets>,
        limiter: Limiter,
        observed: Observed,
    ) -> Self {
        Self { db, ids, secrets, limiter, observed }
    }

    /// For a question whose answer must not be out of date when it is given.
    pub(crate) fn in_time(&self) -> InTime<'_> {
        InTime::new(&self.db, &self.ids)
    }

    /// One question from an address. A refusal is counted for the app that is named, if that one is known here.
    pub(crate) fn admit(
        &self,
        source: Source<'_>,
        named: impl FnOnce() -> Option<AppId>,
    ) -> Result<(), AuthorityError> {
        self.limiter.address(source.address).inspect_err(|_| self.note_limited(source, named()))
    }

    /// The same for a heartbeat.
    pub(crate) fn admit_heartbeat(&self, source: Source<'_>, app: &str) -> Result<(), AuthorityError> {
        let limited = self.limiter.heartbeat_address(source.address);
        limited.inspect_err(|_| self.note_limited(source, AppId::parse(app).ok()))
    }

    fn note_limited(&self, source: Source<'_>, named: Option<AppId>) {
        // From memory alone: whoever asks too often must not make the database work.
        let app = named.and_then(|id| self.db.remembered_app(id));
        let owner = app.map(|entry| (entry.app.tenant, entry.app.id));
        self.observed.refusal(Code::RateLimited, &About { owner, ..About::default() }, source.request_id);
    }

    /// Counts a refusal of what was asked. A wrong guess costs no request, and is refused once its address has guessed too
    /// often. A failure of the server is neither.
    pub(crate) fn note<T>(
        &self,
        asked: Asked,
        source: Source<'_>,
        about: &About,
        mut outcome: Result<T, AuthorityError>,
    ) -> Result<T, AuthorityError> {
        if is_guess(&outcome, about) {
            match asked {
                Asked::Question => self.limiter.give_back_address(source.address),
                Asked::Heartbeat => self.limiter.give_back_heartbeat_address(source.address),
            }
            if let Err(limited) = self.limiter.guess(source.address) {
                outcome = Err(limited);
            }
        }
        if let Err(refused @ (AuthorityError::Refused(_) | AuthorityError::Limited { .. })) = &outcome {
            self.observed.refusal(refused.code(), about, source.request_id);
        }
        outcome
    }

    /// Counts a positive answer.
    pub(crate) fn note_answer(&self, kind: &'static str, about: &About, request_id: &str) {
        self.observed.answer(kind, about, request_id);
    }

    /// A device that was let in, and what it said of itself.
    pub(crate) fn saw(&self, license: LicenseId, device: &Device, said: &Said) {
        self.observed.saw(license, device, said);
    }

    /// The app that proves itself by its secret.
    pub(crate) async fn prove_app(
        &self,
        id: &str,
        secret: Option<&str>,
        about: &mut About,
    ) -> Result<Arc<AppEntry>, AuthorityError> {
        let offered = self.secrets.app_secret(secret.unwrap_or_default());
        let now = self.ids.now();
        let is_former = |app: &AppRow| {
            app.former_secret.is_some_and(|(hash, until)| now < until && secrets::same(&hash, &offered))
        };
        let found = self.find_app(id, about).await?;
        let proven =
            found.filter(|entry| secrets::same(&entry.app.secret_hash, &offered) || is_former(&entry.app));
        answering(proven.ok_or(AuthorityError::Refused(Code::AppUnknown))?)
    }

    /// The app that a session names; the session is the proof.
    pub(crate) async fn name_app(
        &self,
        id: &str,
        about: &mut About,
    ) -> Result<Arc<AppEntry>, AuthorityError> {
        let app = self.find_app(id, about).await?.ok_or(AuthorityError::Refused(Code::AppUnknown))?;
        answering(app)
    }

    async fn find_app(&self, id: &str, about: &mut About) -> Result<Option<Arc<AppEntry>>, AuthorityError> {
        let Ok(id) = AppId::parse(id) else { return Ok(None) };
        let found = self.db.cached_app(id).await?;
        about.owner = found.as_ref().map(|entry| (entry.app.tenant, entry.app.id));
        Ok(found)
    }

    /// spec/http.md §1.8: one question about a license that the caller has proved to know, or to hold a seat of. The app pays
    /// last: anybody can name an app, and one license that is asked about too often costs the others nothing. A question that
    /// is decided again has `paid`.
    pub(crate) fn charge(
        &self,
        asked: Asked,
        license: &LicenseRow,
        paid: &mut bool,
    ) -> Result<(), AuthorityError> {
        if std::mem::replace(paid, true) {
            return Ok(());
        }
        let of_license = match asked {
            Asked::Question => Limiter::license,
            Asked::Heartbeat => Limiter::heartbeat,
        };
        of_license(&self.limiter, license.id)?;
        self.limiter.app(license.app)
    }

    /// The license of a key, if it is this app's.
    pub(crate) async fn find_license(
        &self,
        app: &AppEntry,
        key: &str,
        about: &mut About,
    ) -> Result<Arc<LicenseEntry>, AuthorityError> {
        let hash = self.secrets.license_key(key);
        let found = self.db.cached_license(app.app.id, hash).await?;
        if let Ok(entry) = of_app(found, app, about) {
            return Ok(entry);
        }
        // The foreign keys of licenses are as good as our own.
        let found = self.db.cached_license_of_foreign_key(app.app.id, hash).await?;
        if let Ok(entry) = of_app(found, app, about) {
            return Ok(entry);
        }
        // Every key that leads to no license is looked for here, so that this tells none of them from another.
        Err(match former_keys::of_app(&self.db, app.app.id, hash).await? {
            Some(former) => replaced(&former, about),
            None => unknown(key, about),
        })
    }
}

/// What whoever asks with a key that its license no longer has is told.
pub(crate) fn replaced(former: &FormerKeyRow, about: &mut About) -> AuthorityError {
    about.license = Some(former.of.license);
    AuthorityError::Refused(Code::LicenseKeyReplaced)
}

/// Refuses an app that is switched off, or whose tenant is suspended.
pub(crate) fn answering(app: Arc<AppEntry>) -> Result<Arc<AppEntry>, AuthorityError> {
    match (app.app.disabled_at, app.tenant_suspended) {
        (None, false) => Ok(app),
        (Some(_), _) => Err(AuthorityError::Refused(Code::AppDisabled)),
        (None, true) => Err(AuthorityError::Refused(Code::TenantSuspended)),
    }
}

/// Every key that leads to no license is checked, so that none of them costs more work than another.
pub(crate) fn unknown(typed: &str, about: &mut About) -> AuthorityError {
    about.mistyped = LicenseKey::parse(typed).is_err();
    AuthorityError::Refused(Code::LicenseUnknown)
}

/// spec/http.md §2.7: the app's lists, before anything is said about a license.
pub(crate) fn app_admits(
    app: &AppEntry,
    (hwid, address): (&str, Option<IpAddr>),
    now: UnixSeconds,
    about: &mut About,
) -> Result<(), AuthorityError> {
    if lists_allow(&lists::entries(app, None), hwid, address, now) {
        return Ok(());
    }
    let admits_device = lists_allow(&lists::entries_of_devices(app, None), hwid, None, now);
    about.barred = if admits_device { Barred::Address } else { Barred::Device };
    Err(AuthorityError::Refused(Code::Blocked))
}

/// The license was found. Past the app's lists, a suspension bars, or else an entry for this license and device.
pub(crate) fn is_about(license: &LicenseRow, about: &mut About) {
    about.license = Some(license.id);
    about.barred = if license.suspended_at.is_some() { Barred::Suspended } else { Barred::Device };
}

/// Whether the entries for this license alone admit the device.
pub(crate) fn license_admits(app: &AppEntry, license: &LicenseEntry, hwid: &str, now: UnixSeconds) -> bool {
    lists_allow(&lists::entries(app, Some(license.license.id)), hwid, None, now)
}

/// A license that was found, if it is this app's.
pub(crate) fn of_app(
    found: Option<Arc<LicenseEntry>>,
    app: &AppEntry,
    about: &mut About,
) -> Result<Arc<LicenseEntry>, AuthorityError> {
    // A key of another app is as unknown as one that was never issued.
    let entry = found.filter(|entry| entry.license.app == app.app.id);
    let entry = entry.ok_or(AuthorityError::Refused(Code::LicenseUnknown))?;
    is_about(&entry.license, about);
    Ok(entry)
}
