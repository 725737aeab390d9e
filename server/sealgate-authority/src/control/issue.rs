//! Issuing licenses: an order in, signed statements and keys out.

use sealgate_artifact::{
    Code, License, LicenseId, LicenseKey, MaxDevices, PublicKey, StatementId, TenantId, Tier, UnixSeconds,
};
use sealgate_store::write::licenses::SignedLicense;
use sealgate_store::{AuditRow, EventRow, LicenseRow, PlanRow, TenantRow, Terms, Tx, Work, read, write};
use sealgate_trust::sign_statement;
use sealgate_wire::{Feature, IssueLicenses, IssuedLicense, LicensesIssued, Seats, Timestamp};
use serde_json::json;

use super::{ATTEMPTS, check, plans};
use crate::once::earlier;
use crate::{Authority, AuthorityError, Caller};

const AT_ONCE: u32 = 1000;
/// A license without a start date begins a day before it was signed, so that a clock that is a little behind on the
/// customer's machine does not refuse it (`spec/license.md` §2.4).
const HEAD_START: u64 = 24 * 60 * 60;
pub(super) const DAY: u64 = 24 * 60 * 60;

/// Issues licenses: all of them or none.
pub async fn issue_licenses(
    a: &Authority,
    caller: &Caller,
    wish: &IssueLicenses,
) -> Result<LicensesIssued, AuthorityError> {
    if let Some(done) = a.answered(caller).await? {
        return Ok(done);
    }
    check(wish, a.now())?;
    let app = super::apps::find(a, caller, &wish.app_id).await?;
    let plan = match &wish.plan_id {
        Some(id) => Some(plans::find(a, caller, id).await?),
        None => None,
    };
    if plan.as_ref().is_some_and(|plan| plan.app != app.id) {
        return Err(AuthorityError::Refused(Code::NotFound));
    }
    let order = order(
        a,
        wish,
        plan.as_ref(),
        LicenseRow {
            id: LicenseId::from_bytes([0; 16]),
            tenant: caller.tenant,
            app: app.id,
            plan: plan.as_ref().map(|plan| plan.id),
            key_hash: sealgate_store::KeyHash([0; 32]),
            key_sealed: vec![],
            label: wish.label.clone().filter(|text| !text.is_empty()),
            customer: wish.customer.clone().filter(|text| !text.is_empty()),
            terms: plan.as_ref().map_or_else(without_plan, |plan| plan.terms.clone()),
            variables: "{}".to_owned(),
            not_before: earlier(a.now(), HEAD_START),
            expires_at: None,
            suspended_at: None,
            revoked_at: None,
            revoke_reason: None,
            version: super::bootstrap::first_version(a.now()),
            statement: StatementId::from_bytes([0; 32]),
            created_at: a.now(),
            devices_used: 0,
        },
    );
    // The issuer may be replaced while we sign; then the order is signed anew.
    for _ in 0..ATTEMPTS {
        match attempt(a, caller, &order, wish.count.unwrap_or(1)).await {
            Err(AuthorityError::Superseded) => {}
            done => return done,
        }
    }
    Err(AuthorityError::Refused(Code::Unavailable))
}

/// The terms of a license that no plan describes.
fn without_plan() -> Terms {
    Terms {
        tier: Tier::Licensed,
        features: "[]".to_owned(),
        limits: "[]".to_owned(),
        max_devices: MaxDevices::Limited(1),
        offline: true,
        releases_per_seat: plans::RELEASES_PER_SEAT,
    }
}

/// What every license of the order has in common.
fn order(a: &Authority, wish: &IssueLicenses, plan: Option<&PlanRow>, mut common: LicenseRow) -> LicenseRow {
    let by_plan = plan.and_then(|plan| plan.duration_days).map(|days| a.now().plus(u64::from(days) * DAY));
    common.expires_at = wish.expires_at.map_or(by_plan, |end| end.map(|t| t.0));
    common.terms.max_devices = wish.max_devices.map_or(common.terms.max_devices, |seats| seats.0);
    common
}

