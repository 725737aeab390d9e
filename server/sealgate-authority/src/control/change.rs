//! Changing a license: renew, update, suspend, resume, revoke, set variables.

use sealgate_artifact::{Code, DeviceId, LicenseId, UnixSeconds};
use sealgate_store::write::licenses::SignedLicense;
use sealgate_store::{AuditRow, EventRow, LicenseRow, Terms, Tx, Work, read, write};
use sealgate_wire::{LicenseView, Reason, RenewLicense, UpdateLicense, Variables};
use serde_json::{Value, json};

use super::issue::{DAY, sign_license};
use super::keys::next_version;
use super::licenses::{find, view_at};
use super::release::{Release, Releasing, release_seats};
use super::{ATTEMPTS, apps, check, plans};
use crate::{Authority, AuthorityError, Caller};

/// Gives a license another end. Without one, the plan's duration is added to the present end.
pub async fn renew_license(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &RenewLicense,
) -> Result<LicenseView, AuthorityError> {
    // Before anything that depends on the time.
    if let Some(done) = a.answered(caller).await? {
        return Ok(done);
    }
    let license = find(a, caller, id).await?;
    let now = a.now();
    let invalid = |why| AuthorityError::Invalid { field: "expires_at", why };
    let end = match wish.expires_at {
        Some(end) => end.map(|t| t.0),
        None => Some(next_end(a, caller, &license).await?.ok_or_else(|| {
            invalid("a time, or null for never: the license has no end or no plan with a duration")
        })?),
    };
    if end.is_some_and(|end| end <= now) {
        return Err(invalid("a time in the future"));
    }
    let change = move |license: &mut LicenseRow| {
        unless_revoked(license)?;
        license.expires_at = end;
        Ok(())
    };
    let detail = json!({ "expires_at": end.map(UnixSeconds::get) });
    change_license(a, caller, id, Record::new("license.renewed", "license_renewed", detail), change).await
}

async fn next_end(
    a: &Authority,
    caller: &Caller,
    license: &LicenseRow,
) -> Result<Option<UnixSeconds>, AuthorityError> {
    let (Some(end), Some(plan)) = (license.expires_at, license.plan) else { return Ok(None) };
    let plan = plans::find(a, caller, &plan.to_string()).await?;
    Ok(plan.duration_days.map(|days| end.max(a.now()).plus(u64::from(days) * DAY)))
}

/// Changes notes and seats. Fewer seats than are taken needs devices to release.
pub async fn update_license(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &UpdateLicense,
) -> Result<LicenseView, AuthorityError> {
    check::note("label", wish.label.as_deref())?;
    check::note("customer", wish.customer.as_deref())?;
    let detail = serde_json::to_value(wish).expect("a wish can be written");
    let record = Record::new("license.updated", "license_updated", detail);
    let devices = wish.release.iter().flatten().map(|id| DeviceId::parse(id));
    let devices: Vec<DeviceId> =
        devices.collect::<Result<_, _>>().map_err(|_| AuthorityError::Refused(Code::NotFound))?;
    let release = Release::Named(devices);
    let releasing = Releasing::new(release, wish.override_allowance.unwrap_or(false), a.now());
    let wish = wish.clone();
    let note = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let change = move |license: &mut LicenseRow| {
        unless_revoked(license)?;
        if let Some(label) = &wish.label {
            license.label = note(label);
        }
        if let Some(customer) = &wish.customer {
            license.customer = note(customer);
        }
        if let Some(seats) = wish.max_devices {
            license.terms.max_devices = seats.0;
        }
        Ok(())
    };
    change_releasing(a, caller, id, (record, Some(releasing)), change).await
}

/// Suspends a license: online it is refused within a second, until it is resumed.
pub async fn suspend_license(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &Reason,
) -> Result<LicenseView, AuthorityError> {
    check::reason(wish.reason.as_deref())?;
    let now = a.now();
    let change = move |license: &mut LicenseRow| {
        unless_revoked(license)?;
        license.suspended_at.get_or_insert(now);
        Ok(())
    };
    let detail = json!({ "reason": wish.reason });
    change_license(a, caller, id, Record::new("license.suspended", "license_suspended", detail), change).await
}

