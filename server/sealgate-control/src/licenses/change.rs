//! Changing a license: update, suspend, resume, revoke, set variables. What all changes have in common.

use sealgate_artifact::{Code, DeviceId, LicenseId, PublicKey, Shard, UnixSeconds};
use sealgate_authority::{AuthorityError, ClockWatch, bundled, lease};
use sealgate_store::table::{self, AuditRow, EventRow, LicenseRow, SignedLicense};
use sealgate_store::{Read, Tx, Work};
use sealgate_wire::{ChangeVariables, LicenseView, ResumeLicense, StopLicense, UpdateLicense, Variables};
use serde_json::{Value, json};

use super::amend::amend;
use super::licensee;
use super::list::{Licenses, find, view};
use super::terms::{SignedTerms, customer, fits, signed_terms};
use crate::customers::lock_buyer;
use crate::keys::{list_revoked, next_version, store_next};
use crate::release::{MOST_RELEASED, Release, Releasing, release_seats};
use crate::{Caller, Scope, apps, check, named, sets, slugged, trial};

impl Licenses {
    /// Changes terms and notes. Fewer seats than are in use need devices to release, and the right to release them.
    pub async fn update(
        &self,
        caller: &Caller,
        id: &str,
        request: &UpdateLicense,
    ) -> Result<LicenseView, AuthorityError> {
        let devices = checked(caller, request)?;
        let overridden = request.override_allowance.unwrap_or(false);
        let release = Release::Named(devices);
        let releasing = Releasing::new(release, overridden, self.desk.ids.now()).for_fewer_seats();
        let _turn = match &request.release {
            Some(named) if named.len() > 1 => Some(self.desk.turn(caller, named.len()).await),
            _ => None,
        };
        let prepare = || async {
            let license = find(&self.desk, caller, id).await?;
            let request = self.with_ids(caller, &license, request).await?;
            let record = Record::new("license.updated", "license_updated", updated(&request));
            let change = self.updating(caller, &license, &request).await?;
            self.prepare_change(caller, &license, (&record, Some(&releasing)), change).await
        };
        let changed = self.desk.once(caller, prepare).await?;
        slugged::named(&self.desk, caller, changed).await
    }

    /// The request with ids where it may have names: the audit log keeps it, and no name of a customer.
    pub(super) async fn with_ids(
        &self,
        caller: &Caller,
        license: &LicenseRow,
        request: &UpdateLicense,
    ) -> Result<UpdateLicense, AuthorityError> {
        let mut request = request.clone();
        if let Some(plan) = &mut request.plan_id {
            *plan = named::plan_id(&self.desk, caller, plan, Some(license.app)).await?.to_string();
        }
        if let Some(customer) = request.customer_id.as_mut().filter(|named| !named.is_empty()) {
            *customer = named::customer(&self.desk, caller, customer).await?.to_string();
        }
        Ok(request)
    }

    /// What the request, which has ids, makes of the license.
    pub(super) async fn updating(
        &self,
        caller: &Caller,
        license: &LicenseRow,
        request: &UpdateLicense,
    ) -> Result<impl Fn(&mut LicenseRow) -> Result<(), AuthorityError> + use<>, AuthorityError> {
        let (request, now, calendar) = (request.clone(), self.desk.ids.now(), self.desk.calendar.clone());
        let upgrade = self.upgrade(caller, license, request.plan_id.as_deref()).await?;
        Ok(move |license: &mut LicenseRow| {
            update(license, &request)?;
            amend(license, &request, upgrade.as_ref(), (&calendar, now))?;
            trial::has_customer(license)
        })
    }

    /// Suspends a license: online it is refused within a second, until it is resumed.
    pub async fn suspend(
        &self,
        caller: &Caller,
        id: &str,
        request: &StopLicense,
    ) -> Result<LicenseView, AuthorityError> {
        check::reason(request.reason.as_deref())?;
        let (now, reason, seen) = (self.desk.ids.now(), request.reason.clone(), request.if_version);
        let change = move |license: &mut LicenseRow| {
            unless_revoked(license)?;
            unless_changed(license, seen)?;
            if license.suspended_at.is_none() {
                (license.suspended_at, license.suspend_reason) = (Some(now), reason.clone());
            }
            Ok(())
        };
        let detail = json!({ "reason": request.reason });
        let record = Record::new("license.suspended", "license_suspended", detail);
        self.change(caller, id, (&record, None), change).await
    }

