//! Signing licenses with a tenant's issuer.

use std::sync::Arc;

use sealgate_artifact::{AppId, License, LicenseId, Licensee, PublicKey, TenantId, UnixSeconds};
use sealgate_authority::{AuthorityError, Ids, Side, stored};
use sealgate_store::table::{LicenseRow, PlanRow, SignedLicense, Terms};
use sealgate_trust::{Signer, sign_statement};
use sealgate_wire as wire;

/// Signs licenses.
#[derive(Clone)]
pub(crate) struct LicenseSigner {
    signer: Arc<dyn Signer>,
    ids: Ids,
}

impl LicenseSigner {
    pub(super) fn new(signer: Arc<dyn Signer>, ids: Ids) -> Self {
        Self { signer, ids }
    }

    /// Signs a license as its row stands, if the clock is good enough for that.
    pub(crate) fn sign(
        &self,
        license: &LicenseRow,
        issuer: PublicKey,
    ) -> Result<SignedLicense, AuthorityError> {
        self.ids.clock_watch().may_sign_until(Side::Vendor, license.expires_at)?;
        self.sign_again(license, issuer)
    }

    /// Signs a license that was signed with this end before.
    pub(super) fn sign_again(
        &self,
        license: &LicenseRow,
        issuer: PublicKey,
    ) -> Result<SignedLicense, AuthorityError> {
        let statement = signed_form(license, self.ids.now())?;
        let carrier = sign_statement(&*self.signer, &statement, &[issuer])?;
        Ok(SignedLicense {
            signer: issuer,
            id: carrier.envelope.id(),
            envelope: carrier.encode(),
            slot: None,
        })
    }
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
