//! Signing licenses with a tenant's issuer.

use std::sync::Arc;

use sealgate_artifact::{
    AppId, Bundle, Carrier, Conditions, License, LicenseId, Licensee, PublicKey, Statement, TenantId,
    UnixSeconds, limits,
};
use sealgate_authority::{AuthorityError, Ids, Side, Slots, stored};
use sealgate_store::Db;
use sealgate_store::table::{LicenseRow, PlanRow, SignedLicense, Terms};
use sealgate_trust::{Signer, sign_statement};
use sealgate_wire as wire;

/// Signs licenses.
#[derive(Clone)]
pub(crate) struct LicenseSigner {
    signer: Arc<dyn Signer>,
    ids: Ids,
    /// Every version that is signed has a slot of its own.
    pub(crate) slots: Slots,
}

impl LicenseSigner {
    pub(super) fn new(signer: Arc<dyn Signer>, db: Db, ids: Ids) -> Self {
        Self { signer, slots: Slots::new(db, ids.clone()), ids }
    }

    /// Signs a license as its row stands, with this slot, if the clock is good enough for that.
    pub(crate) fn sign(
        &self,
        license: &LicenseRow,
        (slot, issuer): (u64, PublicKey),
    ) -> Result<SignedLicense, AuthorityError> {
        self.ids.clock_watch().may_sign_until(Side::Vendor, license.expires_at)?;
        self.sign_again(license, (slot, issuer))
    }

    /// Signs a license that was signed with this end before.
    pub(super) fn sign_again(
        &self,
        license: &LicenseRow,
        (slot, issuer): (u64, PublicKey),
    ) -> Result<SignedLicense, AuthorityError> {
        let statement = with_slot(signed_form(license, self.ids.now())?, slot);
        let carrier = sign_statement(&*self.signer, &statement, &[issuer])?;
        let (id, slot) = (carrier.envelope.id(), statement.conditions.slot);
        Ok(SignedLicense { signer: issuer, id, envelope: carrier.encode(), slot })
    }
}

impl LicenseSigner {
    /// Signs a bundle. Whoever made it judged how long it lasts.
    pub(crate) fn sign_bundle(&self, bundle: &Bundle, issuer: PublicKey) -> Result<Carrier, AuthorityError> {
        self.ids.clock_watch().may_sign_until(Side::Vendor, bundle.terms.expires_at)?;
        let excess = bundle.to_payload().len().saturating_sub(limits::PAYLOAD_BYTES);
        if excess > 0 {
            return Err(AuthorityError::TooLarge { field: "license_id", excess });
        }
        Ok(sign_statement(&*self.signer, bundle, &[issuer])?)
    }
}

/// spec/license.md §2.25. A license that filled its payload before there were slots goes on without one: else nobody could revoke
/// the key that signed it. spec/revocation.md §1.8: what it says is taken back only for machines that ask.
fn with_slot(license: License, slot: u64) -> License {
    let conditions = Conditions { slot: Some(slot), ..license.conditions.clone() };
    let fits = License { conditions, ..license };
    if fits.to_payload().len() <= limits::PAYLOAD_BYTES {
        return fits;
    }
    License { conditions: Conditions { slot: None, ..fits.conditions.clone() }, ..fits }
}

/// What is signed of a license, signed at that time.
pub(crate) fn signed_form(license: &LicenseRow, at: UnixSeconds) -> Result<License, AuthorityError> {
    let licensee = Licensee::from(stored::<wire::Licensee>(&license.licensee)?);
    Ok(License {
        tenant: license.tenant,
        app: license.app,
        license: license.id,
        version: license.version,
        issued_at: at,
        not_before: license.not_before,
        expires_at: license.expires_at,
        licensee: Some(licensee).filter(|licensee| !licensee.is_empty()),
        ..with_terms(&license.terms, &license.variables, (license.tenant, license.app))?
    })
}

/// The same of a license that a plan describes alone.
pub(crate) fn signed_form_of(plan: &PlanRow) -> Result<License, AuthorityError> {
    with_terms(&plan.terms, &plan.variables, (plan.tenant, plan.app))
}

/// A license with these terms, and else with nothing.
fn with_terms(
    terms: &Terms,
    variables: &str,
    (tenant, app): (TenantId, AppId),
) -> Result<License, AuthorityError> {
    let features: Vec<wire::Feature> = stored(&terms.features)?;
    let numbers: Vec<wire::Limit> = stored(&terms.limits)?;
    let first = UnixSeconds::new(0).expect("is in range");
    Ok(License {
        tenant,
        app,
        license: LicenseId::from_bytes([0; 16]),
        version: 0,
        issued_at: first,
        not_before: first,
        expires_at: None,
        tier: terms.tier,
        features: features.into_iter().map(Into::into).collect(),
        max_devices: terms.max_devices,
        limits: numbers.into_iter().map(Into::into).collect(),
        variables: wire::variables(stored(variables)?),
        licensee: None,
        trial_days: terms.trial.map(|trial| trial.days),
        conditions: terms.conditions.clone(),
    })
}