    /// Lets a suspended license go on. Where its present version is listed, machines without a network need another one.
    pub async fn resume(
        &self,
        caller: &Caller,
        id: &str,
        request: &ResumeLicense,
    ) -> Result<LicenseView, AuthorityError> {
        let seen = request.if_version;
        let change = move |license: &mut LicenseRow| {
            unless_revoked(license)?;
            unless_changed(license, seen)?;
            (license.suspended_at, license.suspend_reason) = (None, None);
            Ok(())
        };
        let record = Record::new("license.resumed", "license_resumed", json!({}));
        self.change(caller, id, (&record, None), change).await
    }

    /// Signs a license anew whose present version is listed although nothing of it was taken back.
    pub(crate) async fn sign_anew(
        &self,
        caller: &Caller,
        id: &str,
        reason: &str,
    ) -> Result<(), AuthorityError> {
        let record = Record::new("license.resigned", "license_resigned", json!({ "reason": reason }));
        let change = |license: &mut LicenseRow| unless_revoked(license);
        self.change(caller, id, (&record, None), change).await.map(drop)
    }

    /// Revokes a license for good. Doing it again changes nothing and succeeds.
    pub async fn revoke(
        &self,
        caller: &Caller,
        id: &str,
        request: &StopLicense,
    ) -> Result<LicenseView, AuthorityError> {
        check::reason(request.reason.as_deref())?;
        let (now, reason, seen) = (self.desk.ids.now(), request.reason.clone(), request.if_version);
        let change = move |license: &mut LicenseRow| {
            unless_changed(license, seen)?;
            if license.revoked_at.is_none() {
                (license.revoked_at, license.revoke_reason) = (Some(now), reason.clone());
            }
            Ok(())
        };
        let detail = json!({ "reason": request.reason });
        let record = Record::new("license.revoked", "license_revoked", detail);
        self.change(caller, id, (&record, None), change).await
    }

    /// What the license hands to running software.
    pub async fn variables(&self, caller: &Caller, id: &str) -> Result<Variables, AuthorityError> {
        apps::variables(&find(&self.desk, caller, id).await?.variables)
    }

    /// Replaces what the license hands to running software.
    pub async fn set_variables(
        &self,
        caller: &Caller,
        id: &str,
        request: &Variables,
    ) -> Result<Variables, AuthorityError> {
        let text = check::variables(&request.variables)?;
        let change = move |license: &mut LicenseRow| {
            unless_revoked(license)?;
            license.variables.clone_from(&text);
            fits(license, "variables")
        };
        let detail = json!({ "names": request.variables.keys().collect::<Vec<_>>() });
        let record = Record::new("license.variables_set", "license_variables_set", detail);
        self.change(caller, id, (&record, None), change).await?;
        // Not what the license holds now: somebody else may have set it again.
        Ok(request.clone())
    }

    /// Changes some of what the license hands to running software, and says what it hands out now.
    pub async fn change_variables(
        &self,
        caller: &Caller,
        id: &str,
        request: &ChangeVariables,
    ) -> Result<Variables, AuthorityError> {
        let record = Record::new("license.variables_set", "license_variables_set", apps::named(request));
        let prepare = || async {
            let (license, request) = (find(&self.desk, caller, id).await?, request.clone());
            let change = move |license: &mut LicenseRow| {
                unless_revoked(license)?;
                let change = apps::variable_changes(&request);
                license.variables = sets::variables(&license.variables, &change)?;
                fits(license, "variables")
            };
            self.prepare_change(caller, &license, (&record, None), change).await.map(AnswerVariables)
        };
        self.desk.once(caller, prepare).await
    }

