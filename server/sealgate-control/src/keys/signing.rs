//! Signing licenses with a tenant's issuer.

use std::sync::Arc;

use sealgate_artifact::{License, Licensee, PublicKey, UnixSeconds};
use sealgate_authority::{AuthorityError, Ids, Side, stored};
use sealgate_store::table::{LicenseRow, SignedLicense};
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
        Ok(SignedLicense { signer: issuer, id: carrier.envelope.id(), envelope: carrier.encode() })
    }
}

/// What is signed of a license, signed at that time.
pub(crate) fn signed_form(license: &LicenseRow, at: UnixSeconds) -> Result<License, AuthorityError> {
    let terms = &license.terms;
    let features: Vec<wire::Feature> = stored(&terms.features)?;
    let numbers: Vec<wire::Limit> = stored(&terms.limits)?;
    let licensee = Licensee::from(stored::<wire::Licensee>(&license.licensee)?);
    Ok(License {
        tenant: license.tenant,
        app: license.app,
        license: license.id,
        version: license.version,
        issued_at: at,
        not_before: license.not_before,
        expires_at: license.expires_at,
        tier: terms.tier,
        features: features.into_iter().map(Into::into).collect(),
        max_devices: terms.max_devices,
        limits: numbers.into_iter().map(Into::into).collect(),
        variables: wire::variables(stored(&license.variables)?),
        licensee: Some(licensee).filter(|licensee| !licensee.is_empty()),
        trial_days: terms.trial.map(|trial| trial.days),
    })
}
