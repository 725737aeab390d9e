//! Licenses as the vendor sees them: one by its id or key, and lists.

use std::sync::Arc;

use sealgate_artifact::{Code, LicenseId, TenantId, UnixSeconds};
use sealgate_authority::seats::standing;
use sealgate_authority::{AuthorityError, SharedSecrets, stored};
use sealgate_store::table::licenses::Filter;
use sealgate_store::table::{self, FormerKeyRow, LicenseRow};
use sealgate_wire::{Conditions, LicenseQuery, LicenseView, LookUpLicense, Page, Seats, Timestamp};

use super::licensee;
use super::wanted::{EndPlace, Order, Used, Wanted};
use crate::desk::Desk;
use crate::found::Found;
use crate::keys::LicenseSigner;
use crate::page::{Part, name_of};
use crate::standing::may_act;
use crate::{Caller, Scope, VendorSecrets, named, slugged, trial};

/// The vendor's licenses.
pub struct Licenses {
    pub(super) desk: Desk,
    pub(super) signer: LicenseSigner,
    pub(super) shared: Arc<SharedSecrets>,
    pub(super) secrets: Arc<VendorSecrets>,
}

impl Licenses {
    pub(crate) fn new(
        desk: Desk,
        signer: LicenseSigner,
        shared: Arc<SharedSecrets>,
        secrets: Arc<VendorSecrets>,
    ) -> Self {
        Self { desk, signer, shared, secrets }
    }

    /// The tenant's license of that id.
    pub async fn show(&self, caller: &Caller, id: &str) -> Result<LicenseView, AuthorityError> {
        let shown = view(&find(&self.desk, caller, id).await?, self.desk.ids.now())?;
        slugged::named(&self.desk, caller, shown).await
    }

    /// The tenant's license that has that key, or had it, or has that external id.
    pub async fn look_up(
        &self,
        caller: &Caller,
        request: &LookUpLicense,
    ) -> Result<LicenseView, AuthorityError> {
        let (db, tenant) = (&self.desk.db, caller.tenant);
        let (found, former) = match (&request.license_key, &request.external_id) {
            (Some(key), None) => self.with_key(tenant, key).await?,
            (None, Some(external_id)) => (self.called(tenant, external_id).await?, None),
            _ => {
                let why = "either this, or external_id";
                return Err(AuthorityError::Invalid { field: "license_key", why });
            }
        };
        // A POST, and yet it reads: its caller may have been revoked meanwhile.
        may_act(db, caller, self.desk.ids.now()).await?;
        let found = found.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let key_replaced_at = former.map(|former| Timestamp(former.replaced_at));
        let shown = LicenseView { key_replaced_at, ..view(&found, self.desk.ids.now())? };
        slugged::named(&self.desk, caller, shown).await
    }

    async fn called(
        &self,
        tenant: TenantId,
        external_id: &str,
    ) -> Result<Option<LicenseRow>, AuthorityError> {
        let Some(id) = table::licenses::by_external_id(&self.desk.db, tenant, external_id).await? else {
            return Ok(None);
        };
        Ok(table::licenses::find(&self.desk.db, tenant, id).await?)
    }

    /// The license of a key and, where it is not the present one, since when.
    async fn with_key(
        &self,
        tenant: TenantId,
        key: &str,
    ) -> Result<(Option<LicenseRow>, Option<FormerKeyRow>), AuthorityError> {
        let (db, key) = (&self.desk.db, self.shared.license_key(key));
        if let Some(found) = table::licenses::by_key(db, tenant, key).await? {
            return Ok((Some(found), None));
        }
        if let Some(id) = table::foreign_keys::of_tenant(db, tenant, key).await? {
            return Ok((table::licenses::find(db, tenant, id).await?, None));
        }
        let Some(former) = table::former_keys::of_tenant(db, tenant, key).await? else {
            return Ok((None, None));
        };
        Ok((table::licenses::find(db, tenant, former.of.license).await?, Some(former)))
    }

    /// The tenant's licenses: newest first, in the order of the label that is searched, or of their ends.
    pub async fn list(
        &self,
        caller: &Caller,
        query: &LicenseQuery,
    ) -> Result<Page<LicenseView>, AuthorityError> {
        let query = &self.with_the_ids(caller, query).await?;
        let sees_customers = caller.scopes.allow(Scope::CustomersRead);
        let wanted = Wanted::read(query, sees_customers, (&self.desk.calendar, self.desk.ids.now()))?;
        let order = Order::read(query, wanted.ends)?;
        let filter = match (&query.device, wanted.customer, wanted.app) {
            (Some(device), ..) => Filter::Device(device.clone()),
            (_, Some(id), _) => Filter::Customer(id),
            (.., Some(id)) => Filter::App(id),
            _ => Filter::Any,
        };
        let mut page = match (&filter, order, &wanted.label) {
            (_, Order::End, _) => self.by_end(caller, query, &wanted).await,
            (Filter::Device(_) | Filter::Customer(_), ..) | (.., None) => {
                self.by_age(caller, query, filter, &wanted).await
            }
            (.., Some(begin)) => self.by_label(caller, query, begin, &wanted).await,
        }?;
        slugged::name(&self.desk, caller, &mut page.items).await?;
        Ok(page)
    }