/// Lets a suspended license go on.
pub async fn resume_license(a: &Authority, caller: &Caller, id: &str) -> Result<LicenseView, AuthorityError> {
    let change = |license: &mut LicenseRow| {
        unless_revoked(license)?;
        license.suspended_at = None;
        Ok(())
    };
    change_license(a, caller, id, Record::new("license.resumed", "license_resumed", json!({})), change).await
}

/// Takes a license back for ever. Doing it again changes nothing and succeeds.
pub async fn revoke_license(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &Reason,
) -> Result<LicenseView, AuthorityError> {
    check::reason(wish.reason.as_deref())?;
    let (now, reason) = (a.now(), wish.reason.clone());
    let change = move |license: &mut LicenseRow| {
        if license.revoked_at.is_none() {
            (license.revoked_at, license.revoke_reason) = (Some(now), reason.clone());
        }
        Ok(())
    };
    let detail = json!({ "reason": wish.reason });
    change_license(a, caller, id, Record::new("license.revoked", "license_revoked", detail), change).await
}

/// What the license hands to running software.
pub async fn license_variables(
    a: &Authority,
    caller: &Caller,
    id: &str,
) -> Result<Variables, AuthorityError> {
    apps::variables(&find(a, caller, id).await?.variables)
}

/// Replaces what the license hands to running software.
pub async fn set_license_variables(
    a: &Authority,
    caller: &Caller,
    id: &str,
    wish: &Variables,
) -> Result<Variables, AuthorityError> {
    let text = check::variables(&wish.variables)?;
    let change = move |license: &mut LicenseRow| {
        unless_revoked(license)?;
        license.variables.clone_from(&text);
        Ok(())
    };
    let detail = json!({ "names": wish.variables.keys().collect::<Vec<_>>() });
    let record = Record::new("license.variables_set", "license_variables_set", detail);
    // All of them are said, so saying it again does no harm: a name is passed over.
    let unnamed = Caller { once: None, ..caller.clone() };
    change_license(a, &unnamed, id, record, change).await?;
    license_variables(a, caller, id).await
}

fn unless_revoked(license: &LicenseRow) -> Result<(), AuthorityError> {
    match license.revoked_at {
        Some(_) => Err(AuthorityError::Refused(Code::LicenseRevoked)),
        None => Ok(()),
    }
}

/// How a change is written down.
pub(super) struct Record {
    action: &'static str,
    event: &'static str,
    detail: Value,
}

impl Record {
    pub(super) fn new(action: &'static str, event: &'static str, detail: Value) -> Self {
        Self { action, event, detail }
    }
}

async fn change_license<C>(
    a: &Authority,
    caller: &Caller,
    id: &str,
    record: Record,
    change: C,
) -> Result<LicenseView, AuthorityError>
where
    C: Fn(&mut LicenseRow) -> Result<(), AuthorityError> + Clone + Send + Sync + 'static,
{
    change_releasing(a, caller, id, (record, None), change).await
}

/// Applies a change to what is stored at that moment, and signs a new version when the change touches what is signed.
/// The signature is made before the transaction; if somebody changed the license in between, it is made again.
async fn change_releasing<C>(
    a: &Authority,
    caller: &Caller,
    id: &str,
    (record, releasing): (Record, Option<Releasing>),
    change: C,
) -> Result<LicenseView, AuthorityError>
where
    C: Fn(&mut LicenseRow) -> Result<(), AuthorityError> + Clone + Send + Sync + 'static,
{
    if let Some(done) = a.answered(caller).await? {
        return Ok(done);
    }
    for _ in 0..ATTEMPTS {
        let license = find(a, caller, id).await?;
        let signed = sign_change(a, &license, &change).await?;
        let work = ChangeLicense {
            id: license.id,
            change: change.clone(),
            signed,
            releasing: releasing.clone(),
            audit: a.audit_row(caller, record.action, license.id.to_string(), &record.detail),
            event: a.event_row(&license, record.event, None, &caller.request_id),
            at: a.now(),
        };
        match a.commit_once(caller, work).await {
            Err(AuthorityError::Superseded) => {}
            done => return done,
        }
    }
    Err(AuthorityError::Refused(Code::Unavailable))
}

