//! Signing every license again, after a restore from a backup (`spec/http.md` §3.2).

use sealgate_artifact::{Code, LicenseId};
use sealgate_authority::AuthorityError;
use sealgate_wire::{LicensesResigned, ResignLicenses};

use super::list::Licenses;
use crate::Caller;
use crate::keys::resign_page_after;

/// Pages of licenses in one request. More could exceed its deadline.
const PAGES: u32 = 50;

impl Licenses {
    /// Signs the tenant's licenses in force again, as they are: each gets a version that is newer than any that was handed
    /// out before. Goes on after the license that the request names, and says where the next request goes on.
    pub async fn resign(
        &self,
        caller: &Caller,
        request: &ResignLicenses,
    ) -> Result<LicensesResigned, AuthorityError> {
        let after = request.after.as_deref().map(LicenseId::parse).transpose();
        let mut after = after.map_err(|_| AuthorityError::Refused(Code::NotFound))?;
        let mut resigned = 0;
        for _ in 0..PAGES {
            let page = resign_page_after(&self.desk, &self.signer, caller, after).await?;
            let Some(last) = page.last() else { return Ok(LicensesResigned { resigned, next: None }) };
            resigned += page.len() as u64;
            after = Some(*last);
        }
        Ok(LicensesResigned { resigned, next: after.map(|id| id.to_string()) })
    }
}
