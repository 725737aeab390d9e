//! Issuing licenses: an order in, signed statements and keys out.

use sealgate_artifact::{
    AppId, Code, License, LicenseId, LicenseKey, MaxDevices, PublicKey, TenantId, Tier, UnixSeconds,
};
use sealgate_store::write::licenses::SignedLicense;
use sealgate_store::{AuditRow, EventRow, LicenseRow, TenantRow, Tx, Work, read, write};
use sealgate_trust::sign_statement;
use serde_json::json;

use crate::{Authority, AuthorityError, Caller};

const AT_ONCE: u32 = 1000;
/// Rotations that may come in between while one order is signed.
const ATTEMPTS: u32 = 4;
const LABEL_CHARS: usize = 128;
/// A license without a start date begins a day before it was signed, so that a clock that is a little behind on the
/// customer's machine does not refuse it (`spec/license.md` §2.4).
const HEAD_START: u64 = 24 * 60 * 60;

/// What to issue.
#[derive(Debug, Clone)]
pub struct Order {
    /// The app that is sold.
    pub app: String,
    /// Seats of each license.
    pub max_devices: MaxDevices,
    /// When they end.
    pub expires_at: Option<UnixSeconds>,
    /// The vendor's note.
    pub label: Option<String>,
    /// How many, 1 to 1,000.
    pub count: u32,
}

/// A new license with its key, to be sent to the customer.
pub struct Issued {
    /// The license.
    pub license: LicenseRow,
    /// Its key.
    pub key: LicenseKey,
}

/// Issues licenses: all of them or none.
pub async fn issue_licenses(
    a: &Authority,
    caller: &Caller,
    order: &Order,
) -> Result<Vec<Issued>, AuthorityError> {
    check(order, a.now())?;
    let app = super::show_app(a, caller, &order.app).await?;
    // The issuer may be replaced while we sign; then the order is signed anew.
    for _ in 0..ATTEMPTS {
        match attempt(a, caller, order, app.id).await {
            Err(AuthorityError::Superseded) => {}
            done => return done,
        }
    }
    Err(AuthorityError::Refused(Code::Unavailable))
}

async fn attempt(
    a: &Authority,
    caller: &Caller,
    order: &Order,
    app: AppId,
) -> Result<Vec<Issued>, AuthorityError> {
    let tenant =
        read::tenants::find(&a.db, caller.tenant).await?.ok_or(AuthorityError::Refused(Code::NotFound))?;
    let mut issued = Vec::new();
    let mut rows = Vec::new();
    for _ in 0..order.count {
        let (new, envelope) = make_license(a, &tenant, app, order)?;
        let event = a.event_row(&new.license, "license_issued", None, &caller.request_id);
        rows.push((new.license.clone(), envelope, event));
        issued.push(new);
        // A thousand signatures take a while; other requests go on in between.
        tokio::task::yield_now().await;
    }
    let detail = json!({ "count": order.count, "expires_at": order.expires_at.map(UnixSeconds::get) });
    let audit = a.audit_row(caller, "license.issued", app.to_string(), &detail);
    a.db.write(IssueLicenses { issuer: (tenant.id, tenant.issuer_key), rows, audit }).await?;
    Ok(issued)
}

fn make_license(
    a: &Authority,
    tenant: &TenantRow,
    app: AppId,
    order: &Order,
) -> Result<(Issued, SignedLicense), AuthorityError> {
    let now = a.now();
    let (millis, random) = a.new_id();
    let statement = License {
        tenant: tenant.id,
        app,
        license: LicenseId::new(millis, random),
        version: super::bootstrap::first_version(now),
        issued_at: now,
        not_before: UnixSeconds::new(now.get().saturating_sub(HEAD_START)).expect("earlier than now"),
        expires_at: order.expires_at,
        tier: Tier::Licensed,
        features: Vec::new(),
        max_devices: order.max_devices,
    };
    let signed = sign_license(a, &statement, tenant.issuer_key)?;
    let key = LicenseKey::from_random(a.random());
    let license = LicenseRow {
        id: statement.license,
        tenant: tenant.id,
        app,
        key_hash: a.secrets.license_key(&key.expose()),
        key_sealed: a.secrets.seal_license_key(&key, statement.license, a.random()),
        label: order.label.clone(),
        tier: statement.tier,
        features: statement.features,
        max_devices: statement.max_devices,
        not_before: statement.not_before,
        expires_at: statement.expires_at,
        revoked_at: None,
        revoke_reason: None,
        version: statement.version,
        created_at: now,
        devices_used: 0,
    };
    Ok((Issued { license, key }, signed))
}

/// Signs a license by an issuer, as it will be stored.
pub(super) fn sign_license(
    a: &Authority,
    statement: &License,
    signer: PublicKey,
) -> Result<SignedLicense, AuthorityError> {
    Ok(SignedLicense { signer, envelope: sign_statement(&*a.signer, statement, &[signer])?.encode() })
}

fn check(order: &Order, now: UnixSeconds) -> Result<(), AuthorityError> {
    let invalid = |field, why| Err(AuthorityError::Invalid { field, why });
    if !(1..=AT_ONCE).contains(&order.count) {
        return invalid("count", "1 to 1,000");
    }
    if order.expires_at.is_some_and(|end| end <= now) {
        return invalid("expires_at", "a time in the future");
    }
    let label = order.label.as_deref().unwrap_or_default();
    if label.chars().count() > LABEL_CHARS || label.chars().any(char::is_control) {
        return invalid("label", "at most 128 characters, none of them a control character");
    }
    Ok(())
}

struct IssueLicenses {
    issuer: (TenantId, PublicKey),
    rows: Vec<(LicenseRow, SignedLicense, EventRow)>,
    audit: AuditRow,
}

impl Work for IssueLicenses {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        let (tenant, key) = self.issuer;
        if !write::tenants::has_issuer(tx, tenant, key).await? {
            return Err(AuthorityError::Superseded);
        }
        for (license, statement, event) in &self.rows {
            write::licenses::insert(tx, license, statement).await?;
            write::records::event(tx, event).await?;
        }
        Ok(write::records::audit(tx, &self.audit).await?)
    }
}