    async fn change<C>(
        &self,
        caller: &Caller,
        id: &str,
        (record, releasing): (&Record, Option<&Releasing>),
        change: C,
    ) -> Result<LicenseView, AuthorityError>
    where
        C: Fn(&mut LicenseRow) -> Result<(), AuthorityError> + Clone + Send + Sync + 'static,
    {
        let prepare = || async {
            let license = find(&self.desk, caller, id).await?;
            self.prepare_change(caller, &license, (record, releasing), change.clone()).await
        };
        let changed = self.desk.once(caller, prepare).await?;
        slugged::named(&self.desk, caller, changed).await
    }

    /// Signs a new version where the change touches what is signed. If somebody changes the license before the
    /// transaction, this runs again. `change` sees the license twice: as it is now, to sign it, and as it is when it is
    /// locked. So it must compute everything from the row that it is given.
    pub(super) async fn prepare_change<C>(
        &self,
        caller: &Caller,
        license: &LicenseRow,
        (record, releasing): (&Record, Option<&Releasing>),
        change: C,
    ) -> Result<ChangeLicense<C>, AuthorityError>
    where
        C: Fn(&mut LicenseRow) -> Result<(), AuthorityError>,
    {
        Ok(ChangeLicense {
            id: license.id,
            signed: self.sign_change(license, &change).await?,
            change,
            releasing: releasing.cloned(),
            audit: self.desk.audit(caller, record.action, license.id.to_string(), &record.detail),
            event: self.desk.event(caller, license, record.event, None),
            clock: self.desk.ids.clock_watch().clone(),
            at: self.desk.ids.now(),
        })
    }

    async fn sign_change<C>(
        &self,
        license: &LicenseRow,
        change: &C,
    ) -> Result<Option<NextVersion>, AuthorityError>
    where
        C: Fn(&mut LicenseRow) -> Result<(), AuthorityError>,
    {
        let mut next = license.clone();
        change(&mut next)?;
        if !needs_version(&self.desk.db, license, &next).await? {
            return Ok(None);
        }
        let tenant = table::tenants::find(&self.desk.db, license.tenant).await?;
        let issuer = tenant.ok_or(AuthorityError::Refused(Code::NotFound))?.issuer_key;
        next.version = next_version(license.version, self.desk.ids.now())?;
        let statement = self.signer.sign(&next, (self.slot_for(&next).await?, issuer))?;
        let (before, version) = (license.version, next.version);
        Ok(Some(NextVersion { before, version, what: signed_terms(&next), issuer, statement }))
    }
}

impl Licenses {
    /// A slot for the next version of this license.
    async fn slot_for(&self, license: &LicenseRow) -> Result<u64, AuthorityError> {
        let near = license.terms.conditions.slot.map(Shard::block_of);
        let drawn = self.signer.slots.draw((license.tenant, license.app), near, 1).await?;
        drawn.first().copied().ok_or(AuthorityError::Superseded)
    }
}

/// The devices that the request wants released, if it may be made.
pub(super) fn checked(caller: &Caller, request: &UpdateLicense) -> Result<Vec<DeviceId>, AuthorityError> {
    let named = request.release.as_deref().unwrap_or_default();
    if request.override_allowance == Some(true) || !named.is_empty() {
        caller.needs(Scope::DevicesWrite)?;
    }
    request.label.as_deref().map(|label| check::note("label", label)).transpose()?;
    if named.len() > MOST_RELEASED as usize {
        return Err(AuthorityError::Invalid { field: "release", why: "at most 500 devices" });
    }
    let devices = named.iter().map(|id| DeviceId::parse(id));
    devices.collect::<Result<_, _>>().map_err(|_| AuthorityError::Refused(Code::NotFound))
}

fn update(license: &mut LicenseRow, request: &UpdateLicense) -> Result<(), AuthorityError> {
    unless_revoked(license)?;
    unless_changed(license, request.if_version)?;
    if let Some(label) = &request.label {
        license.label = check::note("label", label)?;
    }
    if let Some(id) = &request.customer_id {
        license.customer = if id.is_empty() { None } else { Some(customer(id)?) };
    }
    if let Some(named) = &request.licensee {
        license.licensee = licensee::stored_form(named.as_ref())?;
    }
    Ok(())
}

