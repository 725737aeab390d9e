//! Signing the licenses again whose issuer is about to be revoked (`spec/keys.md` §7.3).

use sealgate_artifact::{Code, LicenseId, PublicKey, TenantId, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{self, EventRow, LicenseRow, SignedLicense};
use sealgate_store::{Tx, Work};

use super::signing::LicenseSigner;
use super::version::next_version;
use crate::Caller;
use crate::desk::Desk;

/// Licenses in one transaction: others write in between.
const PAGE: u32 = 500;

/// Signs one page of the licenses that `former` had signed again, by the tenant's issuer. Returns their ids: none when
/// nothing is left.
pub(super) async fn resign_page(
    desk: &Desk,
    issuers: &LicenseSigner,
    caller: &Caller,
    former: PublicKey,
) -> Result<Vec<LicenseId>, AuthorityError> {
    let tenant = table::tenants::find(&desk.db, caller.tenant)
        .await?
        .ok_or(AuthorityError::Refused(Code::NotFound))?;
    let mut renewals = vec![];
    for license in table::licenses::in_force_by_signer(&desk.db, former, desk.ids.now(), PAGE).await? {
        let version = next_version(license.version, desk.ids.now());
        let renewed = LicenseRow { version, ..license };
        let signed = issuers.sign(&renewed, tenant.issuer_key)?;
        let event = desk.event(caller, &renewed, "license_resigned", None);
        let (license, before, not_before) = (renewed.id, license.version, renewed.not_before);
        renewals.push(Renewal { license, before, not_before, version, signed, event });
        // Hundreds of signatures take a while; other requests go on in between.
        tokio::task::yield_now().await;
    }
    let ids = renewals.iter().map(|renewal| renewal.license).collect();
    desk.db.write(ResignPage { tenant: tenant.id, renewals }).await?;
    Ok(ids)
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
    pub(super) tenant: TenantId,
    pub(super) renewals: Vec<Renewal>,
}

impl Work for ResignPage {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        for renewal in &self.renewals {
            let Some(locked) = table::licenses::lock(tx, self.tenant, renewal.license).await? else {
                continue;
            };
            // Whoever changed it in the meantime signed what is true now; the next page looks again.
            if locked.revoked_at.is_some() || locked.version != renewal.before {
                continue;
            }
            if locked.not_before != renewal.not_before {
                table::licenses::begin_at(tx, renewal.license, renewal.not_before).await?;
            }
            let renewed = LicenseRow { version: renewal.version, not_before: renewal.not_before, ..locked };
            table::licenses::store_version(tx, &renewed, &renewal.signed).await?;
            table::events::insert(tx, &renewal.event).await?;
        }
        Ok(())
    }
}
