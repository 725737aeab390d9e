//! Issuing licenses: an order in, signed statements and keys out.

use sealgate_artifact::{
    Code, Conditions, CustomerId, LicenseId, LicenseKey, MaxDevices, PlanId, PublicKey, StatementId,
    TenantId, Tier, UnixSeconds,
};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{
    self, AppRow, AuditRow, EventRow, KeyDigestRow, KeyHash, LicenseRow, PlanRow, SignedLicense, TenantRow,
    Terms,
};
use sealgate_store::{Tx, Work};
use sealgate_wire::{IssueLicenses, IssuedLicense, LicensesIssued, Seats, Timestamp};
use serde_json::json;

use super::licensee::Buyer;
use super::list::Licenses;
use super::terms::fits_or;
use crate::duration::{Duration, End};
use crate::ends::{Calendar, From};
use crate::keys::{begin, first_version};
use crate::{Caller, Scope, check, conditions, named, trial};

const AT_ONCE: u32 = 1000;

impl Licenses {
    /// Issues licenses: all of them or none.
    pub async fn issue(
        &self,
        caller: &Caller,
        request: &IssueLicenses,
    ) -> Result<LicensesIssued, AuthorityError> {
        let _turn = match request.count {
            Some(count) if count > 1 => Some(self.desk.turn(caller, count as usize).await),
            _ => None,
        };
        let issued = self.desk.once(caller, || self.prepare_issue(caller, request)).await;
        issued.map_err(|error| match error {
            // The license is an existing one: only who may see licenses learns which.
            AuthorityError::ExternalIdTaken(_) if !caller.scopes.allow(Scope::LicensesRead) => {
                AuthorityError::Refused(Code::ExternalIdTaken)
            }
            other => other,
        })
    }

    /// Signs every license of the order. The issuer may be replaced meanwhile; then this runs again.
    async fn prepare_issue(
        &self,
        caller: &Caller,
        request: &IssueLicenses,
    ) -> Result<InsertLicenses, AuthorityError> {
        let now = self.desk.ids.now();
        check(request)?;
        let (app, plan) = self.sold(caller, request).await?;
        let buyer = Buyer::of(&self.desk, caller, request, plan.as_ref()).await?;
        let order = Order::new(request, (plan.as_ref(), &buyer), now, &self.desk.calendar)?;
        let tenant = table::tenants::find(&self.desk.db, caller.tenant).await?;
        let tenant = tenant.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let count = request.count.unwrap_or(1);
        let slots = self.signer.slots.draw((tenant.id, app.id), None, count as usize).await?;
        let mut rows = Vec::new();
        for slot in slots {
            rows.push(self.new_license(caller, (&app, &tenant), &order, slot)?);
            // A thousand signatures take a while; other requests go on in between.
            tokio::task::yield_now().await;
        }
        let mut detail = json!({
            "app": app.id.to_string(),
            "plan": order.plan.map(|id| id.to_string()),
            "first": rows.first().map(|new| new.license.id.to_string()),
            "count": count,
            "customer": order.customer.map(|id| id.to_string()),
            "external_id": order.external_id,
            "expires_at": order.end.map(|end| Timestamp(end.at)),
        });
        if request.conditions().is_any() {
            detail["conditions"] = json!(sealgate_wire::Conditions::of(&order.terms.conditions));
        }
        let audit = self.desk.audit(caller, "license.issued", app.id.to_string(), &detail);
        let app_disabled_at = app.disabled_at;
        Ok(InsertLicenses { issuer: (tenant.id, tenant.issuer_key), buyer, rows, app_disabled_at, audit })
    }