/// What the audit log keeps of it, for ever: which fields were named, and what is nobody's name or note.
fn updated(request: &UpdateLicense) -> Value {
    let mut named = serde_json::to_value(request).expect("a request can be written");
    if let Some(named) = named.as_object_mut() {
        named.remove("if_version");
        let fields: Vec<_> = named.keys().cloned().collect();
        named.retain(|field, _| !matches!(field.as_str(), "label" | "licensee"));
        named.insert("fields".to_owned(), json!(fields));
    }
    named
}

/// Whether a change needs a next version: what is signed changes, or what was signed gives no right any more although the license
/// does (spec/revocation.md §7.6).
async fn needs_version(
    on: impl Read,
    before: &LicenseRow,
    next: &LicenseRow,
) -> Result<bool, AuthorityError> {
    if signed_terms(next) != signed_terms(before) {
        return Ok(true);
    }
    let gives_rights = next.revoked_at.is_none() && next.suspended_at.is_none();
    match before.terms.conditions.slot.filter(|_| gives_rights) {
        Some(slot) => Ok(table::slots::is_listed(on, (before.tenant, before.app), slot).await?),
        None => Ok(false),
    }
}

pub(super) fn unless_revoked(license: &LicenseRow) -> Result<(), AuthorityError> {
    match license.revoked_at {
        Some(_) => Err(AuthorityError::Refused(Code::LicenseRevoked)),
        None => Ok(()),
    }
}

/// spec/http.md §3.2: "what a person confirmed is what is done".
pub(super) fn unless_changed(license: &LicenseRow, seen: Option<u64>) -> Result<(), AuthorityError> {
    match seen {
        Some(version) if version != license.version => Err(AuthorityError::Refused(Code::LicenseChanged)),
        _ => Ok(()),
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

/// The next version of a license, and the one that it was made from.
struct NextVersion {
    before: u64,
    version: u64,
    what: SignedTerms,
    issuer: PublicKey,
    statement: SignedLicense,
}

pub(super) struct ChangeLicense<C> {
    clock: ClockWatch,
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
        license.devices_used = table::devices::seats_used(&mut *tx, &license).await?;
        view(&license, self.at)
    }
}

/// The same, for who asked about variables.
struct AnswerVariables<C>(ChangeLicense<C>);

impl<C> Work for AnswerVariables<C>
where
    C: Fn(&mut LicenseRow) -> Result<(), AuthorityError> + Send + Sync + 'static,
{
    type Output = Variables;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Variables, AuthorityError> {
        apps::variables(&self.0.change(tx).await?.variables)
    }
}

impl<C> ChangeLicense<C>
where
    C: Fn(&mut LicenseRow) -> Result<(), AuthorityError> + Send + Sync + 'static,
{
    /// The license as it is then.
    async fn change(&self, tx: &mut Tx<'_>) -> Result<LicenseRow, AuthorityError> {
        let locked = table::licenses::lock(tx, self.audit.tenant, self.id).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let locked = bundled::settled(tx, locked, (&self.clock, self.at)).await?;
        let mut license = locked.clone();
        (self.change)(&mut license)?;
        if let Some(buyer) = license.customer.filter(|_| license.customer != locked.customer) {
            lock_buyer(tx, license.tenant, buyer, 1).await?;
        }
        if (license.customer, license.terms.trial) != (locked.customer, locked.terms.trial) {
            trial::reserve(tx, &license).await?;
        }
        let released = match &self.releasing {
            Some(releasing) => release_seats(tx, &license, releasing, &self.event).await?.released,
            None => vec![],
        };
        let is_signed = needs_version(&mut *tx, &locked, &license).await?;
        if license == locked && released.is_empty() && !is_signed {
            return Ok(license);
        }
        lease::end_leases(tx, &locked, &license, self.at).await?;
        if is_signed {
            let next = self.fitting_version(&locked, &license)?;
            if !table::tenants::has_issuer(&mut *tx, license.tenant, next.issuer).await? {
                return Err(AuthorityError::Superseded);
            }
            license.version = next.version;
            store_next(tx, &locked, (&license, &next.statement), self.at).await?;
        } else {
            table::licenses::store(tx, &license).await?;
            list_revoked(tx, (&locked, &license), license.terms.conditions.slot, self.at).await?;
        }
        table::events::insert(tx, &self.event).await?;
        table::audit::insert(tx, &self.audit).await?;
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