    /// The query with ids in the place of names: a list's cursor is the same for both.
    async fn with_the_ids(
        &self,
        caller: &Caller,
        query: &LicenseQuery,
    ) -> Result<LicenseQuery, AuthorityError> {
        let mut query = query.clone();
        let mut app = None;
        if let Some(named) = &mut query.app_id {
            let id = named::app_id(&self.desk, caller, named).await?;
            (*named, app) = (id.to_string(), Some(id));
        }
        if let Some(plan) = &mut query.plan_id {
            *plan = named::plan_id(&self.desk, caller, plan, app).await?.to_string();
        }
        if let Some(customer) = &mut query.customer_id {
            *customer = named::customer(&self.desk, caller, customer).await?.to_string();
        }
        Ok(query)
    }

    async fn by_age(
        &self,
        caller: &Caller,
        query: &LicenseQuery,
        filter: Filter,
        wanted: &Wanted,
    ) -> Result<Page<LicenseView>, AuthorityError> {
        let part = Part::new(list_of(query), query.cursor.as_deref(), query.limit, LicenseId::parse)?;
        let (db, filter) = (&self.desk.db, &filter);
        let rows = |after, most| async move {
            wanted.used(db, table::licenses::list(db, caller.tenant, filter, after, most).await?).await
        };
        part.or_count(query.count).pick(rows, |row| row.license.id, |row| self.shown(row, wanted)).await
    }

    async fn by_end(
        &self,
        caller: &Caller,
        query: &LicenseQuery,
        wanted: &Wanted,
    ) -> Result<Page<LicenseView>, AuthorityError> {
        let part = Part::new(list_of(query), query.cursor.as_deref(), query.limit, EndPlace::parse)?;
        let (first, last) = wanted.ends.bounds();
        let db = &self.desk.db;
        let rows = |after: Option<EndPlace>, most| async move {
            let after = after.map_or((first, None), |place| (place.at, Some(place.id)));
            wanted.used(db, table::licenses::by_end(db, caller.tenant, after, last, most).await?).await
        };
        let place =
            |Used { license, .. }: &Used| EndPlace { at: license.expires_at.unwrap_or(last), id: license.id };
        part.or_count(query.count).pick(rows, place, |row| self.shown(row, wanted)).await
    }

    async fn by_label(
        &self,
        caller: &Caller,
        query: &LicenseQuery,
        begin: &str,
        wanted: &Wanted,
    ) -> Result<Page<LicenseView>, AuthorityError> {
        let db = &self.desk.db;
        let parse = |text: &str| Found::parse(text, LicenseId::parse);
        let part = Part::new(list_of(query), query.cursor.as_deref(), query.limit, parse)?;
        let rows = |after: Option<Found<LicenseId>>, most| async move {
            let after = after.as_ref().map(|found| (found.text.as_str(), found.id));
            wanted.used(db, table::licenses::search(db, caller.tenant, begin, after, most).await?).await
        };
        let found = |Used { license, .. }: &Used| Found {
            text: license.label.clone().unwrap_or_default(),
            id: license.id,
        };
        part.or_count(query.count).pick(rows, found, |row| self.shown(row, wanted)).await
    }

    /// A license of a list, if it is one that somebody wants.
    fn shown(&self, row: &Used, wanted: &Wanted) -> Result<Option<LicenseView>, AuthorityError> {
        if wanted.has(row)? { view(&row.license, self.desk.ids.now()).map(Some) } else { Ok(None) }
    }
}

fn list_of(query: &LicenseQuery) -> String {
    name_of("licenses", &LicenseQuery { cursor: None, limit: None, ..query.clone() })
}

/// The tenant's license of that id, as it is stored.
pub(crate) async fn find(desk: &Desk, caller: &Caller, id: &str) -> Result<LicenseRow, AuthorityError> {
    let unknown = || AuthorityError::Refused(Code::NotFound);
    let id = LicenseId::parse(id).map_err(|_| unknown())?;
    table::licenses::find(&desk.db, caller.tenant, id).await?.ok_or_else(unknown)
}

/// A license as the vendor sees it at a time, without slugs.
pub(crate) fn view(license: &LicenseRow, now: UnixSeconds) -> Result<LicenseView, AuthorityError> {
    let Conditions { policy, max_instances, offline, allowances } = Conditions::of(&license.terms.conditions);
    Ok(LicenseView {
        license_id: license.id.to_string(),
        app_id: license.app.to_string(),
        app: None,
        plan_id: license.plan.map(|id| id.to_string()),
        plan: None,
        status: standing(license).status(now).as_str().to_owned(),
        tier: license.terms.tier.as_str().to_owned(),
        features: stored(&license.terms.features)?,
        limits: stored(&license.terms.limits)?,
        max_devices: Seats(license.terms.max_devices),
        devices_used: license.devices_used,
        pool_seats: license.pools,
        expires_at: license.expires_at.map(Timestamp),
        files: license.terms.files && license.terms.trial.is_none(),
        policy,
        max_instances,
        offline,
        allowances,
        trial: license.terms.trial.map(trial::view),
        label: license.label.clone(),
        customer_id: license.customer.map(|id| id.to_string()),
        customer: None,
        licensee: licensee::shown(&license.licensee)?,
        external_id: license.external_id.clone(),
        version: license.version,
        created_at: Timestamp(license.created_at),
        suspended_at: license.suspended_at.map(Timestamp),
        suspend_reason: license.suspend_reason.clone(),
        revoked_at: license.revoked_at.map(Timestamp),
        revoke_reason: license.revoke_reason.clone(),
        key_replaced_at: None,
    })
}
