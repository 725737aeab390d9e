//! What leaves the server as a file: a license, and the trust to judge it by.

use sealgate_artifact::{Code, Root, Unverified};
use sealgate_authority::seats::standing;
use sealgate_authority::{AuthorityError, BUSY, as_json, broken};
use sealgate_rules::Leaving;
use sealgate_store::Db;
use sealgate_store::table::{self, KeyScope, LicenseRow};
use sealgate_wire::{SignedStatement, Trust};

use super::list::{Licenses, find};
use crate::{Caller, named};

impl Licenses {
    /// The signed envelope of a license's newest version. A revoked or suspended license is not handed out.
    pub async fn file(&self, caller: &Caller, id: &str) -> Result<SignedStatement, AuthorityError> {
        let license = find(&self.desk, caller, id).await?;
        let barred = barred(&self.desk.db, &license).await?;
        let leaving = Leaving::License { offline: barred.is_empty() };
        let may_leave = standing(&license).may_leave(leaving, self.desk.ids.now());
        may_leave.map_err(|code| refused(code, barred))?;
        let statement = table::licenses::statement(&self.desk.db, license.id, license.version).await?;
        // Somebody was forgotten meanwhile, and with them what the version said that was just read.
        as_json(statement.ok_or(BUSY)?).map(SignedStatement)
    }

    /// Everything that a build pins to believe this tenant's statements about one app (`spec/keys.md` §6).
    pub async fn trust(&self, caller: &Caller, app: &str) -> Result<Trust, AuthorityError> {
        let db = &self.desk.db;
        let app = named::app(&self.desk, caller, app).await?;
        let missing = || broken("a statement about keys is missing");
        let mut chain = table::roots::list(db).await?;
        let root = Unverified::<Root>::decode(chain.last().ok_or_else(missing)?)?.danger_peek()?;
        chain.push(table::keysets::find(db, KeyScope::Installation).await?.ok_or_else(missing)?);
        let tenant_keyset = table::keysets::find(db, KeyScope::Tenant(caller.tenant)).await?;
        Ok(Trust {
            roots: root.keys.iter().map(ToString::to_string).collect(),
            threshold: root.threshold,
            root_version: root.version,
            keyset_chain: chain.into_iter().map(as_json).collect::<Result<_, _>>()?,
            tenant_keyset: as_json(tenant_keyset.ok_or_else(missing)?)?,
            tenant: app.tenant.to_string(),
            app: app.id.to_string(),
        })
    }
}

/// Why terms and tenant do not allow use without a server: nothing where they do.
pub(super) async fn barred(db: &Db, license: &LicenseRow) -> Result<Vec<&'static str>, AuthorityError> {
    let tenant = table::tenants::find(db, license.tenant).await?;
    let reasons = [
        // spec/license.md §2.11: a file of a trial proves nothing.
        (license.terms.trial.is_some(), "The license is a trial, and a trial is never handed out as a file."),
        (
            !license.terms.files && license.terms.trial.is_none(),
            "The terms of the license do not allow offline use.",
        ),
        (tenant.is_none_or(|tenant| !tenant.offline), "Offline use is switched off for the tenant."),
    ];
    Ok(reasons.into_iter().filter(|(is_so, _)| *is_so).map(|(_, why)| why).collect())
}

/// The refusal, which says why where it is one of these reasons.
pub(super) fn refused(code: Code, barred: Vec<&'static str>) -> AuthorityError {
    if code == Code::OfflineDisabled && !barred.is_empty() {
        AuthorityError::NotOffline(barred)
    } else {
        AuthorityError::Refused(code)
    }
}
