//! Signing licenses with a tenant's issuer.

use std::sync::Arc;

use sealgate_artifact::{License, PublicKey};
use sealgate_authority::{AuthorityError, Ids, Side, stored};
use sealgate_store::table::{LicenseRow, SignedLicense};
use sealgate_trust::{Signer, sign_statement};
use sealgate_wire::Feature;

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
        let features: Vec<Feature> = stored(&license.terms.features)?;
        let statement = License {
            tenant: license.tenant,
            app: license.app,
            license: license.id,
            version: license.version,
            issued_at: self.ids.now(),
            not_before: license.not_before,
            expires_at: license.expires_at,
            tier: license.terms.tier,
            features: features.into_iter().map(|feature| feature.name).collect(),
            max_devices: license.terms.max_devices,
        };
        let carrier = sign_statement(&*self.signer, &statement, &[issuer])?;
        Ok(SignedLicense { signer: issuer, id: carrier.envelope.id(), envelope: carrier.encode() })
    }
}
