//! Licenses do not go back: the newest version that was accepted of each one (`spec/license.md` §2.7).

use sealgate_artifact::License;

use crate::{Maximum, TenantTrust, TrustError, Verified};

impl TenantTrust {
    /// What to remember of this license from now on, unless it is older than `before`, or another of the same version.
    ///
    /// `before` is what was remembered of the license with this id. It counts while an issuer that signed it is trusted: who
    /// steals an issuer's key and signs an enormous version loses it with the key.
    pub fn newest_of(
        &self,
        license: &Verified<License>,
        before: Option<&Maximum>,
    ) -> Result<Maximum, TrustError> {
        let this = Maximum::of(license.get().version, license);
        this.against(before.filter(|before| before.stands(self.issuers.keys(), 1)))?;
        Ok(this)
    }
}