    /// The app and the plan: where only the plan is named, the app is the plan's.
    pub(super) async fn sold(
        &self,
        caller: &Caller,
        request: &IssueLicenses,
    ) -> Result<(AppRow, Option<PlanRow>), AuthorityError> {
        match (&request.app_id, &request.plan_id) {
            (None, Some(plan)) => {
                let plan = named::plan(&self.desk, caller, plan, None).await?;
                Ok((named::app(&self.desk, caller, &plan.app.to_string()).await?, Some(plan)))
            }
            (app, Some(plan)) => {
                let app = named::app_or_only(&self.desk, caller, app.as_deref()).await?;
                let plan = named::plan(&self.desk, caller, plan, Some(app.id)).await?;
                Ok((app, Some(plan)))
            }
            (app, None) => Ok((named::app_or_only(&self.desk, caller, app.as_deref()).await?, None)),
        }
    }

    pub(super) fn new_license(
        &self,
        caller: &Caller,
        (app, tenant): (&AppRow, &TenantRow),
        order: &Order,
        slot: u64,
    ) -> Result<NewLicense, AuthorityError> {
        let ids = &self.desk.ids;
        let (id, key) = (ids.fresh(LicenseId::new), LicenseKey::from_random(ids.random()));
        let now = ids.now();
        let license = LicenseRow {
            id,
            tenant: tenant.id,
            app: app.id,
            plan: order.plan,
            key_hash: self.shared.license_key(&key.expose()),
            key_sealed: self.secrets.seal_license_key(&key, id, ids.random()),
            label: order.label.clone(),
            customer: order.customer,
            licensee: order.licensee.clone(),
            terms: order.terms.clone(),
            variables: order.variables.clone(),
            not_before: begin(now),
            expires_at: order.end.map(|end| end.at),
            end_day: order.end.map(|end| end.day),
            suspended_at: order.suspended_at,
            revoked_at: None,
            suspend_reason: None,
            revoke_reason: None,
            version: first_version(now),
            // Filled in by the row that is stored with the signed statement.
            statement: StatementId::from_bytes([0; 32]),
            created_at: now,
            external_id: order.external_id.clone(),
            devices_used: 0,
            pools: 0,
            bundles_end: None,
        };
        trial::has_customer(&license)?;
        fits_or(&license, |excess| Ok(order.too_long(excess)))?;
        let signed = self.signer.sign(&license, (slot, tenant.issuer_key))?;
        let event = self.desk.event(caller, &license, "license_issued", None);
        let digest = self.shared.digest_of_key(&key.expose());
        Ok(NewLicense { license, key, digest, signed, event })
    }
}

/// What every license of a request has in common.
pub(super) struct Order {
    plan: Option<PlanId>,
    pub(super) terms: Terms,
    pub(super) variables: String,
    end: Option<End>,
    label: Option<String>,
    customer: Option<CustomerId>,
    licensee: String,
    external_id: Option<String>,
    /// What it gives besides the plan, and whether, and how many bytes of it.
    given: Vec<(&'static str, bool, usize)>,
    pub(super) suspended_at: Option<UnixSeconds>,
}

impl Order {
    pub(super) fn new(
        request: &IssueLicenses,
        (plan, buyer): (Option<&PlanRow>, &Buyer),
        now: UnixSeconds,
        calendar: &Calendar,
    ) -> Result<Self, AuthorityError> {
        let lasts = plan.and_then(|plan| plan.duration.as_deref()).and_then(Duration::parse);
        let end = match &request.expires_at {
            Some(Some(when)) => Some(calendar.end(when, (From::now(now), now))?),
            Some(None) => None,
            None => lasts.map(|duration| calendar.after(duration, From::now(now))),
        };
        let mut terms = plan.map_or_else(without_plan, |plan| plan.terms.clone());
        terms.max_devices = request.max_devices.map_or(terms.max_devices, |seats| seats.0);
        terms.conditions = conditions::changed(&terms.conditions, &request.conditions())?;
        conditions::unless_trial(&terms, &request.conditions())?;
        let conditions = conditions::given(&terms.conditions, &request.conditions());
        let licensee = ("licensee", request.licensee.is_some(), buyer.licensee().len());
        let given = conditions.into_iter().chain([licensee]).collect();
        Ok(Self {
            plan: plan.map(|plan| plan.id),
            terms,
            variables: plan.map_or_else(|| "{}".to_owned(), |plan| plan.variables.clone()),
            end,
            label: request.label.as_deref().map_or(Ok(None), |label| check::note("label", label))?,
            customer: buyer.customer(),
            licensee: buyer.licensee().to_owned(),
            external_id: request.external_id.clone(),
            given,
            suspended_at: None,
        })
    }