async fn attempt(
    a: &Authority,
    caller: &Caller,
    order: &LicenseRow,
    count: u32,
) -> Result<LicensesIssued, AuthorityError> {
    let tenant =
        read::tenants::find(&a.db, caller.tenant).await?.ok_or(AuthorityError::Refused(Code::NotFound))?;
    let mut rows = Vec::new();
    for _ in 0..count {
        rows.push(make_license(a, caller, &tenant, order)?);
        // A thousand signatures take a while; other requests go on in between.
        tokio::task::yield_now().await;
    }
    let detail = json!({
        "app": order.app.to_string(),
        "plan": order.plan.map(|id| id.to_string()),
        "first": rows.first().map(|new| new.license.id.to_string()),
        "count": count,
        "expires_at": order.expires_at.map(UnixSeconds::get),
    });
    let audit = a.audit_row(caller, "license.issued", order.app.to_string(), &detail);
    a.commit_once(caller, InsertLicenses { issuer: (tenant.id, tenant.issuer_key), rows, audit }).await
}

/// A license on its way into the database, and its key on its way to the customer.
struct NewLicense {
    license: LicenseRow,
    key: LicenseKey,
    signed: SignedLicense,
    event: EventRow,
}

fn make_license(
    a: &Authority,
    caller: &Caller,
    tenant: &TenantRow,
    order: &LicenseRow,
) -> Result<NewLicense, AuthorityError> {
    let (millis, random) = a.new_id();
    let (id, key) = (LicenseId::new(millis, random), LicenseKey::from_random(a.random()));
    let license = LicenseRow {
        id,
        key_hash: a.secrets.license_key(&key.expose()),
        key_sealed: a.secrets.seal_license_key(&key, id, a.random()),
        ..order.clone()
    };
    let signed = sign_license(a, &license, tenant.issuer_key)?;
    let event = a.event_row(&license, "license_issued", None, &caller.request_id);
    Ok(NewLicense { license, key, signed, event })
}

/// Signs a license as its row stands, by an issuer.
pub(super) fn sign_license(
    a: &Authority,
    license: &LicenseRow,
    signer: PublicKey,
) -> Result<SignedLicense, AuthorityError> {
    let features: Vec<Feature> = plans::stored(&license.terms.features)?;
    let statement = License {
        tenant: license.tenant,
        app: license.app,
        license: license.id,
        version: license.version,
        issued_at: a.now(),
        not_before: license.not_before,
        expires_at: license.expires_at,
        tier: license.terms.tier,
        features: features.into_iter().map(|feature| feature.name).collect(),
        max_devices: license.terms.max_devices,
    };
    let carrier = sign_statement(&*a.signer, &statement, &[signer])?;
    Ok(SignedLicense { signer, id: carrier.envelope.id(), envelope: carrier.encode() })
}

fn check(wish: &IssueLicenses, now: UnixSeconds) -> Result<(), AuthorityError> {
    let invalid = |field, why| Err(AuthorityError::Invalid { field, why });
    if !(1..=AT_ONCE).contains(&wish.count.unwrap_or(1)) {
        return invalid("count", "1 to 1,000");
    }
    if wish.expires_at.flatten().is_some_and(|end| end.0 <= now) {
        return invalid("expires_at", "a time in the future");
    }
    check::note("label", wish.label.as_deref())?;
    check::note("customer", wish.customer.as_deref())
}

struct InsertLicenses {
    issuer: (TenantId, PublicKey),
    rows: Vec<NewLicense>,
    audit: AuditRow,
}

impl Work for InsertLicenses {
    type Output = LicensesIssued;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<LicensesIssued, AuthorityError> {
        let (tenant, key) = self.issuer;
        if !write::tenants::has_issuer(tx, tenant, key).await? {
            return Err(AuthorityError::Superseded);
        }
        for new in &self.rows {
            write::licenses::insert(tx, &new.license, &new.signed).await?;
            write::records::event(tx, &new.event).await?;
        }
        write::records::audit(tx, &self.audit).await?;
        let view = |new: &NewLicense| IssuedLicense {
            license_id: new.license.id.to_string(),
            license_key: new.key.expose(),
            expires_at: new.license.expires_at.map(Timestamp),
            max_devices: Seats(new.license.terms.max_devices),
        };
        Ok(LicensesIssued { licenses: self.rows.iter().map(view).collect() })
    }
}
