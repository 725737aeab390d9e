//! Signing licenses again: those whose issuer is about to be revoked (`spec/keys.md` §7.3), or all (`spec/http.md` §3.2).

use sealgate_artifact::{Code, LicenseId, PublicKey, TenantId, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{self, AuditRow, EventRow, LicenseRow, SignedLicense};
use sealgate_store::{Tx, Work};
use serde_json::json;

use super::next::store_next;
use super::signing::LicenseSigner;
use super::version::next_version;
use crate::Caller;
use crate::desk::Desk;

/// Licenses in one transaction: others write in between.
const PAGE: u32 = 100;

/// Signs one page of the licenses that `former` had signed again, by the tenant's issuer. Returns their ids: none when
/// nothing is left.
pub(super) async fn resign_page(
    desk: &Desk,
    issuers: &LicenseSigner,
    caller: &Caller,
    former: PublicKey,
) -> Result<Vec<LicenseId>, AuthorityError> {
    let _turn = desk.turn(caller, PAGE as usize).await;
    desk.retry_for(caller, || prepare(desk, issuers, caller, former)).await
}

async fn prepare(
    desk: &Desk,
    issuers: &LicenseSigner,
    caller: &Caller,
    former: PublicKey,
) -> Result<ResignPage, AuthorityError> {
    let licenses = table::licenses::in_force_by_signer(&desk.db, former, desk.ids.now(), PAGE).await?;
    sign_all(desk, issuers, caller, licenses).await
}

/// Signs one page of all the tenant's licenses in force again, whoever signed them. Returns their ids: none when nothing is
/// left after that license.
pub(crate) async fn resign_page_after(
    desk: &Desk,
    issuers: &LicenseSigner,
    caller: &Caller,
    after: Option<LicenseId>,
) -> Result<Vec<LicenseId>, AuthorityError> {
    let _turn = desk.turn(caller, PAGE as usize).await;
    desk.retry_for(caller, || prepare_after(desk, issuers, caller, after)).await
}

async fn prepare_after(
    desk: &Desk,
    issuers: &LicenseSigner,
    caller: &Caller,
    after: Option<LicenseId>,
) -> Result<ResignPage, AuthorityError> {
    let now = desk.ids.now();
    let licenses = table::licenses::in_force_after(&desk.db, caller.tenant, after, now, PAGE).await?;
    let mut page = sign_all(desk, issuers, caller, licenses).await?;
    if let (Some(first), Some(last)) = (page.ids.first(), page.ids.last()) {
        let detail = json!({ "first": first.to_string(), "last": last.to_string(), "count": page.ids.len() });
        page.audit = Some(desk.audit(caller, "licenses.resigned", caller.tenant.to_string(), &detail));
    }
    Ok(page)
}

async fn sign_all(
    desk: &Desk,
    issuers: &LicenseSigner,
    caller: &Caller,
    licenses: Vec<LicenseRow>,
) -> Result<ResignPage, AuthorityError> {
    let tenant = table::tenants::find(&desk.db, caller.tenant)
        .await?
        .ok_or(AuthorityError::Refused(Code::NotFound))?;
    let slots = issuers.slots.draw_for(&licenses.iter().collect::<Vec<_>>()).await?;
    let mut renewals = vec![];
    for (license, slot) in licenses.into_iter().zip(slots) {
        let version = next_version(license.version, desk.ids.now())?;
        let renewed = LicenseRow { version, ..license };
        let signed = issuers.sign(&renewed, (slot, tenant.issuer_key))?;
        let event = desk.event(caller, &renewed, "license_resigned", None);
        let (license, before, not_before) = (renewed.id, license.version, renewed.not_before);
        renewals.push(Renewal { license, before, not_before, version, signed, event });
        // Hundreds of signatures take a while; other requests go on in between.
        tokio::task::yield_now().await;
    }
    let ids = renewals.iter().map(|renewal| renewal.license).collect();
    Ok(ResignPage { issuer: (tenant.id, tenant.issuer_key), renewals, ids, audit: None })
}

/// A license that was signed again as it was, but for its beginning.
pub(super) struct Renewal {
    pub(super) license: LicenseId,
    pub(super) before: u64,
    pub(super) not_before: UnixSeconds,
    pub(super) version: u64,
    pub(super) signed: SignedLicense,
    pub(super) event: EventRow,
}

pub(super) struct ResignPage {
    /// The tenant, and the issuer that signed: it must still be the tenant's.
    pub(super) issuer: (TenantId, PublicKey),
    pub(super) renewals: Vec<Renewal>,
    pub(super) ids: Vec<LicenseId>,
    pub(super) audit: Option<AuditRow>,
}

impl Work for ResignPage {
    type Output = Vec<LicenseId>;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<LicenseId>, AuthorityError> {
        let (tenant, issuer) = self.issuer;
        if !table::tenants::has_issuer(&mut *tx, tenant, issuer).await? {
            return Err(AuthorityError::Superseded);
        }
        for renewal in &self.renewals {
            let Some(locked) = table::licenses::lock(tx, tenant, renewal.license).await? else {
                continue;
            };
            // Whoever changed it in the meantime signed what is true now; the next page looks again.
            if locked.revoked_at.is_some() || locked.version != renewal.before {
                continue;
            }
            if locked.not_before != renewal.not_before {
                table::licenses::begin_at(tx, renewal.license, renewal.not_before).await?;
            }
            let renewed =
                LicenseRow { version: renewal.version, not_before: renewal.not_before, ..locked.clone() };
            store_next(tx, &locked, (&renewed, &renewal.signed), renewal.event.at).await?;
            table::events::insert(tx, &renewal.event).await?;
        }
        if let Some(audit) = &self.audit {
            table::audit::insert(tx, audit).await?;
        }
        Ok(self.ids.clone())
    }
}
