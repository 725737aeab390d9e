//! Licenses as the vendor sees them: one by its id or key, and lists.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sealgate_artifact::{AppId, Code, LicenseId, UnixSeconds};
use sealgate_authority::seats::standing;
use sealgate_authority::{AuthorityError, SharedSecrets, stored};
use sealgate_store::table::licenses::Filter;
use sealgate_store::table::{self, LicenseRow};
use sealgate_wire::{LicenseQuery, LicenseView, LookUpLicense, Page, Seats, Timestamp};

use super::licensee;
use super::terms::customer;
use crate::desk::Desk;
use crate::found::Found;
use crate::keys::LicenseSigner;
use crate::page::Part;
use crate::standing::may_act;
use crate::{Caller, VendorSecrets, trial};

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
        view(&find(&self.desk, caller, id).await?, self.desk.ids.now())
    }

    /// The tenant's license that has that key, or had it.
    pub async fn look_up(
        &self,
        caller: &Caller,
        request: &LookUpLicense,
    ) -> Result<LicenseView, AuthorityError> {
        let key = self.shared.license_key(&request.license_key);
        let (db, tenant) = (&self.desk.db, caller.tenant);
        let (found, former) = match table::licenses::by_key(db, tenant, key).await? {
            Some(found) => (Some(found), None),
            None => match table::former_keys::of_tenant(db, tenant, key).await? {
                Some(former) => (table::licenses::find(db, tenant, former.license).await?, Some(former)),
                None => (None, None),
            },
        };
        // A POST, and yet it reads: its caller may have been revoked meanwhile.
        may_act(db, caller, self.desk.ids.now()).await?;
        let found = found.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let key_replaced_at = former.map(|former| Timestamp(former.replaced_at));
        Ok(LicenseView { key_replaced_at, ..view(&found, self.desk.ids.now())? })
    }

    /// The tenant's licenses: newest first, or in the order of the text that is searched.
    pub async fn list(
        &self,
        caller: &Caller,
        query: &LicenseQuery,
    ) -> Result<Page<LicenseView>, AuthorityError> {
        let (app, device) = (query.app_id.as_deref(), query.device.as_deref());
        match (app, query.label.as_deref(), query.customer_id.as_deref(), device) {
            (None, None, None, None) => self.by_age(caller, query, "licenses".to_owned(), Filter::Any).await,
            (Some(app), None, None, None) => {
                let app = AppId::parse(app).map_err(|_| AuthorityError::Refused(Code::NotFound))?;
                self.by_age(caller, query, format!("licenses-{app}"), Filter::App(app)).await
            }
            (None, None, None, Some(device)) => {
                let list = format!("licenses-device-{}", URL_SAFE_NO_PAD.encode(device));
                self.by_age(caller, query, list, Filter::Device(device.to_owned())).await
            }
            (None, Some(label), None, None) => self.by_label(caller, query, label).await,
            (None, None, Some(id), None) => {
                let id = customer(id)?;
                self.by_age(caller, query, format!("licenses-customer-{id}"), Filter::Customer(id)).await
            }
            _ => {
                let why = "at most one of app_id, label, customer_id and device";
                Err(AuthorityError::Invalid { field: "query", why })
            }
        }
    }

    async fn by_age(
        &self,
        caller: &Caller,
        query: &LicenseQuery,
        list: String,
        filter: Filter,
    ) -> Result<Page<LicenseView>, AuthorityError> {
        let part = Part::new(list, query.cursor.as_deref(), query.limit, LicenseId::parse)?;
        let rows = |after, most| table::licenses::list(&self.desk.db, caller.tenant, &filter, after, most);
        let now = self.desk.ids.now();
        part.read(rows, |row| row.id, |row| view(row, now)).await
    }

    async fn by_label(
        &self,
        caller: &Caller,
        query: &LicenseQuery,
        begin: &str,
    ) -> Result<Page<LicenseView>, AuthorityError> {
        let list = format!("licenses-label-{}", URL_SAFE_NO_PAD.encode(begin));
        let part =
            Part::new(list, query.cursor.as_deref(), query.limit, |t| Found::parse(t, LicenseId::parse))?;
        let rows = |after: Option<Found<LicenseId>>, most| async move {
            let after = after.as_ref().map(|found| (found.text.as_str(), found.id));
            table::licenses::search(&self.desk.db, caller.tenant, begin, after, most).await
        };
        let now = self.desk.ids.now();
        let found = |row: &LicenseRow| Found { text: row.label.clone().unwrap_or_default(), id: row.id };
        part.read(rows, found, |row| view(row, now)).await
    }
}

/// The tenant's license of that id, as it is stored.
pub(crate) async fn find(desk: &Desk, caller: &Caller, id: &str) -> Result<LicenseRow, AuthorityError> {
    let unknown = || AuthorityError::Refused(Code::NotFound);
    let id = LicenseId::parse(id).map_err(|_| unknown())?;
    table::licenses::find(&desk.db, caller.tenant, id).await?.ok_or_else(unknown)
}

/// A license as the vendor sees it at a time.
pub(crate) fn view(license: &LicenseRow, now: UnixSeconds) -> Result<LicenseView, AuthorityError> {
    Ok(LicenseView {
        license_id: license.id.to_string(),
        app_id: license.app.to_string(),
        plan_id: license.plan.map(|id| id.to_string()),
        status: standing(license).status(now).as_str().to_owned(),
        tier: license.terms.tier.as_str().to_owned(),
        features: stored(&license.terms.features)?,
        limits: stored(&license.terms.limits)?,
        max_devices: Seats(license.terms.max_devices),
        devices_used: license.devices_used,
        expires_at: license.expires_at.map(Timestamp),
        trial: license.terms.trial.map(trial::view),
        label: license.label.clone(),
        customer_id: license.customer.map(|id| id.to_string()),
        licensee: licensee::shown(&license.licensee)?,
        external_id: license.external_id.clone(),
        version: license.version,
        created_at: Timestamp(license.created_at),
        suspended_at: license.suspended_at.map(Timestamp),
        revoked_at: license.revoked_at.map(Timestamp),
        revoke_reason: license.revoke_reason.clone(),
        key_replaced_at: None,
    })
}
