//! Taking a license back.

use sealgate_artifact::{Code, LicenseId, TenantId, UnixSeconds};
use sealgate_store::{AuditRow, EventRow, LicenseRow, Tx, Work, write};
use serde_json::json;

use crate::{Authority, AuthorityError, Caller};

const REASON_CHARS: usize = 256;

/// Revokes a license. Revoking it again changes nothing and succeeds.
pub async fn revoke_license(
    a: &Authority,
    caller: &Caller,
    id: &str,
    reason: Option<&str>,
) -> Result<LicenseRow, AuthorityError> {
    check_reason(reason)?;
    let license = super::show_license(a, caller, id).await?;
    let work = RevokeLicense {
        tenant: caller.tenant,
        license: license.id,
        reason: reason.map(str::to_owned),
        at: a.now(),
        audit: a.audit_row(caller, "license.revoked", license.id.to_string(), &json!({ "reason": reason })),
        event: a.event_row(&license, "license_revoked", None, &caller.request_id),
    };
    a.db.write(work).await?;
    super::show_license(a, caller, id).await
}

/// A vendor's own note on why something was revoked.
pub(super) fn check_reason(reason: Option<&str>) -> Result<(), AuthorityError> {
    if reason.is_some_and(|r| r.chars().count() > REASON_CHARS || r.chars().any(char::is_control)) {
        let why = "at most 256 characters, none of them a control character";
        return Err(AuthorityError::Invalid { field: "reason", why });
    }
    Ok(())
}

struct RevokeLicense {
    tenant: TenantId,
    license: LicenseId,
    reason: Option<String>,
    at: UnixSeconds,
    audit: AuditRow,
    event: EventRow,
}

impl Work for RevokeLicense {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        let locked = write::licenses::lock(tx, self.tenant, self.license).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::NotFound))?;
        if locked.revoked_at.is_some() {
            return Ok(());
        }
        write::licenses::revoke(tx, &locked, self.reason.as_deref(), self.at).await?;
        write::records::event(tx, &self.event).await?;
        Ok(write::records::audit(tx, &self.audit).await?)
    }
}