    /// What has to become shorter where so many bytes are too many: what alone could, or else all of it.
    fn too_long(&self, excess: usize) -> &'static str {
        let given = self.given.iter().filter(|(.., bytes)| *bytes >= excess);
        conditions::longest(given.copied()).unwrap_or("licenses")
    }
}

/// The terms of a license that no plan describes.
fn without_plan() -> Terms {
    Terms {
        tier: Tier::Licensed,
        features: "[]".to_owned(),
        limits: "[]".to_owned(),
        max_devices: MaxDevices::Limited(1),
        files: true,
        conditions: Conditions::default(),
        trial: None,
    }
}

/// A license on its way into the database, and its key on its way to the customer.
pub(super) struct NewLicense {
    pub(super) license: LicenseRow,
    pub(super) key: LicenseKey,
    /// What the database knows the key's digest by.
    pub(super) digest: KeyHash,
    pub(super) signed: SignedLicense,
    pub(super) event: EventRow,
}

impl NewLicense {
    /// By what a request of a machine without a network finds it.
    pub(super) fn key_digest(&self) -> KeyDigestRow {
        let LicenseRow { id: license, tenant, app, .. } = self.license;
        KeyDigestRow { digest: self.digest, app, tenant, license }
    }
}

fn check(request: &IssueLicenses) -> Result<(), AuthorityError> {
    let invalid = |field, why| Err(AuthorityError::Invalid { field, why });
    if !(1..=AT_ONCE).contains(&request.count.unwrap_or(1)) {
        return invalid("count", "1 to 1,000");
    }
    if request.external_id.is_some() && request.count.unwrap_or(1) != 1 {
        return invalid("external_id", "only where one license is issued");
    }
    check::external_id(request.external_id.as_deref())
}

struct InsertLicenses {
    issuer: (TenantId, PublicKey),
    buyer: Buyer,
    rows: Vec<NewLicense>,
    /// To sell before the app starts is no mistake; whoever sells is told.
    app_disabled_at: Option<UnixSeconds>,
    audit: AuditRow,
}

impl Work for InsertLicenses {
    type Output = LicensesIssued;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<LicensesIssued, AuthorityError> {
        let (tenant, key) = self.issuer;
        if !table::tenants::has_issuer(&mut *tx, tenant, key).await? {
            return Err(AuthorityError::Superseded);
        }
        self.buyer.is_still_so(tx, tenant, self.rows.len() as u64).await?;
        // At most one has such a name.
        for new in &self.rows {
            if let Some(external_id) = &new.license.external_id
                && let Some(other) = table::licenses::by_external_id(&mut *tx, tenant, external_id).await?
            {
                return Err(AuthorityError::ExternalIdTaken(other));
            }
        }
        let rows: Vec<_> = self.rows.iter().map(|new| (&new.license, &new.signed)).collect();
        table::licenses::insert_all(tx, &rows).await?;
        let digests: Vec<_> = self.rows.iter().map(NewLicense::key_digest).collect();
        table::key_digests::insert_all(tx, &digests).await?;
        for new in &self.rows {
            trial::reserve(tx, &new.license).await?;
        }
        table::events::insert_all(tx, &self.rows.iter().map(|new| &new.event).collect::<Vec<_>>()).await?;
        table::audit::insert(tx, &self.audit).await?;
        let view = |new: &NewLicense| IssuedLicense {
            license_id: new.license.id.to_string(),
            license_key: new.key.expose(),
            expires_at: new.license.expires_at.map(Timestamp),
            max_devices: Seats(new.license.terms.max_devices),
        };
        Ok(LicensesIssued {
            licenses: self.rows.iter().map(view).collect(),
            app_disabled_at: self.app_disabled_at.map(Timestamp),
        })
    }
}