/// The next version of a license, and the one that it was made from.
struct NextVersion {
    before: u64,
    version: u64,
    what: SignedTerms,
    issuer: sealgate_artifact::PublicKey,
    statement: SignedLicense,
}

/// What a license's statement says, as far as it can change.
type SignedTerms = (Terms, Option<UnixSeconds>);

fn signed_terms(license: &LicenseRow) -> SignedTerms {
    (license.terms.clone(), license.expires_at)
}

async fn sign_change<C>(
    a: &Authority,
    license: &LicenseRow,
    change: &C,
) -> Result<Option<NextVersion>, AuthorityError>
where
    C: Fn(&mut LicenseRow) -> Result<(), AuthorityError>,
{
    let mut next = license.clone();
    change(&mut next)?;
    if signed_terms(&next) == signed_terms(license) {
        return Ok(None);
    }
    let tenant = read::tenants::find(&a.db, license.tenant).await?;
    let issuer = tenant.ok_or(AuthorityError::Refused(Code::NotFound))?.issuer_key;
    next.version = next_version(license.version, a.now());
    let statement = sign_license(a, &next, issuer)?;
    let (before, version) = (license.version, next.version);
    Ok(Some(NextVersion { before, version, what: signed_terms(&next), issuer, statement }))
}

struct ChangeLicense<C> {
    id: LicenseId,
    change: C,
    signed: Option<NextVersion>,
    releasing: Option<Releasing>,
    audit: AuditRow,
    event: EventRow,
    at: UnixSeconds,
}

impl<C> Work for ChangeLicense<C>
where
    C: Fn(&mut LicenseRow) -> Result<(), AuthorityError> + Send + Sync + 'static,
{
    type Output = LicenseView;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<LicenseView, AuthorityError> {
        let mut license = self.change(tx).await?;
        license.devices_used = write::seats::used(tx, &license).await?;
        view_at(&license, self.at)
    }
}

impl<C> ChangeLicense<C>
where
    C: Fn(&mut LicenseRow) -> Result<(), AuthorityError> + Send + Sync + 'static,
{
    /// The license as it is then.
    async fn change(&self, tx: &mut Tx<'_>) -> Result<LicenseRow, AuthorityError> {
        let locked = write::licenses::lock(tx, self.audit.tenant, self.id).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let mut license = locked.clone();
        (self.change)(&mut license)?;
        let released = match &self.releasing {
            Some(releasing) => release_seats(tx, &license, releasing, &self.event).await?.released,
            None => vec![],
        };
        if license == locked && released.is_empty() {
            return Ok(license);
        }
        if signed_terms(&license) == signed_terms(&locked) {
            write::licenses::store(tx, &license).await?;
        } else {
            let next = self.fitting_version(&locked, &license)?;
            if !write::tenants::has_issuer(tx, license.tenant, next.issuer).await? {
                return Err(AuthorityError::Superseded);
            }
            license.version = next.version;
            write::licenses::store_version(tx, &license, &next.statement).await?;
        }
        write::records::event(tx, &self.event).await?;
        write::records::audit(tx, &self.audit).await?;
        Ok(license)
    }

    /// What was signed, if it was signed for exactly this.
    fn fitting_version(
        &self,
        locked: &LicenseRow,
        license: &LicenseRow,
    ) -> Result<&NextVersion, AuthorityError> {
        let fits = |next: &&NextVersion| next.before == locked.version && next.what == signed_terms(license);
        self.signed.as_ref().filter(fits).ok_or(AuthorityError::Superseded)
    }
}
